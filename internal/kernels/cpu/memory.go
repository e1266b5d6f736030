package cpu

import (
	"maps"
	"math/bits"
	"slices"
	"unsafe"
	"weak"

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

	// lent holds what somebody else may hold, too, by where its numbers begin: that it
	// is here keeps nothing.
	lent  map[weak.Pointer[float32]]weak.Pointer[array]
	prune int // how many of them are looked through for those that are gone
}

// lend notes that somebody holds an array's numbers.
func (s *store) lend(x *array) {
	if len(s.lent) >= s.prune {
		maps.DeleteFunc(s.lent, func(numbers weak.Pointer[float32], _ weak.Pointer[array]) bool { return numbers.Value() == nil })
		s.prune = max(2*len(s.lent), idle)
	}
	if s.lent == nil {
		s.lent = map[weak.Pointer[float32]]weak.Pointer[array]{}
	}
	x.lent = true
	s.lent[weak.Make(unsafe.SliceData(x.data))] = weak.Make(x)
}

// back keeps what was lent and nobody holds any more, unless the pass still does.
func (s *store) back(data []float32) {
	numbers := weak.Make(unsafe.SliceData(data))
	lent, ok := s.lent[numbers]
	if !ok {
		return
	}
	delete(s.lent, numbers)
	if x := lent.Value(); x != nil && !x.released {
		x.lent = false
		return
	}
	s.free = append(s.free, leftover{data, s.taken, true})
}

// leftover is the memory of one array, and when it came.
type leftover struct {
	data  []float32
	since int
	back  bool // it had been lent: all of that was there at once, and may be again
}

// numbers is how many of mostIdle it takes.
func (l leftover) numbers() int {
	if l.back {
		return 0
	}
	return cap(l.data)
}

// take returns n numbers of any value, and whether the memory held others before:
// otherwise they are zeros. Of the memory that lies about it takes the smallest
// that is large enough and not twice as large.
func (s *store) take(n int) (data []float32, used bool) {
	s.taken++
	best := -1
	for i, m := range s.free {
		size := cap(m.data)
		if size >= n && size <= max(2*n, line) && (best < 0 || size < cap(s.free[best].data)) {
			best = i
		}
	}
	if best < 0 {
		data = aligned(roomFor(n))[:n]
		inHugePages(data)
		return data, false
	}
	data = s.free[best].data[:n]
	s.size -= s.free[best].numbers()
	s.free = slices.Delete(s.free, best, best+1)
	return data, true
}

// give keeps memory, and lets go of what has long been of no use, or is too much.
func (s *store) give(data []float32) {
	s.free = append(s.free, leftover{data, s.taken, false})
	s.size += cap(data)
	s.free = slices.DeleteFunc(s.free, func(l leftover) bool {
		gone := s.taken-l.since > idle || s.size > mostIdle && !l.back
		if gone {
			s.size -= l.numbers()
		}
		return gone
	})
}

// roomFor is how many numbers memory for n has room for: a few more, so that a
// text that grows by a token finds what the one before it left.
func roomFor(n int) int { return roundUp(n, max(line, 1<<bits.Len(uint(n))/16)) }
