package cuda

import (
	"maps"
	"os"
	"slices"
	"strings"
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
	b := openGPU(t)
	for _, l := range launches() {
		t.Run(l.kernel, func(t *testing.T) {
			b.busy = l.busy
			if err := l.call.Compare(b); err != nil {
				t.Fatalf("%s: %v", l.call.Name, err)
			}
		})
	}
	t.Run("squares", func(t *testing.T) {
		if err := kernelstest.CheckComparer(b); err != nil {
			t.Fatal(err)
		}
	})
}

// launched is a call that launches a kernel, where so many blocks keep a GPU busy.
type launched struct {
	kernel string
	call   kernelstest.Call
	busy   int
	blocks int // of the kernel
}

// kind is the kernel's name without the stored type, which is written in capitals.
func (l launched) kind() string {
	words := strings.Split(l.kernel, "_")
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == strings.ToUpper(w) && !isNumber(w) }), "_")
}

func isNumber(word string) bool { return strings.Trim(word, "0123456789") == "" }

// launches finds, for each kernel that the suite's calls launch, the one that makes
// most blocks of it. The first of each kind come first.
func launches() []launched {
	most := map[string]launched{}
	for _, op := range append(kernelstest.Ops(), kernelstest.FusedOps()...) {
		for _, call := range op.Calls {
			for _, busy := range []int{many, 1} {
				d := &noting{blocks: map[string]int{}}
				b := newBackend(d)
				b.busy = busy
				_, _ = call.Run(b) // nothing is computed: what comes back is wrong
				for kernel, blocks := range d.blocks {
					if blocks > most[kernel].blocks {
						most[kernel] = launched{kernel, call, busy, blocks}
					}
				}
			}
		}
	}
	seen := map[string]bool{}
	var first, others []launched
	for _, kernel := range slices.Sorted(maps.Keys(most)) {
		if l := most[kernel]; seen[l.kind()] {
			others = append(others, l)
		} else {
			seen[l.kind()] = true
			first = append(first, l)
		}
	}
	return append(first, others...)
}

// TestEachKernelIsLaunched: what runs each kernel on a GPU leaves none out.
func TestEachKernelIsLaunched(t *testing.T) {
	all, err := modules()
	if err != nil {
		t.Fatal(err)
	}
	list, kinds := launches(), map[string]bool{}
	for _, l := range list {
		kinds[l.kind()] = true
	}
	for _, m := range all {
		for name := range m.Kernels {
			other := strings.HasPrefix(name, "probe_") || strings.HasPrefix(name, "squares_") // of no op
			if !other && !slices.ContainsFunc(list, func(l launched) bool { return l.kernel == name }) {
				t.Errorf("no call launches %s", name)
			}
		}
	}
	for _, l := range list[:len(kinds)] {
		delete(kinds, l.kind())
	}
	if len(kinds) > 0 {
		t.Errorf("not among the first: %v", slices.Sorted(maps.Keys(kinds)))
	}
}

// noting is a GPU that computes nothing, and notes which kernels it should run.
type noting struct {
	next   pointer
	blocks map[string]int
}

func (d *noting) alloc(bytes int) (pointer, error) {
	d.next += pointer(rounded(bytes))
	return d.next, nil
}

func (d *noting) launch(_, _, kernel string, g grid, _ [][]byte) error {
	d.blocks[kernel] = max(d.blocks[kernel], g.blocks[0]*g.blocks[1]*g.blocks[2])
	return nil
}

func (d *noting) free(pointer) error               { return nil }
func (d *noting) room() (room, error)              { return room{1 << 40, 1 << 40}, nil }
func (d *noting) upload(pointer, []byte) error     { return nil }
func (d *noting) download([]byte, pointer) error   { return nil }
func (d *noting) later([]byte, pointer, any) error { return nil }
func (d *noting) settle() error                    { return nil }
func (d *noting) interrupt(func() bool)            {}
func (d *noting) close() error                     { return nil }

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
