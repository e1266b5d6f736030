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
// d_head D], k [pos T, head KV, d_head D], v [pos T, head KV, d_head DV] ->
// [pos T, head H, d_head DV].
//
// A task is one head's tile of queries. It goes over the keys tile by tile and
// never holds more of the pattern than that: each query keeps the largest score
// so far and sums relative to it, which are scaled down when a larger one comes
// (Milakov and Gimelshein 2018; Dao et al. 2022). What needs the finished sums,
// the weight that each key receives, is a second walk with a tile of keys to a
// task, so that no sum is ever split between threads.
func (b *Backend) Attention(q, k, v kernels.Array, o kernels.AttentionOpts) (kernels.Array, kernels.AttentionStats) {
	qs, ks, vs := b.in(q), b.in(k), b.in(v)
	shape, err := kernels.AttentionShape(qs.shape, ks.shape, vs.shape, o)
	out, ok := b.out(shape, err)
	if !ok {
		return out, kernels.AttentionStats{}
	}
	f := newFlash(qs, ks, vs, out, o)
	f.stop, f.set = b.pool.stopped, b.set
	tiles := (f.t + piece - 1) / piece
	cost := f.heads * f.t * f.t * (f.d + f.wide + 2*piece) / 12
	b.pool.run(f.heads*tiles, cost, func(task int, s *scratch) {
		f.queries(task%f.heads, (tiles-1-task/f.heads)*piece, s) // the longest rows first
	})
	if o.Keys || o.Blocks > 0 {
		b.pool.run(f.heads*f.keyBlocks(), cost, func(task int, s *scratch) {
			f.keyBlock(task%f.heads, task/f.heads, s)
		})
	}
	if o.Tile != nil {
		b.pool.run(f.heads, cost, func(task int, s *scratch) { f.tileOf(task, s) })
	}
	return out, f.stats
}

// A tile is 96 queries by 96 keys, whole tiles of every instruction set's
// products. Its rows lie no power of two apart.
const (
	piece       = 96
	scoreStride = piece + line
)

// flash is one call of Attention.
type flash struct {
	o          kernels.AttentionOpts
	t, heads   int
	group      int // query heads that share a key head
	d, wide    int // of queries and keys, of values
	q, k, v    matrix
	out        matrix
	stats      kernels.AttentionStats
	shift      []float32 // [head H, query_pos T]: what the row's weights are relative to, and their sum
	total      []float64
	stop       func() bool
	set        *set
	blockWidth int // keys of a pooled block, or a tile of them
}

func newFlash(q, k, v, out *array, o kernels.AttentionOpts) *flash {
	t, heads, kv := q.shape[0].Size, q.shape[1].Size, k.shape[1].Size
	d, wide := q.last(), v.last()
	f := &flash{
		o: o, t: t, heads: heads, group: heads / kv, d: d, wide: wide,
		q:     matrix{data: q.data, stride: heads * d},
		k:     matrix{data: k.data, stride: kv * d},
		v:     matrix{data: v.data, stride: kv * wide},
		out:   matrix{data: out.data, stride: heads * wide},
		stats: kernels.NewAttentionStats(t, heads, o),
		shift: make([]float32, heads*t),
		total: make([]float64, heads*t),
	}
	f.blockWidth = piece
	if o.Blocks > 0 {
		f.blockWidth = kernels.BlockSize(t, o.Blocks)
	}
	return f
}

// flashScratch is what a thread keeps of the tiles that it works on.
type flashScratch struct {
	scores, sums []float32 // [piece, scoreStride]; [piece, DV]
	queries      []float32 // a tile of them
	weights      [piece]float32
	rows         [piece]flashRow
	top          topLists
	received     [piece]float64
	pooled       []float64
}

// flashRow is how far one query has come. All but the first two are relative to
// e^top.
type flashRow struct {
	top   float32 // the largest score so far
	first float32 // the score of key 0, −Inf while it has not been seen
	sum   float64 // Σ e^score over the keys
	tilt  float64 // Σ e^score (score − top)
	near  float64 // Σ e^score over the near keys
	sink  float64 // e^sink
}

// queries works on one head's tile of queries, from position start on.
func (f *flash) queries(head, start int, mem *scratch) {
	s := &mem.flash
	rows := min(piece, f.t-start)
	f.begin(head, rows, s)
	queries := queryTile(&s.queries, f.q.from(start, head*f.d), rows, f.d)
	from, _ := f.visible(start)
	_, to := f.visible(start + rows - 1)
	for j := from; j < to && !f.stop(); j += piece {
		cols := min(piece, to-j)
		f.scores(head, queries, rows, j, cols, mem)
		for r := range rows {
			f.row(r, start+r, j, s.scores[r*scoreStride:][:cols], s)
		}
		f.set.mixTile(mem, matrix{s.sums, f.wide}, matrix{s.scores, scoreStride}, f.v.from(j, head/f.group*f.wide), rows, f.wide, cols)
	}
	for r := range rows {
		f.finish(head, r, start+r, s)
	}
}

// visible is the range of keys that a query may see.
func (f *flash) visible(query int) (from, to int) { return f.o.Mask.Visible(query, f.t) }

