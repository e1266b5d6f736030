//go:build !linux

package probe

// permitTiles reports whether the system gives the tile registers: only Linux is
// asked.
func permitTiles() bool { return false }
