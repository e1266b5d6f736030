package cuda

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"attn/internal/kernels"
	"attn/internal/kernels/kernelstest"
	"attn/internal/tensor"
)

// TestSuiteOnDevice runs part of the suite through the whole way to a GPU, the
// executor, pages and streams included.
func TestSuiteOnDevice(t *testing.T) {
	every := 40
	if testing.Short() {
		every = 100
	}
	kernelstest.RunSome(t, func() kernels.Backend { return newFakeGPU(t).open() }, every)
}

// numbers is a tensor of n numbers that are all different.
func numbers(n int) tensor.Tensor {
	x := tensor.New(tensor.D(tensor.Pos, n))
	for i := range x.Data {
		x.Data[i] = float32(i%8191) - 4000
	}
	return x
}

// TestPages holds that uploads and downloads that take several pages, and turns
// in them, arrive as they were; the fake GPU reads and writes them as late as it
// may.
func TestPages(t *testing.T) {
	g := newFakeGPU(t)
	b := g.open()
	const perPage = pageBytes / 4
	for _, n := range []int{1, perPage - 1, perPage, perPage + 1, 5*perPage + 3, downPages*perPage + 77} {
		x := numbers(n)
		if got := b.Get(b.Put(x)); !slices.Equal(got.Data, x.Data) {
			t.Errorf("%d numbers came back changed: %v", n, b.Err())
		}
	}
	small := numbers(1000)
	for range 3 * upPages * perPage / 1000 {
		b.Put(small)
	}
	if got := b.Get(b.Put(small)); !slices.Equal(got.Data, small.Data) {
		t.Errorf("after many uploads: %v", b.Err())
	}
	if n := len(b.device().up.all) + len(b.device().down.all); n > upPages+downPages {
		t.Errorf("%d pages", n)
	}
}

// TestUploadsMayChange holds that Put has taken the numbers when it returns.
func TestUploadsMayChange(t *testing.T) {
	b := newFakeGPU(t).open()
	x := numbers(100)
	on := b.Put(x)
	clear(x.Data)
	if got := b.Get(on); !slices.Equal(got.Data, numbers(100).Data) {
		t.Errorf("got %v", got.Data)
	}
}

// TestLater holds that results that are asked for while ops go on are those of
// their time, though their arrays are gone and their memory is used again.
func TestLater(t *testing.T) {
	g := newFakeGPU(t)
	b := g.open()
	var got []tensor.Tensor
	x := b.Put(numbers(3000))
	for range 30 {
		got = append(got, b.Later(x))
		x = b.Add(x, b.Put(numbers(3000)))
		runtime.GC()
	}
	b.idle()
	if waits := g.uses["cuEventSynchronize"]; waits > 30 {
		t.Errorf("it waited %d times for 30 results", waits)
	}
	b.Settle()
	want := numbers(3000)
	for i, result := range got {
		for j, v := range result.Data {
			if v != float32(i+1)*want.Data[j] {
				t.Fatalf("result %d, number %d: %v, want %v: %v", i, j, v, float32(i+1)*want.Data[j], b.Err())
			}
		}
	}
}

// TestAddRowsLeavesWhatIsOnItsWay holds that rows are not added to an array whose
// numbers are being brought back, however far ahead of that the GPU computes.
func TestAddRowsLeavesWhatIsOnItsWay(t *testing.T) {
	b := newFakeGPU(t).open()
	x := b.Put(numbers(100))
	later := b.Later(x)
	sum := b.AddRows(x, b.Put(numbers(1)), []int{7}, []float32{1})
	d := b.device()
	if err := d.do(func() error { return d.failed("cuStreamSynchronize", d.calls.StreamSynchronize(d.compute)) }); err != nil {
		t.Fatal(err)
	}
	b.Settle()
	if !slices.Equal(later.Data, numbers(100).Data) {
		t.Errorf("got %v", later.Data)
	}
	if got := b.Get(sum); b.Err() != nil || got.Data[7] != later.Data[7]-4000 {
		t.Errorf("the sum is %v, %v", got.Data, b.Err())
	}
}

// TestDeviceGivesBack holds that nothing is left when a backend is closed, and
// that closing twice is no error.
func TestDeviceGivesBack(t *testing.T) {
	g := newFakeGPU(t)
	b := g.open()
	halves(b)
	b.Later(b.Put(numbers(10)))
	if err := errors.Join(b.Close(), b.Close(), b.device().close()); err != nil {
		t.Error(err)
	}
	if left := g.leftovers(); left != nil {
		t.Errorf("not given back: %v", left)
	}
	if err := b.Err(); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("after Close: %v", err)
	}
	b.Put(numbers(1)) // does nothing
}

