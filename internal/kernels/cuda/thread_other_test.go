//go:build !linux

package cuda

func threadID() func() int { return nil }
