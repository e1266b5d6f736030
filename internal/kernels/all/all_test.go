package all_test

import (
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"attn/internal/kernels"
	"attn/internal/kernels/all"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOpen(t *testing.T) {
	for name, want := range map[string]string{"auto": "cpu", "cpu": "cpu", "ref": "ref"} {
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

func TestOpenWithoutCUDA(t *testing.T) {
	_, err := all.Open("cuda", all.Options{})
	if !errors.Is(err, kernels.ErrNoDevice) || !strings.Contains(err.Error(), "this build has no CUDA backend") {
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
