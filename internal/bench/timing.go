package bench

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"time"

	"attn/internal/kernels"
)

// How often work is run.
const (
	leastRuns = 5 // samples, however long they take
	fewRuns   = 3 // where a single run takes longer than the time that there is
	mostRuns  = 1000

	// shortest is how long a sample takes at least: what is done sooner is done
	// several times, and the time divided.
	shortest = time.Millisecond
)

// Time runs the work until the budget is spent, and at least a few times, and
// returns how many milliseconds each run took. The first run does not count.
func Time(ctx context.Context, budget time.Duration, run func(context.Context) error) ([]float64, error) {
	runtime.GC() // what was there before is not this work's to clean up
	took, err := several(ctx, 1, run)
	if err != nil {
		return nil, err
	}
	repeat := 1
	for took < shortest && repeat < 1<<20 {
		repeat *= 2
		if took, err = several(ctx, repeat, run); err != nil {
			return nil, err
		}
	}
	least := leastRuns
	if took > budget {
		least = fewRuns
	}
	var samples []float64
	for begin := time.Now(); len(samples) < least || len(samples) < mostRuns && time.Since(begin) < budget; {
		if took, err = several(ctx, repeat, run); err != nil {
			return nil, err
		}
		samples = append(samples, float64(took.Nanoseconds())/1e6/float64(repeat))
	}
	return samples, nil
}

// TimeOn is Time by the device's own clock, with empty caches, where it keeps
// one; a pass that brings its steps back is timed until they are there.
func TimeOn(ctx context.Context, budget time.Duration, w Work) ([]float64, error) {
	device, ok := w.on.(kernels.Timed)
	if !ok {
		return Time(ctx, budget, w.Run)
	}
	once := func() (float64, error) {
		ms, err := device.Time(func() error { return w.Start(ctx) })
		return ms, errors.Join(err, ctx.Err())
	}
	runtime.GC()
	if _, err := once(); err != nil { // loads the kernels
		return nil, err
	}
	var samples []float64
	for begin := time.Now(); len(samples) < leastRuns || len(samples) < mostRuns && time.Since(begin) < budget; {
		ms, err := once()
		if err != nil {
			return nil, err
		}
		samples = append(samples, ms)
	}
	return samples, nil
}

// several runs the work so many times, and returns how long all of them took.
func several(ctx context.Context, times int, run func(context.Context) error) (time.Duration, error) {
	start := time.Now()
	for range times {
		if err := run(ctx); err != nil {
			return 0, err
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// Median is the middle of the samples, or the mean of the two in the middle.
func Median(samples []float64) float64 {
	sorted := slices.Sorted(slices.Values(samples))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
