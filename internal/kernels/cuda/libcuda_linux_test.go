//go:build linux && (amd64 || arm64) && !nocuda

package cuda

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"unsafe"

	"github.com/ebitengine/purego"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// inC compiles the driver in C, and finds it instead of this machine's.
func inC(t *testing.T) (finder, string) {
	t.Helper()
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("SKIPPED: no C compiler to build a driver with")
	}
	path := filepath.Join(t.TempDir(), "libcuda.so.1")
	out, err := exec.Command(compiler, "-shared", "-fPIC", "-O1", "-o", path, "testdata/libcuda.c").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	setInC(t, path, visible, "0")
	return finder{library: func() (*calls, error) { return openLibrary([]string{path}) }, getenv: os.LookupEnv}, path
}

// launchInC is libcuda.c's struct launch.
type launchInC struct {
	Name   [64]byte
	Dims   [7]uint32
	Bytes  int32
	Params [256]byte
}

// watch reads what the driver in C keeps.
type watch struct {
	launched func() int32
	launch   func(i int32) *launchInC
	left     func() int32
}

func watching(t *testing.T, path string) watch {
	t.Helper()
	library, err := purego.Dlopen(path, purego.RTLD_NOW)
	if err != nil {
		t.Fatal(err)
	}
	var w watch
	purego.RegisterLibFunc(&w.launched, library, "fake_launched")
	purego.RegisterLibFunc(&w.launch, library, "fake_launch")
	purego.RegisterLibFunc(&w.left, library, "fake_left")
	return w
}

// TestThroughC runs ops through the real way to the driver, purego and C, and
// holds launches and copies to what was asked, byte by byte.
func TestThroughC(t *testing.T) {
	f, path := inC(t)
	w := watching(t, path)
	b, err := f.open()
	if err != nil {
		t.Fatal(err)
	}
	if d := b.device().facts; d.Name != "A GPU in C" || d.Capability != "8.6" || d.SMs != 28 || d.BusBits != 192 || d.ClockMHz != 1777 {
		t.Errorf("%+v", d)
	}
	if b.device().marks.write == nil {
		t.Error("the driver writes values in a stream, and is not asked to")
	}
	x := numbers(3*pageBytes/4 + 5)
	on := b.Put(x)
	first := w.launched()
	half := b.Scale(on, 0.5)
	cut := b.Clamp(half, -7, 2.25)
	want, got := slices.Clone(x.Data), b.Get(cut)
	for i, v := range want {
		want[i] = min(max(v/2, -7), 2.25)
	}
	if !slices.Equal(got.Data, want) {
		t.Errorf("the numbers came back changed: %v", b.Err())
	}
	blocks := uint32(ceil(len(x.Data), perBlock))
	at := func(a kernels.Array) uint64 { return uint64(a.(*array).at) }
	holdLaunch(t, w.launch(first), "scale", [7]uint32{blocks, 1, 1, perBlock, 1, 1, 0}, at(on), at(half), int64(len(x.Data)), float32(0.5))
	holdLaunch(t, w.launch(first+1), "clamp", [7]uint32{blocks, 1, 1, perBlock, 1, 1, 0}, at(half), at(cut), int64(len(x.Data)), float32(-7), float32(2.25))

	rows := b.Put(tensor.New(tensor.D(tensor.Pos, 3), tensor.D(tensor.DModel, 70)))
	normed, scale := b.Norm(rows, kernels.NormOpts{Epsilon: 0.125, RMS: true})
	b.Get(normed)
	holdLaunch(t, w.launch(first+2), "norm", [7]uint32{3, 1, 1, 128, 1, 1, 0}, at(rows), uint64(0), uint64(0), at(normed), at(scale), int32(70), float32(0.125), int32(1))

	b.Get(b.Mask(b.Reshape(on, tensor.D(tensor.QueryPos, 1), tensor.D(tensor.KeyPos, len(x.Data))), kernels.Mask{})) // which C has not
	if err := b.Err(); err == nil || err.Error() != "cuda: mask: its kernel failed: cuLaunchKernel: unspecified launch failure (CUDA_ERROR_LAUNCH_FAILED)" {
		t.Errorf("a kernel that fails: %v", err)
	}
	if err := b.Close(); err != nil || w.left() != 0 {
		t.Errorf("closing: %v, %d things are left", err, w.left())
	}
}

