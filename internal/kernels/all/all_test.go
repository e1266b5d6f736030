package all_test

import (
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"attn/internal/kernels"
	"attn/internal/kernels/all"
	"attn/internal/kernels/cuda"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOpen(t *testing.T) {
	auto := "cpu"
	if cuda.Find().Chosen >= 0 {
		auto = "cuda"
	}
	for name, want := range map[string]string{"auto": auto, "cpu": "cpu", "ref": "ref"} {
		be, err := all.Open(name, all.Options{Threads: 2})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if be.Name() != want || be.Err() != nil {
			t.Errorf("%s opened %s, with error %v", name, be.Name(), be.Err())
		}
		if err := be.Close(); err != nil {
			t.Errorf("closing %s: %v", name, err)
		}
	}
}

// TestOpenCUDA: without a device, the error says what was looked for.
func TestOpenCUDA(t *testing.T) {
	be, err := all.Open("cuda", all.Options{})
	if err == nil {
		_ = be.Close()
		t.Skip("SKIPPED: this machine has a GPU")
	}
	if !errors.Is(err, kernels.ErrNoDevice) || !strings.HasPrefix(err.Error(), "device cuda: ") {
		t.Errorf("got %v", err)
	}
}

func TestOpenUnknown(t *testing.T) {
	_, err := all.Open("gpu", all.Options{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range all.Names() {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not list %s", err, name)
		}
	}
	if errors.Is(err, kernels.ErrNoDevice) {
		t.Errorf("%q reads as a missing device", err)
	}
}

func TestOpenSets(t *testing.T) {
	for _, set := range all.Sets() {
		be, err := all.Open("cpu", all.Options{Set: set})
		if err != nil {
			t.Errorf("%s: %v", set, err)
			continue
		}
		_ = be.Close()
	}
	if _, err := all.Open("cpu", all.Options{Set: "mmx"}); err == nil || !strings.Contains(err.Error(), "generic") {
		t.Errorf("mmx: %v", err)
	}
}

// TestNamesOpen holds that what help offers is known.
func TestNamesOpen(t *testing.T) {
	for _, name := range all.Names() {
		be, err := all.Open(name, all.Options{})
		if err != nil && !errors.Is(err, kernels.ErrNoDevice) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			_ = be.Close()
		}
	}
}
