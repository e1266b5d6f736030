package cpu

import (
	"math/bits"
	"slices"

	"attn/internal/kernels"
)

var _ kernels.Releaser = (*Backend)(nil)

// Release keeps an array's memory for the arrays to come, unless it was lent.
func (b *Backend) Release(a kernels.Array) {
	x, ok := a.(*array)
	if !ok || x == nil || x.owner != b || x.data == nil {
		return
	}
	if !x.lent {
		b.store.give(x.data)
	}
	x.data, x.released = nil, true
}

// idle is how many arrays are made before memory that nobody took for them is let
// go: more than any pass makes.
const idle = 1 << 12

// mostIdle is how many numbers may lie about, 512 MiB of them: of a text of tens
// of thousands of tokens, attention and MLP must not hold each their own memory
// while the other works. Taking it anew is little beside what they compute.
const mostIdle = 1 << 27

// store is the memory of arrays that were released.
type store struct {
	free  []leftover // those that have lain longest first
	size  int        // numbers that they have room for
	taken int        // arrays made so far
}

// leftover is the memory of one array, and when it came.
type leftover struct {
	data  []float32
	since int
}

// take returns n numbers of any value. Of the memory that lies about it takes the
// smallest that is large enough and not twice as large.
func (s *store) take(n int) []float32 {
	s.taken++
	best := -1
	for i, m := range s.free {
		size := cap(m.data)
		if size >= n && size <= max(2*n, line) && (best < 0 || size < cap(s.free[best].data)) {
			best = i
		}
	}
	if best < 0 {
		data := aligned(roomFor(n))[:n]
		inHugePages(data)
		return data
	}
	data := s.free[best].data[:n]
	s.size -= cap(data)
	s.free = slices.Delete(s.free, best, best+1)
	return data
}

// give keeps memory, and lets go of what has long been of no use, or is too much.
func (s *store) give(data []float32) {
	s.free = append(s.free, leftover{data, s.taken})
	s.size += cap(data)
	old := 0
	for old < len(s.free) && (s.taken-s.free[old].since > idle || s.size > mostIdle) {
		s.size -= cap(s.free[old].data)
		old++
	}
	s.free = slices.Delete(s.free, 0, old)
}

// roomFor is how many numbers memory for n has room for: a few more, so that a
// text that grows by a token finds what the one before it left.
func roomFor(n int) int { return roundUp(n, max(line, 1<<bits.Len(uint(n))/16)) }
