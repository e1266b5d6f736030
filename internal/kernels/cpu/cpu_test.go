package cpu

import (
	"testing"

	"go.uber.org/goleak"

	"attn/internal/kernels"
	"attn/internal/kernels/kernelstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// eager returns a backend that wakes its workers for the smallest job, as it
// would for a large one.
func eager(threads int) *Backend {
	b := New(Options{Threads: threads})
	b.pool.small = 0
	return b
}

func TestSuite(t *testing.T) {
	kernelstest.RunAll(t, func() kernels.Backend { return New(Options{}) })
}

func TestSuiteInParallel(t *testing.T) {
	kernelstest.RunAll(t, func() kernels.Backend { return eager(3) })
}
