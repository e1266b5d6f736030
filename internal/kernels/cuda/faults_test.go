package cuda

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// failing is a GPU on which the nth use of one kind fails.
type failing struct {
	*interpreted
	use   string
	after int

	live map[pointer]bool // what was allocated and not freed
}

var errGPU = errors.New("the GPU said no")

func (d *failing) try(use string) error {
	if use != d.use {
		return nil
	}
	if d.after--; d.after < 0 {
		return errGPU
	}
	return nil
}

func (d *failing) alloc(bytes int) (pointer, error) {
	if err := d.try("alloc"); err != nil {
		return 0, err
	}
	p, err := d.interpreted.alloc(bytes)
	d.live[p] = true
	return p, err
}

func (d *failing) free(p pointer) error {
	delete(d.live, p)
	return errors.Join(d.try("free"), d.interpreted.free(p))
}

func (d *failing) upload(p pointer, data []byte) error {
	return errors.Join(d.try("upload"), d.interpreted.upload(p, data))
}

func (d *failing) download(data []byte, p pointer) error {
	return errors.Join(d.try("download"), d.interpreted.download(data, p))
}

func (d *failing) launch(op, module, kernel string, g grid, args [][]byte) error {
	return errors.Join(d.try("launch"), d.interpreted.launch(op, module, kernel, g, args))
}

func onFailing(t *testing.T, use string, after int) (*Backend, *failing) {
	t.Helper()
	all, err := modules()
	if err != nil {
		t.Fatal(err)
	}
	gpu := &failing{interpreted: &interpreted{modules: all}, use: use, after: after, live: map[pointer]bool{}}
	return newBackend(gpu), gpu
}

// halves runs a norm and a product with a weight, and takes the result back.
func halves(be kernels.Backend) kernels.Array {
	x := tensor.New(tensor.D(tensor.Pos, 2), tensor.D(tensor.DModel, 3))
	w := kernels.Weight{Name: "up", Type: tensor.F32, Shape: [2]int{2, 3}, Stride: [2]int{3, 1}, Bytes: make([]byte, 24)}
	n, _ := be.Norm(be.Put(x), kernels.NormOpts{Gain: []float32{1, 2, 3}, Epsilon: 1})
	out := be.MatMul(n, w, kernels.MatMulOpts{Bias: []float32{1, 2}, Out: []tensor.Dim{tensor.D(tensor.DMLP, 2)}})
	be.Get(out)
	return out
}

// TestFaultsAreTold holds that an error of the GPU, wherever it comes, is kept
// with the op that met it, and that nothing happens after it.
func TestFaultsAreTold(t *testing.T) {
	for _, test := range []struct {
		use   string
		after int
		want  string
	}{
		{"alloc", 0, "cuda: put: the GPU said no"},
		{"alloc", 2, "cuda: norm: the GPU said no"},
		{"alloc", 5, "cuda: matmul with up: the GPU said no"},
		{"alloc", 6, "cuda: weight up: the GPU said no"},
		{"upload", 0, "cuda: put: the GPU said no"},
		{"upload", 3, "cuda: weight up: the GPU said no"},
		{"launch", 0, "cuda: norm: the GPU said no"},
		{"launch", 1, "cuda: matmul with up: the GPU said no"},
		{"free", 0, "cuda: norm: the GPU said no"},
		{"download", 0, "cuda: get: the GPU said no"},
	} {
		be, _ := onFailing(t, test.use, test.after)
		out := halves(be)
		if err := be.Err(); !errors.Is(err, errGPU) || err.Error() != test.want {
			t.Errorf("%s %d: got %v, want %s", test.use, test.after, err, test.want)
		}
		if got := be.Get(out); got.Data != nil {
			t.Errorf("%s %d: a result after the error", test.use, test.after)
		}
		if err := be.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestMemoryComesBack holds that arrays that nobody has any more are freed, and
// that a reshaped array keeps its memory.
func TestMemoryComesBack(t *testing.T) {
	be, gpu := onFailing(t, "", 0)
	view := be.Reshape(be.Put(tensor.New(tensor.D(tensor.Pos, 2), tensor.D(tensor.DModel, 3))), tensor.D(tensor.Pos, 6))
	for range 50 {
		be.Scale(view, 2)
		runtime.GC()
	}
	if got := len(gpu.live); got > 25 {
		t.Errorf("%d arrays are on the GPU, of 50 that nobody has", got)
	}
	if got := be.Get(view); len(got.Data) != 6 || be.Err() != nil {
		t.Errorf("the reshaped array is gone: %v", be.Err())
	}
	runtime.KeepAlive(view)
}

// TestWeightsAreUploadedOnce holds that a weight goes to the GPU once.
func TestWeightsAreUploadedOnce(t *testing.T) {
	be, gpu := onFailing(t, "", 0)
	halves(be)
	w := kernels.Weight{Name: "up", Type: tensor.F32, Shape: [2]int{2, 3}, Stride: [2]int{3, 1}, Bytes: make([]byte, 24)}
	be.Gather(w, []int32{0})
	before := len(gpu.memory.Buffers())
	be.Gather(w, []int32{1})
	if got := len(gpu.memory.Buffers()) - before; got != 2 || be.Err() != nil { // the result and the ids
		t.Errorf("%d more buffers, %v", got, be.Err())
	}
}

// TestAddRowsTakesNoMemory holds that rows are added where they lie, unless
// another array lies there, too.
func TestAddRowsTakesNoMemory(t *testing.T) {
	be, gpu := onFailing(t, "", 0)
	x, y := be.Put(tensor.New(tensor.D(tensor.Pos, 3), tensor.D(tensor.DModel, 4))), be.Put(tensor.New(tensor.D(tensor.Pos, 1), tensor.D(tensor.DModel, 4)))
	add := func() kernels.Array { return be.AddRows(x, y, []int{2}, []float32{1}) }
	before := len(gpu.live)
	if add() != x || len(gpu.live) != before || be.Err() != nil {
		t.Errorf("%d arrays more, %v", len(gpu.live)-before, be.Err())
	}
	view := be.Reshape(x, tensor.D(tensor.DModel, 12))
	if add() == x || be.Err() != nil {
		t.Errorf("another array was written to, %v", be.Err())
	}
	runtime.KeepAlive(view)
}

// TestCloseTwice holds that closing twice is no error, and that the backend says
// that it is closed.
func TestCloseTwice(t *testing.T) {
	be := onInterpreter(t)
	if err := errors.Join(be.Close(), be.Close()); err != nil {
		t.Error(err)
	}
	if err := be.Err(); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("got %v", err)
	}
}
