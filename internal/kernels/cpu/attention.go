package cpu

import (
	"math"

	"attn/internal/kernels"
)

var (
	_ kernels.FusedAttention = (*Backend)(nil)
	_ kernels.Interruptible  = (*Backend)(nil)
)

// Interrupt makes ops return early once stop says yes.
func (b *Backend) Interrupt(stop func() bool) { b.pool.halt = stop }

// Attention returns each query's weighted sum of values: q [pos T, head H,
// d_head D], k [pos N, head KV, d_head D], v [pos N, head KV, d_head DV] ->
// [pos T, head H, d_head DV].
//
// A task is one head's panel of queries. It goes over the keys panel by panel
// and never holds more of the pattern than that: each query keeps the largest
// score so far and sums relative to it, which are scaled down when a larger one
// comes (Milakov and Gimelshein 2018; Dao et al. 2022), if it is much larger. What needs the finished
// sums, the weight that each key receives, is a second walk with a panel of keys
// to a task, so that no sum is ever split between threads.
func (b *Backend) Attention(q, k, v kernels.Array, o kernels.AttentionOpts) (kernels.Array, kernels.AttentionStats) {
	qs, ks, vs := b.in(q), b.in(k), b.in(v)
	shape, err := kernels.AttentionShape(qs.shape, ks.shape, vs.shape, o)
	out, ok := b.blank(shape, err)
	if !ok {
		return out, kernels.AttentionStats{}
	}
	f := newFlash(qs, ks, vs, out, o)
	f.stop, f.set = b.pool.stopped, b.set
	f.blockWidth = f.set.lanes
	if o.Blocks > 0 {
		f.blockWidth = kernels.BlockSize(max(f.rows, f.t), o.Blocks)
	}
	f.attend(b.pool, &b.packed)
	if o.Tile != nil {
		b.pool.run(f.heads, f.cost(f.heads), func(task int, s *scratch) { f.tileOf(task, s) })
	}
	return out, f.stats
}

// flash is one call of Attention.
type flash struct {
	o          kernels.AttentionOpts
	rows, t    int // queries, keys
	heads      int
	group      int // query heads that share a key head
	d, wide    int // of queries and keys, of values
	q, k, v    matrix
	out        matrix
	stats      kernels.AttentionStats
	shift      []float64 // [head H, query_pos T]: the log2 of what the row's weights sum to
	stop       func() bool
	set        *set
	packed     packed
	together   int // panels of queries in a task
	byParts    bool
	sound      []bool // of each key head: tiles can take its keys and values
	blockWidth int    // keys of a pooled block, or a panel of them
}

func newFlash(q, k, v, out *array, o kernels.AttentionOpts) *flash {
	rows, t, heads, kv := q.shape[0].Size, k.shape[0].Size, q.shape[1].Size, k.shape[1].Size
	d, wide := q.last(), v.last()
	return &flash{
		o: o, rows: rows, t: t, heads: heads, group: heads / kv, d: d, wide: wide,
		q:     matrix{data: q.data, stride: heads * d},
		k:     matrix{data: k.data, stride: kv * d},
		v:     matrix{data: v.data, stride: kv * wide},
		out:   matrix{data: out.data, stride: heads * wide},
		stats: kernels.NewAttentionStats(rows, t, heads, o),
		shift: make([]float64, heads*rows),
	}
}

// cost estimates the nanoseconds of so many heads.
func (f *flash) cost(heads int) int { return heads * f.rows * f.t * (f.d + f.wide + 2*fewestKeys) / 12 }

// attend does both walks for as many key heads at once as fit packed in their
// memory.
func (f *flash) attend(p *pool, buffer *[]float32) {
	all, lanes := f.heads/f.group, f.set.lanes
	f.byParts = f.attendsByParts()
	f.sound = make([]bool, all)
	f.packed = f.layout()
	many := max(1, min(all, mostPacked/f.packed.size))
	for first := 0; first < all; first += many {
		f.packed.first, f.packed.data = first, grow(buffer, many*f.packed.size)
		count := min(many, all-first)
		f.packHeads(p, count)
		from, heads := first*f.group, count*f.group
		f.together = f.panelsTogether(heads, p.threads)
		rows := f.together * lanes
		tiles := (f.rows + rows - 1) / rows
		p.run(heads*tiles, f.cost(heads), func(task int, s *scratch) {
			f.queries(from+task/tiles, (tiles-1-task%tiles)*rows, s) // the longest rows first
		})
		if f.walksTwice() {
			p.run(heads*f.keyBlocks(), f.cost(heads), func(task int, s *scratch) {
				f.keyBlock(from+task/f.keyBlocks(), task%f.keyBlocks(), s)
			})
		}
	}
}

// mostTogether is how many panels of queries a task has at most: of tiles, whose
// products are so fast that they would wait for keys and values, partsTogether.
const (
	mostTogether  = 4
	partsTogether = 2
)

