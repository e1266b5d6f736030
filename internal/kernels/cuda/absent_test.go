package cuda

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"attn/internal/kernels"
)

// TestAbsent holds that whatever keeps a device from being used is told in one
// line, and counts as a device that is not there.
func TestAbsent(t *testing.T) {
	old := fakeDevice{"An old GPU", map[int32]int32{attributeMajor: 7, attributeMinor: 5}}
	for _, test := range []struct {
		name   string
		change func(g *fakeGPU, f *finder)
		want   string
	}{
		{"no driver", func(_ *fakeGPU, f *finder) {
			f.library = func() (*calls, error) { return openLibrary([]string{"libnone-of-ours.so.1"}) }
		}, "no NVIDIA driver"},
		{
			"driver too old", func(g *fakeGPU, _ *finder) { g.version = 10020 },
			"the NVIDIA driver is too old: it has CUDA 10.2, attn's kernels need 11.0",
		},
		{"no device", func(g *fakeGPU, _ *finder) { g.initCode = codeNoDevice }, "no GPU: cuInit: what error 100 (CUDA_ERROR_100)"},
		{"none counted", func(g *fakeGPU, _ *finder) { g.devices = nil }, "no GPU: the driver has none"},
		{
			"all hidden", func(g *fakeGPU, f *finder) { g.initCode, f.getenv = codeNoDevice, hiding("") },
			"no GPU: CUDA_VISIBLE_DEVICES is empty, which hides all of them",
		},
		{
			"wrong number", func(g *fakeGPU, f *finder) { g.initCode, f.getenv = codeNoDevice, hiding("7") },
			`no GPU: CUDA_VISIBLE_DEVICES is "7", and the driver knows none of that name`,
		},
		{"driver and library differ", func(g *fakeGPU, _ *finder) { g.initCode = codeDriverMismatch }, "cuInit: what error 803 (CUDA_ERROR_803)"},
		{
			"device too old", func(g *fakeGPU, _ *finder) { g.devices = []fakeDevice{old} },
			"An old GPU is too old: its compute capability is 7.5, attn's kernels need 8.0",
		},
		{
			"no context", func(g *fakeGPU, _ *finder) { g.fail("cuDevicePrimaryCtxRetain", 1, codeOutOfMemory) },
			"A GPU of the tests: cuDevicePrimaryCtxRetain: what error 2 (CUDA_ERROR_2)",
		},
		{
			"no stream", func(g *fakeGPU, _ *finder) { g.fail("cuStreamCreate", 2, codeOutOfMemory) },
			"A GPU of the tests: cuStreamCreate: what error 2 (CUDA_ERROR_2)",
		},
		{"kernels refused", func(g *fakeGPU, _ *finder) {
			g.fail("cuModuleLoadDataEx", 1, codeUnsupportedPTX).jitLog = "\nptxas fatal: unsupported .version 7.0\nmore"
		}, "A GPU of the tests: cuda: add: add.ptx: cuModuleLoadDataEx: what error 222 (CUDA_ERROR_222): ptxas fatal: unsupported .version 7.0"},
		{"wrong sums", func(g *fakeGPU, _ *finder) { g.wrong = true }, "byte 0 of a buffer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := newFakeGPU(t)
			f := g.finder()
			test.change(g, &f)
			if g.wrong { // what was in memory comes back, whatever it was
				g.stale = true
				test.want = "A GPU of the tests: the device does not compute: 1.5 + 1.5 is 0, -3 - 3 is 0"
			}
			b, err := f.open()
			if err == nil {
				_ = b.Close()
				t.Fatal("it opened")
			}
			if got := err.Error(); !strings.HasPrefix(got, test.want) || strings.Contains(got, "\n") {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if !errors.Is(err, kernels.ErrNoDevice) {
				t.Error("it does not count as a missing device")
			}
			if test.name != "no stream" && g.leftovers() != nil {
				t.Errorf("not given back: %v", g.leftovers())
			}
		})
	}
}

func hiding(value string) func(string) (string, bool) {
	return func(name string) (string, bool) { return value, name == visible }
}

// TestChoice holds that the first device that can be used is taken, and that all
// are told.
func TestChoice(t *testing.T) {
	g := newFakeGPU(t)
	g.devices = []fakeDevice{{"An old GPU", map[int32]int32{attributeMajor: 7, attributeMinor: 5}}, a100()}
	_, info, err := g.finder().find()
	if err != nil || info.Chosen != 1 || len(info.Devices) != 2 {
		t.Fatalf("%+v, %v", info, err)
	}
	d := info.Devices[1]
	if info.Driver != "12.4" || info.Needs != "11.0" || info.Least != "8.0" || d.Name != "A GPU of the tests" || d.Capability != "8.0" ||
		d.Memory != 1<<30 || d.SMs != 108 || d.ClockMHz != 1410 || d.L2 != 1<<20 {
		t.Errorf("%+v", info)
	}
}

