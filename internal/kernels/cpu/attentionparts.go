package cpu

import (
	"math"
	"slices"
	"unsafe"
)

// Where tiles multiply, fused attention is by parts as well (parts.go): keys,
// and values turned, are split once for each head, queries once for each panel,
// weights as they come. A panel of scores is then made of tiles, 32 keys by
// sixteen lanes, and so are the sums, 32 components by sixteen lanes, which tiles
// read and write where they lie.
//
// Keys and values are left factors, and have the window of one. What a panel's
// lanes hold is scaled by 2^24:
//
//	          |q| < 2^42    of queries times factor, scaled by 2^-56 before: scores come out as they are
//	       0 <= p <= 2^8    of weights: multiples of 2^-125 then, so that no part is lost
//
// The sums are 2^56 times what they stand for, and below 2^(8+26+56) for each
// key. Of a query's number below 2^-70 a part may be lost: a score is off by less
// than 2^-58 then, and its weight by that share of itself. With a number beyond
// the windows, infinite or NaN, in a head's keys or values or in a panel's
// queries, these are multiplied as if there were no tiles.

const (
	// laneScale is what splitting multiplies a panel's numbers with.
	laneScale = 1 << 24
	// queryScale makes scores of queries and keys, each scaled, what they are.
	queryScale = 1.0 / (leftScale * laneScale)
	// mostQuery bounds queries times their factor.
	mostQuery = 1 << 42
)

// laneParts is how many numbers a panel's parts of so many steps are.
func laneParts(lanes, steps int) int { return leftParts * step * lanes * steps }

// attendsByParts reports whether this call is faster by parts. The number more
// that ALiBi puts into rows would take a step more.
func (f *flash) attendsByParts() bool {
	return f.set.parts != nil && f.set.parts.attends(f.t, f.d) && !f.foldsSlopes()
}

// layoutParts makes room for a key head's parts behind what is there.
func (f *flash) layoutParts(p *packed) {
	blocks := (f.t + p.block - 1) / p.block
	p.keyStride, p.valueStride = steps(f.d)*leftStep, steps(p.block)*leftStep
	p.keySize, p.valueSize = p.block/side*p.keyStride, p.wide/side*p.valueStride
	p.parts = p.size
	p.size += blocks * (p.keySize + p.valueSize) / 2
}

// keyParts is where the parts of a key head's keys begin, from a key on, which
// begins a side; valueParts of its values, from a key on which begins a step.
func (f *flash) keyParts(head, key int) []uint16 {
	p := &f.packed
	block := f.blockParts(head, key/p.block)
	return block[key%p.block/side*p.keyStride : p.keySize]
}

func (f *flash) valueParts(head, key int) []uint16 {
	p := &f.packed
	return f.blockParts(head, key/p.block)[p.keySize+key%p.block/step*leftStep:]
}

// blockParts are the parts of a block of keys and values.
func (f *flash) blockParts(head, block int) []uint16 {
	p := &f.packed
	size := p.keySize + p.valueSize
	data := p.data[(head-p.first)*p.size+p.parts+block*size/2:][:size/2]
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(data))), size)
}

// packParts splits keys and values of so many key heads, a block of keys to a
// task, and learns of which heads tiles can take all of them.
func (f *flash) packParts(p *pool, count int) {
	keys := f.packed.block
	blocks := (f.t + keys - 1) / keys
	sound := make([]bool, count*blocks)
	p.run(count*blocks, count*f.t*(f.d+f.wide), func(task int, mem *scratch) {
		head, key := f.packed.first+task/blocks, task%blocks*keys
		mem.seen = growTo(mem.seen, 1)
		mem.seen[0] = nothingSeen()
		f.splitKeys(head, key, &mem.seen[0])
		f.splitValues(head, key, &mem.flash[0], &mem.seen[0])
		sound[task] = mem.seen[0].within(leastLeft, mostLeft)
	})
	for head := range count {
		f.sound[f.packed.first+head] = !slices.Contains(sound[head*blocks:][:blocks], false)
	}
}

// splitKeys splits a block of keys.
func (f *flash) splitKeys(head, key int, seen *seen) {
	for last := min(key+f.packed.block, f.t); key < last; key += side {
		rows, panel := min(side, last-key), f.keyParts(head, key)[:f.packed.keyStride]
		if rows < side {
			clear(panel)
		}
		f.set.parts.splitRows(panel, f.k.from(key, head*f.d).data, f.k.stride, f.d, rows, seen)
	}
}

