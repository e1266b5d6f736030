package analyze

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"attn/internal/tensor"
	"attn/internal/trace"
)

// Scope is what an expression is worked out in.
type Scope struct {
	Trace *trace.Trace
	// Place finds the place that a word means on an axis, or says why not.
	Place func(axis tensor.Axis, word string) (int, error)
}

// Outcome is what came of a comparison.
type Outcome struct {
	Left, Right float64
	Margin      float64 // of ~=, otherwise 0
	OK          bool
}

// NotRecordedError says that the trace has no such step.
type NotRecordedError struct{ Step string }

func (e *NotRecordedError) Error() string { return "the trace has no step " + e.Step }

// Eval works the expression out.
func (e *Expression) Eval(s Scope) (Outcome, error) {
	var o Outcome
	for _, side := range []struct {
		what string
		of   node
		into *float64
	}{{"the left side", e.left, &o.Left}, {"the right side", e.right, &o.Right}, {"the tolerance", e.margin, &o.Margin}} {
		if side.of == nil {
			continue
		}
		values, err := side.of.values(s, e.Text)
		if err != nil {
			return o, err
		}
		if len(values) != 1 {
			return o, fmt.Errorf("%s is %d numbers: give more indices, or take sum, mean, max, min or norm of it", side.what, len(values))
		}
		*side.into = values[0]
	}
	o.OK = o.holds(e.Op)
	return o, nil
}

// holds compares; with NaN nothing holds.
func (o Outcome) holds(op string) bool {
	switch op {
	case "<":
		return o.Left < o.Right
	case "<=":
		return o.Left <= o.Right
	case ">":
		return o.Left > o.Right
	case ">=":
		return o.Left >= o.Right
	case "==":
		return o.Left == o.Right
	}
	return o.Left == o.Right || math.Abs(o.Left-o.Right) <= o.Margin
}

// node is a part of an expression.
type node interface {
	// values works it out; text is the whole expression, for errors.
	values(s Scope, text string) ([]float64, error)
}

type number float64

func (n number) values(Scope, string) ([]float64, error) { return []float64{float64(n)}, nil }

// binary is arithmetic, number by number; one number goes with all.
type binary struct {
	at          int
	op          string
	left, right node
}

func (b *binary) values(s Scope, text string) ([]float64, error) {
	x, err := b.left.values(s, text)
	if err != nil {
		return nil, err
	}
	y, err := b.right.values(s, text)
	if err != nil {
		return nil, err
	}
	n := max(len(x), len(y))
	if len(x) != n && len(x) != 1 || len(y) != n && len(y) != 1 {
		return nil, failAt(text, b.at, "%s of %d numbers and %d", b.op, len(x), len(y))
	}
	result := make([]float64, n)
	for i := range result {
		result[i] = calculate(b.op, x[i%len(x)], y[i%len(y)])
	}
	return result, nil
}

func calculate(op string, x, y float64) float64 {
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	}
	return x / y
}

// call is a function of all numbers of its argument.
type call struct {
	name string
	of   node
}

func isFunction(name string) bool {
	return slices.Contains([]string{"sum", "mean", "max", "min", "norm", "abs"}, name)
}

func (c *call) values(s Scope, text string) ([]float64, error) {
	x, err := c.of.values(s, text)
	if err != nil {
		return nil, err
	}
	sum, squares := 0.0, 0.0
	for _, v := range x {
		sum += v
		squares += v * v
	}
	switch c.name {
	case "sum":
		return []float64{sum}, nil
	case "mean":
		return []float64{sum / float64(len(x))}, nil
	case "norm":
		return []float64{math.Sqrt(squares)}, nil
	case "max":
		return []float64{slices.Max(x)}, nil
	case "min":
		return []float64{slices.Min(x)}, nil
	}
	result := make([]float64, len(x))
	for i, v := range x {
		result[i] = math.Abs(v)
	}
	return result, nil
}

