package trace

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"attn/internal/safetensors"
	"attn/internal/tensor"
)

// The keys of a trace file's __metadata__.
const (
	metaSchema = "attn.schema"
	metaTokens = "attn.tokens"
	metaModel  = "attn.model"
	metaSteps  = "attn.steps"
	metaMore   = "attn.more"
)

// fileStep is one entry of attn.steps.
type fileStep struct {
	Name    string        `json:"name"`
	Axes    []tensor.Axis `json:"axes,omitempty"`
	Formula string        `json:"formula,omitempty"`
	Inputs  []string      `json:"inputs,omitempty"`
	Rows    []int         `json:"rows,omitempty"`
}

// Save writes the trace as a safetensors file: one F32 tensor per step under
// its hook name, the rest as JSON in __metadata__. Equal traces give equal
// bytes.
func (t *Trace) Save(w io.Writer) error {
	var buffer []float32
	steps := make([]fileStep, len(t.Steps))
	tensors := make([]safetensors.Tensor, len(t.Steps))
	for i, s := range t.Steps {
		hook, _ := FindHook(s.Name)
		steps[i] = fileStep{Name: s.Name, Axes: s.Value.Axes(), Formula: hook.Formula, Inputs: s.Inputs, Rows: s.Rows}
		tensors[i] = safetensors.Tensor{
			Name: s.Name, DType: tensor.F32, Shape: s.Value.Sizes(), Data: func(w io.Writer) error {
				whole := s.wholeIn(&buffer)
				if err := s.err(); err != nil {
					return err
				}
				return safetensors.Floats(whole.Data)(w)
			},
		}
	}
	more := fileMeta{
		Text: t.Meta.Text, Dropped: t.Meta.Dropped, Scales: t.Meta.Scales, Mask: t.Meta.Mask.String(), Masks: maskNames(t.Meta.Masks),
		Parallel: t.Meta.Parallel, PostNorm: t.Meta.PostNorm, MaskForced: t.Meta.MaskForced, Selected: &t.Meta.Selected, Rule: t.Meta.Rule,
		Nearest: t.Meta.Nearest, Words: t.Meta.Words, Bytes: t.tokenBytes(), Tile: t.Meta.Tile,
	}
	metadata := map[string]string{metaSchema: Schema}
	for key, value := range map[string]any{metaTokens: t.Tokens, metaModel: t.Meta.Model, metaSteps: steps, metaMore: more} {
		text, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		metadata[key] = string(text)
	}
	return safetensors.Write(w, metadata, tensors)
}

// Load reads a trace file of the given size. It is strict: every step is one
// that attn knows, has that step's axes, and agrees with the model's sizes and
// the number of tokens, so that readers of the trace need not ask again.
func Load(r io.ReaderAt, size int64) (*Trace, error) {
	header, err := safetensors.ReadHeader(r, size)
	if err != nil {
		return nil, err
	}
	if got := header.Metadata[metaSchema]; got != Schema {
		if got == "" {
			return nil, fmt.Errorf("not a trace: __metadata__ has no %s (attn trace --save writes one)", metaSchema)
		}
		return nil, fmt.Errorf("its schema is %q, this attn reads %q", got, Schema)
	}
	t, order, err := loadMeta(header.Metadata)
	if err != nil {
		return nil, err
	}
	infos := make(map[string]safetensors.Info, len(header.Tensors))
	for _, info := range header.Tensors {
		infos[info.Name] = info
	}
	if len(infos) != len(order) {
		return nil, fmt.Errorf("%s lists %d steps, the file holds %d tensors", metaSteps, len(order), len(infos))
	}
	for _, s := range order {
		info, ok := infos[s.Name]
		if !ok {
			return nil, fmt.Errorf("%s lists %q, which the file does not hold or which it lists twice", metaSteps, s.Name)
		}
		delete(infos, s.Name) // a step listed twice is not found again
		step, err := t.loadStep(r, header, info, s.Rows)
		step.Inputs = t.inputsIn(s, order)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", s.Name, err)
		}
		t.Steps = append(t.Steps, step)
	}
	return t, nil
}

// loadStep reads one tensor and holds it to the table and the model.
func (t *Trace) loadStep(r io.ReaderAt, header *safetensors.Header, info safetensors.Info, rows []int) (Step, error) {
	hook, ok := FindHook(info.Name)
	layer, _ := Split(info.Name)
	if !ok || layer >= t.Meta.Model.Layers {
		return Step{}, fmt.Errorf("not a step of this model")
	}
	if info.DType != tensor.F32.String() {
		return Step{}, fmt.Errorf("its dtype is %s, a trace holds F32", info.DType)
	}
	shape, err := t.shapeOf(hook, info.Shape, rows)
	if err != nil {
		return Step{}, err
	}
	value := tensor.New(shape...)
	if err := readFloats(value.Data, r, header.DataStart+info.Begin); err != nil {
		return Step{}, err
	}
	if hook.Name == TopKeys {
		err = t.checkKeys(value)
	}
	return Step{Name: info.Name, Op: hook.Op, Rows: rows, Value: value}, err
}

