package cpu

import (
	"encoding/binary"
	"math"
	"testing"
	"unsafe"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// TestConverterIsTensorDecode compares the fast conversion with the plain one for
// every half and bfloat, and at lengths and addresses that end its fast path.
func TestConverterIsTensorDecode(t *testing.T) {
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		s, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		decodesAll(t, s)
	})
}

func decodesAll(t *testing.T, s *set) {
	t.Helper()
	var every []byte
	for h := range 1 << 16 {
		every = binary.LittleEndian.AppendUint16(every, uint16(h))
	}
	for _, d := range []tensor.DType{tensor.F32, tensor.F16, tensor.BF16} {
		most := len(every) / d.Bytes(1)
		for _, n := range []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 17, most - 1, most} {
			for shift := range min(5, len(every)-d.Bytes(n)+1) {
				got, want := make([]float32, n), make([]float32, n)
				s.converter(d)(got, every[shift:])
				tensor.Decode(want, d, every[shift:])
				for i := range want {
					// A machine's own instruction makes a NaN that signals quiet.
					if math.Float32bits(got[i]) != math.Float32bits(want[i]) && (got[i] == got[i] || want[i] == want[i]) {
						t.Fatalf("%s, %d numbers from byte %d: number %d is %v, want %v", d, n, shift, i, got[i], want[i])
					}
				}
			}
		}
	}
}

func TestAligned(t *testing.T) {
	for n := range 70 {
		data := aligned(n)
		if len(data) != n {
			t.Fatalf("aligned(%d) has %d numbers", n, len(data))
		}
		if address := uintptr(unsafe.Pointer(unsafe.SliceData(data))); n > 0 && address%(4*line) != 0 {
			t.Errorf("aligned(%d) begins at %#x", n, address)
		}
	}
}

// TestSameBitsWhereverWeightsLie: a file's float32 weights are used in place,
// and may lie at any address.
func TestSameBitsWhereverWeightsLie(t *testing.T) {
	const out, in, tokens = 19, 45, 6
	room := make([]byte, 4*out*in+32)
	x := tensor.New(tensor.D(tensor.Pos, tokens), tensor.D(tensor.DModel, in))
	for i := range x.Data {
		x.Data[i] = float32(math.Sin(float64(i)))
	}
	product := func(offset int) []float32 {
		w := kernels.Weight{Type: tensor.F32, Shape: [2]int{out, in}, Stride: [2]int{in, 1}, Bytes: room[offset : offset+4*out*in]}
		for i := range out * in {
			binary.LittleEndian.PutUint32(w.Bytes[4*i:], math.Float32bits(float32(math.Cos(float64(3*i)))))
		}
		be := New(Options{Threads: 1})
		defer func() { _ = be.Close() }()
		return be.Get(be.MatMul(be.Put(x), w, kernels.MatMulOpts{Out: []tensor.Dim{tensor.D(tensor.DModel, out)}})).Data
	}
	want := product(0)
	for offset := range 17 {
		for i, v := range product(offset) {
			if math.Float32bits(v) != math.Float32bits(want[i]) {
				t.Fatalf("weights at byte %d: number %d is %v, at byte 0 it is %v", offset, i, v, want[i])
			}
		}
	}
}
