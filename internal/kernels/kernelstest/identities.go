package kernelstest

import (
	"errors"
	"fmt"
	"math"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// identityChecks are truths that need no reference: a mistake that package ref
// shares would still break them. Where not every call is made, the longest text is
// left out.
func identityChecks(every int) []check {
	lengths := append(tokens(), 200) // several tasks
	if every == 1 {
		lengths = append(lengths, 700) // several passes of a sum
	}
	return []check{
		{name: "identity/softmax rows sum to 1", run: softmaxSumsToOne},
		{name: "identity/softmax ignores a constant", run: softmaxIgnoresConstant},
		{name: "identity/mask is exactly -Inf", run: maskIsExact},
		{name: "identity/norm has mean 0 and variance 1", run: normIsStandard},
		{name: "identity/heads add up", run: headsAddUp},
		{name: "identity/heads share values", run: headsShare},
		{name: "identity/weights and sink sum to 1", run: sinkFillsUp},
		{name: "identity/turns keep products", run: turnsKeepLength},
		{name: "identity/unit matrix", run: unitMatrix},
		{name: "identity/one-hot pattern picks a value", run: oneHotMix},
		{name: "identity/shares add up", run: sharesAddUp},
		{name: "identity/shares by hand", run: sharesByHand},
		{name: "identity/rows added are scaled and added", run: addRowsIsScaleAndAdd},
		{name: "identity/rows added spare others", run: addRowsSparesOthers},
		{name: "identity/put and get", run: putGet},
		{name: "identity/lend", run: lend},
		{name: "identity/attend", run: func(be kernels.Backend) error { return attendsInOneGo(be, lengths) }},
		{name: "compare", run: comparerCheck},
		{name: "error/compare", run: comparerRefuses},
	}
}

// putGet holds that a tensor comes back as it went, and is a copy both ways.
func putGet(be kernels.Backend) error {
	t := newSource(20).among(append(extremes(), inf(), -inf(), nan()), pos(3), heads(5), headSize(7))
	want := t.Clone()
	a := be.Put(t)
	t.Data[0], t.Shape[0].Size = 5, 1
	be.Get(a).Data[1] = 7
	if got := be.Get(a); !sameBits(got, want) {
		return fmt.Errorf("got %v, want %v", got, want)
	}
	return be.Err()
}

// lend holds, of a backend that is a kernels.Lender, that what it lends is the
// array itself, and stays what it was whatever is computed from it.
func lend(be kernels.Backend) error {
	lender, ok := be.(kernels.Lender)
	if !ok {
		return nil
	}
	t := newSource(40).normal(pos(3), heads(2), headSize(5))
	a := be.Put(t)
	b := be.Add(a, a)
	lent, again := lender.Lend(b), lender.Lend(b)
	if len(lent.Data) == 0 || &lent.Data[0] != &again.Data[0] {
		return errors.New("it is a copy")
	}
	want := be.Get(b)
	be.Get(be.Scale(be.Add(b, a), 3))
	if !sameBits(lent, want) {
		return fmt.Errorf("lent %v, got %v", lent, want)
	}
	return be.Err()
}

// attendsInOneGo holds, of a backend that is a kernels.Attender, that its ops make the
// same numbers, whatever queries, keys and values are.
func attendsInOneGo(be kernels.Backend, lengths []int) error {
	attender, ok := be.(kernels.Attender)
	if !ok {
		return nil
	}
	for _, t := range lengths {
		for i, m := range append(masks(), kernels.Mask{Causal: true, Window: 150}) {
			for _, poison := range []float32{0, nan(), -inf(), 3e38} {
				if t > 100 && i%2 == 1 && poison != 0 {
					continue // slow enough
				}
				if err := attendsAs(be, attender, t, m, poison); err != nil {
					return fmt.Errorf("T %d, %+v, poison %v: %w", t, m, poison, err)
				}
			}
		}
	}
	return be.Err()
}

// attendsAs compares Attend with its ops: four heads that share two keys and values,
// with a number put into some of them.
func attendsAs(be kernels.Backend, attender kernels.Attender, t int, m kernels.Mask, poison float32) error {
	const d = 5
	s := newSource(41)
	q, k, v := s.normal(pos(t), heads(4), headSize(d)), s.normal(pos(t), heads(2), headSize(d)), s.normal(pos(t), heads(2), headSize(d))
	if poison != 0 {
		q.Data[len(q.Data)/2], k.Data[len(k.Data)/3], v.Data[len(v.Data)-1] = poison, poison, poison
	}
	qs, ks, vs := be.Put(q), be.Put(k), be.Put(v)
	for _, factor := range []float32{0.125, 1e30} {
		leave(be, grid(4, t))
		leave(be, q.Shape)
		pattern, z := attender.Attend(qs, ks, vs, factor, m)
		want := be.Softmax(be.Mask(be.Scale(be.Scores(qs, ks), factor), m))
		if got, want := be.Get(pattern), be.Get(want); !sameBits(got, want) {
			return fmt.Errorf("factor %v: the pattern is %v, the ops make %v", factor, got, want)
		}
		if got, want := be.Get(z), be.Get(be.Mix(want, vs)); !sameBits(positive(got), positive(want)) {
			return fmt.Errorf("factor %v: z is %v, the ops make %v", factor, got, want)
		}
	}
	return nil
}

// positive makes every zero +0.
func positive(t tensor.Tensor) tensor.Tensor {
	t = t.Clone()
	for i := range t.Data {
		t.Data[i] += 0
	}
	return t
}

// leave has memory full of NaN lie about for the next array of a shape, where a
// backend uses memory again.
func leave(be kernels.Backend, shape []tensor.Dim) {
	r, ok := be.(kernels.Releaser)
	if !ok {
		return
	}
	t := tensor.New(shape...)
	for i := range t.Data {
		t.Data[i] = nan()
	}
	r.Release(be.Put(t))
}

func softmaxSumsToOne(be kernels.Backend) error {
	for _, t := range tokens() {
		for _, m := range masks() {
			x := masked(newSource(21).normal(grid(3, t)...), m)
			got := be.Get(be.Softmax(be.Put(x)))
			for r := range 3 * t {
				if err := sumsToOne(got.Data[r*t:][:t], x.Data[r*t:][:t]); err != nil {
					return fmt.Errorf("T %d, %+v, row %d: %w", t, m, r, err)
				}
			}
		}
	}
	return be.Err()
}

// sumsToOne holds for the softmax p of a row x that has a finite number.
func sumsToOne(p, x []float32) error {
	sum := 0.0
	for i, v := range p {
		sum += float64(v)
		if hidden := x[i] == -inf(); v < 0 || v > 1 || hidden != (v == 0) {
			return fmt.Errorf("key %d has weight %v for score %v", i, v, x[i])
		}
	}
	if math.Abs(sum-1) > float64(len(p)+8)*u {
		return fmt.Errorf("the weights sum to %v", sum)
	}
	return nil
}

// softmaxIgnoresConstant holds to the last bit where the constant is exact.
func softmaxIgnoresConstant(be kernels.Backend) error {
	x := newSource(22).among([]float32{-3, -1, 0, 2, 5}, grid(2, 33)...)
	shifted := x.Clone()
	for i := range shifted.Data {
		shifted.Data[i] += 1 << 20
	}
	if !sameBits(be.Get(be.Softmax(be.Put(x))), be.Get(be.Softmax(be.Put(shifted)))) {
		return errors.New("scores and scores + 2^20 have different patterns")
	}
	return be.Err()
}

func maskIsExact(be kernels.Backend) error {
	for _, t := range tokens() {
		x := newSource(23).normal(grid(3, t)...)
		got := be.Get(be.Mask(be.Put(x), kernels.Mask{Causal: true, Window: 4}))
		for i, v := range got.Data {
			q, k := i/t%t, i%t
			want := -inf()
			if k <= q && k > q-4 {
				want = x.Data[i]
			}
			if v != want {
				return fmt.Errorf("T %d, query %d, key %d: got %v, want %v", t, q, k, v, want)
			}
		}
	}
	return be.Err()
}

func normIsStandard(be kernels.Backend) error {
	const d = 67
	x := newSource(24).normal(pos(7), model(d))
	normalized, scale := be.Norm(be.Put(x), kernels.NormOpts{Epsilon: 1e-12})
	got, scales := be.Get(normalized), be.Get(scale)
	if err := be.Err(); err != nil {
		return err
	}
	for r := range 7 {
		mean, square := 0.0, 0.0
		for _, v := range got.Data[r*d:][:d] {
			mean += float64(v) / d
			square += float64(v) * float64(v) / d
		}
		if math.Abs(mean) > 1e-5 || math.Abs(square-1) > 1e-5 {
			return fmt.Errorf("row %d has mean %v and variance %v", r, mean, square)
		}
		if want := scaleOf(x.Data[r*d:][:d], kernels.NormOpts{Epsilon: 1e-12}); math.Abs(float64(scales.Data[r])-want) > 1e-5 {
			return fmt.Errorf("row %d has scale %v, want %v", r, scales.Data[r], want)
		}
	}
	return nil
}

// headsAddUp holds that what the heads write is what the projection writes.
func headsAddUp(be kernels.Backend) error {
	const t, h, d, out = 7, 3, 20, 33
	s := newSource(25)
	z, w := s.normal(pos(t), heads(h), headSize(d)), s.weight(tensor.F16, layouts()[4], out, h*d)
	a := be.Put(z)
	parts := be.Get(be.HeadResults(a, w))
	whole := be.Get(be.MatMul(a, w, kernels.MatMulOpts{Out: []tensor.Dim{model(out)}}))
	if err := be.Err(); err != nil {
		return err
	}
	for i, want := range whole.Data {
		sum := 0.0
		for head := range h {
			sum += float64(parts.At(i/out, head, i%out))
		}
		if math.Abs(sum-float64(want)) > 1e-4 {
			return fmt.Errorf("position %d, output %d: the heads sum to %v, the product is %v", i/out, i%out, sum, want)
		}
	}
	return nil
}

// headsShare holds that values which two heads share are read as if each head
// had its own copy.
func headsShare(be kernels.Backend) error {
	const t, shared, group, d, out = 7, 3, 2, 5, 11
	s := newSource(27)
	v, w := s.normal(pos(t), heads(shared), headSize(d)), s.weight(tensor.F32, layouts()[0], out, shared*group*d)
	copies := tensor.New(pos(t), heads(shared*group), headSize(d))
	for p := range t {
		for h := range shared * group {
			copy(copies.Row(p, h), v.Row(p, h/group))
		}
	}
	got, want := be.Get(be.HeadResults(be.Put(v), w)), be.Get(be.HeadResults(be.Put(copies), w))
	if err := be.Err(); err != nil {
		return err
	}
	if !sameBits(got, want) {
		return fmt.Errorf("%s shared and %s copied differ", tensor.ShapeString(got.Shape), tensor.ShapeString(want.Shape))
	}
	return nil
}

// unitMatrix holds that x times one is x, to the last bit.
func unitMatrix(be kernels.Backend) error {
	const n = 37
	ones := make([]float32, n*n)
	for i := range n {
		ones[i*n+i] = 1
	}
	x := newSource(26).normal(pos(5), model(n))
	got := be.Get(be.MatMul(be.Put(x), weightOf(n, n, ones), kernels.MatMulOpts{Out: x.Shape[1:]}))
	if !sameBits(got, x) {
		return fmt.Errorf("got %v, want %v", got, x)
	}
	return be.Err()
}

// oneHotMix holds that a query that looks at one key gets that key's value.
func oneHotMix(be kernels.Backend) error {
	const t, h, kv, d = 7, 4, 2, 5
	pattern, v := tensor.New(grid(h, t)...), newSource(27).normal(pos(t), heads(kv), headSize(d))
	chosen := func(head, q int) int { return (3*head + 2*q) % t }
	for head := range h {
		for q := range t {
			pattern.Row(head, q)[chosen(head, q)] = 1
		}
	}
	got := be.Get(be.Mix(be.Put(pattern), be.Put(v)))
	if err := be.Err(); err != nil {
		return err
	}
	for i, value := range got.Data {
		q, head, e := i/d/h, i/d%h, i%d
		if want := v.At(chosen(head, q), head/2, e); value != want {
			return fmt.Errorf("query %d, head %d: got %v, want %v", q, head, value, want)
		}
	}
	return nil
}
