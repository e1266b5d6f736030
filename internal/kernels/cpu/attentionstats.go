package cpu

import (
	"math"

	"attn/internal/kernels"
)

// finish divides the sums of a panel's queries by those of their weights, and
// writes down what can be told of each.
func (f *flash) finish(head int, s *flashScratch) {
	start, rows, lanes := s.start, s.last-s.start+1, f.set.lanes
	f.weighTold(s)
	for l := range rows {
		f.settle(head, start+l, l, s)
	}
	if s.byParts {
		f.set.scale(s.inverse[:lanes], s.inverse[:lanes], queryScale)
	}
	f.set.lower(s.sums, s.inverse[:lanes], f.packed.wide)
	for l := 0; l < rows; l += 16 { // a query's numbers are neighbours
		n := min(16, rows-l)
		f.set.flip(f.out.from(start+l, head*f.wide).data, s.sums[l:], f.out.stride, lanes, f.wide, n)
	}
}

// weighTold makes weights of the scores that are told of: each list's, and in a
// last row those of key 0.
func (f *flash) weighTold(s *flashScratch) {
	lanes, size := f.set.lanes, f.o.Top
	s.told = grow(&s.told, (kernels.MaxTop+1)*lanes)
	if size > 0 {
		f.set.flip(s.told, s.top.scores, lanes, s.top.width, lanes, size)
	}
	copy(s.told[size*lanes:], s.lanes.first[:lanes])
	s.spare = s.lanes
	f.set.weigh(s.told, &s.spare, size+1)
}

// settle works out one query's statistics.
func (f *flash) settle(head, query, l int, s *flashScratch) {
	sums := &s.lanes
	top, sum, sink := float64(sums.top[l]), sums.sum[l], 0.0
	if f.o.Sinks != nil {
		sink = math.Exp2(float64(f.o.Sinks[head]*math.Log2E) - top)
	}
	total := sum + sink
	s.inverse[l] = float32(1 / total)
	if total == 0 { // every score was −Inf
		s.inverse[l] = 0
	}
	at, log := head*f.rows+query, math.Log(total)
	f.shift[at] = top + log*math.Log2E
	if f.o.Rows {
		f.stats.LSE.Data[at] = float32(top*math.Ln2 + log)
		f.stats.Entropy.Data[at] = float32(max(0, (sum*log-sums.tilt[l]*math.Ln2)/total))
		f.stats.Near.Data[at] = float32(sums.near[l] / total)
		first := 0.0
		if from, _ := f.visible(query); from == 0 {
			first = float64(s.told[f.o.Top*f.set.lanes+l])
		}
		f.stats.First.Data[at] = float32(first / total)
	}
	if f.o.Rows && f.o.Sinks != nil {
		f.stats.Sink.Data[at] = float32(sink / total)
	}
	if f.o.Top > 0 {
		f.list(at, l, sum, total, s)
	}
}

// list writes down a query's largest weights, and what is left for the others.
func (f *flash) list(at, l int, rest, total float64, s *flashScratch) {
	from, to := f.visible(at % f.rows)
	keys := s.top.of(l)
	fillList(keys, from, to)
	toKeys, toWeights := f.stats.TopKeys.Data[at*f.o.Top:][:len(keys)], f.stats.TopWeights.Data[at*f.o.Top:][:len(keys)]
	for place, key := range keys {
		toKeys[place] = float32(key)
		if key >= 0 {
			weight := float64(s.told[place*f.set.lanes+l])
			rest -= weight
			toWeights[place] = float32(weight / total)
		}
	}
	if f.o.Top < to-from {
		f.stats.Rest.Data[at] = float32(max(0, rest) / total)
	}
}

// fillList puts the first visible keys that a list lacks in its empty places:
// those whose score is −Inf, or NaN.
func fillList(keys []int32, from, to int) {
	next := from
	for place, key := range keys {
		if key >= 0 {
			continue
		}
		for next < to && holds(keys[:place], int32(next)) {
			next++
		}
		if next == to {
			return
		}
		keys[place] = int32(next)
	}
}

func holds(keys []int32, key int32) bool {
	for _, k := range keys {
		if k == key {
			return true
		}
	}
	return false
}
