package text

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"attn/internal/view"
)

func TestNumbers(t *testing.T) {
	for want, got := range map[string]string{
		"0.00":            fixed(-0.001, 2),
		"-0.01":           fixed(-0.006, 2),
		".58":             bare(0.58, 2),
		"-.58":            bare(-0.58, 2),
		"1.00":            bare(0.996, 2),
		"3":               bare(3, 0),
		"9e15":            scientific(9.2e15),
		"-1e-9":           scientific(-1e-9),
		"0":               scientific(0),
		"7":               grouped(7.2),
		"999":             grouped(999),
		"1,000":           grouped(1000),
		"-57,982,058,496": grouped(-57982058496),
		"1.000e+30":       grouped(1e30),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestFormatsShrink(t *testing.T) {
	weights := extent{low: 0, high: 1}
	scores := extent{low: -31.4, high: 94, masked: true}
	for _, tt := range []struct {
		scale view.Scale
		e     extent
		width int
		v     float64
		want  string
		ok    bool
	}{
		{view.Weight, weights, 6, 0.58, ".58", true},
		{view.Weight, weights, 4, 1, "1.00", true},
		{view.Weight, weights, 3, 1, "1.0", true},
		{view.Weight, weights, 2, 0.5, ".50", false},
		{view.Score, scores, 6, 93.25, "93.25", true},
		{view.Score, scores, 5, 93.25, "93.2", true},
		{view.Score, scores, 4, math.Inf(-1), "-inf", true},
		{view.Score, scores, 3, math.Inf(-1), "-∞", true},
		{view.Score, extent{low: -2, high: 3}, 3, -1.25, "", false},
		{view.Score, extent{low: -2, high: 3}, 4, -1.25, "-1.2", true},
		{view.Score, extent{low: -2e9, high: 3}, 5, -2e9, "-2e9", true},
		{view.Cosine, extent{low: -1, high: 1}, 5, -0.58, "-.58", true},
	} {
		f, ok := fitting(tt.scale, tt.e, tt.width)
		if ok != tt.ok {
			t.Errorf("%s in %d columns: fits %v, want %v", tt.scale, tt.width, ok, tt.ok)
		} else if got := f.text(tt.v); ok && got != tt.want {
			t.Errorf("%s in %d columns: %s, want %s", tt.scale, tt.width, got, tt.want)
		}
	}
}

// A larger weight never has a smaller dot, and blank, ·, • and ● all occur.
func TestDotsGrow(t *testing.T) {
	const sizes = " ·•●"
	seen := ""
	for i := range 1001 {
		if g := dot(float64(i) / 1000); !strings.HasSuffix(seen, g) {
			seen += g
		}
	}
	if seen != sizes {
		t.Errorf("dots from 0 to 1 are %q, want %q", seen, sizes)
	}
	if got := signedDot(-1) + signedDot(-0.3) + signedDot(0) + signedDot(0.3) + signedDot(1); got != "○◦·•●" {
		t.Errorf("signed dots are %q", got)
	}
}

func TestBar(t *testing.T) {
	for _, tt := range []struct {
		share float64
		want  string
	}{
		{0, ""},
		{0.00001, ""},
		{0.001, "▏"},
		{0.5, "██"},
		{0.53125, "██▏"},
		{0.96875, "███▉"},
		{1, "████"},
		{7, "████"},
		{-1, ""},
	} {
		if got := bar(tt.share, 4); got != tt.want {
			t.Errorf("bar(%g) = %q, want %q", tt.share, got, tt.want)
		}
	}
}

func TestLevel(t *testing.T) {
	got := ""
	for _, v := range []float64{-2, -1.2, -0.1, 0, 0.1, 1.2, 2, math.Inf(1), math.Inf(-1), math.NaN()} {
		got += level(v, 2)
	}
	if want := "▁▂▄▅▅▇██▁ "; got != want {
		t.Errorf("levels %q, want %q", got, want)
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		in    string
		width int
		want  string
	}{
		{"creature", 8, "creature"},
		{"creature", 5, "crea…"},
		{"creature", 1, "…"},
		{"creature", 0, ""},
		{"注意力", 5, "注意…"},
		{"注意力", 4, "注…"},
		{"👩‍👩‍👧👩‍👩‍👧", 3, "👩‍👩‍👧…"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
	} {
		if got := cut(tt.in, tt.width); got != tt.want {
			t.Errorf("cut(%q, %d) = %q, want %q", tt.in, tt.width, got, tt.want)
		}
	}
}

func TestWrap(t *testing.T) {
	got := wrap("one two  three supercalifragilistic", 9)
	if want := []string{"one two", "three", "supercal…"}; !slices.Equal(got, want) {
		t.Errorf("wrap = %q, want %q", got, want)
	}
}

// What is kept fits the room, is in order, and holds the focus and the first.
func TestKeep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 300).Draw(t, "n")
		room := rapid.IntRange(0, 100).Draw(t, "room")
		focus := rapid.IntRange(-1, n-1).Draw(t, "focus")
		list := keep(n, room, focus)
		if len(list) > room && n > room || n <= room && shown(list) != n {
			t.Fatalf("%d of %d in a room for %d: %v", len(list), n, room, list)
		}
		last := -1
		for i, at := range list {
			switch {
			case at == gap:
				continue
			case at <= last || at >= n:
				t.Fatalf("out of order at %d: %v", i, list)
			case at > last+1 && i > 0 && list[i-1] != gap:
				t.Fatalf("no gap before %d: %v", at, list)
			}
			last = at
		}
		if room > 0 && focus >= 0 && !slices.Contains(list, focus) {
			t.Fatalf("the focus %d is left out: %v", focus, list)
		}
		if room >= 5 && n > 0 && list[0] != 0 && n > room {
			t.Fatalf("the first is left out: %v", list)
		}
	})
}
