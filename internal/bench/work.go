// Package bench times what attn computes: matrix products, attention, and whole
// forward passes. Nothing is timed before its result has been held to package
// ref, and what was measured is compared with an earlier measurement as
// benchstat does it.
package bench

import (
	"context"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// Work is something to time, with its operands on a device.
type Work struct {
	FLOPs float64 // floating-point operations that one run takes
	Bytes float64 // of memory that one run must read and write, everything once
	// Start has the device compute once; the result may come later.
	Start func(context.Context) error
	// Check holds the result to package ref.
	Check func(context.Context) (Check, error)

	on kernels.Backend
}

// Run computes once, and returns when the result is there.
func (w Work) Run(ctx context.Context) error {
	if err := w.Start(ctx); err != nil {
		return err
	}
	return wait(w.on)
}

// Check is how far a result lies from package ref's.
type Check struct {
	Error float64 // the largest difference
	Share float64 // the largest, as a share of what rounding explains
	What  string  // what was compared: "every number", "48 of 2048 rows"
}

// OK reports whether rounding explains the difference.
func (c Check) OK() bool { return c.Share <= 1 }

// u is float32's unit roundoff, half the distance from 1 to the next number.
const u = 1.0 / (1 << 24)

// wait returns when everything that was asked of the device is done. Ops run in
// the order in which they are asked for, so what was put last is ready last.
func wait(be kernels.Backend) error {
	be.Get(be.Put(tensor.New(tensor.D(tensor.One, 1))))
	return be.Err()
}

// refWork is how many multiply-adds package ref may take to check a row of the
// table: about a second.
const refWork = 3e8

// affordable is how many of n equal parts package ref can check, each so many
// multiply-adds.
func affordable(n int, each float64) int {
	return min(n, max(int(refWork/each), 4))
}

// spread picks so many of n: the first, the last, and what lies evenly between.
func spread(count, n int) []int {
	picked := make([]int, min(count, n))
	for i := range picked {
		if len(picked) > 1 {
			picked[i] = i * (n - 1) / (len(picked) - 1)
		}
	}
	return picked
}
