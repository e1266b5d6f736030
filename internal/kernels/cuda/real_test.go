package cuda

import (
	"os"
	"slices"
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/kernelstest"
)

// TestOnGPU runs the whole suite on this machine's GPU, when ATTN_TEST_CUDA=1 says
// that there is one: then a device that is missing is a failure (tools/gpu).
func TestOnGPU(t *testing.T) {
	if os.Getenv("ATTN_TEST_CUDA") != "1" {
		t.Skip("SKIPPED, NOT TESTED on a GPU: ATTN_TEST_CUDA=1 runs it")
	}
	info := Try()
	if info.Chosen < 0 {
		t.Fatalf("no GPU: %s", info.Why)
	}
	t.Logf("%+v", info.Devices[info.Chosen])
	kernelstest.RunAll(t, func() kernels.Backend {
		b, err := Open()
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
}

// TestTransfersOnGPU sends and brings back what takes many pages.
func TestTransfersOnGPU(t *testing.T) {
	if os.Getenv("ATTN_TEST_CUDA") != "1" {
		t.Skip("SKIPPED, NOT TESTED on a GPU: ATTN_TEST_CUDA=1 runs it")
	}
	b, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	x := numbers(30 << 20)
	on := b.Put(x)
	for range 3 {
		got := b.Later(b.Scale(on, 1))
		b.Settle()
		if !slices.Equal(got.Data, x.Data) {
			t.Fatalf("120 MiB came back changed: %v", b.Err())
		}
	}
	if peak, err := b.Measure(); err != nil || !(peak.GFLOPS > 0 && peak.GBytes > 0) {
		t.Errorf("the probes: %+v, %v", peak, err)
	}
	if b.device().marks.write == nil {
		t.Log("this driver writes no values in a stream: an error in a kernel names several ops")
	}
}
