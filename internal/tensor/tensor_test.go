package tensor

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// counted returns [head 2, query_pos 3, d_head 4] holding 0, 1, 2, ...
func counted() Tensor {
	t := New(D(Head, 2), D(QueryPos, 3), D(DHead, 4))
	for i := range t.Data {
		t.Data[i] = float32(i)
	}
	return t
}

func TestShape(t *testing.T) {
	x := counted()
	if got := x.Sizes(); !slices.Equal(got, []int{2, 3, 4}) {
		t.Errorf("sizes %v", got)
	}
	if got := x.Axes(); !slices.Equal(got, []Axis{Head, QueryPos, DHead}) {
		t.Errorf("axes %v", got)
	}
	if x.Size(QueryPos) != 3 || x.Size(KeyPos) != 0 {
		t.Errorf("query_pos %d, key_pos %d", x.Size(QueryPos), x.Size(KeyPos))
	}
	if got := ShapeString(x.Shape); got != "[head 2, query_pos 3, d_head 4]" {
		t.Errorf("written as %s", got)
	}
	if got := ShapeString(nil); got != "[]" {
		t.Errorf("a scalar's shape is written as %s", got)
	}
}

func TestElements(t *testing.T) {
	for want, shape := range map[int][]Dim{1: nil, 0: {D(Pos, 5), D(DModel, 0)}, 15: {D(Pos, 5), D(DModel, 3)}} {
		if got := Elements(shape); got != want {
			t.Errorf("%s has %d elements, want %d", ShapeString(shape), got, want)
		}
		if got := len(New(shape...).Data); got != want {
			t.Errorf("New(%s) holds %d values", ShapeString(shape), got)
		}
	}
}

func TestCheck(t *testing.T) {
	cases := []struct {
		x    Tensor
		want string
	}{
		{counted(), ""},
		{Tensor{Data: []float32{1}}, ""},
		{Tensor{}, "shape [] needs 1 values, there are 0"},
		{Tensor{Shape: []Dim{D(Pos, 2)}, Data: make([]float32, 3)}, "shape [pos 2] needs 2 values, there are 3"},
		{Tensor{Shape: []Dim{D(Pos, -1), D(DModel, -2)}, Data: make([]float32, 2)}, "axis pos has size -1"},
	}
	for _, c := range cases {
		got := ""
		if err := c.x.Check(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%v:\n got %q\nwant %q", c.x.Shape, got, c.want)
		}
	}
}

// TestOffsetCountsRowMajor walks every index in order: the offset is the
// number of elements passed.
func TestOffsetCountsRowMajor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := rapid.IntRange(1, 5).Draw(t, "a"), rapid.IntRange(1, 5).Draw(t, "b"), rapid.IntRange(1, 5).Draw(t, "c")
		x := New(D(Head, a), D(QueryPos, b), D(KeyPos, c))
		for i := range x.Data {
			x.Data[i] = float32(i)
		}
		n := 0
		for i := range a {
			for j := range b {
				if x.Offset(i, j) != n {
					t.Fatalf("row %d %d begins at %d, want %d", i, j, x.Offset(i, j), n)
				}
				for k := range c {
					if x.Offset(i, j, k) != n || x.At(i, j, k) != float32(n) || x.Row(i, j)[k] != float32(n) {
						t.Fatalf("element %d %d %d is not the one at %d", i, j, k, n)
					}
					n++
				}
			}
		}
	})
}

func TestSubSharesMemory(t *testing.T) {
	x := counted()
	sub := x.Sub(1)
	if ShapeString(sub.Shape) != "[query_pos 3, d_head 4]" || sub.Check() != nil {
		t.Fatalf("shape %s, %v", ShapeString(sub.Shape), sub.Check())
	}
	if sub.At(2, 3) != 23 || sub.At(0, 0) != 12 {
		t.Fatalf("got %v", sub.Data)
	}
	sub.Data[0] = -1
	if x.At(1, 0, 0) != -1 {
		t.Error("Sub copied")
	}
	if whole := x.Sub(); len(whole.Data) != 24 || ShapeString(whole.Shape) != ShapeString(x.Shape) {
		t.Errorf("Sub of nothing is %v", whole)
	}
	if one := x.Sub(0, 1, 2); len(one.Data) != 1 || one.Data[0] != 6 || len(one.Shape) != 0 {
		t.Errorf("Sub of everything is %v", one)
	}
}

func TestCloneSharesNothing(t *testing.T) {
	x := counted()
	y := x.Clone()
	y.Data[0], y.Shape[0] = -1, D(Pos, 9)
	if x.Data[0] != 0 || x.Shape[0] != D(Head, 2) {
		t.Errorf("the original changed: %s %v", ShapeString(x.Shape), x.Data[0])
	}
}

func TestOffsetPanics(t *testing.T) {
	for _, index := range [][]int{{2}, {-1}, {0, 3}, {0, 0, 4}, {0, 0, 0, 0}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("index %v fits %s", index, ShapeString(counted().Shape))
				}
			}()
			counted().Offset(index...)
		}()
	}
}
