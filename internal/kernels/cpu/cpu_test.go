package cpu

import (
	"slices"
	"testing"

	"go.uber.org/goleak"

	"attn/internal/kernels"
	"attn/internal/kernels/kernelstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// eager returns a backend that wakes its workers for the smallest job, as it
// would for a large one.
func eager(o Options) *Backend {
	b := New(o)
	b.pool.small = 0
	return b
}

// eachSet runs a test for every instruction set that there are kernels for, and
// says which of them this machine cannot run.
func eachSet(t *testing.T, test func(t *testing.T, set string)) {
	t.Helper()
	for _, name := range []string{"amx", "avx512", "avx2", "neon", "generic"} {
		t.Run(name, func(t *testing.T) {
			if !slices.Contains(Sets(), name) {
				t.Skipf("SKIPPED, NOT TESTED: this machine has no %s", name)
			}
			test(t, name)
		})
	}
}

// some is every how many calls of the suite a short run makes, where another test makes
// all of them with the best set: the race detector takes minutes for the suite.
func some() int {
	if testing.Short() {
		return 4
	}
	return 1
}

func TestSuite(t *testing.T) {
	kernelstest.RunSome(t, func() kernels.Backend { return New(Options{}) }, some())
}

func TestSuiteInParallel(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		t.Helper()
		if testing.Short() && set != Sets()[0] && set != "generic" {
			t.Skip("the sets between share their Go with the best one: left out of a short run")
		}
		every := some()
		if set == Sets()[0] {
			every = 1
		}
		kernelstest.RunSome(t, func() kernels.Backend { return eager(Options{Threads: 3, Set: set}) }, every)
	})
}

func TestChoose(t *testing.T) {
	for _, name := range Sets() {
		if s, err := choose(name); err != nil || s.name != name {
			t.Errorf("%s: got %s, %v", name, s.name, err)
		}
	}
	be := New(Options{Set: "mmx"})
	defer func() { _ = be.Close() }()
	if be.Err() == nil {
		t.Error("a backend opened with mmx")
	}
}
