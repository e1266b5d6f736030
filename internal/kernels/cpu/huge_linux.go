package cpu

import (
	"syscall"
	"unsafe"
)

// hugePage is what Linux calls huge, on the machines that have it at all: 2 MiB.
const hugePage = 2 << 20

// inHugePages asks for memory that nobody has touched yet to come in huge pages:
// a recorded pass takes gigabytes that are written once, and every small page of
// it costs a fault. The pages in which it begins and ends are asked for whole:
// what else they hold is this process's too. Where the system has none, nothing
// changes.
func inHugePages(data []float32) {
	if 4*len(data) < hugePage/2 {
		return
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	past := start % hugePage
	size := (past + uintptr(4*len(data)) + hugePage - 1) / hugePage * hugePage
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, start-past, size, syscall.MADV_HUGEPAGE) // advice
}
