package trace

import (
	"slices"

	"attn/internal/tensor"
)

// narrow is what of a long text is kept: not every step of every token, but what
// tells one token's story.
type narrow struct {
	focus int
	whole func(step string) bool
}

// Narrow has the recorder keep, of every step that has a row for each token, the
// rows that tell the focus token's story: its own; of keys and values those of
// the tokens that it takes most from, too; of the logits the last. Steps that
// whole says yes to are kept as they are.
func (r *Recorder) Narrow(focus int, whole func(step string) bool) {
	r.narrow = &narrow{focus: focus, whole: whole}
}

// KeepLast has the recorder keep the last position's row alone of the steps that
// last says yes to: each has a row for every token.
func (r *Recorder) KeepLast(last func(step string) bool) { r.last = last }

// Rows lists the positions to keep of a step, in rising order; nil is all.
func (r *Recorder) Rows(step string) []int {
	switch {
	case r == nil:
		return nil
	case r.last != nil && r.last(step):
		return []int{len(r.trace.Tokens) - 1}
	case r.narrow == nil || r.narrow.whole(step):
		return nil
	}
	layer, name := Split(step)
	hook, ok := FindHook(step)
	switch {
	case !ok || hook.positions() < 0:
		return nil
	case name == Logits || name == LNFinal || name == LNFinalScale:
		return []int{len(r.trace.Tokens) - 1}
	case readByKey(name):
		return r.attended(layer)
	case hook.Axes[0] == tensor.Pos || name == TopKeys || name == TopWeights:
		return []int{r.narrow.focus}
	}
	return nil
}

// Waits reports whether the rows of a step are known only once the attention has
// been computed that reads it.
func (r *Recorder) Waits(step string) bool {
	_, name := Split(step)
	return r != nil && r.narrow != nil && readByKey(name)
}

// readByKey: a query reads these steps at its keys.
func readByKey(name string) bool {
	return slices.Contains([]string{K, KNorm, RotK, V, VUp}, name)
}

// attended lists the focus and the keys that any head lists for it.
func (r *Recorder) attended(layer int) []int {
	rows := []int{r.narrow.focus}
	for head := range r.trace.Meta.Model.Heads {
		keys, _ := r.trace.At(InBlock(layer, TopKeys), r.narrow.focus, head)
		for _, k := range keys {
			if k >= 0 {
				rows = append(rows, int(k))
			}
		}
	}
	slices.Sort(rows)
	return slices.Compact(rows)
}

// sort brings the steps into the order of the table: some had to wait.
func (r *Recorder) sort() {
	place := map[string]int{}
	for i, name := range StepNames(r.trace.Meta.Model.Layers) {
		place[name] = i
	}
	slices.SortStableFunc(r.trace.Steps, func(a, b Step) int { return place[a.Name] - place[b.Name] })
}

// positions is the axis of a hook that has an entry for each token that the step
// belongs to, or -1.
func (h Hook) positions() int {
	return slices.IndexFunc(h.Axes, func(a tensor.Axis) bool { return a == tensor.Pos || a == tensor.QueryPos })
}

// At returns what a step holds for one position, if it does: of [pos, head,
// d_head] that position's [head, d_head], or its [d_head] when a head is given;
// of [head, query_pos, rank] the [rank] of that query and the head given.
func (t *Trace) At(step string, pos int, head ...int) ([]float32, bool) {
	s, ok := t.Held(step)
	hook, known := FindHook(step)
	if !ok || !known || hook.positions() < 0 {
		return nil, false
	}
	if s.Rows != nil {
		if pos, ok = slices.BinarySearch(s.Rows, pos); !ok {
			return nil, false
		}
	}
	if hook.positions() == 1 {
		return s.kept().Row(append(slices.Clone(head), pos)...), true
	}
	return s.kept().Row(append([]int{pos}, head...)...), true
}

// BlockSize is how many tokens are one block of the map of a text of n tokens.
func BlockSize(n int) int { return (n + MapBlocks - 1) / MapBlocks }
