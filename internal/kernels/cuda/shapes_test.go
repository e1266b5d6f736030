package cuda

import (
	"strings"
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/kernelstest"
	"attn/internal/tensor"
)

// TestLargeTiles holds products in large tiles to package ref: the suite's own are
// too small for them.
func TestLargeTiles(t *testing.T) {
	for _, op := range kernelstest.Ops() {
		if op.Name != "matmul" && op.Name != "mix" && op.Name != "scores" && op.Name != "headresults" {
			continue
		}
		count := 0
		for _, call := range op.Calls {
			if !strings.Contains(call.Name, "T 70") {
				continue
			}
			if count++; count%11 != 0 {
				continue
			}
			be := onInterpreter(t)
			be.busy = 1
			if err := call.Compare(be); err != nil {
				t.Errorf("%s, %s: %v", op.Name, call.Name, err)
			}
		}
		if count == 0 {
			t.Errorf("%s: no call of 70 tokens", op.Name)
		}
	}
}

// TestAttentionOfAllSizes holds attention to package ref for every width of heads
// that has a kernel of its own, and between texts of all lengths.
func TestAttentionOfAllSizes(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the interpreter is slow")
	}
	for _, op := range kernelstest.FusedOps() {
		for _, call := range op.Calls {
			if op.Name != "cross-attention" && !strings.HasPrefix(call.Name, "sizes") {
				continue
			}
			if err := call.Compare(onInterpreter(t)); err != nil {
				t.Errorf("%s, %s: %v", op.Name, call.Name, err)
			}
		}
	}
}

// TestRunsAgree holds that the same call makes the same bits each time: sums have
// an order.
func TestRunsAgree(t *testing.T) {
	call := kernelstest.FusedOps()[0].Calls[4]
	first, err := call.Run(onInterpreter(t))
	if err != nil {
		t.Fatal(err)
	}
	again, err := call.Run(onInterpreter(t))
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range first {
		for j, v := range x.Data {
			if v != again[i].Data[j] {
				t.Fatalf("%s: result %d, number %d is %v and then %v", call.Name, i, j, v, again[i].Data[j])
			}
		}
	}
}

// TestSharedBytesAreUploadedOnce holds that weights which share bytes lie on the
// GPU in one piece: a tied embedding, the thirds of a fused matrix, and experts
// of a stack, of which only those that are used are there.
func TestSharedBytesAreUploadedOnce(t *testing.T) {
	const in, out = 8, 4
	bytes := make([]byte, 4*in*3*out)
	third := func(i int) kernels.Weight {
		return kernels.Weight{Name: "c_attn", Type: tensor.F32, Shape: [2]int{out, in}, Stride: [2]int{1, 3 * out}, Bytes: bytes[4*i*out:]}
	}
	expert := func(i int) kernels.Weight {
		return kernels.Weight{Name: "expert", Type: tensor.F32, Shape: [2]int{out, in}, Stride: [2]int{in, 1}, Bytes: bytes[4*i*out*in:]}
	}
	for _, test := range []struct {
		name    string
		weights []kernels.Weight
		want    int
	}{
		{"thirds", []kernels.Weight{third(0), third(1), third(2)}, len(bytes)},
		{"experts", []kernels.Weight{expert(2), expert(0)}, 2 * len(bytes) / 3},
		{"an expert twice", []kernels.Weight{expert(1), expert(1)}, len(bytes) / 3},
		{"out of line", []kernels.Weight{third(0), {Name: "odd", Type: tensor.F32, Shape: [2]int{1, 1}, Stride: [2]int{1, 1}, Bytes: bytes[2:]}}, len(bytes) + 4},
		{"bytes alone", []kernels.Weight{third(0), {Name: "odd", Type: tensor.Q8_0, Shape: [2]int{1, 32}, Stride: [2]int{32, 1}, Bytes: bytes[3:]}}, len(bytes)},
	} {
		be := onInterpreter(t)
		for _, w := range test.weights {
			be.weight(w)
		}
		if be.uploaded != test.want || be.Err() != nil {
			t.Errorf("%s: %d bytes, want %d; %v", test.name, be.uploaded, test.want, be.Err())
		}
	}
}

// TestScalesAreUploadedWithTheirNumbers: those of MXFP4 that lie apart, in more
// pieces than one, and a view that begins further on.
func TestScalesAreUploadedWithTheirNumbers(t *testing.T) {
	const rows, in = 4100, 64
	w := kernels.Weight{Name: "apart", Type: tensor.MXFP4, Shape: [2]int{rows / 2, in}, Stride: [2]int{2 * in, 1}, Bytes: make([]byte, rows*in/2), Scales: make([]byte, rows*in/32)}
	for i := range w.Bytes {
		w.Bytes[i] = byte(i * 7 >> 3)
	}
	for i := range w.Scales {
		w.Scales[i] = byte(i * 5 >> 2)
	}
	want := make([]byte, w.Type.Bytes(rows*in))
	tensor.PackMXFP4(want, w.Scales, w.Bytes)
	second := w
	second.Bytes, second.Scales = w.Bytes[in/2:], w.Scales[in/32:]
	be := onInterpreter(t)
	first, _ := be.weight(w)
	next, _ := be.weight(second)
	if be.Err() != nil || be.uploaded != len(want) || next != first+pointer(w.Type.Bytes(in)) {
		t.Fatalf("%d bytes, want %d; at %d and %d; %v", be.uploaded, len(want), first, next, be.Err())
	}
	got := make([]byte, len(want))
	if err := be.gpu.download(got, first); err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("byte %d is %d, want %d", i, got[i], want[i])
		}
	}
}
