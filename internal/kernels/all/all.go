// Package all is the list of backends.
package all

import (
	"fmt"
	"strings"

	"attn/internal/kernels"
	"attn/internal/kernels/cpu"
	"attn/internal/kernels/ref"
)

// Options are what any backend can be told.
type Options struct {
	Threads int // of the CPU backend; 0 is as many as the process may use
}

// Names returns what Open takes, for a flag's help and completion.
func Names() []string { return []string{"auto", "cpu", "cuda", "ref"} }

// Open returns the named backend; the caller closes it. "auto" is the fastest
// that this machine has.
func Open(name string, o Options) (kernels.Backend, error) {
	switch name {
	case "auto", "cpu":
		return cpu.New(cpu.Options{Threads: o.Threads}), nil
	case "ref":
		return ref.New(), nil
	case "cuda":
		return nil, fmt.Errorf("device cuda: this build has no CUDA backend: %w", kernels.ErrNoDevice)
	}
	return nil, fmt.Errorf("device %q is none of %s", name, strings.Join(Names(), ", "))
}
