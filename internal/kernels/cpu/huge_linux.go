package cpu

import (
	"syscall"
	"unsafe"
)

// hugePages asks the system to back large arrays with pages of 2 MiB: it then
// clears and maps 512 of the usual ones at once when the first number is
// written, which takes a sixth of the time. It is no more than a hint, and so
// may reach beyond the array to where such pages begin and end.
func hugePages(data []float32) {
	const page, least = 2 << 20, 1 << 20
	size := 4 * uintptr(len(data))
	if size < least {
		return
	}
	start := unsafe.Pointer(unsafe.SliceData(data))
	before := uintptr(start) % page
	size = (before + size + page - 1) / page * page
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(start)-before, size, syscall.MADV_HUGEPAGE)
}
