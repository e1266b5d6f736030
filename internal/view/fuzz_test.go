package view_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"

	"attn/internal/analyze"
	"attn/internal/model"
	"attn/internal/trace"
	"attn/internal/view"
)

// FuzzLoad: whatever file trace.Load accepts, every reader of the trace can
// live with it: identities, analyses, views of every kind. None may panic.
func FuzzLoad(f *testing.F) {
	for _, data := range seeds(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if h, err := trace.Load(bytes.NewReader(data), int64(len(data))); err == nil {
			readAll(t, h)
		}
	})
}

// FuzzLoadMetadata is FuzzLoad with a file that is whole but for what its
// metadata say.
func FuzzLoadMetadata(f *testing.F) {
	whole := seeds(f)[1]
	text := metadata(f, whole)
	f.Add(text["attn.model"], text["attn.tokens"], text["attn.steps"], text["attn.more"])
	f.Add(text["attn.model"], text["attn.tokens"], text["attn.steps"], "{}")
	f.Fuzz(func(t *testing.T, model, tokens, steps, more string) {
		data := describe(t, whole, map[string]string{
			"attn.schema": trace.Schema, "attn.model": model, "attn.tokens": tokens, "attn.steps": steps, "attn.more": more,
		})
		if h, err := trace.Load(bytes.NewReader(data), int64(len(data))); err == nil {
			readAll(t, h)
		}
	})
}

const prefix = 8 // bytes of the header's length

// header takes a file's header out.
func header(t testing.TB, data []byte) map[string]json.RawMessage {
	t.Helper()
	var h map[string]json.RawMessage
	if err := json.Unmarshal(data[prefix:][:binary.LittleEndian.Uint64(data)], &h); err != nil {
		t.Fatal(err)
	}
	return h
}

// metadata takes a file's metadata out.
func metadata(t testing.TB, data []byte) map[string]string {
	t.Helper()
	var m map[string]string
	if err := json.Unmarshal(header(t, data)["__metadata__"], &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// describe gives a file other metadata.
func describe(t testing.TB, data []byte, m map[string]string) []byte {
	t.Helper()
	h := header(t, data)
	var err error
	if h["__metadata__"], err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	return append(append(out, text...), data[prefix+binary.LittleEndian.Uint64(data):]...)
}

// readAll puts a trace through every reader.
func readAll(t *testing.T, h *trace.Trace) {
	t.Helper()
	_ = h.Check() // a fuzzed trace may be as wrong as it likes
	_ = trace.Diff(h, h, trace.Tolerance{})
	_ = analyze.Pick(h, nil, nil, -1)
	m, n := h.Meta.Model, len(h.Tokens)
	choices := selections(min(m.Layers, 4), min(m.Heads, 4), n)
	own := view.Select{
		Layers: []int{h.Meta.Selected.Layer}, Heads: []int{h.Meta.Selected.Head}, Told: h.Meta.Selected, Top: 1 << 40, Temperature: 1e-9,
	}
	choices = append(choices, own, brief(own), paper(own))
	views := everyView(t, min(m.Layers, 2))
	for _, hook := range trace.Hooks() {
		if v, err := view.Find(trace.InBlock(0, hook.Name)); err == nil && hook.Op == "attention" {
			views = append(views, v)
		}
	}
	for _, v := range views {
		for _, sel := range choices {
			grids, err := v.Build(h, sel)
			if err != nil {
				continue
			}
			for _, g := range grids {
				checkGrid(t, g)
			}
		}
	}
	var saved bytes.Buffer
	if err := h.Save(&saved); err != nil {
		t.Errorf("what was loaded cannot be saved: %v", err)
	}
	if _, err := trace.Load(bytes.NewReader(saved.Bytes()), int64(saved.Len())); err != nil {
		t.Errorf("what was saved cannot be loaded: %v", err)
	}
}

// seeds are a whole trace, as small as they come, a rich one, and files in
// which one thing is wrong.
func seeds(t testing.TB) [][]byte {
	t.Helper()
	s := model.Shape{Layers: 2, Heads: 4, KVHeads: 2, DModel: 2, DHead: 1, DMLP: 3, DVocab: 6, Context: 3}
	full := run(t, s, []int32{1, 5, 0}, func(string) bool { return true })
	var whole, rich bytes.Buffer
	if err := full.Save(&whole); err != nil {
		t.Fatal(err)
	}
	full.Meta.Words = map[int32]string{0: " the", 5: "\x1b"}
	full.Meta.Nearest = &trace.Nearest{Selected: full.Meta.Selected, Before: []trace.Neighbour{{ID: 1, Text: "x", Cosine: 1}}}
	full.Meta.Dropped, full.Meta.MaskForced = 3, true
	if err := full.Save(&rich); err != nil {
		t.Fatal(err)
	}
	var long bytes.Buffer
	if err := runLong(t, s, []int32{1, 5, 0}).Save(&long); err != nil {
		t.Fatal(err)
	}
	all := [][]byte{whole.Bytes(), rich.Bytes(), long.Bytes()}
	for _, swap := range [][2]string{
		{`"rows":[2]`, `"rows":[1]`},
		{`"rows":[2]`, `"rows":[0,1,2]`},
		{`"rows":[0,1,2]`, `"rows":[0,1]`},
		{`"keys":[0,2]`, `"keys":[1,3]`},
		{`,"rows":[2]`, ``},
	} {
		m := metadata(t, long.Bytes())
		for _, key := range []string{"attn.steps", "attn.more"} {
			m[key] = strings.ReplaceAll(m[key], swap[0], swap[1])
		}
		all = append(all, describe(t, long.Bytes(), m))
	}
	for _, swap := range [][2]string{
		{`"kv_heads":2`, `"kv_heads":3`},
		{`"kv_heads":2`, `"kv_heads":8`},
		{`"layers":2`, `"layers":9223372036854775807`},
		{`"heads":4`, `"heads":1000000000`},
		{`"focus":2`, `"focus":3`},
		{`"pos":1`, `"pos":0`},
		{`"id":5`, `"id":-1`},
		{`causal`, `none`},
		{`causal`, `window:1`},
	} {
		m := metadata(t, rich.Bytes())
		for _, key := range []string{"attn.model", "attn.tokens", "attn.more"} {
			m[key] = strings.Replace(m[key], swap[0], swap[1], 1)
		}
		all = append(all, describe(t, rich.Bytes(), m))
	}
	return all
}

// TestLoadedTracesOfWrongNumbers: numbers that no model makes panic nowhere.
func TestLoadedTracesOfWrongNumbers(t *testing.T) {
	for _, bits := range []uint32{0x7fc00000, 0x7f800000, 0xff800000, 0x7f7fffff, 0x00000001, 0x80000000} {
		data := bytes.Clone(seeds(t)[1])
		start := prefix + binary.LittleEndian.Uint64(data)
		for at := start; at < uint64(len(data)); at += 4 {
			binary.LittleEndian.PutUint32(data[at:], bits)
		}
		h, err := trace.Load(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		if h.Check() == nil {
			t.Errorf("a trace of nothing but %#x is held to be right", bits)
		}
		readAll(t, h)
	}
}
