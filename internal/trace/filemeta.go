package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"unicode/utf8"

	"attn/internal/tensor"
)

// fileMeta is what attn.more holds: the rest of Meta.
type fileMeta struct {
	Text       string           `json:"text"`
	Dropped    int              `json:"dropped,omitempty"`
	Scales     []float32        `json:"score_scales,omitempty"`
	Mask       string           `json:"mask,omitempty"`
	Masks      []string         `json:"masks,omitempty"`
	Parallel   bool             `json:"parallel,omitempty"`
	PostNorm   bool             `json:"post_norm,omitempty"`
	MaskForced bool             `json:"mask_forced,omitempty"`
	Selected   *Selected        `json:"selected,omitempty"`
	Rule       string           `json:"rule,omitempty"`
	Nearest    *Nearest         `json:"nearest,omitempty"`
	Words      map[int32]string `json:"words,omitempty"`
	Tile       *Tile            `json:"tile,omitempty"`
	Bytes      map[int][]byte   `json:"token_bytes,omitempty"` // of tokens that are no whole characters, by position
}

// tokenBytes returns the bytes of the tokens that JSON cannot hold: those that
// are parts of a character.
func (t *Trace) tokenBytes() map[int][]byte {
	parts := map[int][]byte{}
	for i, token := range t.Tokens {
		if !utf8.ValidString(token.Text) {
			parts[i] = []byte(token.Text)
		}
	}
	return parts
}

// loadMeta reads everything but the tensors, and holds it to what readers of a
// trace rely on.
func loadMeta(metadata map[string]string) (*Trace, []fileStep, error) {
	t := &Trace{}
	var steps []fileStep
	var more fileMeta
	for _, part := range []struct {
		key      string
		into     any
		optional bool
	}{
		{metaTokens, &t.Tokens, false},
		{metaModel, &t.Meta.Model, false},
		{metaSteps, &steps, false},
		{metaMore, &more, true},
	} {
		text, ok := metadata[part.key]
		switch {
		case !ok && part.optional:
			continue
		case !ok:
			return nil, nil, fmt.Errorf("__metadata__ has no %s", part.key)
		}
		if err := decode(text, part.into); err != nil {
			return nil, nil, fmt.Errorf("__metadata__ %s: %w", part.key, err)
		}
	}
	if err := t.takeMore(more); err != nil {
		return nil, nil, err
	}
	if err := t.checkMeta(); err != nil {
		return nil, nil, err
	}
	return t, steps, nil
}

// decode reads one JSON value, and says in plain words what does not fit.
func decode(text string, into any) error {
	err := json.Unmarshal([]byte(text), into)
	var misfit *json.UnmarshalTypeError
	if !errors.As(err, &misfit) {
		return err
	}
	field := misfit.Field
	if field == "" {
		field = "the value"
	}
	return fmt.Errorf("%s cannot be %s, at byte %d", field, misfit.Value, misfit.Offset)
}

func (t *Trace) takeMore(more fileMeta) error {
	m := &t.Meta
	m.Text, m.Dropped, m.Scales, m.Parallel, m.PostNorm, m.MaskForced = more.Text, more.Dropped, more.Scales, more.Parallel, more.PostNorm, more.MaskForced
	m.Rule, m.Nearest, m.Words, m.Tile = more.Rule, more.Nearest, more.Words, more.Tile
	m.Mask = tensor.Mask{Causal: true}
	if more.Mask != "" {
		mask, err := tensor.ParseMask(more.Mask)
		if err != nil {
			return fmt.Errorf("__metadata__ %s: %w", metaMore, err)
		}
		m.Mask = mask
	}
	for _, name := range more.Masks {
		mask, err := tensor.ParseMask(name)
		if err != nil {
			return fmt.Errorf("__metadata__ %s: %w", metaMore, err)
		}
		m.Masks = append(m.Masks, mask)
	}
	m.Selected.Focus = len(t.Tokens) - 1
	if err := t.mendTokens(more.Bytes); err != nil {
		return fmt.Errorf("__metadata__ %s: %w", metaMore, err)
	}
	if more.Selected != nil {
		m.Selected = *more.Selected
	}
	return nil
}

// mendTokens gives tokens that are parts of a character their own bytes back.
// JSON holds whole characters only, and so the replacement character in their
// place.
func (t *Trace) mendTokens(parts map[int][]byte) error {
	for _, i := range slices.Sorted(maps.Keys(parts)) {
		own := parts[i]
		if i < 0 || i >= len(t.Tokens) || string([]rune(string(own))) != t.Tokens[i].Text {
			return fmt.Errorf("token_bytes are not those of token %d", i)
		}
		t.Tokens[i].Text = string(own)
	}
	return nil
}

// checkMeta holds the sizes and the selection to what readers rely on.
func (t *Trace) checkMeta() error {
	m := t.Meta.Model
	if err := m.check(); err != nil {
		return fmt.Errorf("__metadata__ %s: %w", metaModel, err)
	}
	if err := t.checkTokens(); err != nil {
		return fmt.Errorf("__metadata__ %s: %w", metaTokens, err)
	}
	if err := t.checkMore(); err != nil {
		return fmt.Errorf("__metadata__ %s: %w", metaMore, err)
	}
	return nil
}

