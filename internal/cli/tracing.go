package cli

import (
	"context"
	"errors"
	"maps"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"attn/internal/analyze"
	"attn/internal/kernels"
	"attn/internal/model"
	"attn/internal/tensor"
	"attn/internal/trace"
	"attn/internal/view"
)

// showing is what of a trace to show: the flags that trace and view share.
type showing struct {
	layer, head, focus string
	steps              []string // views and hook names; none is the walk
	layout             string   // 3b1b or paper
	top                int
	temperature        float64
}

// views finds the views that --steps asks for, or the walk's.
func (s showing) views() ([]view.View, error) {
	names := s.steps
	if len(names) == 0 {
		names = view.Walk()
	}
	views := make([]view.View, len(names))
	for i, name := range names {
		v, err := view.Find(name)
		if err != nil {
			return nil, usagef("--steps: %w", err)
		}
		views[i] = v
	}
	return views, nil
}

func (s showing) check() error {
	switch {
	case s.layout != "3b1b" && s.layout != "paper":
		return usagef("--layout %s: not one of 3b1b, paper", s.layout)
	case s.top < 1:
		return usagef("--top %d: at least 1 candidate is shown", s.top)
	case !(s.temperature > 0):
		return usagef("--temperature %g: it must be more than 0", s.temperature)
	}
	return nil
}

// selection resolves the choices for a trace that is at hand. What was not
// chosen is taken from the trace's own selection.
func (s showing) selection(t *trace.Trace) (view.Select, error) {
	layers, err := parseChoice("layer", s.layer, t.Meta.Model.Layers)
	if err != nil {
		return view.Select{}, err
	}
	heads, err := parseChoice("head", s.head, t.Meta.Model.Heads)
	if err != nil {
		return view.Select{}, err
	}
	sel := view.Select{
		Layers: layers, Heads: heads, Told: t.Meta.Selected, Paper: s.layout == "paper",
		Top: s.top, Temperature: s.temperature, Brief: len(s.steps) == 0,
	}
	if layers == nil {
		sel.Layers = []int{sel.Told.Layer}
	} else if !slices.Contains(layers, sel.Told.Layer) {
		sel.Told.Layer = layers[0]
	}
	if heads == nil {
		sel.Heads = []int{sel.Told.Head}
	} else if !slices.Contains(heads, sel.Told.Head) {
		sel.Told.Head = heads[0]
	}
	if s.focus != "" {
		if sel.Told.Focus, err = findFocus(t, s.focus); err != nil {
			return view.Select{}, err
		}
	}
	return sel, nil
}

// grids builds every view's grids.
func (s showing) grids(t *trace.Trace, sel view.Select) ([]view.Grid, error) {
	views, err := s.views()
	if err != nil {
		return nil, err
	}
	var grids []view.Grid
	for _, v := range views {
		built, err := v.Build(t, sel)
		if err != nil {
			return nil, failf("%s: %w", v.Name, err)
		}
		grids = append(grids, built...)
	}
	return grids, nil
}

// gcPercent is how much may be left lying about, of what is in use, while a text of
// n tokens is traced: it makes few arrays, but large ones, and what is let go of
// must not pile up to as much again. A short one leaves too little to matter.
func gcPercent(n int, long bool) (percent int, matters bool) {
	const some = 128 // tokens
	if long {
		return 10, true
	}
	return 25, n >= some
}

// recording is what a trace is made of.
type recording struct {
	showing
	record  []string // --record: patterns of hook names
	context int      // --context: keep only the last tokens; 0 is all
	mask    string   // --mask, or "" for the model's own
	tile    string   // --tile: the part of the pattern to show as it is

	also  []string          // hook names that the output needs, whoever asked for them
	whole bool              // the trace itself is what is asked for: every row of its steps
	watch func(step string) // told of the steps that the pass comes to; may be nil
}

func idsOf(tokens []trace.Token) []int32 {
	ids := make([]int32, len(tokens))
	for i, t := range tokens {
		ids[i] = t.ID
	}
	return ids
}

// crop keeps the last n tokens, counted again from 0, and says how many it cut.
func crop(tokens []trace.Token, n int) ([]trace.Token, int) {
	if n == 0 || n >= len(tokens) {
		return tokens, 0
	}
	cut := len(tokens) - n
	kept := slices.Clone(tokens[cut:])
	for i := range kept {
		kept[i].Pos = i
	}
	return kept, cut
}

