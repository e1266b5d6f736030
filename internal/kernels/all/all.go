// Package all is the list of backends.
package all

import (
	"fmt"
	"strings"

	"attn/internal/kernels"
	"attn/internal/kernels/cpu"
	"attn/internal/kernels/cuda"
	"attn/internal/kernels/ref"
)

// Options are what any backend can be told.
type Options struct {
	Threads int    // of the CPU backend; 0 is as many as the process may use
	Set     string // the CPU backend's instruction set, one of Sets; "" is the best

	Weights int             // bytes of the model that it is to run: auto takes no GPU that they do not fit into
	Passed  func(why error) // told of a GPU that computes and that auto does not take; nil: nobody asks
}

// Names returns what Open takes, for a flag's help and completion.
func Names() []string { return []string{"auto", "cpu", "cuda", "ref"} }

// Sets returns the instruction sets that the CPU backend can use on this
// machine, the best one first.
func Sets() []string { return cpu.Sets() }

// Open returns the named backend; the caller closes it. "auto" is the fastest
// that this machine has: a GPU if one can be used and the model fits into it, and
// otherwise the CPU, which whoever asks for one of its instruction sets gets in any case.
func Open(name string, o Options) (kernels.Backend, error) {
	return open(name, o, func() (kernels.Backend, error) { return cuda.Open() })
}

func open(name string, o Options, gpu func() (kernels.Backend, error)) (kernels.Backend, error) {
	switch name {
	case "auto":
		if be := o.roomy(gpu); be != nil {
			return be, nil
		}
		return openCPU(o)
	case "cpu":
		return openCPU(o)
	case "ref":
		return ref.New(), nil
	case "cuda":
		be, err := gpu()
		if err != nil {
			return nil, fmt.Errorf("device cuda: %w", err)
		}
		return be, nil
	}
	return nil, fmt.Errorf("device %q is none of %s", name, strings.Join(Names(), ", "))
}

// roomy is the GPU if auto may take it: attn version says why there is none.
func (o Options) roomy(gpu func() (kernels.Backend, error)) kernels.Backend {
	if o.Set != "" {
		return nil
	}
	be, err := gpu()
	if err != nil {
		return nil
	}
	if err := kernels.Fit(be, o.Weights); err != nil {
		_ = be.Close() // nothing was computed
		if o.Passed != nil {
			o.Passed(err)
		}
		return nil
	}
	return be
}

func openCPU(o Options) (kernels.Backend, error) {
	be := cpu.New(cpu.Options{Threads: o.Threads, Set: o.Set})
	if err := be.Err(); err != nil {
		_ = be.Close() // nothing has started
		return nil, err
	}
	return be, nil
}
