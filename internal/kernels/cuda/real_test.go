package cuda

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/kernelstest"
)

// onGPU skips a test unless ATTN_TEST_CUDA=1 says that this machine has a GPU: then a
// device that is missing is a failure (tools/gpu).
func onGPU(t *testing.T) {
	t.Helper()
	if os.Getenv("ATTN_TEST_CUDA") != "1" {
		t.Skip("SKIPPED, NOT TESTED on a GPU: ATTN_TEST_CUDA=1 runs it")
	}
}

// openGPU returns a backend on this machine's GPU.
func openGPU(t *testing.T) *Backend {
	t.Helper()
	b, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// TestOnGPU runs the whole suite.
func TestOnGPU(t *testing.T) {
	onGPU(t)
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

// TestLargeTilesOnGPU runs every product of the suite in large tiles, of which its
// own are too small to be made of a GPU's own accord.
func TestLargeTilesOnGPU(t *testing.T) {
	onGPU(t)
	for _, op := range kernelstest.Ops() {
		if !slices.Contains([]string{"matmul", "blocks", "mix", "scores", "headresults"}, op.Name) {
			continue
		}
		t.Run(op.Name, func(t *testing.T) {
			b := openGPU(t)
			b.busy = 1
			for _, call := range op.Calls {
				if err := call.Compare(b); err != nil {
					t.Fatalf("%s: %v", call.Name, err)
				}
			}
		})
	}
}

// TestEachKernelOnGPU runs each kernel, and few more than once, for tools that look at
// every access to memory (tools/gpu): one of each kind first, then of all types.
func TestEachKernelOnGPU(t *testing.T) {
	onGPU(t)
	b, best := openGPU(t), choose(trials(), (*trial).largerThan)
	for _, kernel := range oneOfEachFirst(slices.Sorted(maps.Keys(best))) {
		t.Run(kernel, func(t *testing.T) {
			c := best[kernel]
			b.busy = c.busy
			if err := c.check(b); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		})
	}
}

// oneOfEachFirst puts the first of each kind of kernels before the others: all but the
// stored type, which is written in capitals, is the kind.
func oneOfEachFirst(kernels []string) []string {
	seen := map[string]bool{}
	var first, others []string
	for _, kernel := range kernels {
		kind := regexp.MustCompile("_[A-Z][A-Z0-9_]*$").ReplaceAllString(kernel, "")
		if seen[kind] {
			others = append(others, kernel)
		} else {
			first = append(first, kernel)
		}
		seen[kind] = true
	}
	return append(first, others...)
}

func TestOneOfEachFirst(t *testing.T) {
	got := oneOfEachFirst([]string{"attention_128", "attention_64", "matmul_BF16", "matmul_Q4_K", "matmul_small_F32", "matmul_small_F8E4M3"})
	if want := []string{"attention_128", "attention_64", "matmul_BF16", "matmul_small_F32", "matmul_Q4_K", "matmul_small_F8E4M3"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestTransfersOnGPU sends and brings back what takes many pages.
func TestTransfersOnGPU(t *testing.T) {
	onGPU(t)
	b := openGPU(t)
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