// TestKernelErrors holds that an error inside a kernel, of which the driver tells
// when many more were launched, is reported with the op that launched it.
func TestKernelErrors(t *testing.T) {
	for _, noMarks := range []bool{false, true} {
		g := newFakeGPU(t)
		g.noMarks = noMarks
		b := g.open()
		x := b.Put(numbers(40))
		b.Get(b.Scale(x, 2)) // goes well
		b.idle()
		g.faults["softcap"] = true
		for range 3 {
			x = b.Scale(x, 1)
		}
		x = b.Clamp(b.Softcap(x, 3), -1, 1)
		if b.Err() != nil {
			t.Fatalf("known too early: %v", b.Err())
		}
		if got := b.Get(x); got.Data != nil {
			t.Errorf("got %v", got)
		}
		want := "cuda: softcap: its kernel failed: cuEventSynchronize: what error 700 (CUDA_ERROR_700)"
		if noMarks {
			want = "cuda: one of the last 5 kernels (scale, softcap, clamp): its kernel failed: cuEventSynchronize: what error 700 (CUDA_ERROR_700)"
		}
		if err := b.Err(); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if err := errors.Join(b.Close(), b.Close()); err != nil {
			t.Errorf("closing after it: %v", err)
		}
		if g.retained != 0 {
			t.Error("the context was not given back")
		}
	}
}

// TestLaunchErrors holds that what the driver refuses at once has its op too,
// and that nothing is launched after it.
func TestLaunchErrors(t *testing.T) {
	g := newFakeGPU(t)
	b := g.open()
	x := b.Put(numbers(40))
	b.idle()
	g.fail("cuLaunchKernel", g.uses["cuLaunchKernel"]+2, 701)
	b.Get(b.Clamp(b.Softcap(b.Scale(x, 2), 3), -1, 1))
	want := "cuda: softcap: cuLaunchKernel: what error 701 (CUDA_ERROR_701)"
	if err := b.Err(); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestEveryCallMayFail holds that an error of any call of the driver, at any use,
// ends in an error of the backend or of Close, and in nothing worse.
func TestEveryCallMayFail(t *testing.T) {
	work := func(g *fakeGPU) error {
		b, err := g.finder().open()
		if err != nil {
			return err
		}
		halves(b)
		b.Later(b.Put(numbers(10)))
		b.Settle()
		err = b.Err()
		return errors.Join(err, b.Close())
	}
	good := newFakeGPU(t)
	if err := work(good); err != nil {
		t.Fatal(err)
	}
	for call, uses := range good.uses {
		for _, nth := range []int{1, uses} {
			if err := work(newFakeGPU(t).fail(call, nth, 999)); err == nil && !tolerated(call) {
				t.Errorf("%s failed at use %d of %d, and nobody said so", call, nth, uses)
			}
		}
	}
}

// tolerated are calls that attn does without.
func tolerated(call string) bool {
	return call == "cuMemHostGetDevicePointer" || call == "cuStreamWriteValue32"
}

// TestModuleVersion: both wordings that NVIDIA's module has, and files that tell
// nothing.
func TestModuleVersion(t *testing.T) {
	for said, want := range map[string]string{
		"NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC version:  gcc version 11.4.0 (Ubuntu)\n":     "535.104.05",
		"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build  (dvs-builder@U16-I3-C)  Tue Mar  5 22:15:33 UTC 2024\n": "550.54.15",
		"NVRM version: NVIDIA UNIX aarch64 Kernel Module  470.82  Thu Oct 14\n":                                                                     "470.82",
		"NVRM version: unknown 5 . .. 1. .2 \x1b[1m3.4\x1b[0m\nGCC version: gcc version 11.4.0\n":                                                   "",
		"": "",
	} {
		file := filepath.Join(t.TempDir(), "version")
		if err := os.WriteFile(file, []byte(said), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := moduleVersion(file); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
		g := newFakeGPU(t)
		f := g.finder()
		f.module = file
		if _, info, err := f.find(); err != nil || info.Module != want {
			t.Errorf("%q: %+v, %v", said, info, err)
		}
	}
	for _, file := range []string{"", filepath.Join(t.TempDir(), "none"), t.TempDir()} {
		if got := moduleVersion(file); got != "" {
			t.Errorf("%q: %q", file, got)
		}
	}
}
