package cuda

import (
	"encoding/binary"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

var _ kernels.FusedAttention = (*Backend)(nil)

// attention is attention.h's struct Attention, its fields laid out as C lays
// them out.
type attention struct {
	Q, K, V, Out                    pointer
	Slopes, Sinks                   pointer
	Shift, Total                    pointer
	LSE, Entropy, First, Near, Sink pointer
	TopKeys, TopWeights, Rest       pointer
	Received, Pooled                pointer
	TileScores, TilePattern         pointer

	T, N                          int32
	Heads, Group, D, Wide, VWide  int32
	Scale, Softcap                float32
	Causal, Window                int32
	NearKeys, Top                 int32
	Block, QueryBlocks, KeyBlocks int32
	TileQuery, TileQueries        int32
	TileKey, TileKeys             int32
	WholeQK, WholeV               int32
}

// What a block of attention.cu takes.
const (
	queryTile = 64
	keyTile   = 64
	widest    = 256 // columns of values at a time
)

// Attention returns each query's weighted sum of values and what the options ask
// of the pattern: q [pos T, head H, d_head D], k [pos N, head KV, d_head D], v
// [pos N, head KV, d_head DV] -> [pos T, head H, d_head DV]. The pattern is never
// held; what needs the finished sums of its rows is worked out after them. What it tells
// comes back beside the ops to come, as what Later promises.
func (b *Backend) Attention(q, k, v kernels.Array, o kernels.AttentionOpts) (kernels.Array, kernels.AttentionStats) {
	qs, ks, vs := b.in(q), b.in(k), b.in(v)
	shape, err := kernels.AttentionShape(qs.shape, ks.shape, vs.shape, o)
	out, ok := b.out("attention", shape, err)
	if !ok {
		return b.whole(out), kernels.AttentionStats{}
	}
	t, n, heads := shape[0].Size, ks.shape[0].Size, shape[1].Size
	w := b.work("attention").arrays(qs, ks, vs, out)
	p := attention{
		Q: qs.at, K: ks.at, V: vs.at, Out: out.at,
		Slopes: w.floats(o.Slopes).last(), Sinks: w.floats(o.Sinks).last(),
		T: int32(t), N: int32(n), Heads: int32(heads), Group: int32(heads / ks.shape[1].Size),
		D: int32(last(qs.shape)), VWide: int32(last(vs.shape)),
		Scale: o.Scale, Softcap: o.Softcap, Window: int32(min(o.Mask.Window, t)), NearKeys: int32(min(o.Near, max(t, n))), Top: int32(o.Top),
		WholeQK: whole(qs.at|ks.at, int32(last(qs.shape))), WholeV: whole(vs.at, int32(last(vs.shape))),
	}
	if o.Mask.Causal {
		p.Causal = 1
	}
	told := newTold(t, n, heads, o, &p)
	told.place(w)
	w.attend(p, o)
	told.fetch(b)
	w.end()
	if b.err != nil {
		return b.whole(out), kernels.AttentionStats{}
	}
	return out, told.stats
}

// attend runs the kernels.
func (w *work) attend(p attention, o kernels.AttentionOpts) {
	heads := int(p.Heads)
	rows := p
	for first := int32(0); first < p.VWide; first += widest {
		rows.V, rows.Out, rows.Wide = p.V+pointer(4*first), p.Out+pointer(4*first), min(widest, p.VWide-first)
		name, across := "attention_64", 1
		switch {
		case rows.Wide > 128:
			name, across = "attention_256", 4
		case rows.Wide > 64:
			name, across = "attention_128", 2
		}
		w.launch(name, name, grid{[3]int{ceil(int(p.T), queryTile), heads, 1}, 64 * across}, rows)
		rows.LSE, rows.Top = 0, 0 // are told once
	}
	if o.Keys || o.Blocks > 0 {
		own := keyTile
		if size := int(p.Block); size > keyTile {
			own = size
		} else if size > 0 {
			own = keyTile / size * size
		}
		w.launch("attentionkeys", "attentionkeys", grid{[3]int{ceil(int(p.N), own), heads, 1}, 64}, p, int32(own))
	}
	if o.Tile != nil {
		w.launch("attentiontile", "attentiontile", grid{[3]int{ceil(int(p.TileKeys), keyTile), ceil(int(p.TileQueries), queryTile), heads}, 64}, p)
	}
}

// launch runs a kernel with these arguments, each laid out as C lays it out.
func (w *work) launch(module, kernel string, g grid, args ...any) {
	w.args = nil
	for _, arg := range args {
		data, err := binary.Append(nil, binary.LittleEndian, arg)
		w.b.fail(w.op, err)
		w.args = append(w.args, data)
	}
	w.start(module, kernel, g)
}

// told is what the kernels tell of the pattern, in one piece of the GPU's memory.
type told struct {
	stats   kernels.AttentionStats
	tensors []*tensor.Tensor
	places  []*pointer // theirs
	rows    int        // head H times pos T
	shift   *pointer   // of the rows' shifts and totals, which lie before it all
	total   *pointer
	at      pointer
	of      *memory
}

func newTold(t, n, heads int, o kernels.AttentionOpts, p *attention) *told {
	d := &told{stats: kernels.NewAttentionStats(t, n, heads, o), rows: t * heads, shift: &p.Shift, total: &p.Total}
	s := &d.stats
	d.tensors = []*tensor.Tensor{
		&s.LSE, &s.Entropy, &s.First, &s.Near, &s.Sink, &s.TopKeys, &s.TopWeights, &s.Rest, &s.Received, &s.Pooled, &s.TileScores, &s.TilePattern,
	}
	d.places = []*pointer{
		&p.LSE, &p.Entropy, &p.First, &p.Near, &p.Sink, &p.TopKeys, &p.TopWeights, &p.Rest, &p.Received, &p.Pooled, &p.TileScores, &p.TilePattern,
	}
	if o.Blocks > 0 {
		size := kernels.BlockSize(max(t, n), o.Blocks)
		p.Block, p.QueryBlocks, p.KeyBlocks = int32(size), int32(s.Pooled.Shape[1].Size), int32(s.Pooled.Shape[2].Size)
	}
	if o.Tile != nil {
		p.TileQuery, p.TileQueries = int32(o.Tile.Queries[0]), int32(o.Tile.Queries[1]-o.Tile.Queries[0])
		p.TileKey, p.TileKeys = int32(o.Tile.Keys[0]), int32(o.Tile.Keys[1]-o.Tile.Keys[0])
	}
	return d
}

// place takes the memory and says where in it everything stands; what nobody
// asked for stands nowhere.
func (d *told) place(w *work) {
	size := 2 * d.rows
	for _, t := range d.tensors {
		size += len(t.Data)
	}
	at, err := w.b.alloc(4 * size)
	if err != nil {
		w.b.fail(w.op, err)
		return
	}
	d.of = w.b.used(at, 4*size)
	*d.shift, *d.total = at, at+pointer(4*d.rows)
	d.at = at + pointer(8*d.rows)
	next := d.at
	for i, t := range d.tensors {
		if len(t.Data) > 0 {
			*d.places[i] = next
			next += pointer(4 * len(t.Data))
		}
	}
}

// fetch has everything copied back at once.
func (d *told) fetch(b *Backend) {
	size := 0
	for _, t := range d.tensors {
		size += len(t.Data)
	}
	if d.of == nil { // there was no memory
		return
	}
	if size == 0 || b.err != nil || b.stopped() {
		b.left(d.of)
		return
	}
	all := make([]float32, size)
	of := d.of
	b.fail("attention", b.gpu.later(floatBytes(all), d.at, func() { b.left(of) }))
	for _, t := range d.tensors {
		n := len(t.Data)
		t.Data, all = all[:n:n], all[n:]
	}
}
