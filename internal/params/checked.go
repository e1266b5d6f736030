package params

import (
	"errors"
	"math/bits"
)

// limit is the largest count: up to there every integer is exact in a float64
// too, which is what readers of JSON and tables have.
const limit = 1 << 53

// errOverflow is what counting returns for a model that nobody can build.
var errOverflow = errors.New("one of its counts is larger than " + Digits(limit) + ", 2 to the 53rd")

// checked does integer arithmetic on numbers that are not negative, and
// remembers whether any result did not fit.
type checked struct{ overflowed bool }

// product multiplies sizes.
func (c *checked) product(sizes ...int) int64 { return c.times(1, sizes...) }

// times multiplies a count by sizes.
func (c *checked) times(count int64, factors ...int) int64 {
	result := uint64(count)
	for _, f := range factors {
		high, low := bits.Mul64(result, uint64(f))
		if high != 0 || low > limit {
			c.overflowed = true
			return 0
		}
		result = low
	}
	return int64(result)
}

func (c *checked) sum(terms ...int64) int64 {
	total := int64(0)
	for _, t := range terms {
		if t > limit-total {
			c.overflowed = true
			return 0
		}
		total += t
	}
	return total
}

func (c *checked) err() error {
	if c.overflowed {
		return errOverflow
	}
	return nil
}
