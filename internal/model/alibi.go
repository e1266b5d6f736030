package model

import "math"

// ALiBi adds to each score its head's slope times the key's place (Press, Smith
// and Lewis 2022).
type ALiBi struct {
	Slopes []float32 // per head; nil when there is no bias
	// BF16 rounds slopes, places and their products to bfloat16.
	BF16 bool
	// Scaled multiplies the bias by the scores' scale too.
	Scaled bool
}

// plain reports whether the bias, if there is one, is no more than slope · place,
// which fused attention adds by itself.
func (a ALiBi) plain() bool { return !a.BF16 && !a.Scaled }

// bias is the table [head, key_pos] for n keys, and scores multiplied by scale.
func (a ALiBi) bias(n int, scale float32) []float32 {
	table := make([]float32, 0, len(a.Slopes)*n)
	for _, slope := range a.Slopes {
		for k := range n {
			v := slope * float32(k)
			if a.BF16 {
				v = bf16(bf16(slope) * bf16(float32(k)))
			}
			if a.Scaled {
				v *= scale
			}
			table = append(table, v)
		}
	}
	return table
}

// bf16 rounds to the nearest number of 8 significant bits, the even one of two.
func bf16(x float32) float32 {
	bits := math.Float32bits(x)
	bits += 0x7fff + bits>>16&1
	return math.Float32frombits(bits &^ 0xffff)
}

// alibiSlopes are 2^(-8/n · (h+1)) for a number n of heads that is a power of 2;
// for another the next smaller one's, and then every other of the next larger
// one's (transformers build_alibi_tensor).
func alibiSlopes(heads int) []float32 {
	n := 1
	for 2*n <= heads {
		n *= 2
	}
	slopes := make([]float32, 0, heads)
	for h := range heads {
		exponent := -8 / float64(n) * float64(h+1)
		if h >= n {
			exponent = -4 / float64(n) * float64(2*(h-n)+1)
		}
		slopes = append(slopes, float32(math.Pow(2, exponent)))
	}
	return slopes
}
