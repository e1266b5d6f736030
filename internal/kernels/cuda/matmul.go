package cuda

import (
	"encoding/binary"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// product is matmul.cu's struct Product: c[z][m][n] = sum_k a[z][m][k] b[z][n][k]
// + bias[n]. Its fields are laid out as C lays them out.
type product struct {
	A, B, Bias, C          pointer
	ARow, ABatch           int64
	BRow, BCol, BBatch     int64
	CRow, CBatch           int64
	M, N, K                int32
	AGroup, BGroup, Unused int32
}

// multiply runs a product of z matrices, b of a stored type.
func (w *work) multiply(p product, z int, d tensor.DType) {
	if w.b.err == nil {
		data, err := binary.Append(nil, binary.LittleEndian, p)
		w.b.fail(w.op, err)
		w.args = [][]byte{data}
	}
	const threads, small, large = 256, 16, 64
	kernel, side := "matmul_"+typeName(d), large
	if p.M <= 2*small || p.N <= 2*small { // large tiles would be empty
		kernel, side = "matmul_small_"+typeName(d), small
	}
	w.run("matmul", kernel, grid{[3]int{ceil(int(p.N), side), ceil(int(p.M), side), z}, threads})
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
	work.multiply(product{
		A: in.at, B: b.weight(w), Bias: work.last(), C: out.at,
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
	b.work("head results with "+w.Name).arrays(in, out).multiply(product{
		A: in.at, B: b.weight(w), C: out.at,
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
