// Package kernelstest is the suite that every backend must pass: each op
// against package ref within the bounds of bounds.go, identities that need no
// reference, and what happens on errors. Sizes are odd on purpose.
package kernelstest

import (
	"errors"
	"fmt"
	"testing"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// RunAll runs the whole suite. A backend whose device is missing, which says
// so in Err from the start, is a skip with the reason, never a silent pass.
func RunAll(t *testing.T, newBackend func() kernels.Backend) {
	t.Helper()
	RunSome(t, newBackend, 1)
}

// RunSome is RunAll with only every so-manieth call of each op, for backends
// whose every call takes long; the last call is always one of them.
func RunSome(t *testing.T, newBackend func() kernels.Backend, every int) {
	t.Helper()
	be := newBackend()
	if err := be.Err(); errors.Is(err, kernels.ErrNoDevice) {
		t.Skipf("SKIPPED, NOT TESTED: backend %s: %v", be.Name(), err)
	}
	if err := be.Close(); err != nil {
		t.Fatalf("closing a new backend: %v", err)
	}
	t.Run("error/array of another such backend", func(t *testing.T) {
		be, other := newBackend(), newBackend()
		defer func() { _, _ = be.Close(), other.Close() }()
		a := other.Put(tensor.New(pos(2), model(3)))
		if err := (badCall{call: func(be kernels.Backend) []kernels.Array {
			return []kernels.Array{be.Scale(a, 2)}
		}}).check(be); err != nil {
			t.Error(err)
		}
	})
	for _, c := range append(checks(every), fusedChecks(every)...) {
		t.Run(c.name, func(t *testing.T) {
			be := newBackend()
			defer func() { _ = be.Close() }()
			if _, ok := be.(kernels.FusedAttention); c.fused && !ok {
				t.Skipf("backend %s has no fused attention", be.Name())
			}
			if err := c.run(be); err != nil {
				t.Error(err)
			}
		})
	}
}

// check is one thing to find wrong with a fresh backend.
type check struct {
	name  string
	run   func(be kernels.Backend) error
	fused bool // of kernels.FusedAttention, which not every backend has
}

// compare runs every so-manieth of an op's calls, the last among them.
func (o Op) compare(be kernels.Backend, every int) error {
	for i, c := range o.Calls {
		if (len(o.Calls)-1-i)%every != 0 {
			continue
		}
		if err := c.Compare(be); err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	return nil
}

// checks lists the whole suite, with every so-manieth call of each op.
func checks(every int) []check {
	list := identityChecks(every)
	for _, op := range Ops() {
		list = append(list, check{name: op.Name, run: func(be kernels.Backend) error { return op.compare(be, every) }})
	}
	for _, bad := range badCalls() {
		list = append(list, check{name: "error/" + bad.name, run: bad.check})
	}
	return append(list, check{name: "error/order", run: firstErrorStays}, check{name: "error/close", run: closedBackendFails})
}
