package cpu

import (
	"sync"
	"syscall"
)

// permitTiles asks Linux for the tile registers, which it saves for those
// processes only that ask, and reports whether it gives them: not before 5.16,
// nor where the processor has none. It holds for all threads.
var permitTiles = sync.OnceValue(func() bool {
	const (
		archReqXcompPerm = 0x1023
		xfeatureTileData = 18
	)
	_, _, errno := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, archReqXcompPerm, xfeatureTileData, 0)
	return errno == 0
})
