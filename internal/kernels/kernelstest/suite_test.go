package kernelstest

import (
	"math"
	"slices"
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/ref"
	"attn/internal/tensor"
)

// broken is package ref with one mistake.
type broken struct {
	*ref.Backend
	mistake string
}

// bump spoils one number of an op's result, the last, a little.
func (b broken) bump(op string, a kernels.Array) kernels.Array {
	if op != b.mistake || b.Err() != nil {
		return a
	}
	t := b.Backend.Get(a)
	t.Data[len(t.Data)-1] += 1e-3 + t.Data[len(t.Data)-1]/1000
	return b.Put(t)
}

func (b broken) Gather(w kernels.Weight, ids []int32) kernels.Array {
	if b.mistake == "gather off by one" && w.Check() == nil {
		w.Bytes = append(w.Bytes[w.Type.Bytes(1):len(w.Bytes):len(w.Bytes)], 0, 0, 0, 0)
	}
	return b.bump("gather", b.Backend.Gather(w, ids))
}

func (b broken) MatMul(x kernels.Array, w kernels.Weight, o kernels.MatMulOpts) kernels.Array {
	switch b.mistake {
	case "matmul forgets the bias":
		o.Bias = nil
	case "matmul reads F16 as BF16":
		if w.Type == tensor.F16 {
			w.Type = tensor.BF16
		}
	}
	return b.bump("matmul", b.Backend.MatMul(x, w, o))
}

func (b broken) Norm(x kernels.Array, o kernels.NormOpts) (normalized, scale kernels.Array) {
	switch b.mistake {
	case "norm forgets epsilon":
		o.Epsilon = 0
	case "norm forgets the gain":
		o.Gain = nil
	}
	n, s := b.Backend.Norm(x, o)
	return b.bump("norm", n), b.bump("norm scale", s)
}

func (b broken) Add(x, y kernels.Array) kernels.Array { return b.bump("add", b.Backend.Add(x, y)) }

func (b broken) AddRows(x, y kernels.Array, rows []int, factors []float32) kernels.Array {
	switch {
	case b.Err() != nil:
	case b.mistake == "addrows to the first rows":
		rows = slices.Sorted(slices.Values(rows))
	case b.mistake == "addrows forgets a factor" && len(factors) > 1:
		factors = slices.Concat(factors[:len(factors)-1], []float32{1})
	case b.mistake == "addrows rounds once":
		in, more := b.Backend.Get(x), b.Backend.Get(y)
		if _, err := kernels.AddRowsShape(in.Shape, more.Shape, rows, factors); err == nil {
			for i, r := range rows {
				for j, v := range more.Row(i) {
					in.Row(r)[j] = float32(float64(in.Row(r)[j]) + float64(factors[i])*float64(v))
				}
			}
			return b.Put(in)
		}
	}
	out := b.Backend.AddRows(x, y, rows, factors)
	if b.mistake == "addrows writes to what is lent" && b.Err() == nil {
		copy(b.Backend.Lend(x).Data, b.Backend.Lend(out).Data)
	}
	return b.bump("addrows", out)
}

func (b broken) Route(scores kernels.Array, o kernels.RouteOpts) kernels.Array {
	switch {
	case b.Err() != nil:
	case b.mistake == "route forgets the correction":
		o.Correction = nil
	case b.mistake == "route forgets the groups":
		o.Groups = 0
	case b.mistake == "route makes no share anew":
		o.Anew = false
	case b.mistake == "route to the best of each group" && o.GroupBest > 1:
		o.GroupBest = 1
	case b.mistake == "route to the later of two alike" && len(scores.Shape()) == 2:
		return b.routeBackwards(scores, o)
	}
	return b.bump("route", b.Backend.Route(scores, o))
}

// routeBackwards numbers the experts from the last to the first.
func (b broken) routeBackwards(scores kernels.Array, o kernels.RouteOpts) kernels.Array {
	backwards := func(t tensor.Tensor) tensor.Tensor {
		for i := range t.Shape[0].Size {
			slices.Reverse(t.Row(i))
		}
		return t
	}
	o.Correction = slices.Clone(o.Correction)
	slices.Reverse(o.Correction)
	out := b.Backend.Route(b.Put(backwards(b.Backend.Get(scores))), o)
	if b.Err() != nil {
		return out
	}
	return b.Put(backwards(b.Backend.Get(out)))
}

func (b broken) Activate(x kernels.Array, f kernels.Activation) kernels.Array {
	if b.mistake == "gelu for gelu_new" && f == kernels.GELUTanh {
		f = kernels.GELU
	}
	return b.bump("activate", b.Backend.Activate(x, f))
}

func (b broken) Scores(q, k kernels.Array) kernels.Array {
	return b.bump("scores", b.Backend.Scores(q, k))
}

func (b broken) Scale(x kernels.Array, factor float32) kernels.Array {
	return b.bump("scale", b.Backend.Scale(x, factor))
}

func (b broken) Mask(x kernels.Array, m kernels.Mask) kernels.Array {
	switch b.mistake {
	case "window off by one":
		m.Window++
	case "window forgotten":
		m.Window = 0
	}
	return b.bump("mask", b.Backend.Mask(x, m))
}

