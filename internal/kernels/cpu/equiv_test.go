package cpu

import (
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/kernelstest"
	"attn/internal/kernels/ref"
)

func dispatching() kernels.Backend { return eager(Options{Threads: 2}) }

func FuzzWeights(f *testing.F)   { kernelstest.FuzzWeights(f, dispatching) }
func FuzzAttention(f *testing.F) { kernelstest.FuzzAttention(f, dispatching) }
func FuzzRotate(f *testing.F)    { kernelstest.FuzzRotate(f, dispatching) }
func FuzzFused(f *testing.F)     { kernelstest.FuzzFused(f, dispatching) }
func FuzzCross(f *testing.F)     { kernelstest.FuzzCross(f, dispatching) }
func FuzzRows(f *testing.F)      { kernelstest.FuzzRows(f, dispatching) }

func BenchmarkCPU(b *testing.B) {
	kernelstest.Benchmark(b, func() kernels.Backend { return New(Options{}) })
}

func BenchmarkFused(b *testing.B) {
	kernelstest.BenchmarkFused(b, func() kernels.Backend { return New(Options{}) })
}

func BenchmarkOneThread(b *testing.B) {
	kernelstest.Benchmark(b, func() kernels.Backend { return New(Options{Threads: 1}) })
}

func BenchmarkRef(b *testing.B) {
	kernelstest.Benchmark(b, func() kernels.Backend { return ref.New() })
}
