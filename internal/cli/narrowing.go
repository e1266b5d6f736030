package cli

import (
	"slices"

	"attn/internal/analyze"
	"attn/internal/trace"
)

// narrowing records every layer as long as it is open which one will be picked,
// and lets go of each that lost to another as soon as both are known: of the
// steps that are there for one layer's sake, no more than two layers' are held.
type narrowing struct {
	recording
	wanted map[string]bool
	rec    *trace.Recorder
	trace  *trace.Trace // what is recorded so far
	heads  []int        // to pick from; nil is all
	focus  int          // or -1
	layer  int          // that the pass is in, -1 before and after all
	best   int          // so far
}

// recorder makes the recorder of a pass, which narrows if a layer is to be picked;
// of a long text it holds little anyway.
func (r recording) recorder(meta trace.Meta, tokens []trace.Token, wanted map[string]bool, candidates []int, long bool) (*trace.Recorder, error) {
	if long || r.layer != "" || len(candidates) < 2 {
		rec := trace.NewRecorder(tokens, func(name string) bool { return wanted[name] })
		rec.Describe(meta)
		return rec, nil
	}
	n := &narrowing{recording: r, wanted: wanted, focus: -1, layer: -1}
	rec := trace.NewRecorder(tokens, n.wants)
	rec.Describe(meta)
	n.rec, n.trace = rec, rec.Trace()
	var err error
	if n.heads, err = parseChoice("head", r.head, meta.Model.Heads); err != nil {
		return nil, err
	}
	if r.focus != "" {
		n.focus, err = findFocus(n.trace, r.focus)
	}
	return rec, err
}

// wants is asked in the order of the pass.
func (n *narrowing) wants(name string) bool {
	if layer, _ := trace.Split(name); layer != n.layer {
		n.leave()
		n.layer = layer
	}
	return n.wanted[name]
}

// leave compares the layer that is done with the best before it.
func (n *narrowing) leave() {
	if n.layer < 0 {
		return
	}
	n.rec.Settle()
	n.best = analyze.Pick(n.trace, []int{n.best, n.layer}, n.heads, n.focus).Layer
	kept, err := n.hooks([]int{n.best}, n.trace.Meta.Model.Layers, false)
	if err != nil { // makeTrace finds it too, after the pass
		return
	}
	kept[trace.InBlock(n.best, trace.Pattern)] = true // the next is compared with it
	n.trace.Steps = slices.DeleteFunc(n.trace.Steps, func(s trace.Step) bool { return !kept[s.Name] })
}