// step is a recorded step, or a part of it.
type step struct {
	at, layerAt int
	hook        trace.Hook
	layer       int // -1 outside the blocks
	indices     []index
}

// index is one index of a step; no places stand for all of the axis.
type index struct {
	at     int
	places []place
}

// place is a number or a word.
type place struct {
	at     int
	number int
	word   string
}

// order is the axes in the order of indices: the head first, then the others as
// the step has them.
func (s *step) order() []tensor.Axis {
	axes := slices.Clone(s.hook.Axes)
	slices.SortStableFunc(axes, func(a, b tensor.Axis) int {
		switch {
		case a == tensor.Head && b != tensor.Head:
			return -1
		case b == tensor.Head && a != tensor.Head:
			return 1
		}
		return 0
	})
	return axes
}

func axisNames(axes []tensor.Axis) string {
	names := make([]string, len(axes))
	for i, a := range axes {
		names[i] = string(a)
	}
	return strings.Join(names, ", ")
}

func (s *step) values(scope Scope, text string) ([]float64, error) {
	if layers := scope.Trace.Meta.Model.Layers; s.layer >= layers {
		return nil, failAt(text, max(s.at, s.layerAt), "there is no layer %d: they are 0 to %d", s.layer, layers-1)
	}
	name := s.hook.Name
	if s.hook.Block {
		name = trace.InBlock(s.layer, name)
	}
	value, ok := scope.Trace.Find(name)
	if !ok {
		return nil, &NotRecordedError{Step: name}
	}
	choices := make([]choice, len(value.Shape))
	for i := range choices {
		choices[i].kept = true
	}
	for i, axis := range s.order() {
		at := slices.Index(value.Axes(), axis)
		if i >= len(s.indices) || at < 0 || s.indices[i].places == nil {
			continue
		}
		chosen, err := choose(scope, text, s.indices[i].places, axis, value.Shape[at].Size)
		if err != nil {
			return nil, err
		}
		choices[at] = choice{places: chosen}
	}
	return pick(value, choices), nil
}

// choose resolves the places of one index; -1 is the last.
func choose(scope Scope, text string, places []place, axis tensor.Axis, size int) ([]int, error) {
	var chosen []int
	for _, p := range places {
		n := p.number
		if p.word != "" {
			var err error
			if n, err = scope.Place(axis, p.word); err != nil {
				return nil, failAt(text, p.at, "%v", err)
			}
		} else if n < 0 {
			n += size
		}
		if n < 0 || n >= size {
			return nil, failAt(text, p.at, "%s is not on %s: its places are 0 to %d", p, axis, size-1)
		}
		chosen = append(chosen, n)
	}
	return chosen, nil
}

func (p place) String() string {
	if p.word != "" {
		return p.word
	}
	return fmt.Sprint(p.number)
}

// choice is what of an axis is taken: all of it, or places whose numbers are
// added.
type choice struct {
	kept   bool
	places []int
}

// pick takes a part of a tensor: one number for each place on the kept axes.
func pick(value tensor.Tensor, choices []choice) []float64 {
	n := 1
	for axis, c := range choices {
		if c.kept {
			n *= value.Shape[axis].Size
		}
	}
	result := make([]float64, n)
	gather(result, value, choices, 0, 0, 0)
	return result
}

// gather adds the numbers chosen on this axis and those after it; at and into
// are the places reached on those before, in value and in result.
func gather(result []float64, value tensor.Tensor, choices []choice, axis, at, into int) {
	if axis == len(choices) {
		result[into] += float64(value.Data[at])
		return
	}
	size := value.Shape[axis].Size
	for _, n := range choices[axis].places {
		gather(result, value, choices, axis+1, at*size+n, into)
	}
	if choices[axis].kept {
		for n := range size {
			gather(result, value, choices, axis+1, at*size+n, into*size+n)
		}
	}
}
