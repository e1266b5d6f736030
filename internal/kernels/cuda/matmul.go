package cuda

import (
	"encoding/binary"
	"fmt"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// product is product.h's struct Product: c[z][m][n] = sum_k a[z][m][k] b[z][n][k]
// + bias[n]. Its fields are laid out as C lays them out.
type product struct {
	A, B, Bias, C        pointer
	ARow, ABatch         int64
	BRow, BCol, BBatch   int64
	CRow, CBatch         int64
	M, N, K              int32
	AGroup, BGroup       int32
	WholeA, WholeB, Rest int32
}

const (
	few      = 16  // so many rows of a have a kernel of their own
	together = 8   // of which it takes so many at a time
	many     = 216 // blocks keep a GPU busy: two on each multiprocessor of an A100; see Backend.busy
)

// multiply runs a product of z matrices, b of a stored type.
func (w *work) multiply(p product, z int, d tensor.DType) {
	block, _ := d.Block()
	across := p.BCol != 1 && p.BRow == 1 && block == 1 // blocks that lie so are rare, and have no kernel of their own
	p.WholeA = whole(p.A, p.K, p.ARow, p.ABatch)
	p.WholeB = whole(p.B, p.K, p.BRow, p.BBatch)
	if across {
		p.WholeB = whole(p.B, p.N, p.BCol, p.BBatch)
	}
	if w.b.err == nil {
		data, err := binary.Append(nil, binary.LittleEndian, p)
		w.b.fail(w.op, err)
		w.args = [][]byte{data}
	}
	name, suffix := typeName(d), ""
	if across {
		suffix = "_across"
	}
	if p.M <= few || p.BCol != 1 && !across {
		w.multiplyRows(p, z, suffix, name)
		return
	}
	const high, wide, small = 128, 128, 64
	large := grid{[3]int{ceil(int(p.N), wide), ceil(int(p.M), high), z}, 256}
	if large.blocks[0]*large.blocks[1]*z >= w.b.busy {
		w.run("matmul_"+name, "matmul"+suffix+"_"+name, large)
		return
	}
	w.run("matmul_"+name, "matmul"+suffix+"_small_"+name, grid{[3]int{ceil(int(p.N), small), ceil(int(p.M), small), z}, 64})
}

// multiplyRows runs a product of few rows.
func (w *work) multiplyRows(p product, z int, suffix, name string) {
	rows := together
	if p.M == 1 {
		rows = 1
	}
	g := grid{[3]int{ceil(int(p.N), 8), ceil(int(p.M), rows), z}, 256} // a warp for each column
	if suffix != "" {
		g = grid{[3]int{ceil(int(p.N), 32), ceil(int(p.M), rows), z}, 512} // a lane
	}
	w.run("matrows_"+name, fmt.Sprintf("matrows%s_%d_%s", suffix, rows, name), g)
}

// whole is 1 when a matrix whose rows have so many numbers can be read four
// numbers at a time: all rows are whole fours, at addresses that are.
func whole(at pointer, numbers int32, strides ...int64) int32 {
	all := int64(numbers)
	for _, s := range strides {
		all |= s
	}
	if at%16 == 0 && all%4 == 0 {
		return 1
	}
	return 0
}

// MatMul returns x · wᵀ + bias: [pos T, o.Out...].
func (b *Backend) MatMul(x kernels.Array, w kernels.Weight, o kernels.MatMulOpts) kernels.Array {
	in := b.in(x)
	shape, err := kernels.MatMulShape(in.shape, w, o)
	out, ok := b.out("matmul", shape, err)
	if !ok {
		return b.whole(out)
	}
	work := b.work("matmul with "+w.Name).arrays(in, out).floats(o.Bias)
	at, w := b.weight(w)
	work.multiply(product{
		A: in.at, B: at, Bias: work.last(), C: out.at,
		ARow: int64(w.Shape[1]), BRow: int64(w.Stride[0]), BCol: int64(w.Stride[1]), CRow: int64(w.Shape[0]),
		M: int32(shape[0].Size), N: int32(w.Shape[0]), K: int32(w.Shape[1]), AGroup: 1, BGroup: 1,
	}, 1, w.Type)
	return b.whole(out)
}

// HeadResults returns what each head writes into the residual stream: [pos T,
// head H, d_model].
func (b *Backend) HeadResults(x kernels.Array, w kernels.Weight) kernels.Array {
	in := b.in(x)
	shape, err := kernels.HeadResultsShape(in.shape, w)
	out, ok := b.out("head results", shape, err)
	if !ok {
		return b.whole(out)
	}
	heads, shared, width, model := shape[1].Size, in.shape[1].Size, in.shape[2].Size, w.Shape[0]
	at, w := b.weight(w)
	b.work("head results with "+w.Name).arrays(in, out).multiply(product{
		A: in.at, B: at, C: out.at,
		ARow: int64(shared * width), ABatch: int64(width),
		BRow: int64(w.Stride[0]), BCol: int64(w.Stride[1]), BBatch: int64(width * w.Stride[1]),
		CRow: int64(heads * model), CBatch: int64(model),
		M: int32(shape[0].Size), N: int32(model), K: int32(width), AGroup: int32(heads / shared), BGroup: 1,
	}, heads, w.Type)
	return b.whole(out)
}

// Scores returns q · k for every query and key: [head H, query_pos T, key_pos T].
func (b *Backend) Scores(q, k kernels.Array) kernels.Array {
	p, r := b.in(q), b.in(k)
	shape, err := kernels.ScoresShape(p.shape, r.shape)
	out, ok := b.out("scores", shape, err)
	if !ok {
		return b.whole(out)
	}
	tokens, heads, width, shared := p.shape[0].Size, p.shape[1].Size, p.shape[2].Size, r.shape[1].Size
	b.work("scores").arrays(p, r, out).multiply(product{
		A: p.at, B: r.at, C: out.at,
		ARow: int64(heads * width), ABatch: int64(width),
		BRow: int64(shared * width), BCol: 1, BBatch: int64(width),
		CRow: int64(tokens), CBatch: int64(tokens * tokens),
		M: int32(tokens), N: int32(tokens), K: int32(width), AGroup: 1, BGroup: int32(heads / shared),
	}, heads, tensor.F32)
	return b.whole(out)
}

// Mix returns each query's weighted sum of values: [pos T, head H, d_head D].
func (b *Backend) Mix(pattern, v kernels.Array) kernels.Array {
	p, r := b.in(pattern), b.in(v)
	shape, err := kernels.MixShape(p.shape, r.shape)
	out, ok := b.out("mix", shape, err)
	if !ok {
		return b.whole(out)
	}
	tokens, heads, width, shared := shape[0].Size, shape[1].Size, shape[2].Size, r.shape[1].Size
	b.work("mix").arrays(p, r, out).multiply(product{
		A: p.at, B: r.at, C: out.at,
		ARow: int64(tokens), ABatch: int64(tokens * tokens),
		BRow: 1, BCol: int64(shared * width), BBatch: int64(width),
		CRow: int64(heads * width), CBatch: int64(width),
		M: int32(tokens), N: int32(width), K: int32(tokens), AGroup: 1, BGroup: int32(heads / shared),
	}, heads, tensor.F32)
	return b.whole(out)
}
