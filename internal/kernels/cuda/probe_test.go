package cuda

import (
	"bytes"
	"math"
	"testing"
)

// TestProbes holds that the probes compute what their operations are counted for.
func TestProbes(t *testing.T) {
	g := newFakeGPU(t)
	b := g.open()
	const rounds = 3
	b.probeFMA(1, rounds)
	at, ok := b.device().memory.take(rounded(4 * perBlock)) // what it wrote is idle again
	if !ok || b.Err() != nil {
		t.Fatalf("no result: %v", b.Err())
	}
	got := make([]float32, perBlock)
	if err := b.gpu.download(floatBytes(got), at); err != nil {
		t.Fatal(err)
	}
	want := float32(0)
	for i := range probeChains {
		x := float32(i)
		for range rounds {
			x = float32(math.FMA(float64(x), 0.5, 1))
		}
		want += x
	}
	for i, v := range got {
		if v != want {
			t.Fatalf("thread %d: %v, want %v", i, v, want)
		}
	}
	from, to, err := b.copyOperands(5000 * 16)
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte{1, 2, 3, 4, 5}, 16000)
	if err := b.gpu.upload(from, data); err != nil {
		t.Fatal(err)
	}
	b.probeCopy(from, to, len(data))
	copied := make([]byte, len(data))
	if err := b.gpu.download(copied, to); err != nil || !bytes.Equal(copied, data) {
		t.Errorf("the copy is another: %v", err)
	}
}

// TestTime holds that the device's clock is read around the work, caches emptied
// before: the tests' driver counts a quarter of a millisecond for each thing in
// the stream.
func TestTime(t *testing.T) {
	g := newFakeGPU(t)
	b := g.open()
	x := b.Put(numbers(10))
	ms, err := b.Time(func() error {
		b.Scale(b.Scale(x, 2), 3) // each a kernel and its mark
		return nil
	})
	if err != nil || ms != 1 || g.uses["cuMemsetD32Async"] != 1 {
		t.Errorf("%v ms, %v, caches emptied %d times", ms, err, g.uses["cuMemsetD32Async"])
	}
	if err := b.Close(); err != nil || g.leftovers() != nil {
		t.Errorf("closing: %v, left %v", err, g.leftovers())
	}
	if _, err := onInterpreter(t).Time(func() error { return nil }); err == nil {
		t.Error("an interpreter keeps time")
	}
}

// TestSheet: an A100's 19.5 TFLOP/s and 1555 GB/s, as its datasheet has them.
func TestSheet(t *testing.T) {
	g := newFakeGPU(t)
	got := g.open().Device().Sheet()
	if math.Abs(got.GFLOPS-19491) > 1 || math.Abs(got.GBytes-1555.2) > 0.1 {
		t.Errorf("%+v", got)
	}
	if unknown := (Device{Capability: "99.0", SMs: 3, ClockMHz: 1}).Sheet(); unknown.GFLOPS != 0 {
		t.Errorf("%+v", unknown)
	}
}
