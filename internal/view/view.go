package view

import (
	"fmt"
	"strings"

	"attn/internal/tensor"
	"attn/internal/trace"
)

// View turns a trace into grids: one step of attention, seen one way.
type View struct {
	Name string
	Doc  string // one line for help
	// Needs lists the hooks that it reads: names outside blocks, and of blocks
	// those of every layer shown (Needs) or of all layers (NeedsAll).
	Needs, NeedsAll []string
	// NeedsLast are those outside blocks of which it reads the last token's row alone.
	NeedsLast []string
	// Long and LongAll are what it reads instead of a text too long for patterns;
	// nil is the same.
	Long, LongAll []string
	Build         func(*trace.Trace, Select) ([]Grid, error)
}

// Select says what of a trace to show, and how.
type Select struct {
	Layers, Heads []int          // to show, each at least one
	Told          trace.Selected // the one layer, head and token of the walk
	Paper         bool           // queries are rows, as in the paper; else the chapter's way
	Top           int            // candidates shown for the next word
	Temperature   float64        // applied to the predictions shown; 1 is the model's own
	Brief         bool           // the walk's short form: only what the told token needs
	Tile          bool           // a part of the pattern was asked for by its place
}

// named says whether the titles of grids over tokens name the layer and head:
// not in a walk of one head, which has said it.
func (s Select) named() bool { return !s.Brief || len(s.Layers)*len(s.Heads) > 1 }

// Suite lists every view, in the order of the chapter.
func Suite() []View {
	return []View{
		tokensView(), embedView(), qkvView(), scoresView(), maskView(), patternView(),
		valuesView(), deltaView(), headsView(), layersView(), mlpView(), predictView(), surpriseView(),
	}
}

// Walk lists the views of the default output: the chapter, for one head.
func Walk() []string {
	var names []string
	for _, v := range Suite() {
		if v.Name != "surprise" {
			names = append(names, v.Name)
		}
	}
	return names
}

// Names lists every view's name.
func Names() []string {
	var names []string
	for _, v := range Suite() {
		names = append(names, v.Name)
	}
	return names
}

// Find returns the view of that name; a step's hook name gives a view of its
// plain numbers.
func Find(name string) (View, error) {
	for _, v := range Suite() {
		if v.Name == name {
			return v, nil
		}
	}
	if hook, ok := trace.FindHook(name); ok {
		return hookView(name, hook), nil
	}
	return View{}, fmt.Errorf("no step is called %q: there are %s, and hook names such as %s",
		name, strings.Join(Names(), " "), trace.InBlock(0, trace.Pattern))
}

// Hooks names the steps that views need recorded, for a model of that many
// layers when those of Select.Layers are shown; of a long text others.
func (v View) Hooks(shown []int, layers int, long bool) []string {
	needs, all := v.Needs, v.NeedsAll
	if long && v.Long != nil {
		needs = v.Long
	}
	if long && v.LongAll != nil {
		all = v.LongAll
	}
	var names []string
	for _, name := range needs {
		if hook, ok := trace.FindHook(name); ok && !hook.Block {
			names = append(names, name)
			continue
		}
		if layer, _ := trace.Split(name); layer >= 0 {
			names = append(names, name)
			continue
		}
		for _, layer := range shown {
			names = append(names, trace.InBlock(layer, name))
		}
	}
	names = append(names, v.NeedsLast...)
	for _, name := range all {
		for layer := range layers {
			names = append(names, trace.InBlock(layer, name))
		}
	}
	return names
}

// blockSteps returns steps of one block, or an error that names the first that
// the trace does not hold.
func blockSteps(t *trace.Trace, layer int, names ...string) ([]tensor.Tensor, error) {
	values := make([]tensor.Tensor, len(names))
	for i, name := range names {
		value, ok := t.InBlock(layer, name)
		if !ok {
			return nil, notRecorded(trace.InBlock(layer, name))
		}
		values[i] = value
	}
	return values, nil
}

// rowAt returns a block's step at one position, and for one head where it has
// heads, or an error that says that the trace does not hold it.
func rowAt(t *trace.Trace, layer int, name string, pos int, head ...int) ([]float32, error) {
	row, ok := t.At(trace.InBlock(layer, name), pos, head...)
	if !ok {
		return nil, notRecorded(trace.InBlock(layer, name))
	}
	return row, nil
}

// isLong reports whether a trace has, instead of patterns, what can be told of
// them without holding them.
func isLong(t *trace.Trace, layer int) bool {
	_, pattern := t.InBlock(layer, trace.Pattern)
	_, list := t.Held(trace.InBlock(layer, trace.TopKeys))
	return list && !pattern
}

// notRecorded is the error of a view whose step the trace does not hold.
func notRecorded(step string) error {
	return fmt.Errorf("the trace does not hold %s: record it with --record or --steps", step)
}