// inputsIn are a stored step's inputs as its file lists them, or, where it lists
// none, those of the table that are in the file.
func (t *Trace) inputsIn(s fileStep, stored []fileStep) []string {
	if len(s.Inputs) > 0 {
		return s.Inputs
	}
	hook, _ := FindHook(s.Name)
	layer, _ := Split(s.Name)
	return inputsOf(hook.in(t.Meta), layer, t.Meta.Model.Layers, func(step string) bool {
		return slices.ContainsFunc(stored, func(other fileStep) bool { return other.Name == step })
	})
}

// shapeOf gives a stored shape its axes and holds each size to the model, and to
// the rows of the text that the step is of.
func (t *Trace) shapeOf(hook Hook, sizes, rows []int) ([]tensor.Dim, error) {
	if len(sizes) != len(hook.Axes) {
		return nil, fmt.Errorf("it has %d axes, the step has %v", len(sizes), hook.Axes)
	}
	m := t.Meta.Model
	want := map[tensor.Axis]int{
		tensor.Pos: len(t.Tokens), tensor.QueryPos: len(t.Tokens), tensor.KeyPos: len(t.Tokens),
		tensor.Head: m.Heads, tensor.DHead: m.DHead, tensor.DModel: m.DModel, tensor.DVocab: m.DVocab, tensor.One: 1,
	}
	t.mapSizes(want)
	if rows != nil {
		if hook.positions() < 0 {
			return nil, fmt.Errorf("it has rows, and no axis of positions")
		}
		if err := t.checkRows(rows); err != nil {
			return nil, err
		}
		want[hook.Axes[hook.positions()]] = len(rows)
	}
	if hook.Name == K || hook.Name == V || hook.Name == KNorm || hook.Name == RotK {
		want[tensor.Head] = m.KVHeads
	}
	if hook.Name == V || hook.Name == Z {
		want[tensor.DHead] = m.ValueWidth()
	}
	for _, s := range t.Steps {
		if width := s.Value.Size(tensor.DMLP); width > 0 {
			want[tensor.DMLP] = width // no key of the model says it: the first one counts
			break
		}
	}
	shape := make([]tensor.Dim, len(sizes))
	for i, axis := range hook.Axes {
		if sizes[i] < 1 {
			return nil, fmt.Errorf("its axis %s has no entries", axis)
		}
		if size, known := want[axis]; known && sizes[i] != size {
			return nil, fmt.Errorf("its axis %s has %d entries, the model and its tokens make it %d", axis, sizes[i], size)
		}
		shape[i] = tensor.D(axis, sizes[i])
	}
	return shape, nil
}

// mapSizes adds how long the axes of maps and tiles are. Where there is no tile
// its axes have no size that could be right.
func (t *Trace) mapSizes(want map[tensor.Axis]int) {
	size := BlockSize(len(t.Tokens))
	want[tensor.QueryBlock] = (len(t.Tokens) + size - 1) / size
	want[tensor.KeyBlock] = want[tensor.QueryBlock]
	want[tensor.TileQuery], want[tensor.TileKey] = 0, 0
	if tile := t.Meta.Tile; tile != nil {
		want[tensor.TileQuery] = tile.Queries[1] - tile.Queries[0]
		want[tensor.TileKey] = tile.Keys[1] - tile.Keys[0]
	}
}

// checkKeys holds what is listed as a key to the text: readers look it up.
func (t *Trace) checkKeys(keys tensor.Tensor) error {
	for i, v := range keys.Data {
		if v != v || v < -1 || v >= float32(len(t.Tokens)) || v != float32(int(v)) {
			return fmt.Errorf("its value %d is %v, which is no position of the text", i, v)
		}
	}
	return nil
}

// readFloats fills dst from a file, a piece at a time: the numbers alone may take
// half of what memory there is.
func readFloats(dst []float32, r io.ReaderAt, at int64) error {
	const piece = 1 << 18 // numbers
	raw := make([]byte, tensor.F32.Bytes(min(piece, len(dst))))
	for len(dst) > 0 {
		part := dst[:min(piece, len(dst))]
		raw = raw[:tensor.F32.Bytes(len(part))]
		if _, err := r.ReadAt(raw, at); err != nil {
			return fmt.Errorf("reading %d bytes at offset %d: %w", len(raw), at, err)
		}
		tensor.Decode(part, tensor.F32, raw)
		dst, at = dst[len(part):], at+int64(len(raw))
	}
	return nil
}