// makeTrace runs the model and records what the options need.
func (r recording) makeTrace(ctx context.Context, m *model.Model, be kernels.Backend, text string, tokens []trace.Token) (*trace.Trace, view.Select, error) {
	none := view.Select{}
	if r.context > m.Config.Context || r.context < 0 {
		return nil, none, usagef("--context %d: model %s reads 1 to %d tokens", r.context, m.Config.Name, m.Config.Context)
	}
	tokens, dropped := crop(tokens, r.context)
	if err := m.CheckIDs(idsOf(tokens)); err != nil {
		return nil, none, contextAdvice(m, err)
	}
	meta := trace.Meta{
		Model: describe(m, be), Text: text, Dropped: dropped,
		Scales: m.Config.Scales, Mask: m.Config.Mask, Masks: m.Config.Masks, Parallel: m.Config.Parallel, PostNorm: m.Config.PostNorm,
	}
	if r.mask != "" {
		mask, err := tensor.ParseMask(r.mask)
		if err != nil {
			return nil, none, usagef("--%w", err)
		}
		meta.Mask, meta.Masks, meta.MaskForced = mask, nil, mask != m.Config.Mask || m.Config.Masks != nil
		m = m.WithMask(mask)
	}
	// a choice that does not exist is told before the model runs
	if _, err := r.selection(&trace.Trace{Meta: meta, Tokens: tokens}); err != nil {
		return nil, none, err
	}
	long, asked := r.isLong(m, len(tokens)), r.focus
	open, err := r.candidates(m)
	if err != nil {
		return nil, none, err
	}
	wanted, err := r.wanted(open, m.Config.Layers, long)
	if err != nil {
		return nil, none, err
	}
	focus := 0
	if long {
		if focus, err = r.longFocus(&trace.Trace{Meta: meta, Tokens: tokens}); err != nil {
			return nil, none, err
		}
		if meta.Tile, err = r.tileOf(len(tokens), focus); err != nil {
			return nil, none, err
		}
		if err := r.checkLong(m, be, len(tokens), wanted); err != nil {
			return nil, none, err
		}
	}
	rec, err := r.recorder(meta, tokens, wanted, open, long)
	if err != nil {
		return nil, none, err
	}
	if r.watch != nil {
		rec.Watch(r.watch)
	}
	last, err := r.lastAlone()
	if err != nil {
		return nil, none, err
	}
	rec.KeepLast(func(step string) bool { return last[step] })
	if long {
		rec.Narrow(focus, r.askedWhole)
		r.focus = strconv.Itoa(focus)
	}
	if percent, matters := gcPercent(len(tokens), long); matters {
		defer debug.SetGCPercent(debug.SetGCPercent(percent))
	}
	start := time.Now()
	if _, err := m.Forward(ctx, be, idsOf(tokens), rec); err != nil {
		return nil, none, err
	}
	t := rec.Trace()
	t.Meta.Milliseconds = float64(time.Since(start).Microseconds()) / 1000
	sel, err := r.selectIn(t, m, long && asked == "")
	if err != nil {
		return nil, none, err
	}
	kept, err := r.hooks(sel.Layers, m.Config.Layers, long)
	if err != nil {
		return nil, none, err
	}
	t.Steps = slices.DeleteFunc(t.Steps, func(s trace.Step) bool { return !kept[s.Name] })
	t.Meta.Words = vocabularyWords(t, m, r.top)
	t.Meta.Nearest, err = nearest(t, m, be, sel.Told)
	return t, sel, err
}

// contextAdvice says what to do about a text that is too long.
func contextAdvice(m *model.Model, err error) error {
	var long *model.ContextError
	if errors.As(err, &long) {
		return failf("the text has %d tokens, model %s reads at most %d", long.Tokens, m.Config.Name, long.Limit).
			advise("--context %d keeps the last %d", long.Limit, long.Limit)
	}
	return failf("%w", err)
}

func describe(m *model.Model, be kernels.Backend) trace.Model {
	c := m.Config
	return trace.Model{
		Name: c.Name, Family: c.Family, Layers: c.Layers, Heads: c.Heads, KVHeads: c.KVHeads,
		DModel: c.DModel, DHead: c.DHead, DValue: c.DValue, DVocab: c.DVocab, Parameters: m.Parameters, Device: be.Name(),
	}
}

// wanted lists the hooks to record: those that the views read, of every layer
// that may yet be picked, and --record's.
func (r recording) wanted(open []int, layers int, long bool) (map[string]bool, error) {
	wanted, err := r.hooks(open, layers, long)
	if err != nil {
		return nil, err
	}
	if r.layer == "" || r.head == "" || r.focus == "" { // Pick reads them
		read := []string{trace.Pattern}
		if long {
			read = []string{trace.TopKeys, trace.TopWeights}
		}
		for _, layer := range open {
			for _, name := range read {
				wanted[trace.InBlock(layer, name)] = true
			}
		}
	}
	return wanted, nil
}

