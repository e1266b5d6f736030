package bench

import (
	"context"
	"fmt"
	"math"

	"attn/internal/kernels"
	"attn/internal/kernels/ref"
	"attn/internal/tensor"
)

// Product is a matrix product: [M, K] by [K, N], with the second matrix stored
// as a model's weights are.
type Product struct {
	M, N, K int
	DType   tensor.DType // of the [K, N] matrix
}

// FLOPs counts a multiplication and an addition for each product.
func (p Product) FLOPs() float64 { return 2 * float64(p.M) * float64(p.N) * float64(p.K) }

// Bytes are those of both matrices and of the result.
func (p Product) Bytes() float64 { return p.operands() + p.result() }

func (p Product) operands() float64 {
	elements, size := p.DType.Block()
	return 4*float64(p.M)*float64(p.K) + float64(p.N)*float64(p.K)*float64(size)/float64(elements)
}

func (p Product) result() float64 { return 4 * float64(p.M) * float64(p.N) }

// Memory is how many bytes timing takes: the last result may still be there
// when the next one is made.
func (p Product) Memory() float64 { return p.operands() + 4*float64(p.M)*float64(p.K) + 2*p.result() }

// Valid reports whether the weights can be stored.
func (p Product) Valid() error {
	if elements, _ := p.DType.Block(); p.K%elements != 0 {
		return fmt.Errorf("%s holds whole blocks of %d numbers, not rows of %d", p.DType, elements, p.K)
	}
	return nil
}

// MatMul makes the product ready, of numbers that are the same every time.
func MatMul(be kernels.Backend, p Product) Work {
	g := newSource(1)
	x := g.Normal(tensor.D(tensor.Pos, p.M), tensor.D(tensor.DModel, p.K))
	w := g.weight(p.DType, p.N, p.K)
	o := kernels.MatMulOpts{Out: []tensor.Dim{tensor.D(tensor.DModel, p.N)}}
	on := be.Put(x)
	return Work{
		FLOPs: p.FLOPs(), Bytes: p.Bytes(), on: be,
		Start: func(context.Context) error {
			be.MatMul(on, w, o)
			return be.Err()
		},
		Check: func(ctx context.Context) (Check, error) {
			got := be.Get(be.MatMul(on, w, o))
			if err := be.Err(); err != nil {
				return Check{}, err
			}
			return checkProduct(ctx, got, x, w)
		},
	}
}

// checkProduct has package ref multiply as many rows of x as it can in a
// moment. A sum of k products may be k + 3 roundings off, each of at most its
// terms' magnitudes (kernelstest/bounds.go), which Cauchy and Schwarz bound by
// the lengths of the rows.
func checkProduct(ctx context.Context, got, x tensor.Tensor, w kernels.Weight) (Check, error) {
	m, n, k := x.Shape[0].Size, w.Shape[0], w.Shape[1]
	rows := spread(affordable(m, float64(n)*float64(k)), m)
	c := Check{What: sampled(len(rows), m, "rows")}
	longest := 0.0
	be := ref.New()
	for _, row := range rows {
		if err := ctx.Err(); err != nil {
			return c, err
		}
		one := tensor.New(tensor.D(tensor.Pos, 1), tensor.D(tensor.DModel, k))
		copy(one.Data, x.Row(row))
		longest = max(longest, length(one.Data))
		want := be.Get(be.MatMul(be.Put(one), w, kernels.MatMulOpts{Out: []tensor.Dim{tensor.D(tensor.DModel, n)}}))
		if err := be.Err(); err != nil {
			return c, err
		}
		c.Error = max(c.Error, furthest(got.Row(row), want.Data))
	}
	c.Share = c.Error / (float64(k+3) * u * longest * longestRow(w))
	return c, nil
}

// sampled says what was compared.
func sampled(count, all int, what string) string {
	if count == all {
		return "every number"
	}
	return fmt.Sprintf("%d of %d %s", count, all, what)
}

// furthest is the largest difference of what want has. What is infinite in both,
// as masked scores are, is equal; NaN is as far off as can be.
func furthest(got, want []float32) float64 {
	most := 0.0
	for i, v := range want {
		if got[i] == v {
			continue
		}
		d := math.Abs(float64(got[i]) - float64(v))
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		most = max(most, d)
	}
	return most
}

// length is a vector's.
func length(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

// longestRow is the length of the longest row of a matrix whose rows lie one
// after the other.
func longestRow(w kernels.Weight) float64 {
	row, most := make([]float32, w.Shape[1]), 0.0
	for o := range w.Shape[0] {
		w.Decode(row, w.Row(o))
		most = max(most, length(row))
	}
	return most
}