// begin clears what is kept for a tile of queries.
func (f *flash) begin(head, rows int, s *flashScratch) {
	s.scores, s.sums = grow(&s.scores, piece*scoreStride), grow(&s.sums, piece*f.wide)
	clear(s.sums)
	for r := range rows {
		s.rows[r] = flashRow{top: float32(math.Inf(-1)), first: float32(math.Inf(-1))}
		if f.o.Sinks != nil {
			s.rows[r].top, s.rows[r].sink = f.o.Sinks[head], 1
		}
	}
	s.top.begin(f.o.Top)
}

// scores works out a tile of them, [rows, cols], as the softmax reads them but
// for the mask.
func (f *flash) scores(head int, queries matrix, rows, key, cols int, mem *scratch) {
	s := &mem.flash
	f.set.scoreTile(mem, matrix{s.scores, scoreStride}, queries, f.k.from(key, head/f.group*f.d), rows, cols, f.d)
	for r := range rows {
		row := s.scores[r*scoreStride:][:cols]
		f.set.scale(row, row, f.o.Scale)
		if limit := float64(f.o.Softcap); limit != 0 {
			for c, x := range row {
				row[c] = float32(limit * math.Tanh(float64(x)/limit))
			}
		}
		if f.o.Slopes != nil {
			for c := range row {
				row[c] += f.o.Slopes[head] * float32(key+c)
			}
		}
	}
}

// row takes a query's scores of the keys from key on into its sums, and leaves
// their weights, relative to e^top, in their place.
func (f *flash) row(r, query, key int, scores []float32, s *flashScratch) {
	from, to := f.visible(query)
	from, to = max(from-key, 0), min(to-key, len(scores))
	if from >= to {
		clear(scores)
		return
	}
	clear(scores[:from])
	clear(scores[to:])
	seen, row := scores[from:to], &s.rows[r]
	top := f.set.largest(seen)
	if f.o.Top > 0 && s.top.takes(r, top) {
		s.top.add(r, key+from, seen)
	}
	if key+from == 0 {
		row.first = seen[0]
	}
	if top > row.top || top != top {
		f.raise(row, top, s.sums[r*f.wide:][:f.wide])
	}
	f.weigh(seen, row, s)
	if f.o.Rows {
		row.near += f.nearSum(query, key+from, seen)
	}
}

// raise makes a query's sums relative to a larger score.
func (f *flash) raise(row *flashRow, top float32, sums []float32) {
	if row.sum != 0 || row.sink != 0 {
		down := float32(math.Exp(float64(row.top) - float64(top)))
		alpha := float64(down)
		row.tilt = alpha * (row.tilt + row.sum*float64(row.top-top))
		row.sum, row.near, row.sink = alpha*row.sum, alpha*row.near, alpha*row.sink
		for e := range sums {
			sums[e] *= down
		}
	}
	row.top = top
}

// weigh makes weights of scores and adds them up.
func (f *flash) weigh(scores []float32, row *flashRow, s *flashScratch) {
	if !f.o.Rows {
		row.sum += f.set.exps(scores, scores, row.top)
		return
	}
	weights := s.weights[:len(scores)]
	row.sum += f.set.exps(weights, scores, row.top)
	for c, p := range weights {
		row.tilt += float64(p * (scores[c] - row.top))
	}
	copy(scores, weights)
}

// nearSum adds up the weights of the keys around a query.
func (f *flash) nearSum(query, key int, weights []float32) float64 {
	from, to := max(query-f.o.Near+1-key, 0), min(query+f.o.Near-key, len(weights))
	sum := 0.0
	for c := from; c < to; c++ {
		sum += float64(weights[c])
	}
	return sum
}

// finish divides a query's sums by the sum of its weights.
func (f *flash) finish(head, r, query int, s *flashScratch) {
	row := &s.rows[r]
	total := row.sum + row.sink
	inverse := float32(1 / total)
	to := f.out.from(query, head*f.wide).data[:f.wide]
	for e, v := range s.sums[r*f.wide:][:f.wide] {
		to[e] = v * inverse
	}
	at := head*f.t + query
	f.shift[at], f.total[at] = row.top, total
	if f.o.Rows {
		log := math.Log(total)
		f.stats.LSE.Data[at] = float32(float64(row.top) + log)
		f.stats.Entropy.Data[at] = float32(max(0, (row.sum*log-row.tilt)/total))
		f.stats.First.Data[at] = float32(math.Exp(float64(row.first)-float64(row.top)) / total)
		f.stats.Near.Data[at] = float32(row.near / total)
	}
	if f.o.Rows && f.o.Sinks != nil {
		f.stats.Sink.Data[at] = float32(row.sink / total)
	}
	if f.o.Top > 0 {
		f.list(at, r, row, total, s)
	}
}

// Rows returns x [pos T, ...] at some positions.
func (b *Backend) Rows(x kernels.Array, rows []int) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.RowsShape(in.shape, rows))
	if !ok {
		return out
	}
	n := len(in.data) / in.shape[0].Size
	for i, r := range rows {
		copy(out.data[i*n:(i+1)*n], in.data[r*n:])
	}
	return out
}
