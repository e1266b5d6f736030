package weights

import (
	"encoding/binary"
	"math"
)

// made is a GGUF file that a test makes up; what it leaves out is computed.
type made struct {
	magic      string
	version    uint32
	tensors    []madeTensor
	pairs      [][]byte // keys with their values
	countT     int64    // added to the number of tensors that the file claims
	countK     int64    // and of keys
	alignment  int      // of what is laid out here; the key is a pair
	noPadding  bool     // after the last tensor
	afterwards int      // bytes
}

// madeTensor is one tensor's description and data.
type madeTensor struct {
	name  string
	dims  []uint64 // the fastest first
	kind  uint32
	data  []byte
	shift int64 // added to the right offset
}

// bytes lays the file out.
func (m made) bytes() []byte {
	alignment := m.alignment
	if alignment == 0 {
		alignment = 32
	}
	pad := func(b []byte) []byte {
		return append(b, make([]byte, (alignment-len(b)%alignment)%alignment)...)
	}
	b := append([]byte(nil), or(m.magic, "GGUF")...)
	version := m.version
	if version == 0 {
		version = 3
	}
	b = u32(b, version)
	b = u64(b, uint64(int64(len(m.tensors))+m.countT))
	b = u64(b, uint64(int64(len(m.pairs))+m.countK))
	for _, pair := range m.pairs {
		b = append(b, pair...)
	}
	var data []byte
	for i, t := range m.tensors {
		b = text(b, t.name)
		b = u32(b, uint32(len(t.dims)))
		for _, n := range t.dims {
			b = u64(b, n)
		}
		b = u32(b, t.kind)
		b = u64(b, uint64(int64(len(data))+t.shift))
		data = append(data, t.data...)
		if i < len(m.tensors)-1 || !m.noPadding {
			data = pad(data)
		}
	}
	if len(m.tensors) > 0 {
		b = pad(b)
	}
	return append(append(b, data...), make([]byte, m.afterwards)...)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func u32(b []byte, n uint32) []byte { return binary.LittleEndian.AppendUint32(b, n) }

func u64(b []byte, n uint64) []byte { return binary.LittleEndian.AppendUint64(b, n) }

func text(b []byte, s string) []byte { return append(u64(b, uint64(len(s))), s...) }

// pair is a key with a value of a kind, whose bytes are given.
func pair(key string, k kind, raw ...byte) []byte {
	return append(u32(text(nil, key), uint32(k)), raw...)
}

// array is a key with an array of so many elements, whose bytes are given.
func array(key string, k kind, count uint64, raw ...byte) []byte {
	head := u64(u32(nil, uint32(k)), count)
	return pair(key, kindArray, append(head, raw...)...)
}

// words is a key with an array of strings.
func words(key string, all ...string) []byte {
	var raw []byte
	for _, s := range all {
		raw = text(raw, s)
	}
	return array(key, kindString, uint64(len(all)), raw...)
}

func f32bytes(values ...float32) []byte {
	var b []byte
	for _, v := range values {
		b = u32(b, math.Float32bits(v))
	}
	return b
}
