//go:build !amd64 && !arm64

package probe

// loops are those that this CPU can run, the fastest first.
func loops() []loop { return []loop{portable()} }