// candidates are the layers that selectIn may pick from: those that --layer
// names, the one that the model's makers did, or all.
func (r recording) candidates(m *model.Model) ([]int, error) {
	layers, err := parseChoice("layer", r.layer, m.Config.Layers)
	switch {
	case err != nil || layers != nil:
		return layers, err
	case r.head == "" && m.Walk != nil:
		return []int{m.Walk.Layer}, nil
	}
	return span(0, m.Config.Layers-1), nil
}

// hooks lists what the views read when these layers are shown, and what
// --record asks for.
func (r recording) hooks(shown []int, layers int, long bool) (map[string]bool, error) {
	views, err := r.views()
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, v := range views {
		if layer, _ := trace.Split(v.Name); layer >= layers {
			return nil, usagef("--steps %s: the model has layers 0 to %d", v.Name, layers-1)
		}
		for _, name := range v.Hooks(shown, layers, long) {
			names[name] = true
		}
	}
	for _, name := range r.also {
		names[name] = true
	}
	for _, pattern := range r.record {
		if err := trace.CheckPattern(pattern, layers); err != nil {
			return nil, usagef("--record: %w", err)
		}
		for _, name := range trace.StepNames(layers) {
			if trace.Match(pattern, name) {
				names[name] = true
			}
		}
	}
	return names, nil
}

// lastAlone lists the steps of which nobody reads more than the last token's row:
// what a vocabulary of 262,144 words scores at 512 tokens is half a gigabyte.
func (r recording) lastAlone() (map[string]bool, error) {
	last := map[string]bool{}
	views, err := r.views()
	if err != nil || r.whole {
		return last, err
	}
	for _, v := range views {
		for _, name := range v.NeedsLast {
			last[name] = true
		}
	}
	for _, v := range views {
		for _, name := range v.Needs {
			delete(last, name)
		}
	}
	maps.DeleteFunc(last, func(name string, _ bool) bool {
		return slices.ContainsFunc(r.record, func(pattern string) bool { return trace.Match(pattern, name) })
	})
	return last, nil
}

// selectIn picks the layer, head and focus that the flags leave open, by a rule
// that the trace then states. The focus is the last token where atLast says so.
func (r recording) selectIn(t *trace.Trace, m *model.Model, atLast bool) (view.Select, error) {
	layers, err := parseChoice("layer", r.layer, t.Meta.Model.Layers)
	if err != nil {
		return view.Select{}, err
	}
	heads, err := parseChoice("head", r.head, t.Meta.Model.Heads)
	if err != nil {
		return view.Select{}, err
	}
	focus := -1
	if r.focus != "" {
		if focus, err = findFocus(t, r.focus); err != nil {
			return view.Select{}, err
		}
	}
	t.Meta.Rule = analyze.PickRule
	switch w := m.Walk; {
	case layers != nil && heads != nil:
		t.Meta.Rule = ""
	case layers == nil && heads == nil && w != nil:
		layers, heads, t.Meta.Rule = []int{w.Layer}, []int{w.Head}, w.Why
	}
	if atLast && t.Meta.Rule != "" {
		t.Meta.Rule = longRule(t.Meta.Rule)
	}
	t.Meta.Selected = analyze.Pick(t, layers, heads, focus)
	sel, err := r.selection(t)
	sel.Tile = r.tile != ""
	return sel, err
}

// vocabularyWords keeps the text of every token that a reader of the trace may
// want to name: the candidates at each position.
func vocabularyWords(t *trace.Trace, m *model.Model, top int) map[int32]string {
	const least = 64
	words := map[int32]string{}
	for pos := range t.Tokens {
		logits, ok := t.At(trace.Logits, pos)
		if !ok { // of a long text only the last position's are held
			continue
		}
		n := 8
		if pos == len(t.Tokens)-1 {
			n = max(least, top)
		}
		for _, id := range tensor.Largest(logits, n) {
			words[id] = m.TokenText(id)
		}
	}
	return words
}

// nearest finds the words nearest to the told token's vector before and after
// the head's change.
func nearest(t *trace.Trace, m *model.Model, be kernels.Backend, told trace.Selected) (*trace.Nearest, error) {
	before, ok := t.At(trace.InBlock(told.Layer, trace.ResidPre), told.Focus)
	added := analyze.Added(t, told.Layer, told.Head, told.Focus)
	if !ok || added == nil || m.Tokenizer == nil {
		return nil, nil
	}
	const shown = 6
	after := slices.Clone(before)
	for i, v := range added {
		after[i] += v
	}
	found, err := m.Nearest(be, [][]float32{before, after}, shown, nil)
	if err != nil {
		return nil, err
	}
	return &trace.Nearest{Selected: told, Before: found[0], After: found[1]}, nil
}
