package ref_test

import (
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/kernelstest"
	"attn/internal/kernels/ref"
)

func TestSuite(t *testing.T) {
	kernelstest.RunAll(t, func() kernels.Backend { return ref.New() })
}