// splitValues splits a block of values, turned.
func (f *flash) splitValues(head, key int, s *flashScratch, seen *seen) {
	p, n := &f.packed, min(f.packed.block, f.t-key)
	turned := grow(&s.scores, f.wide*p.block)
	f.set.flip(turned, f.v.from(key, head*f.wide).data, p.block, f.v.stride, n, f.wide)
	for c := 0; c < f.wide; c += side {
		rows, panel := min(side, f.wide-c), f.valueParts(head, key)[c/side*p.valueStride:][:p.valueStride]
		if rows < side {
			clear(panel)
		}
		f.set.parts.splitRows(panel, turned[c*p.block:], p.block, n, rows, seen)
	}
}

// splitQueries splits a panel's queries, and reports whether its products are by
// parts.
func (f *flash) splitQueries(head int, s *flashScratch) bool {
	if !f.byParts || !f.sound[head/f.group] {
		return false
	}
	lanes := f.set.lanes
	whole := roundUp(f.d, step)
	queries := s.columns[:f.d*lanes]
	most := f.set.largest(queries)
	turned := grow(&s.scores, max(f.set.keys, whole)*lanes)[:whole*lanes]
	f.set.scale(turned[:f.d*lanes], queries, -1)
	if !(most < mostQuery && f.set.largest(turned[:f.d*lanes]) < mostQuery) { // NaN, too
		return false
	}
	f.set.scale(turned[:f.d*lanes], queries, queryScale)
	clear(turned[f.d*lanes:])
	parts := growParts(&s.queryParts, laneParts(lanes, steps(f.d)))
	f.set.parts.splitLanes(parts, turned, steps(f.d))
	return true
}

// beginByParts makes the first scores of a panel of queries.
func (f *flash) beginByParts(head int, s *flashScratch) {
	s.ahead = grow(&s.ahead, f.set.keys*f.set.lanes)
	s.key &^= step - 1 // tiles take whole steps: what is before is hidden
	f.scoresByParts(head, s.key, f.panelFrom(s.key, s.to), s)
}

// scoresByParts makes the scores of cols keys, and numbers of no meaning up to
// the next whole step.
func (f *flash) scoresByParts(head, key, cols int, s *flashScratch) {
	n := steps(f.d)
	queries := growParts(&s.queryParts, laneParts(f.set.lanes, n))
	f.set.parts.multiplyLanes(s.scores, f.keyParts(head/f.group, key), queries, f.packed.keyStride, n, steps(cols), false)
}

// laneJob makes weights of scores [rows, lanes], takes them into the sums and
// splits them, and makes the next panel's scores meanwhile, if pairs is not 0.
type laneJob struct {
	scores []float32
	sums   *laneSums
	parts  []uint16
	rows   int // whole steps

	next                 []float32 // c of multiplyLanes, and what else it takes
	keys, queries        []uint16
	stride, steps, pairs int
}

// panelByParts is panel for scores that are there, and makes the next panel's.
func (f *flash) panelByParts(head, key, cols int, s *flashScratch) {
	lanes, p, parts := f.set.lanes, &f.packed, f.set.parts
	f.see(head, key, cols, s)
	rows, more := roundUp(cols, step), f.panelFrom(s.key, s.to)
	fill(s.scores[cols*lanes:rows*lanes], float32(math.Inf(-1)))
	s.job = laneJob{
		scores: s.scores, sums: &s.lanes, parts: growParts(&s.weightParts, laneParts(lanes, steps(p.block))), rows: rows,
		next: s.ahead, queries: growParts(&s.queryParts, laneParts(lanes, steps(f.d))),
		stride: p.keyStride, steps: steps(f.d), pairs: steps(more),
	}
	if more > 0 {
		s.job.keys = f.keyParts(head/f.group, s.key)
	}
	if parts.weighLanes(&s.job) {
		f.set.lower(s.sums, s.lanes.fall[:lanes], p.wide)
	}
	if f.o.Rows {
		f.addNear(s.scores, key, cols, s)
	}
	parts.multiplyLanes(s.sums, f.valueParts(head/f.group, key), s.job.parts, p.valueStride, steps(cols), p.wide/side, true)
	s.scores, s.ahead = s.ahead, s.scores
}