// TestOneThread holds that all calls that need a context come from one thread.
func TestOneThread(t *testing.T) {
	g := newFakeGPU(t)
	if g.thread = threadID(); g.thread == nil {
		t.Skip("SKIPPED: this system does not tell threads apart")
	}
	b := g.open()
	for range 20 {
		halves(b)
		runtime.Gosched()
	}
	_ = b.Close()
	if len(g.seen) != 1 {
		t.Errorf("calls came from %d threads", len(g.seen))
	}
}

// TestMemoryIsReused holds that arrays that are gone make room for others, that
// Go's collector is asked when the GPU's memory ends, and that what does not fit
// is an error with both sizes.
func TestMemoryIsReused(t *testing.T) {
	g := newFakeGPU(t)
	g.total = 1 << 20
	b := g.open()
	x := b.Put(numbers(20_000))
	for range 40 { // 80 kB each
		x = b.Scale(x, 1)
	}
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	b.idle()
	allocated := g.uses["cuMemAlloc"]
	if allocated > 20 {
		t.Errorf("%d buffers of 80 kB in 1 MiB", allocated)
	}
	b.Put(numbers(200_000)) // fits once what is idle is given back
	runtime.KeepAlive(x)
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	b.Put(numbers(300_000))
	want := "cuda: put: out of memory: 1.1 MiB are needed, "
	if err := b.Err(); err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "of the GPU's 1.0 MiB are free") {
		t.Errorf("got %v", err)
	}
}

// TestFit holds that a model's size is compared with what is free, weights that
// are there already not counted twice.
func TestFit(t *testing.T) {
	g := newFakeGPU(t)
	g.total = 1 << 20
	b := g.open()
	b.idle()
	copies := g.uses["cuMemcpyHtoDAsync"]
	if err := b.Fit(900_000); err != nil {
		t.Error(err)
	}
	err := b.Fit(2 << 20)
	want := "cuda: the model does not fit: its weights take 2.0 MiB, and 1023.0 KiB of the GPU's 1.0 MiB are free"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	b.idle()
	if g.uses["cuMemcpyHtoDAsync"] != copies || b.Err() != nil {
		t.Errorf("something was uploaded: %v", b.Err())
	}
	w := kernels.Weight{Name: "w", Type: tensor.F32, Shape: [2]int{200, 1000}, Stride: [2]int{1000, 1}, Bytes: make([]byte, 800_000)}
	b.Gather(w, []int32{0})
	if err := b.Fit(900_000); err != nil {
		t.Errorf("with its weights there: %v", err)
	}
}

// TestInterrupt holds that whoever waits for a kernel that takes long is let go,
// that closing does not wait for it either, and that the backend computes on once
// it has ended.
func TestInterrupt(t *testing.T) {
	g := newFakeGPU(t)
	b := g.open()
	x := b.Put(numbers(5))
	b.idle()
	g.hang = make(chan struct{})
	begin := time.Now()
	b.Interrupt(func() bool { return time.Since(begin) > 20*time.Millisecond })
	if got := b.Get(b.Scale(x, 2)); got.Data != nil {
		t.Errorf("got %v of a kernel that has not ended", got)
	}
	b.Scale(x, 3) // does nothing
	if b.Err() != nil {
		t.Errorf("interrupting is an error: %v", b.Err())
	}
	b.Interrupt(nil)
	close(g.hang)
	if got := b.Get(b.Scale(x, 2)); b.Err() != nil || got.Data[1] != 2*numbers(5).Data[1] {
		t.Errorf("after it: %v, %v", got, b.Err())
	}
	if err := b.Close(); err != nil || g.leftovers() != nil {
		t.Errorf("closing after it: %v, left %v", err, g.leftovers())
	}
}

// TestCloseDoesNotWait holds that a backend that was interrupted is closed at
// once.
func TestCloseDoesNotWait(t *testing.T) {
	g := newFakeGPU(t)
	b := g.open()
	x := b.Put(numbers(5))
	b.idle()
	g.hang = make(chan struct{})
	b.Interrupt(func() bool { return true })
	b.Get(x)
	if err := errors.Join(b.Close(), b.Close()); err != nil {
		t.Error(err)
	}
	close(g.hang)
	<-b.device().run.ended
}
