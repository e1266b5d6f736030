//go:build !amd64 && !arm64

package cpu

// sets lists what this machine can run.
func sets() []*set { return []*set{portable()} }
