package weights

import "attn/internal/tensor"

// ggmlTypeOf returns the type that a GGUF file means by a number: enum
// ggml_type in ggml.h. Numbers that are missing here stand for types that ggml
// has given up.
func ggmlTypeOf(id uint32) (ggmlType, bool) {
	if dtype := computedType(id); dtype != tensor.Unknown {
		elements, bytes := dtype.Block()
		return ggmlType{dtype.String(), uint64(elements), uint64(bytes), dtype}, true
	}
	name, elements, bytes := otherType(id)
	return ggmlType{name: name, elements: elements, bytes: bytes}, name != ""
}

// computedType returns the type of a number that attn computes with.
func computedType(id uint32) tensor.DType {
	switch id {
	case 0:
		return tensor.F32
	case 1:
		return tensor.F16
	case 2:
		return tensor.Q4_0
	case 3:
		return tensor.Q4_1
	case 6:
		return tensor.Q5_0
	case 7:
		return tensor.Q5_1
	case 8:
		return tensor.Q8_0
	case 10:
		return tensor.Q2_K
	case 11:
		return tensor.Q3_K
	case 12:
		return tensor.Q4_K
	case 13:
		return tensor.Q5_K
	case 14:
		return tensor.Q6_K
	case 20:
		return tensor.IQ4_NL
	case 23:
		return tensor.IQ4_XS
	case 30:
		return tensor.BF16
	case 39:
		return tensor.MXFP4
	}
	return tensor.Unknown
}

// otherType names the rest, so that a file's layout can be checked and an error
// can say what it is that attn does not compute with. The sizes are those of
// ggml-common.h.
func otherType(id uint32) (name string, elements, bytes uint64) {
	switch id {
	case 9:
		return "Q8_1", 32, 36
	case 15:
		return "Q8_K", 256, 292
	case 16:
		return "IQ2_XXS", 256, 66
	case 17:
		return "IQ2_XS", 256, 74
	case 18:
		return "IQ3_XXS", 256, 98
	case 19:
		return "IQ1_S", 256, 50
	case 21:
		return "IQ3_S", 256, 110
	case 22:
		return "IQ2_S", 256, 82
	case 24:
		return "I8", 1, 1
	case 25:
		return "I16", 1, 2
	case 26:
		return "I32", 1, 4
	case 27:
		return "I64", 1, 8
	case 28:
		return "F64", 1, 8
	case 29:
		return "IQ1_M", 256, 56
	case 34:
		return "TQ1_0", 256, 54
	case 35:
		return "TQ2_0", 256, 66
	case 40:
		return "NVFP4", 64, 36
	case 41:
		return "Q1_0", 128, 18
	case 42:
		return "Q2_0", 64, 18
	}
	return "", 0, 0
}
