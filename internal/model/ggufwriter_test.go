package model_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
)

// ggufFile writes GGUF version 3, F32 tensors only.
type ggufFile struct {
	keys, infos, data bytes.Buffer
	nKeys, nTensors   uint64
}

func put(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		if s, ok := v.(string); ok {
			put(b, uint64(len(s)))
			b.WriteString(s)
			continue
		}
		if err := binary.Write(b, binary.LittleEndian, v); err != nil {
			panic(err.Error())
		}
	}
}

// key adds a value: u32, f32, bool, string or an array of bools (types 4, 6, 7, 8
// and 9).
func (g *ggufFile) key(name string, value any) {
	g.nKeys++
	switch v := value.(type) {
	case int:
		put(&g.keys, name, uint32(4), uint32(v))
	case float64:
		put(&g.keys, name, uint32(6), float32(v))
	case bool:
		put(&g.keys, name, uint32(7), v)
	case string:
		put(&g.keys, name, uint32(8), v)
	case []bool:
		put(&g.keys, name, uint32(9), uint32(7), uint64(len(v)), v)
	}
}

// tensor adds a matrix or vector of F32, its shape outermost first.
func (g *ggufFile) tensor(name string, shape []int, values []float32) {
	var data bytes.Buffer
	put(&data, values)
	g.stored(name, shape, 0, data.Bytes())
}

// stored adds a tensor of any of ggml's types.
func (g *ggufFile) stored(name string, shape []int, kind uint32, data []byte) {
	g.nTensors++
	put(&g.infos, name, uint32(len(shape)))
	for i := len(shape) - 1; i >= 0; i-- {
		put(&g.infos, uint64(shape[i]))
	}
	put(&g.infos, kind, uint64(g.data.Len()))
	g.data.Write(data)
	for g.data.Len()%32 != 0 {
		g.data.WriteByte(0)
	}
}

func (g *ggufFile) write(t testing.TB, path string) {
	t.Helper()
	if err := os.WriteFile(path, g.bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (g *ggufFile) bytes() []byte {
	var out bytes.Buffer
	out.WriteString("GGUF")
	put(&out, uint32(3), g.nTensors, g.nKeys)
	out.Write(g.keys.Bytes())
	out.Write(g.infos.Bytes())
	for out.Len()%32 != 0 {
		out.WriteByte(0)
	}
	out.Write(g.data.Bytes())
	return out.Bytes()
}