// holdLaunch compares a launch with what it should have been.
func holdLaunch(t *testing.T, got *launchInC, name string, dims [7]uint32, params ...any) {
	t.Helper()
	var want []byte
	for _, p := range params {
		var err error
		if want, err = binary.Append(want, binary.LittleEndian, p); err != nil {
			t.Fatal(err)
		}
	}
	called := cString((*byte)(unsafe.Pointer(&got.Name)))
	if called != name || got.Dims != dims || !bytes.Equal(got.Params[:got.Bytes], want) {
		t.Errorf("got  %s %v %x\nwant %s %v %x", called, got.Dims, got.Params[:got.Bytes], name, dims, want)
	}
}

// TestTimesThroughC holds that float results come out of C as they are.
func TestTimesThroughC(t *testing.T) {
	f, _ := inC(t)
	b, err := f.open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	var ms float32
	d := b.device()
	if err := d.do(func() error {
		return d.failed("cuEventElapsedTime", d.calls.EventElapsed(&ms, d.computed, d.computed))
	}); err != nil || math.Float32bits(ms) != math.Float32bits(0.25) {
		t.Errorf("%v, %v", ms, err)
	}
}

// TestAbsentInC holds that the real way to the driver tells what is wrong, too.
func TestAbsentInC(t *testing.T) {
	f, path := inC(t)
	for _, test := range []struct{ name, value, want string }{
		{"CUDA_VISIBLE_DEVICES", "", "no GPU: CUDA_VISIBLE_DEVICES is empty, which hides all of them"},
		{"CUDA_VISIBLE_DEVICES", "3", `no GPU: CUDA_VISIBLE_DEVICES is "3", and the driver knows none of that name`},
		{"FAKE_CUDA_VERSION", "10020", "the NVIDIA driver is too old: it has CUDA 10.2, attn's kernels need 11.0"},
		{"FAKE_CUDA_PTX", "refuse", "A GPU in C: cuda: add: add.ptx: cuModuleLoadDataEx: a PTX JIT compilation failed (CUDA_ERROR_INVALID_PTX): ptxas fatal : it was told to"},
		{"FAKE_CUDA_MEMORY", "100", "A GPU in C: cuda: put: out of memory: 512 bytes are needed, 100 bytes of the GPU's 100 bytes are free"},
	} {
		undo := setInC(t, path, test.name, test.value)
		b, err := f.open()
		undo()
		if err == nil {
			_ = b.Close()
			t.Errorf("%s=%s: it opened", test.name, test.value)
			continue
		}
		if err.Error() != test.want {
			t.Errorf("%s=%s:\ngot  %v\nwant %s", test.name, test.value, err, test.want)
		}
	}
}

// setInC sets a variable for C and for Go, which have environments of their own
// where a program is built without cgo. It returns what takes it back.
func setInC(t *testing.T, path, name, value string) (undo func()) {
	t.Helper()
	before, had := os.LookupEnv(name)
	t.Setenv(name, value)
	library, err := purego.Dlopen(path, purego.RTLD_NOW)
	if err != nil {
		t.Fatal(err)
	}
	var set func(name, value string, over int32) int32
	var unset func(name string) int32
	purego.RegisterLibFunc(&set, library, "setenv")
	purego.RegisterLibFunc(&unset, library, "unsetenv")
	set(name, value, 1)
	undo = func() {
		unset(name)
		_ = os.Unsetenv(name)
		if had {
			set(name, before, 1)
			_ = os.Setenv(name, before)
		}
	}
	t.Cleanup(undo)
	return undo
}