// manyBytes of a head's keys and values do not stay in the second cache.
const manyBytes = 1 << 20

// panelsTogether is how many panels a task has: more where they would each bring
// keys and values from afar, unless there were too few tasks for the threads.
func (f *flash) panelsTogether(heads, threads int) int {
	many := mostTogether
	if f.byParts {
		many = partsTogether
	}
	if few := heads*f.rows < 8*many*f.set.lanes*threads; few || 4*f.t*(f.d+f.wide) < manyBytes {
		return 1
	}
	return many
}

// flashScratch is what a thread keeps of the panel that it works on.
type flashScratch struct {
	start, last  int       // its queries
	key, to      int       // the keys that it has yet to see
	scores, sums []float32 // [keys, lanes]; [DV, lanes]
	columns      []float32 // the panel's queries, or keys: [D, lanes]
	lanes        laneSums
	top          topLists
	near         [mostLanes]float32
	inverse      [mostLanes]float32
	shift        [mostKeys]float32
	given        [mostLanes]float32
	received     [mostLanes]float64
	pooled       []float64
	told         []float32 // [Top + 1, lanes]
	spare        laneSums
	tile         []float32 // scores of an exact tile

	byParts                 bool // this panel
	queryParts, weightParts []float32
	ahead                   []float32 // the next panel's scores
	keys, values            []float32 // of a panel that is not by parts
	job                     laneJob
}

// queries works on some panels of one head's queries, from position start on.
func (f *flash) queries(head, start int, mem *scratch) {
	group := mem.flash[:min(f.together, (f.rows-start+f.set.lanes-1)/f.set.lanes)]
	for i := range group {
		f.begin(head, start+i*f.set.lanes, &group[i])
	}
	f.blocks(head, group)
	for i := range group {
		f.finish(head, &group[i])
	}
}

// blocks takes the keys that panels of queries see into their sums, block by
// block, so that a block is still near when the next panel wants it.
func (f *flash) blocks(head int, group []flashScratch) {
	keys := f.set.keys
	for block, more := group[0].key/keys, true; more && !f.stop(); block++ {
		more = false
		for i := range group {
			s := &group[i]
			if s.key < s.to && s.key/keys == block {
				f.panel(head, s)
			}
			more = more || s.key < s.to
		}
	}
}

// visible is the range of keys that a query may see.
func (f *flash) visible(query int) (from, to int) { return f.o.Mask.Visible(query, f.t) }

// begin clears what is kept for a panel of queries, and turns them.
func (f *flash) begin(head, start int, s *flashScratch) {
	lanes, p := f.set.lanes, &f.packed
	s.start, s.last = start, min(start+lanes, f.rows)-1
	s.key, _ = f.visible(start)
	_, s.to = f.visible(s.last)
	s.scores, s.sums = grow(&s.scores, f.set.keys*lanes), grow(&s.sums, p.wide*lanes)
	clear(s.sums)
	top := float32(-math.MaxFloat32)
	if f.o.Sinks != nil {
		top = max(top, f.o.Sinks[head]*math.Log2E)
	}
	s.lanes.begin(top)
	if f.o.Top > 0 {
		s.top.begin(f.o.Top, lanes)
	}
	s.columns = grow(&s.columns, p.d*lanes)
	rows := min(lanes, f.rows-start)
	if rows < lanes {
		clear(s.columns)
	}
	f.set.flip(s.columns, f.q.from(start, head*f.d).data, lanes, f.q.stride, rows, f.d)
	f.set.scale(s.columns[:f.d*lanes], s.columns[:f.d*lanes], f.factor())
	if f.foldsSlopes() {
		fill(s.columns[f.d*lanes:][:lanes], f.slope(head))
	}
	if s.byParts = f.splitQueries(head, s); s.byParts {
		f.beginByParts(head, s)
	}
}

// panelFrom is how many keys the panel has that begins with one.
func (f *flash) panelFrom(key, to int) int { return min(to, roundUp(key+1, f.set.keys)) - key }

// panel takes the next panel of keys into the sums of one of queries.
func (f *flash) panel(head int, s *flashScratch) {
	key, cols := s.key, f.panelFrom(s.key, s.to)
	s.key += cols
	if s.byParts {
		f.panelByParts(head, key, cols, s)
		return
	}
	p, set := &f.packed, f.set
	var keys, values []float32
	if f.byParts {
		keys, values = f.unpacked(head/f.group, key, cols, s)
	} else {
		keys, values = p.keys(head / f.group)[key*p.d:], p.values(head/f.group, key)
	}
	scores := s.scores[:cols*set.lanes]
	set.panel(s.scores, keys, s.columns, p.d, p.d, roundUp(cols, panelRows), false)
	f.see(head, key, cols, s)
	if set.weigh(scores, &s.lanes, cols) {
		set.lower(s.sums, s.lanes.fall[:set.lanes], p.wide)
	}
	if f.o.Rows {
		f.addNear(scores, key, cols, s)
	}
	set.panel(s.sums, values, scores, set.keys, cols, p.wide, true)
}

