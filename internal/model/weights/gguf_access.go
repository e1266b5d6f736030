package weights

import "fmt"

// maxNarrow is how long an array of numbers of less than four bytes may be to
// be turned into wider ones: the format uses such arrays for settings per
// layer, and for bytes, which have an accessor of their own.
const maxNarrow = 1 << 20

// Has reports whether the file has a key.
func (g *GGUF) Has(key string) bool {
	_, ok := g.values[key]
	return ok
}

// Kind describes the type of a key's value, such as "u32" or "array of 24
// bool"; it is empty if there is no such key.
func (g *GGUF) Kind(key string) string {
	v, ok := g.values[key]
	if !ok {
		return ""
	}
	return v.String()
}

// IsArray reports whether a key's value is an array: some settings are one
// number for all layers or one for each.
func (g *GGUF) IsArray(key string) bool { return g.values[key].array }

// find returns a value that is, or is not, an array and of the right kind.
func (g *GGUF) find(key, want string, array bool, fits func(kind) bool) (value, error) {
	v, ok := g.values[key]
	if !ok {
		return value{}, fmt.Errorf("the key %s is missing", quote(key))
	}
	if v.array != array || !fits(v.kind) {
		return value{}, fmt.Errorf("%s is of type %v, not %s", quote(key), v, want)
	}
	return v, nil
}

// Int returns a whole number of any width.
func (g *GGUF) Int(key string) (int64, error) {
	v, err := g.find(key, "a whole number", false, kind.isInteger)
	if err != nil {
		return 0, err
	}
	n, ok := v.integer(0)
	if !ok {
		return 0, fmt.Errorf("%s is %d, which is too large", quote(key), uint64(n))
	}
	return n, nil
}

// Uint returns a whole number of any width that is not negative, and fits an
// int64.
func (g *GGUF) Uint(key string) (uint64, error) {
	n, err := g.Int(key)
	if err == nil && n < 0 {
		err = fmt.Errorf("%s is %d, which is negative", quote(key), n)
	}
	if err != nil {
		return 0, err
	}
	return uint64(n), nil
}

// Float returns a floating-point number of either width.
func (g *GGUF) Float(key string) (float64, error) {
	v, err := g.find(key, "a floating-point number", false, kind.isFloat)
	if err != nil {
		return 0, err
	}
	return v.float(0), nil
}

// Bool returns a truth value.
func (g *GGUF) Bool(key string) (bool, error) {
	v, err := g.find(key, "a bool", false, only(kindBool))
	if err != nil {
		return false, err
	}
	return v.raw[0] != 0, nil
}

// String returns a copy of a text, which is as the file has it: to be shown
// escaped, and perhaps not UTF-8.
func (g *GGUF) String(key string) (string, error) {
	v, err := g.find(key, "a string", false, only(kindString))
	if err != nil {
		return "", err
	}
	return string(v.raw), nil
}

// Ints returns an array of whole numbers.
func (g *GGUF) Ints(key string) ([]int64, error) {
	v, err := g.find(key, "an array of whole numbers", true, kind.isInteger)
	if err != nil {
		return nil, err
	}
	if v.kind.size() < 4 && v.count > maxNarrow {
		return nil, fmt.Errorf("%s has %d numbers, the limit is %d", quote(key), v.count, maxNarrow)
	}
	numbers := make([]int64, v.count)
	for i := range numbers {
		n, ok := v.integer(i)
		if !ok {
			return nil, fmt.Errorf("%s[%d] is %d, which is too large", quote(key), i, uint64(n))
		}
		numbers[i] = n
	}
	return numbers, nil
}

// Floats returns an array of floating-point numbers.
func (g *GGUF) Floats(key string) ([]float64, error) {
	v, err := g.find(key, "an array of floating-point numbers", true, kind.isFloat)
	if err != nil {
		return nil, err
	}
	numbers := make([]float64, v.count)
	for i := range numbers {
		numbers[i] = v.float(i)
	}
	return numbers, nil
}

// Bools returns an array of truth values.
func (g *GGUF) Bools(key string) ([]bool, error) {
	v, err := g.find(key, "an array of bools", true, only(kindBool))
	if err != nil {
		return nil, err
	}
	flags := make([]bool, v.count)
	for i, b := range v.raw {
		flags[i] = b != 0
	}
	return flags, nil
}

// Bytes returns a copy of an array of bytes, signed or not, such as a
// tokenizer's precompiled_charsmap.
func (g *GGUF) Bytes(key string) ([]byte, error) {
	v, err := g.find(key, "an array of bytes", true, func(k kind) bool { return k == kindU8 || k == kindI8 })
	if err != nil {
		return nil, err
	}
	return append([]byte(nil), v.raw...), nil
}

// Strings returns copies of an array of texts; see String.
func (g *GGUF) Strings(key string) ([]string, error) {
	v, err := g.find(key, "an array of strings", true, only(kindString))
	if err != nil {
		return nil, err
	}
	return v.strings(), nil
}

// only is find's fits for a single kind.
func only(want kind) func(kind) bool {
	return func(k kind) bool { return k == want }
}
