package kernels

// Releaser is a backend that uses the memory of arrays again, so that a pass
// takes what it needs once, and the next one takes nothing.
type Releaser interface {
	// Release says that nobody reads an array any more: giving it to an op
	// afterwards is an error. What Get returned of it stays. Releasing twice, or
	// an array of no backend, does nothing.
	Release(a Array)
}
