package cpu

import (
	"syscall"
	"unsafe"
)

// hugePage is what Linux calls huge, on the machines that have it at all: 2 MiB.
const hugePage = 2 << 20

// inHugePages asks for memory that nobody has touched yet to come in huge pages:
// a recorded pass takes gigabytes that are written once, and every small page of
// it costs a fault. Where the system has none, nothing changes.
func inHugePages(data []float32) {
	if 4*len(data) < 2*hugePage {
		return
	}
	memory := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), 4*len(data))
	past := int(uintptr(unsafe.Pointer(unsafe.SliceData(memory))) % hugePage)
	memory = memory[(hugePage-past)%hugePage:]
	_ = syscall.Madvise(memory[:len(memory)/hugePage*hugePage], syscall.MADV_HUGEPAGE) // advice
}
