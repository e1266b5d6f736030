//go:build !linux

package cpu

// hugePages does nothing: on this system no hint is needed, or there is none.
func hugePages([]float32) {}