// maxSize bounds every size of a model, so that readers may loop over layers
// and heads that no tensor proves. No real model comes near.
const maxSize = 1 << 24

func (m Model) check() error {
	const maxLayers, maxHeads = 1 << 12, 1 << 14
	for _, size := range []struct {
		name         string
		value, limit int
	}{
		{"layers", m.Layers, maxLayers},
		{"heads", m.Heads, maxHeads},
		{"kv_heads", m.KVHeads, maxHeads},
		{"d_model", m.DModel, maxSize},
		{"d_head", m.DHead, maxSize},
		{"d_vocab", m.DVocab, maxSize},
	} {
		if size.value < 1 || size.value > size.limit {
			return fmt.Errorf("%s is missing or not 1 to %d", size.name, size.limit)
		}
	}
	if m.DValue < 0 || m.DValue > maxSize {
		return fmt.Errorf("d_value is not 0 to %d", maxSize)
	}
	if m.Heads%m.KVHeads != 0 {
		return fmt.Errorf("%d heads cannot share %d kv_heads evenly", m.Heads, m.KVHeads)
	}
	if m.Parameters < 0 {
		return fmt.Errorf("%d parameters", m.Parameters)
	}
	return nil
}

func (t *Trace) checkTokens() error {
	if len(t.Tokens) == 0 {
		return errors.New("no tokens")
	}
	for i, token := range t.Tokens {
		switch {
		case token.Pos != i:
			return fmt.Errorf("token %d says its position is %d", i, token.Pos)
		case !t.inVocabulary(token.ID):
			return fmt.Errorf("token %d has the id %d, the vocabulary is 0 to %d", i, token.ID, t.Meta.Model.DVocab-1)
		case token.Start < 0 || token.End < token.Start:
			return fmt.Errorf("token %d goes from byte %d to %d", i, token.Start, token.End)
		}
	}
	return nil
}

func (t *Trace) checkMore() error {
	m := t.Meta
	if m.Dropped < 0 {
		return fmt.Errorf("%d tokens dropped", m.Dropped)
	}
	if len(m.Masks) != 0 && len(m.Masks) != m.Model.Layers {
		return fmt.Errorf("%d masks for %d layers", len(m.Masks), m.Model.Layers)
	}
	if len(m.Scales) != 0 && len(m.Scales) != m.Model.Layers {
		return fmt.Errorf("%d score scales for %d layers", len(m.Scales), m.Model.Layers)
	}
	for _, scale := range m.Scales {
		if scale <= 0 {
			return fmt.Errorf("a score scale is %v, it must be positive", scale)
		}
	}
	if err := t.has(m.Selected); err != nil {
		return err
	}
	for id := range m.Words {
		if !t.inVocabulary(id) {
			return fmt.Errorf("words holds id %d, the vocabulary is 0 to %d", id, m.Model.DVocab-1)
		}
	}
	if err := t.checkTile(); err != nil {
		return err
	}
	if m.Nearest == nil {
		return nil
	}
	for _, n := range slices.Concat(m.Nearest.Before, m.Nearest.After) {
		if !t.inVocabulary(n.ID) || math.Abs(n.Cosine) > 1+1e-6 {
			return fmt.Errorf("nearest holds id %d with cosine %v", n.ID, n.Cosine)
		}
	}
	return t.has(m.Nearest.Selected)
}

// checkTile holds a tile to the text.
func (t *Trace) checkTile() error {
	if t.Meta.Tile == nil {
		return nil
	}
	for _, side := range [][2]int{t.Meta.Tile.Queries, t.Meta.Tile.Keys} {
		if side[0] < 0 || side[0] >= side[1] || side[1] > len(t.Tokens) {
			return fmt.Errorf("a tile from %d to %d of %d tokens", side[0], side[1], len(t.Tokens))
		}
	}
	return nil
}

// checkRows holds a step's rows to the text: in rising order, none twice.
func (t *Trace) checkRows(rows []int) error {
	for i, pos := range rows {
		if pos < 0 || pos >= len(t.Tokens) || i > 0 && pos <= rows[i-1] {
			return fmt.Errorf("its rows are not positions of the text in rising order")
		}
	}
	return nil
}

// has reports whether the model has this layer and head, the text this focus.
func (t *Trace) has(s Selected) error {
	m := t.Meta.Model
	if s.Layer < 0 || s.Layer >= m.Layers || s.Head < 0 || s.Head >= m.Heads || s.Focus < 0 || s.Focus >= len(t.Tokens) {
		return fmt.Errorf("selected layer %d, head %d, focus %d do not exist", s.Layer, s.Head, s.Focus)
	}
	return nil
}

func (t *Trace) inVocabulary(id int32) bool { return id >= 0 && int(id) < t.Meta.Model.DVocab }

// maskNames writes masks as a file lists them.
func maskNames(masks []tensor.Mask) []string {
	var names []string
	for _, m := range masks {
		names = append(names, m.String())
	}
	return names
}
