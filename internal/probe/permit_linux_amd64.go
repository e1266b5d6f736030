package probe

import "syscall"

// permitTiles asks Linux for the tile registers, and reports whether it gives
// them.
func permitTiles() bool {
	const (
		archReqXcompPerm = 0x1023
		xfeatureTileData = 18
	)
	_, _, errno := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, archReqXcompPerm, xfeatureTileData, 0)
	return errno == 0
}
