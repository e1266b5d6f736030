//go:build !linux

package cpu

// permitTiles reports whether the system keeps the tile registers for this
// process: only Linux is asked.
func permitTiles() bool { return false }
