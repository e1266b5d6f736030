package tensor

import (
	"errors"
	"io"
	"runtime/debug"
	"testing"
)

func TestGuardPassesOn(t *testing.T) {
	if err := Guard(func() error { return nil }); err != nil {
		t.Error(err)
	}
	if err := Guard(func() error { return io.ErrUnexpectedEOF }); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

// TestGuardLeavesOtherPanics: a bug stays one. Faults at real addresses are
// tested where files are mapped, in package weights.
func TestGuardLeavesOtherPanics(t *testing.T) {
	var none *FaultError
	for name, f := range map[string]func() error{
		"nil pointer": func() error { none.Addr++; return nil },
		"index":       func() error { return []error{}[len(name())] },
		"own":         func() error { panic("mine") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("the panic is gone")
				}
				if debug.SetPanicOnFault(false) {
					t.Error("the setting was left behind")
				}
			}()
			t.Error(Guard(f))
		})
	}
}

func name() string { return "three" }
