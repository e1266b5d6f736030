package trace

import "attn/internal/tensor"

// Recorder collects the steps of a forward pass that somebody wants.
type Recorder struct {
	want  func(name string) bool
	asked map[string]bool // the steps that the model has
	trace Trace

	narrow *narrow
	last   func(step string) bool // nil is none
	watch  func(step string)
	await  func()
}

// NewRecorder returns a recorder for a sentence. It keeps the steps that want
// says yes to; nil keeps none.
func NewRecorder(tokens []Token, want func(name string) bool) *Recorder {
	if want == nil {
		want = func(string) bool { return false }
	}
	return &Recorder{want: want, asked: map[string]bool{}, trace: Trace{Tokens: tokens}}
}

// Wants reports whether a step is to be kept: ask before copying, and for every
// step that the model has, for that is how the recorder knows them.
func (r *Recorder) Wants(name string) bool {
	if r == nil {
		return false
	}
	r.asked[name] = true
	if r.watch != nil {
		r.watch(name)
	}
	return r.want(name)
}

// Watch has f told of each step that the pass comes to, wanted or not.
func (r *Recorder) Watch(f func(step string)) { r.watch = f }

// Await has f called by whoever looks at what is recorded while the pass goes on:
// numbers may still be on their way. The pass itself waits at its end.
func (r *Recorder) Await(f func()) { r.await = f }

// Settle waits until what is recorded so far is there.
func (r *Recorder) Settle() {
	if r != nil && r.await != nil {
		r.await()
	}
}

// Record keeps a step. The tensor must not change afterwards.
func (r *Recorder) Record(name string, value tensor.Tensor) { r.RecordRows(name, nil, value) }

// RecordRows keeps a step of some positions only: what Rows asked for.
func (r *Recorder) RecordRows(name string, rows []int, value tensor.Tensor) {
	r.add(Step{Name: name, Rows: rows, Value: value})
}

// add adds a step, and says what it is made of.
func (r *Recorder) add(step Step) {
	if hook, ok := FindHook(step.Name); ok {
		layer, _ := Split(step.Name)
		step.Op = hook.Op
		step.Inputs = inputsOf(hook.in(r.trace.Meta), layer, r.trace.Meta.Model.Layers, func(step string) bool { return r.asked[step] })
	}
	r.trace.Steps = append(r.trace.Steps, step)
}

// Describe sets what the trace knows beside its steps; call it before the
// first Record.
func (r *Recorder) Describe(meta Meta) { r.trace.Meta = meta }

// Tile is the part of every pattern that is kept as it is; nil is none.
func (r *Recorder) Tile() *Tile {
	if r == nil {
		return nil
	}
	return r.trace.Meta.Tile
}

// Trace returns what was recorded.
func (r *Recorder) Trace() *Trace {
	if r.narrow != nil {
		r.sort()
	}
	return &r.trace
}
