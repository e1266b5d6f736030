package main_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

func scriptMakeGGUF(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mkgguf FILE")
	}
	path := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o777))
	ts.Check(os.WriteFile(path, tinyGGUF(), 0o666))
}

// ggufWriter puts numbers and texts as llama.cpp's format has them.
type ggufWriter struct{ bytes.Buffer }

func (w *ggufWriter) put(values ...any) {
	for _, v := range values {
		if s, ok := v.(string); ok {
			w.put(uint64(len(s)))
			w.WriteString(s)
			continue
		}
		if err := binary.Write(w, binary.LittleEndian, v); err != nil {
			panic(err) // into memory, of a fixed-size value
		}
	}
}

// tinyGGUF is a Llama of one layer, every weight 0.01, without a tokenizer: 3744
// bytes, which testdata/script/names.txtar relies on.
func tinyGGUF() []byte {
	const d, mlp, vocab = uint64(8), uint64(12), uint64(16)
	tensors := []struct {
		name  string
		shape []uint64 // innermost first
	}{
		{"token_embd.weight", []uint64{d, vocab}},
		{"output_norm.weight", []uint64{d}},
		{"blk.0.attn_norm.weight", []uint64{d}},
		{"blk.0.attn_q.weight", []uint64{d, d}},
		{"blk.0.attn_k.weight", []uint64{d, d}},
		{"blk.0.attn_v.weight", []uint64{d, d}},
		{"blk.0.attn_output.weight", []uint64{d, d}},
		{"blk.0.ffn_norm.weight", []uint64{d}},
		{"blk.0.ffn_gate.weight", []uint64{d, mlp}},
		{"blk.0.ffn_up.weight", []uint64{d, mlp}},
		{"blk.0.ffn_down.weight", []uint64{mlp, d}},
	}
	const textKind, uint32Kind, float32Kind = uint32(8), uint32(4), uint32(6)
	w := &ggufWriter{}
	w.WriteString("GGUF")
	w.put(uint32(3), uint64(len(tensors)), uint64(7))
	w.put("general.architecture", textKind, "llama")
	w.put("llama.block_count", uint32Kind, uint32(1))
	w.put("llama.context_length", uint32Kind, uint32(32))
	w.put("llama.embedding_length", uint32Kind, uint32(d))
	w.put("llama.feed_forward_length", uint32Kind, uint32(mlp))
	w.put("llama.attention.head_count", uint32Kind, uint32(2))
	w.put("llama.attention.layer_norm_rms_epsilon", float32Kind, float32(1e-5))
	offset := uint64(0)
	for _, t := range tensors {
		w.put(t.name, uint32(len(t.shape)), t.shape, uint32(0), offset)
		offset += align(4 * count(t.shape))
	}
	w.Write(make([]byte, align(uint64(w.Len()))-uint64(w.Len())))
	for _, t := range tensors {
		for range count(t.shape) {
			w.put(float32(0.01))
		}
		w.Write(make([]byte, align(uint64(w.Len()))-uint64(w.Len())))
	}
	return w.Bytes()
}

// align rounds up to where the next tensor begins.
func align(n uint64) uint64 { return (n + 31) / 32 * 32 }

func count(shape []uint64) uint64 {
	n := uint64(1)
	for _, size := range shape {
		n *= size
	}
	return n
}
