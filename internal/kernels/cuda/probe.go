package cuda

import (
	"fmt"

	"attn/internal/kernels"
)

var _ kernels.Timed = (*Backend)(nil)

// clock is a driver that times what its GPU does.
type clock interface {
	// begin empties the caches and starts the clock, behind what was launched.
	begin() error
	// end stops it, waits, and returns the milliseconds between.
	end() (float64, error)
	device() Device
}

// Time returns how many milliseconds the GPU works on what run asks of it, with
// caches that hold nothing of it, by the GPU's own clock.
func (b *Backend) Time(run func() error) (float64, error) {
	c, ok := b.gpu.(clock)
	if !ok {
		return 0, fmt.Errorf("cuda: this device keeps no time")
	}
	b.fail("timing", c.begin())
	if err := run(); err != nil {
		return 0, err
	}
	ms, err := c.end()
	b.fail("timing", err)
	return ms, b.err
}

// Device says what the GPU is.
func (b *Backend) Device() Device {
	if c, ok := b.gpu.(clock); ok {
		return c.device()
	}
	return Device{}
}

// How the probes are run: so much work that starting it does not count.
const (
	probeRuns   = 5
	probeRounds = 4096
	probeChains = 16       // of probe.cu
	probePerSM  = 8        // blocks
	probeCopy   = 64 << 20 // bytes each way, and at least four times the cache
)

// Peak is what a device can do.
type Peak struct{ GFLOPS, GBytes float64 }

// Measure runs the probes: multiply-adds in registers, and a copy of memory that
// no cache holds. The best run counts.
func (b *Backend) Measure() (Peak, error) {
	d := b.Device()
	blocks := probePerSM * max(d.SMs, 1)
	flops := 2 * float64(probeChains) * probeRounds * float64(blocks) * perBlock
	fma, err := b.best(func() { b.probeFMA(blocks, probeRounds) })
	if err != nil {
		return Peak{}, err
	}
	bytes := max(probeCopy, 4*d.L2)
	from, to, err := b.copyOperands(bytes)
	if err != nil {
		return Peak{}, err
	}
	moved, err := b.best(func() { b.probeCopy(from, to, bytes) })
	b.fail("probe", b.gpu.free(from))
	b.fail("probe", b.gpu.free(to))
	return Peak{GFLOPS: flops / fma / 1e6, GBytes: 2 * float64(bytes) / moved / 1e6}, err
}

// best is the shortest of a few runs; the first, which loads the kernel, does
// not count.
func (b *Backend) best(run func()) (float64, error) {
	least := 0.0
	for i := range probeRuns + 1 {
		ms, err := b.Time(func() error { run(); return b.err })
		if err != nil {
			return 0, err
		}
		if i == 1 || i > 1 && ms < least {
			least = ms
		}
	}
	if least <= 0 {
		return 0, fmt.Errorf("cuda: a probe took %v ms", least)
	}
	return least, nil
}

func (b *Backend) probeFMA(blocks, rounds int) {
	at, err := b.alloc(4 * blocks * perBlock)
	b.fail("probe", err)
	if err == nil {
		b.work("probe").pointer(at).int(rounds).float(0.5).float(1).
			run("probe", "probe_fma", grid{[3]int{blocks, 1, 1}, perBlock})
		b.fail("probe", b.gpu.free(at))
	}
}

// copyOperands takes memory, and fills what is to be copied.
func (b *Backend) copyOperands(bytes int) (from, to pointer, err error) {
	if from, err = b.alloc(bytes); err != nil {
		return 0, 0, err
	}
	if to, err = b.alloc(bytes); err != nil {
		return 0, 0, err
	}
	return from, to, b.gpu.upload(from, make([]byte, bytes))
}

func (b *Backend) probeCopy(from, to pointer, bytes int) {
	b.work("probe").pointer(from).pointer(to).long(bytes/16).run("probe", "probe_copy", over(bytes/16))
}

// Sheet is the peak that the device's clocks and units make: for each
// multiprocessor as many multiply-adds a clock as NVIDIA's programming guide
// lists (table "Arithmetic Instructions", float32), and two transfers of the memory
// bus in each of its clocks. Zero where that is not known.
func (d Device) Sheet() Peak {
	lanes := map[string]int{"8.0": 64, "8.6": 128, "8.7": 128, "8.9": 128, "9.0": 128, "10.0": 128, "10.3": 128, "12.0": 128, "12.1": 128}[d.Capability]
	return Peak{
		GFLOPS: 2 * float64(lanes) * float64(d.SMs) * d.ClockMHz / 1e3,
		GBytes: 2 * d.MemoryMHz * float64(d.BusBits) / 8 / 1e3,
	}
}
