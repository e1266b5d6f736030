package tensor

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
)

// Weights are read where they lie, in mapped files. When such a file is cut
// short, or its disk fails, the pages that are gone cannot be read: the system
// answers with a signal (SIGBUS), which ends a Go program unless the goroutine
// asked for a panic instead.

// FaultError says that memory could not be read: a mapped file shrank, or its
// disk failed.
type FaultError struct {
	Addr uintptr // what was read
}

// Error says what happened.
func (e *FaultError) Error() string {
	return fmt.Sprintf("a mapped file could not be read (address %#x): it shrank, or its disk failed", e.Addr)
}

// Guard runs f and returns its error, or a FaultError if f, on this goroutine,
// read what a mapped file no longer has. Every goroutine that reads a mapping
// needs a Guard of its own: neither the panic nor the wish for it crosses over.
// Other panics, nil pointers among them, go on as they would without it.
func Guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		address, ok := faultAddress(cause)
		if !ok {
			panic(cause)
		}
		err = &FaultError{Addr: address}
	}()
	return f()
}

// faultAddress returns where a panic's memory fault happened. Of the runtime's
// errors only such a fault's has an address (runtime/debug, SetPanicOnFault).
func faultAddress(cause any) (uintptr, bool) {
	err, _ := cause.(runtime.Error)
	var fault interface{ Addr() uintptr }
	if err == nil || !errors.As(err, &fault) {
		return 0, false
	}
	return fault.Addr(), true
}
