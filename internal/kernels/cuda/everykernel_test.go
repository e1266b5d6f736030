package cuda

import (
	"maps"
	"slices"
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/kernelstest"
)

// launched is an interpreter that notes which kernels ran.
type launched struct {
	interpreted
	kernels map[string]bool
}

func (d *launched) launch(op, module, kernel string, g grid, args [][]byte) error {
	err := d.interpreted.launch(op, module, kernel, g, args)
	d.kernels[kernel] = err == nil || d.kernels[kernel]
	return err
}

// planned is a GPU that runs nothing: it notes which kernels would run, in how many
// threads, and how many bytes went up before. All memory is zeros.
type planned struct {
	interpreted
	kernels       map[string]bool
	threads, sent int
}

func (d *planned) alloc(bytes int) (pointer, error) {
	p, err := d.interpreted.alloc(bytes)
	if err != nil {
		return p, err
	}
	return p, d.interpreted.upload(p, make([]byte, bytes))
}

func (d *planned) upload(p pointer, data []byte) error {
	d.sent += len(data)
	return d.interpreted.upload(p, data)
}

func (d *planned) launch(_, _, kernel string, g grid, _ [][]byte) error {
	d.kernels[kernel] = true
	d.threads += g.blocks[0] * g.blocks[1] * g.blocks[2] * g.threads
	return nil
}

// trial is a call that could show what a kernel computes.
type trial struct {
	name  string
	plan  func(be kernels.Backend) // the same without a look at the numbers
	check func(be kernels.Backend) error
	busy  int

	threads, sent int // what it takes
}

// So many threads, and so many bytes to read, show what a kernel does.
const (
	enoughThreads = 1024
	enoughBytes   = 30000
)

// small trials are done in a moment.
func (c *trial) small() bool { return c.threads <= enoughThreads && c.sent <= enoughBytes }

// betterThan prefers the larger of two small trials, and else the smaller.
func (c *trial) betterThan(other *trial) bool {
	switch {
	case other == nil:
		return true
	case c.small() != other.small():
		return c.small()
	case c.small():
		return c.sent > other.sent
	case c.threads != other.threads:
		return c.threads < other.threads
	}
	return c.sent < other.sent
}

// largerThan prefers the trial with more to read, for a GPU, to which it is nothing.
func (c *trial) largerThan(other *trial) bool { return other == nil || c.sent > other.sent }

// trials lists the calls that the suite has, of every op.
func trials() (all []*trial) {
	for _, op := range append(kernelstest.Ops(), kernelstest.FusedOps()...) {
		for _, call := range op.Calls {
			plan := func(be kernels.Backend) { _, _ = call.Run(be) }
			for _, busy := range []int{1, many} { // large tiles, and small ones
				all = append(all, &trial{name: op.Name + ", " + call.Name, plan: plan, check: call.Compare, busy: busy})
			}
		}
	}
	for _, c := range kernelstest.Comparisons() {
		all = append(all, &trial{name: "compare, " + c.Name, plan: func(be kernels.Backend) { _ = c.Check(be) }, check: c.Check, busy: many})
	}
	return append(all, &trial{name: "probes", plan: func(be kernels.Backend) { _ = probes(be) }, check: probes, busy: many})
}

// probes are the kernels that compute nothing of a model; TestProbes says what they do.
func probes(be kernels.Backend) error {
	b := be.(*Backend)
	b.probeFMA(1, 3)
	from, to, err := b.copyOperands(4096)
	if err == nil {
		b.probeCopy(from, to, 4096)
	}
	b.fail("probe", err)
	return b.Err()
}

// choose finds for each kernel the trial that shows best what it does.
func choose(all []*trial, better func(c, other *trial) bool) map[string]*trial {
	best := map[string]*trial{}
	for _, c := range all {
		d := &planned{kernels: map[string]bool{}}
		be := newBackend(d)
		be.busy = c.busy
		c.plan(be)     // an error is one in the numbers, which are wrong
		_ = be.Close() // the interpreter has nothing to close
		c.threads, c.sent = d.threads, d.sent
		for kernel := range d.kernels {
			if better(c, best[kernel]) {
				best[kernel] = c
			}
		}
	}
	return best
}

// TestEveryKernel runs every kernel there is, in one of the suite's calls, which is
// held to package ref: TestSuite runs a fifth of the calls, and misses some.
func TestEveryKernel(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the interpreter is slow")
	}
	all, err := modules()
	if err != nil {
		t.Fatal(err)
	}
	best := choose(trials(), (*trial).betterThan)
	seen := map[string]bool{}
	for _, kernel := range slices.Sorted(maps.Keys(best)) {
		c := best[kernel]
		if seen[kernel] {
			continue
		}
		be := newBackend(&launched{interpreted{modules: all}, seen})
		be.busy = c.busy
		if err := c.check(be); err != nil {
			t.Errorf("%s, for the sake of %s: %v", c.name, kernel, err)
		}
		_ = be.Close()
	}
	for file, module := range all {
		for kernel := range module.Kernels {
			if !seen[kernel] {
				t.Errorf("no call of the suite launches %s of %s: nothing is known of it", kernel, file)
			}
		}
	}
}
