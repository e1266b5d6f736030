package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// TestLaneLoopsAreTheModel holds AMX's loops over lanes to the model bit by bit,
// the weights apart: those it holds to AVX-512's own loop.
func TestLaneLoopsAreTheModel(t *testing.T) {
	set, model := metal(t), laneModel(mostLanes)
	loops := set.parts
	r := rand.New(rand.NewPCG(61, 1))
	for round := range 24 {
		n, pairs, deep := 1+r.IntN(4), r.IntN(5), 1+r.IntN(5)
		stride := deep*leftStep + 64*r.IntN(3)
		keys, queries := anyBrains(r, (pairs+1)*stride, round), anyBrains(r, laneParts(mostLanes, deep), round)
		scores := panelOfScores(r, n*step, mostLanes, false)
		next := anyNumbers(r, pairs*side*mostLanes)
		var got, want laneSums
		got.begin(1)
		set.tops(scores, &got, make([]uint16, 3*fewestKeys), n*step)
		want = got
		job := laneJob{
			scores: slices.Clone(scores), sums: &got, rows: n * step, parts: make([]uint16, laneParts(mostLanes, n)),
			next: slices.Clone(next), keys: keys, queries: queries, stride: stride, steps: deep, pairs: pairs,
		}
		fell, wantFell := loops.weighLanes(&job), set.weigh(scores, &want, n*step)
		if fell != wantFell || got != want {
			t.Fatalf("round %d: sums %v %v, want %v %v", round, fell, got, wantFell, want)
		}
		sameNumbers(t, "weights", job.scores, scores)
		parts := make([]uint16, len(job.parts))
		for _, split := range []func([]uint16, []float32, int){model.split, loops.splitLanes} {
			clear(parts)
			if split(parts, scores, n); !slices.Equal(job.parts, parts) {
				t.Fatalf("round %d: parts differ", round)
			}
		}
		if pairs == 0 {
			continue
		}
		result := slices.Clone(next)
		model.multiply(result, keys, queries, stride, deep, pairs, false)
		sameNumbers(t, "scores", job.next, result)
		sum := slices.Clone(next)
		model.multiply(result, keys, queries, stride, deep, pairs, true)
		copy(sum, job.next)
		loops.multiplyLanes(sum, keys, queries, stride, deep, pairs, true)
		sameNumbers(t, "sums", sum, result)
	}
}

// sameNumbers holds that numbers have the same bits, or are both NaN.
func sameNumbers(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i, w := range want {
		if g := got[i]; math.Float32bits(g) != math.Float32bits(w) && (g == g || w == w) {
			t.Fatalf("%s: %v at %d, want %v", what, g, i, w)
		}
	}
}

// plainAndByParts are backends of a set without tiles and with them.
func plainAndByParts(s *set) (plain, byParts *Backend) {
	without := *s
	without.parts = nil
	return withSet(&without, 2), withSet(s, 2)
}

// heads3 draws numbers [t, heads, d].
func heads3(r *rand.Rand, t, heads, d int) tensor.Tensor {
	x := tensor.New(tensor.D(tensor.Pos, t), tensor.D(tensor.Head, heads), tensor.D(tensor.DHead, d))
	for i := range x.Data {
		x.Data[i] = float32(r.NormFloat64())
	}
	return x
}

// attended is the result of attention.
func attended(be *Backend, q, k, v tensor.Tensor, o kernels.AttentionOpts) tensor.Tensor {
	out, _ := be.Attention(be.Put(q), be.Put(k), be.Put(v), o)
	return be.Get(out)
}

// TestUnsoundAttention: heads whose keys or values hold what tiles cannot take,
// and panels whose queries do, are multiplied the plain way, and no others.
func TestUnsoundAttention(t *testing.T) {
	eachTiles(t, func(t *testing.T, s *set) {
		t.Helper()
		const n, heads, d = 140, 3, 33
		plain, byParts := plainAndByParts(s)
		defer func() { _, _ = plain.Close(), byParts.Close() }()
		r := rand.New(rand.NewPCG(62, 1))
		o := kernels.AttentionOpts{Scale: 0.25, Mask: kernels.Mask{Causal: true}}
		odds := []float32{float32(math.NaN()), -mostLeft, float32(math.Inf(1)), float32(math.Inf(-1)), mostLeft, 1e30, -1e37}
		if s.name == "generic" { // the model is slow
			odds = odds[:2]
		}
		for _, odd := range odds {
			for where := range 3 {
				in := [3]tensor.Tensor{heads3(r, n, heads, d), heads3(r, n, heads, d), heads3(r, n, heads, d)}
				sound := attended(byParts, in[0], in[1], in[2], o)
				query := 70
				if where == 0 && !(float64(odd)-float64(odd) != 0) {
					odd = float32(math.Copysign(0x1p45, float64(odd)))
				}
				in[where].Row(query, 1)[7] = odd
				got, want := attended(byParts, in[0], in[1], in[2], o), attended(plain, in[0], in[1], in[2], o)
				differs := false
				for i := range n {
					sameNumbers(t, fmt.Sprintf("%v in argument %d: query %d of another head", odd, where, i), got.Row(i, 0), sound.Row(i, 0))
					differs = differs || !slices.Equal(sound.Row(i, 0), want.Row(i, 0))
					if where > 0 || i/s.lanes == query/s.lanes {
						sameNumbers(t, fmt.Sprintf("%v in argument %d: query %d", odd, where, i), got.Row(i, 1), want.Row(i, 1))
					} else {
						sameNumbers(t, fmt.Sprintf("%v in argument %d: query %d", odd, where, i), got.Row(i, 1), sound.Row(i, 1))
					}
				}
				if !differs {
					t.Fatal("the other head was not by parts: the test sees nothing")
				}
			}
		}
	})
}

