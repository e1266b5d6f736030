package trace_test

import (
	"math"
	"testing"

	"attn/internal/tensor"
	"attn/internal/trace"
)

func single(values ...float32) *trace.Trace {
	return &trace.Trace{Steps: []trace.Step{{
		Name: trace.Embed, Value: tensor.Tensor{Shape: []tensor.Dim{tensor.D(tensor.Pos, len(values))}, Data: values},
	}}}
}

func TestDiffOfOneStep(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, tt := range []struct {
		name      string
		got, want []float32
		tol       trace.Tolerance
		max       float64
		at        int
		scale     float64
		beyond    bool
	}{
		{"equal", []float32{1, -2}, []float32{1, -2}, trace.Tolerance{}, 0, 0, 2, false},
		{"the largest difference counts", []float32{1, 2.5, 3}, []float32{1.25, 2, 3}, trace.Tolerance{}, .5, 1, 3, true},
		{"within the absolute tolerance", []float32{1.5}, []float32{1}, trace.Tolerance{Abs: .5}, .5, 0, 1, false},
		{"within the relative tolerance", []float32{0, 8}, []float32{1, 8}, trace.Tolerance{Rel: .125}, 1, 0, 8, false},
		{"beyond both together", []float32{0, 8}, []float32{1, 8}, trace.Tolerance{Abs: .25, Rel: .0625}, 1, 0, 8, true},
		{"zeros of both signs", []float32{0}, []float32{float32(math.Copysign(0, -1))}, trace.Tolerance{}, 0, 0, 0, false},
		{"equal infinities", []float32{-inf, inf, 2}, []float32{-inf, inf, 2}, trace.Tolerance{}, 0, 0, 2, false},
		{"infinities of both signs", []float32{inf}, []float32{-inf}, trace.Tolerance{Abs: 9, Rel: 9}, math.Inf(1), 0, 0, true},
		{"an infinity for a number", []float32{1, -inf}, []float32{1, 5}, trace.Tolerance{Abs: 9, Rel: 9}, math.Inf(1), 1, 5, true},
		{"a number for an infinity", []float32{1, 5}, []float32{1, -inf}, trace.Tolerance{Abs: 9, Rel: 9}, math.Inf(1), 1, 1, true},
		{"NaN for a number", []float32{nan}, []float32{1}, trace.Tolerance{Abs: 9, Rel: 9}, math.Inf(1), 0, 1, true},
		{"a number for NaN", []float32{1}, []float32{nan}, trace.Tolerance{Abs: 9, Rel: 9}, math.Inf(1), 0, 0, true},
		{"NaN for NaN", []float32{3, nan}, []float32{3, nan}, trace.Tolerance{Abs: 9, Rel: 9}, math.Inf(1), 1, 3, true},
		{"a difference that float32 cannot hold", []float32{math.MaxFloat32}, []float32{-math.MaxFloat32}, trace.Tolerance{Rel: 1}, 2 * math.MaxFloat32, 0, math.MaxFloat32, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := trace.Diff(single(tt.got...), single(tt.want...), tt.tol)
			if len(all) != 1 {
				t.Fatalf("%d entries", len(all))
			}
			d := all[0]
			if d.Step != trace.Embed || d.Missing || d.Max != tt.max || d.At != tt.at || d.Scale != tt.scale || d.Beyond != tt.beyond {
				t.Errorf("%+v", d)
			}
			same := func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }
			if d.Max > 0 && (!same(d.Got, tt.got[d.At]) || !same(d.Want, tt.want[d.At])) {
				t.Errorf("the values there are %v and %v", d.Got, d.Want)
			}
		})
	}
}

func TestDiffOfMissingSteps(t *testing.T) {
	missing := func(got *trace.Trace) bool {
		d := trace.Diff(got, single(1, 2), trace.Tolerance{Abs: 9})[0]
		return d.Missing && d.Beyond && d.Step == trace.Embed
	}
	turned := single(1, 2)
	turned.Steps[0].Value.Shape = []tensor.Dim{tensor.D(tensor.Pos, 1), tensor.D(tensor.DModel, 2)}
	if !missing(&trace.Trace{}) || !missing(single(1)) || !missing(single(1, 2, 3)) || !missing(turned) {
		t.Error("a step that is not there, or of another shape, is not missing")
	}
	if missing(single(1, 2)) {
		t.Error("a step that is there is missing")
	}
	if all := trace.Diff(single(1), &trace.Trace{}, trace.Tolerance{}); len(all) != 0 {
		t.Errorf("what nobody wanted diverges: %+v", all)
	}
}

// TestDiffFindsTheFirst: entries stand in the order of the wanted trace.
func TestDiffFindsTheFirst(t *testing.T) {
	got, want := honest(), honest()
	for _, name := range []string{"blocks.1.hook_mlp_out", "blocks.0.attn.hook_z"} {
		value, _ := got.Find(name)
		value.Data[1]++
	}
	var beyond []string
	for i, d := range trace.Diff(got, want, trace.Tolerance{Abs: 1e-6}) {
		if d.Step != want.Steps[i].Name {
			t.Fatalf("entry %d is %s, the step is %s", i, d.Step, want.Steps[i].Name)
		}
		if d.Beyond {
			beyond = append(beyond, d.Step)
		}
	}
	if len(beyond) != 2 || beyond[0] != "blocks.0.attn.hook_z" || beyond[1] != "blocks.1.hook_mlp_out" {
		t.Errorf("diverging are %v", beyond)
	}
}
