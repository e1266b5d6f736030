package kernels

import "attn/internal/tensor"

// Overlapping is a backend that brings results back while it computes on.
type Overlapping interface {
	// Later is Get that does not wait: the tensor's numbers are there after Settle
	// alone.
	Later(a Array) tensor.Tensor
	// Settle waits for everything that Later promised.
	Settle()
}

// Bounded is a backend with memory of its own, which weights are copied to.
type Bounded interface {
	// Fit returns an error, with both sizes, when a model whose weights take so
	// many bytes does not fit. It copies nothing.
	Fit(bytes int) error
}

// Fit reports why weights of so many bytes do not fit into a backend, if they do not:
// one that computes where they lie takes any.
func Fit(be Backend, bytes int) error {
	if b, ok := be.(Bounded); ok {
		return b.Fit(bytes)
	}
	return nil
}

// Timed is a backend whose device keeps time itself.
type Timed interface {
	// Time returns how many milliseconds the device works on what run asks of it,
	// with caches that hold nothing of it.
	Time(run func() error) (ms float64, err error)
}
