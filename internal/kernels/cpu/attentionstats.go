package cpu

import "math"

// finish divides the sums of a panel's queries by those of their weights, and
// writes down what can be told of each.
func (f *flash) finish(head, start, last int, s *flashScratch) {
	rows, lanes := last-start+1, f.set.lanes
	for l := range rows {
		f.settle(head, start+l, l, s)
	}
	f.set.lower(s.sums, s.inverse[:lanes], f.packed.wide)
	f.set.flip(f.out.from(start, head*f.wide).data, s.sums, f.out.stride, lanes, f.wide, rows)
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
	at, log := head*f.t+query, math.Log2(total)
	f.shift[at] = top + log
	if f.o.Rows {
		f.stats.LSE.Data[at] = float32((top + log) * math.Ln2)
		f.stats.Entropy.Data[at] = float32(max(0, (sum*log-sums.tilt[l])/total*math.Ln2))
		f.stats.Near.Data[at] = float32(sums.near[l] / total)
		first := 0.0
		if from, _ := f.visible(query); from == 0 {
			first = math.Exp2(float64(sums.first[l]) - top)
		}
		f.stats.First.Data[at] = float32(first / total)
	}
	if f.o.Rows && f.o.Sinks != nil {
		f.stats.Sink.Data[at] = float32(sink / total)
	}
	if f.o.Top > 0 {
		f.list(at, l, top, sum, total, s)
	}
}

// list writes down a query's largest weights, and what is left for the others.
func (f *flash) list(at, l int, top, rest, total float64, s *flashScratch) {
	from, to := f.visible(at % f.t)
	scores, keys := s.top.of(l)
	fillList(keys, from, to)
	for place, key := range keys {
		if key < 0 {
			f.stats.TopKeys.Data[at*f.o.Top+place] = -1
			continue
		}
		weight := math.Exp2(float64(scores[place]) - top)
		rest -= weight
		f.stats.TopKeys.Data[at*f.o.Top+place] = float32(key)
		f.stats.TopWeights.Data[at*f.o.Top+place] = float32(weight / total)
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