func (b broken) Softmax(x kernels.Array) kernels.Array {
	out := b.Backend.Softmax(x)
	if b.Err() != nil {
		return out
	}
	t, in := b.Backend.Get(out), b.Backend.Get(x)
	n := t.Shape[len(t.Shape)-1].Size
	for i := range t.Data {
		switch row := in.Data[i/n*n : (i/n+1)*n]; {
		case b.mistake == "softmax of only -Inf is NaN" && allHidden(row):
			t.Data[i] = nan()
		case b.mistake == "softmax keeps the maximum" && maxAbs(row) > 100:
			t.Data[i] = nan()
		case b.mistake == "softmax drops small weights" && t.Data[i] < 1e-6:
			t.Data[i] = 0
		}
	}
	return b.bump("softmax", b.Put(t))
}

// allHidden reports whether a row holds only -Inf.
func allHidden(row []float32) bool {
	for _, v := range row {
		if !math.IsInf(float64(v), -1) {
			return false
		}
	}
	return true
}

func (b broken) Mix(p, v kernels.Array) kernels.Array { return b.bump("mix", b.Backend.Mix(p, v)) }

func (b broken) HeadResults(z kernels.Array, w kernels.Weight) kernels.Array {
	return b.bump("headresults", b.Backend.HeadResults(z, w))
}

func (b broken) Attention(q, k, v kernels.Array, o kernels.AttentionOpts) (kernels.Array, kernels.AttentionStats) {
	switch b.mistake {
	case "attention in a larger window":
		o.Mask.Window++
	case "attention forgets the sinks":
		o.Sinks = nil
	case "attention reads another text backwards":
		if ks := b.Get(k); ks.Shape[0].Size != q.Shape()[0].Size {
			slices.Reverse(ks.Data)
			k = b.Put(ks)
		}
	}
	out, s := b.Backend.Attention(q, k, v, o)
	if keys := s.TopKeys.Data; b.mistake == "attention lists a wrong key" && len(keys) > 1 {
		keys[len(keys)-1] = keys[len(keys)-2]
	}
	if keys := s.Received.Data; b.mistake == "attention loses what keys receive" && len(keys) > 70 {
		keys[70] = 0
	}
	return b.bump("attention", out), s
}

func (b broken) Rows(x kernels.Array, rows []int) kernels.Array {
	return b.bump("rows", b.Backend.Rows(x, rows))
}

func (b broken) Get(a kernels.Array) tensor.Tensor {
	t := b.Backend.Get(a)
	if b.mistake == "get loses a bit" && len(t.Data) > 0 {
		t.Data[0] = math.Float32frombits(math.Float32bits(t.Data[0]) ^ 1)
	}
	return t
}

func (b broken) Lend(a kernels.Array) tensor.Tensor {
	t := b.Backend.Lend(a)
	if b.mistake == "lend copies" {
		return t.Clone()
	}
	return t
}

func (b broken) Compare(vectors [][]float32, w kernels.Weight) (products [][]float32, squares []float64) {
	products, squares = b.Backend.Compare(vectors, w)
	switch n := len(squares); {
	case n == 0:
	case b.mistake == "compare loses the last row":
		products[0][n-1] = 0
	case b.mistake == "compare squares a row less":
		squares[n-1] = 0
	}
	return products, squares
}

func (b broken) Err() error {
	if b.mistake == "errors are lost" {
		return nil
	}
	return b.Backend.Err()
}

// TestSuiteSeesMistakes holds that no check is for show: the suite passes
// package ref, and fails it with any one of these mistakes.
func TestSuiteSeesMistakes(t *testing.T) {
	mistakes := []string{
		"lend copies", "compare loses the last row", "compare squares a row less",
		"gather", "gather off by one", "matmul", "matmul forgets the bias", "matmul reads F16 as BF16",
		"norm", "norm scale", "norm forgets epsilon", "norm forgets the gain", "add", "activate", "gelu for gelu_new",
		"scores", "scale", "mask", "window off by one", "window forgotten", "softmax",
		"softmax of only -Inf is NaN", "softmax keeps the maximum", "softmax drops small weights",
		"attention", "attention in a larger window", "attention forgets the sinks", "attention lists a wrong key", "attention loses what keys receive", "attention reads another text backwards", "rows",
		"addrows", "addrows to the first rows", "addrows forgets a factor", "addrows rounds once", "addrows writes to what is lent",
		"route", "route forgets the correction", "route forgets the groups", "route makes no share anew", "route to the best of each group", "route to the later of two alike",
		"mix", "headresults", "get loses a bit", "errors are lost",
	}
	suite := append(checks(1), fusedChecks(1)...)
	if name := firstFailure(suite, ""); name != "" {
		t.Fatalf("without a mistake, %s fails", name)
	}
	for _, m := range mistakes {
		if firstFailure(suite, m) == "" {
			t.Errorf("no check sees the mistake %q", m)
		}
	}
}

// firstFailure returns the name of the first check that sees a mistake.
func firstFailure(suite []check, mistake string) string {
	for _, c := range suite {
		if err := c.run(broken{ref.New(), mistake}); err != nil {
			return c.name
		}
	}
	return ""
}

// absent is a backend whose device the machine lacks.
type absent struct{ *ref.Backend }

func (absent) Err() error { return kernels.ErrNoDevice }

func TestMissingDeviceIsASkip(t *testing.T) {
	t.Run("absent", func(t *testing.T) {
		t.Cleanup(func() {
			if !t.Skipped() {
				t.Error("a missing device was not reported as a skip")
			}
		})
		RunAll(t, func() kernels.Backend { return absent{ref.New()} })
	})
}
