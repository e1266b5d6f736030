package params

import "strconv"

// Digits writes a count as the chapter does, a comma before every three
// digits: 175,181,291,520.
func Digits(n int64) string {
	s := strconv.FormatInt(n, 10)
	first := 0
	if n < 0 {
		first = 1
	}
	for i := len(s) - 3; i > first; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