// TestAttentionByPartsErrsLess: fused attention by parts lies no further from the
// exact one than without.
func TestAttentionByPartsErrsLess(t *testing.T) {
	eachTiles(t, func(t *testing.T, s *set) {
		t.Helper()
		plain, byParts := plainAndByParts(s)
		defer func() { _, _ = plain.Close(), byParts.Close() }()
		n := 300
		if s.name == "generic" {
			n = 150
		}
		for _, d := range []int{32, 64, 128} {
			for scale, name := range map[float32]string{1: "usual", 0.01: "even", 8: "steep"} {
				r := rand.New(rand.NewPCG(63, uint64(d)))
				o := kernels.AttentionOpts{Scale: scale / float32(math.Sqrt(float64(d))), Mask: kernels.Mask{Causal: d != 64}}
				q, k, v := heads3(r, n, 1, d), heads3(r, n, 1, d), heads3(r, n, 1, d)
				exact := exactAttention(q, k, v, o)
				mean := farFrom(attended(byParts, q, k, v, o), exact)
				plainMean := farFrom(attended(plain, q, k, v, o), exact)
				t.Logf("%s, d %d: errors of %.3g, the plain loop's %.3g", name, d, mean, plainMean)
				if mean > plainMean {
					t.Errorf("%s, d %d: errors of %.3g on average, the plain loop's are %.3g", name, d, mean, plainMean)
				}
			}
		}
	})
}

// exactAttention is one head's in float64.
func exactAttention(q, k, v tensor.Tensor, o kernels.AttentionOpts) []float64 {
	n, d := q.Shape[0].Size, q.Shape[2].Size
	out := make([]float64, n*d)
	for i := range n {
		seen := n
		if o.Mask.Causal {
			seen = i + 1
		}
		weights, top, total := make([]float64, seen), math.Inf(-1), 0.0
		for j := range weights {
			for e, x := range q.Row(i, 0) {
				weights[j] += float64(x) * float64(k.Row(j, 0)[e]) * float64(o.Scale)
			}
			top = max(top, weights[j])
		}
		for j := range weights {
			weights[j] = math.Exp(weights[j] - top)
			total += weights[j]
		}
		for j, w := range weights {
			for e, x := range v.Row(j, 0) {
				out[i*d+e] += w / total * float64(x)
			}
		}
	}
	return out
}

// farFrom is how far numbers are from the exact ones on average.
func farFrom(got tensor.Tensor, want []float64) float64 {
	sum := 0.0
	for i, w := range want {
		sum += math.Abs(float64(got.Data[i]) - w)
	}
	return sum / float64(len(want))
}

// TestPanelsTogether: panels of queries that share a task have the bits that they
// have alone. Many threads have each panel alone.
func TestPanelsTogether(t *testing.T) {
	t.Run("tiles", func(t *testing.T) { panelsTogether(t, metal(t), partsTogether) })
	t.Run("few lanes", func(t *testing.T) {
		eachSet(t, func(t *testing.T, name string) {
			t.Helper()
			s, err := choose(name)
			if err != nil {
				t.Fatal(err)
			}
			if s.lanes == fewestLanes && name != "generic" { // which is slow, and does the same
				panelsTogether(t, s, mostTogether)
			}
		})
	})
}

// panelsTogether compares tasks of so many panels with tasks of one.
func panelsTogether(t *testing.T, s *set, together int) {
	t.Helper()
	one, many := withSet(s, 1), withSet(s, 16)
	defer func() { _, _ = one.Close(), many.Close() }()
	const n, d = 1100, 128
	r := rand.New(rand.NewPCG(64, 1))
	q, k, v := heads3(r, n, 1, d), heads3(r, n, 1, d), heads3(r, n, 1, d)
	f := flash{rows: n, t: n, d: d, wide: d, set: s, byParts: s.parts != nil}
	if f.panelsTogether(1, 1) != together || f.panelsTogether(1, 16) != 1 {
		t.Fatal("the two do the same: the test sees nothing")
	}
	for _, mask := range []kernels.Mask{{}, {Causal: true}, {Causal: true, Window: 70}} {
		for _, poisoned := range []int{-1, 60} {
			q := q.Clone()
			if poisoned >= 0 {
				q.Row(poisoned, 0)[3] = float32(math.NaN())
			}
			o := kernels.AttentionOpts{Scale: 0.1, Mask: mask, Rows: true, Near: 9, Top: 3}
			var results [2][]tensor.Tensor
			for i, be := range []*Backend{one, many} {
				out, stats := be.Attention(be.Put(q), be.Put(k), be.Put(v), o)
				results[i] = []tensor.Tensor{be.Get(out), stats.LSE, stats.Entropy, stats.Near, stats.TopKeys, stats.TopWeights, stats.Rest}
			}
			for i, want := range results[1] {
				sameNumbers(t, fmt.Sprintf("mask %v, result %d", mask, i), results[0][i].Data, want.Data)
			}
		}
	}
}