// see makes scores of the products of cols keys, and takes them into each
// query's largest one and into its list.
func (f *flash) see(head, key, cols int, s *flashScratch) {
	lanes := f.set.lanes
	scores := s.scores[:cols*lanes]
	f.bend(scores)
	if f.addsSlopes() {
		for j := range cols {
			plus(scores[j*lanes:][:lanes], f.slope(head)*float32(key+j))
		}
	}
	f.hide(scores, s.start, key, cols)
	if key == 0 {
		copy(s.lanes.first[:], scores[:lanes])
	}
	f.look(scores, key, cols, s)
	s.lanes.stay(lanes)
}

// hide puts −Inf where a query may not see a key. The queries that see one key
// are neighbours.
func (f *flash) hide(scores []float32, start, key, cols int) {
	lanes := f.set.lanes
	_, first := f.visible(start)
	last, _ := f.visible(start + lanes - 1)
	if last <= key && first >= key+cols {
		return
	}
	f.hideRows(scores, start, key, key, min(last, key+cols))
	f.hideRows(scores, start, key, max(key, first, last), key+cols)
}

// hideRows does so for keys from one on, of scores that begin with a key.
func (f *flash) hideRows(scores []float32, start, key, from, to int) {
	lanes := f.set.lanes
	low, high := 0, 0 // the lanes that see key j
	for j := from; j < to; j++ {
		for ; low < lanes && !f.ends(start+low, j); low++ {
		}
		for ; high < lanes && f.begins(start+high, j); high++ {
		}
		row := scores[(j-key)*lanes:][:lanes]
		fill(row[:low], float32(math.Inf(-1)))
		fill(row[max(low, high):], float32(math.Inf(-1)))
	}
}

// begins reports whether what a query sees begins with key j or earlier, ends
// whether it ends behind it.
func (f *flash) begins(query, j int) bool { from, _ := f.visible(query); return from <= j }
func (f *flash) ends(query, j int) bool   { _, to := f.visible(query); return to > j }

// look takes scores into each lane's largest one, and into its list.
func (f *flash) look(scores []float32, key, cols int, s *flashScratch) {
	if f.o.Top == 0 {
		f.set.tops(scores, &s.lanes, s.top.masks[:], cols)
		return
	}
	for j := 0; j < cols; {
		n := min(s.top.step(), cols-j)
		if s.top.seen == 0 && f.bound(scores, cols, s) {
			n = cols
		}
		part := scores[j*f.set.lanes:][:n*f.set.lanes]
		f.set.tops(part, &s.lanes, s.top.masks[:], n)
		f.set.list(&s.top, &s.lanes, part, key+j, n)
		s.top.seen += n
		j += n
	}
}

// bound finds what the scores of each lane's list, which is empty yet, are at least, so
// that few others are offered a place: cut into as many parts as a list has places, the
// least of the parts' largest. Of a few keys it finds nothing.
func (f *flash) bound(scores []float32, cols int, s *flashScratch) bool {
	lanes, part := f.set.lanes, cols/f.o.Top
	if part < 4 {
		return false
	}
	next, last := s.lanes.next, s.lanes.last[:lanes]
	fill(last, math.MaxFloat32)
	for i := range f.o.Top {
		fill(s.lanes.next[:lanes], -math.MaxFloat32)
		f.set.tops(scores[i*part*lanes:], &s.lanes, s.top.masks[:], part)
		for l, largest := range s.lanes.next[:lanes] {
			last[l] = min(last[l], largest)
		}
	}
	s.lanes.next = next
	for l, least := range last { // what is alike has a place as well
		last[l] = math.Nextafter32(least, float32(math.Inf(-1)))
	}
	return true
}

// addNear adds up the weights of the keys around each query.
func (f *flash) addNear(weights []float32, key, cols int, s *flashScratch) {
	lanes, start := f.set.lanes, s.start
	from, to := max(0, start-f.o.Near+1-key), min(cols, start+lanes-1+f.o.Near-key)
	if from >= to {
		return
	}
	clear(s.near[:])
	f.set.near(s.near[:lanes], weights[from*lanes:], start-key-from, f.o.Near, to-from)
	for l, sum := range s.near[:lanes] {
		s.lanes.near[l] += float64(sum)
	}
}

// fill sets every number of x.
func fill(x []float32, value float32) {
	for i := range x {
		x[i] = value
	}
}

// plus adds a number to every number of x.
func plus(x []float32, value float32) {
	for i := range x {
		x[i] += value
	}
}
