package weights

import (
	"math"
	"testing"

	"attn/internal/tensor"
)

// TestPairMXFP4: number 2j is byte j's low half and 2j+1 its high one, each
// times 2^(scale-127).
func TestPairMXFP4(t *testing.T) {
	values := []float32{0, .5, 1, 1.5, 2, 3, 4, 6, 0, -.5, -1, -1.5, -2, -3, -4, -6}
	blocks := Tensor{stored: "U8", Shape: []int{2, 3, 1, 16}}
	scales := Tensor{stored: "U8", Shape: []int{2, 3, 1}, Bytes: []byte{127, 128, 120, 0, 1, 252}}
	for i := range 6 * 16 {
		blocks.Bytes = append(blocks.Bytes, byte(i*37+11))
	}
	pair, err := PairMXFP4("w", blocks, scales)
	if err != nil {
		t.Fatal(err)
	}
	if len(pair.Shape) != 3 || pair.Shape[2] != 32 || pair.DType != tensor.MXFP4 {
		t.Fatalf("%v of %v", pair.Shape, pair.DType)
	}
	if &pair.Bytes[0] != &blocks.Bytes[0] || &pair.Scales[0] != &scales.Bytes[0] {
		t.Error("the numbers or the scales were copied")
	}
	for i, got := range Floats(pair) {
		nibble := blocks.Bytes[i/2] >> (i % 2 * 4) & 15
		want := float32(math.Ldexp(float64(values[nibble]), int(scales.Bytes[i/32])-127))
		if got != want {
			t.Errorf("number %d is %v, want %v", i, got, want)
		}
	}
}

func TestPairMXFP4Refuses(t *testing.T) {
	good := func() (blocks, scales Tensor) {
		return Tensor{stored: "U8", Shape: []int{1, 2, 2, 16}, Bytes: make([]byte, 64)}, Tensor{stored: "U8", Shape: []int{1, 2, 2}, Bytes: make([]byte, 4)}
	}
	for want, spoil := range map[string]func(blocks, scales *Tensor){
		`"w": blocks are F32 and scales U8, not U8`:                                  func(b, _ *Tensor) { b.stored = "F32" },
		`"w": blocks are U8 and scales I8, not U8`:                                   func(_, s *Tensor) { s.stored = "I8" },
		`"w": blocks [1 2 2 16] and scales [1 4] are not [..., n, 16] and [..., n]`:  func(_, s *Tensor) { s.Shape = []int{1, 4} },
		`"w": blocks [1 2 4 8] and scales [1 2 2] are not [..., n, 16] and [..., n]`: func(b, _ *Tensor) { b.Shape = []int{1, 2, 4, 8} },
		`"w": blocks [] and scales [1 2 2] are not [..., n, 16] and [..., n]`:        func(b, _ *Tensor) { b.Shape = nil },
		`tensor "w" holds infinity at [0 1 35]`:                                      func(b, s *Tensor) { b.Bytes[49], s.Bytes[3] = 0x70, 255 },
	} {
		b, s := good()
		spoil(&b, &s)
		if _, err := PairMXFP4("w", b, s); errorText(err) != want {
			t.Errorf("\n got %v\nwant %s", err, want)
		}
	}
}
