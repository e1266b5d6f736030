package safetensors

// bitsOf returns how many bits one element of a dtype takes, for every dtype
// of the format: a file's layout is checked whether or not attn can compute
// with what it holds.
func bitsOf(dtype string) (uint64, bool) {
	switch dtype {
	case "F4":
		return 4, true
	case "F6_E2M3", "F6_E3M2":
		return 6, true
	case "BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ":
		return 8, true
	case "I16", "U16", "F16", "BF16":
		return 16, true
	case "I32", "U32", "F32":
		return 32, true
	case "C64", "F64", "I64", "U64":
		return 64, true
	}
	return 0, false
}
