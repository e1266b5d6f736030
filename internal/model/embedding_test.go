package model_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"attn/internal/kernels"
	"attn/internal/model"
)

// compass is a vocabulary of directions: east, north, north-east, west, far
// east, nothing, and east again.
func compass() *model.Model {
	return &model.Model{
		Config: model.Config{DModel: 2, DVocab: 7},
		Embed: matrix([]float32{1, 0}, []float32{0, 2}, []float32{3, 3}, []float32{-1, 0},
			[]float32{100, 0}, []float32{0, 0}, []float32{1, 0}),
	}
}

func TestEmbeddingRow(t *testing.T) {
	for id, want := range map[int32][]float32{0: {1, 0}, 2: {3, 3}, 6: {1, 0}} {
		if got := compass().EmbeddingRow(id); !slices.Equal(got, want) {
			t.Errorf("row %d is %v, want %v", id, got, want)
		}
	}
}

// TestNearest: by the angle alone, the earliest of equals first, and a word
// without a direction never.
func TestNearest(t *testing.T) {
	east := []float32{5, 0}
	for _, tt := range []struct {
		name string
		v    []float32
		k    int
		skip func(int32) bool
		want string
	}{
		{"all", east, 99, nil, "0 1.000; 4 1.000; 6 1.000; 2 0.707; 1 0.000; 3 -1.000"},
		{"three", east, 3, nil, "0 1.000; 4 1.000; 6 1.000"},
		{"two of three equals", east, 2, nil, "0 1.000; 4 1.000"},
		{"north", []float32{0, 1}, 2, nil, "1 1.000; 2 0.707"},
		{"without some", east, 2, func(id int32) bool { return id == 0 || id == 4 }, "6 1.000; 2 0.707"},
		{"without all", east, 2, func(int32) bool { return true }, ""},
		{"of nothing", []float32{0, 0}, 3, nil, ""},
		{"none", east, 0, nil, ""},
		{"fewer than none", east, -1, nil, ""},
	} {
		for _, be := range []kernels.Backend{nil, openBackend(t, "cpu", 0)} {
			var got []string
			south := []float32{0, -3}
			found, err := compass().Nearest(be, [][]float32{south, tt.v}, tt.k, tt.skip)
			if err != nil || len(found) != 2 {
				t.Fatalf("%v, %v", found, err)
			}
			for _, n := range found[1] {
				got = append(got, fmt.Sprintf("%d %.3f", n.ID, n.Cosine))
				if n.Text != fmt.Sprintf("#%d", n.ID) {
					t.Errorf("word %d is called %q", n.ID, n.Text)
				}
			}
			if s := strings.Join(got, "; "); s != tt.want {
				t.Errorf("%s: %s, want %s", tt.name, s, tt.want)
			}
		}
	}
}

// TestNearestComparedOrScanned: a backend that compares in float32 finds the same
// words as reading each of them in float64, in the same order, to the same bits:
// also where cosines differ by less than float32 can tell, and where it cannot hold
// the products.
func TestNearestComparedOrScanned(t *testing.T) {
	be := openBackend(t, "cpu", 0)
	rapid.Check(t, func(t *rapid.T) {
		width, words := rapid.IntRange(1, 40).Draw(t, "width"), rapid.IntRange(1, 60).Draw(t, "words")
		scale := rapid.SampledFrom([]float64{1, 1, 1e-20, 1e-38, 1e18, 1e37}).Draw(t, "scale")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		spread := rapid.SampledFrom([]float64{1, 1e-3, 1e-4}).Draw(t, "spread") // around one direction
		vector := func(scale float64) []float32 {
			v := make([]float32, width)
			for i := range v {
				v[i] = float32(scale * (0.37*float64(i%7) - 1 + spread*random.NormFloat64()))
			}
			return v
		}
		rows := make([][]float32, words)
		for i := range rows {
			if rows[i] = vector(scale); random.IntN(8) == 0 {
				rows[i] = slices.Clone(rows[random.IntN(i+1)]) // two alike, or of zeros
			}
		}
		m := &model.Model{Config: model.Config{DModel: width, DVocab: words}, Embed: matrix(rows...)}
		vectors := [][]float32{vector(1), vector(scale), make([]float32, width)}
		k := rapid.IntRange(0, words).Draw(t, "k")
		skip := func(id int32) bool { return id%5 == 3 }
		got, err1 := m.Nearest(be, vectors, k, skip)
		want, err2 := m.Nearest(nil, vectors, k, skip)
		if err1 != nil || err2 != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("compared: %v, %v\nscanned: %v, %v", got, err1, want, err2)
		}
	})
}

// TestNarrowEmbedding: where the embedding is narrower than the stream, words
// are compared in the stream.
func TestNarrowEmbedding(t *testing.T) {
	m, err := model.Open("../../testdata/tiny/opt-post-norm")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	v := m.EmbeddingRow(5)
	if len(v) != m.Config.DModel {
		t.Fatalf("a row has %d numbers", len(v))
	}
	v[0]++
	cosine := func(a, b []float32) float64 {
		ab, aa, bb := 0.0, 0.0, 0.0
		for i := range a {
			ab, aa, bb = ab+float64(a[i])*float64(b[i]), aa+float64(a[i])*float64(a[i]), bb+float64(b[i])*float64(b[i])
		}
		return ab / math.Sqrt(aa*bb)
	}
	lists, err := m.Nearest(nil, [][]float32{v}, m.Config.DVocab, nil)
	if err != nil {
		t.Fatal(err)
	}
	found := lists[0]
	if len(found) != m.Config.DVocab || found[0].ID != 5 {
		t.Fatalf("%d words, the first %+v", len(found), found[0])
	}
	for _, n := range found {
		if want := cosine(v, m.EmbeddingRow(n.ID)); math.Abs(n.Cosine-want) > 1e-5 {
			t.Errorf("word %d: %v, want %v", n.ID, n.Cosine, want)
		}
	}
}
