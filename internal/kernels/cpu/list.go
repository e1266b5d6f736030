package cpu

import (
	"math"
	"math/bits"
)

// topLists keeps the largest scores of each lane, and their keys, the largest
// first; of two alike the earlier key stands first.
type topLists struct {
	size   int
	width  int       // places kept: at least size
	scores []float32 // [lane, width]
	keys   []int32
	masks  [mostLanes/16*fewestKeys + 1]uint16 // the last one is read, not used
	seen   int                                 // keys so far
}

// listWidth is the fewest places of a list: a register of AVX-512.
const listWidth = 16

// begin empties the lists of so many lanes.
func (l *topLists) begin(size, lanes int) {
	l.size, l.width, l.seen = size, max(size, listWidth), 0
	n := lanes * l.width
	if l.scores = grow(&l.scores, n); len(l.keys) < n {
		l.keys = make([]int32, n)
	}
	for i := range n {
		l.scores[i], l.keys[i] = float32(math.Inf(-1)), -1
	}
}

// of returns the keys of a lane's list.
func (l *topLists) of(lane int) []int32 { return l.keys[lane*l.width:][:l.size] }

// step is how many keys to look at before the lists are brought up to date: few
// at first, while every key has a place in them.
func (l *topLists) step() int { return max(listWidth, l.seen) }

// list is set.list.
func (n loops) list(l *topLists, sums *laneSums, s []float32, first, count int) {
	lanes := int(n)
	for v := 0; v < lanes; v += 16 {
		for j, mask := range l.masks[v/16*fewestKeys:][:count] {
			for ; mask != 0; mask &= mask - 1 {
				lane := v + bits.TrailingZeros16(mask)
				l.insert(lane, s[j*lanes+lane], int32(first+j))
				sums.last[lane] = l.scores[lane*l.width+l.size-1]
			}
		}
	}
}

// insert offers a lane's list a score.
func (l *topLists) insert(lane int, x float32, key int32) {
	scores, keys := l.scores[lane*l.width:][:l.width], l.keys[lane*l.width:][:l.width]
	at := l.width - 1
	if !(x > scores[at]) {
		return
	}
	for ; at > 0 && x > scores[at-1]; at-- {
		scores[at], keys[at] = scores[at-1], keys[at-1]
	}
	scores[at], keys[at] = x, key
}
