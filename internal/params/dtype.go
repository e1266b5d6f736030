package params

import (
	"fmt"
	"strings"
)

// DType is how numbers are stored: so many bytes for a block of so many.
type DType struct {
	Name         string
	Bytes, Block int
}

// DTypes lists them: plain numbers, and llama.cpp's blocks, which hold a
// block's scales beside its small numbers (ggml-common.h).
func DTypes() []DType {
	return []DType{
		{"f32", 4, 1},
		{"f16", 2, 1},
		{"bf16", 2, 1},
		{"f8", 1, 1},
		{"q8_0", 34, 32},
		{"q6_k", 210, 256},
		{"q5_1", 24, 32},
		{"q5_0", 22, 32},
		{"q5_k", 176, 256},
		{"q4_1", 20, 32},
		{"q4_0", 18, 32},
		{"q4_k", 144, 256},
		{"iq4_nl", 18, 32},
		{"iq4_xs", 136, 256},
		{"mxfp4", 17, 32},
		{"q3_k", 110, 256},
		{"q2_k", 84, 256},
	}
}

// spellings are other programs' names for the same.
func spellings() map[string]string {
	return map[string]string{
		"float32": "f32", "fp32": "f32", "float16": "f16", "fp16": "f16", "half": "f16", "bfloat16": "bf16",
		"float8": "f8", "fp8": "f8", "f8_e4m3": "f8", "f8_e5m2": "f8", "float8_e4m3fn": "f8", "float8_e5m2": "f8",
	}
}

// ParseDType finds a type by its name, in any case.
func ParseDType(name string) (DType, error) {
	wanted := strings.ToLower(name)
	if other, ok := spellings()[wanted]; ok {
		wanted = other
	}
	var names []string
	for _, t := range DTypes() {
		if t.Name == wanted {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return DType{}, fmt.Errorf("dtype %q is not one of %s", name, strings.Join(names, ", "))
}

// Quantised reports whether several numbers share a block.
func (t DType) Quantised() bool { return t.Block > 1 }

// Each is the bytes of one number, its share of the block's.
func (t DType) Each() float64 { return float64(t.Bytes) / float64(t.Block) }

// of is the bytes of so many numbers.
func (t DType) of(n int64) float64 { return float64(n) * t.Each() }

// computed is what queries, keys, values and scores are stored in beside
// weights of this type: the same, but f16 beside blocks and 8 bits, as
// llama.cpp has it by default.
func (t DType) computed() DType {
	if t.Quantised() || t.Bytes < 2 {
		return DType{Name: "f16", Bytes: 2, Block: 1}
	}
	return t
}
