// Package probe measures what this machine can do at best: how many float32
// multiply-adds it computes in a second, how many bfloat16 ones in tiles, and how
// many bytes it moves. What attn
// bench times is held against that.
package probe

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// Peak is the best that the probes reached on a number of threads. Another
// program that keeps the machine busy lowers it.
type Peak struct {
	Threads int
	GFLOPS  float64 // billions of float32 operations a second; a multiply-add is two
	GBytes  float64 // billions of bytes a second, read and written, of a copy too large for the caches
	FMA     string  // with which instructions the operations were done
	Tiles   float64 // as GFLOPS, of bfloat16 products in tiles; 0 where there are none
}

// Options say how long and with how much memory to probe.
type Options struct {
	Time time.Duration // of each probe
	Copy int           // bytes that are copied
}

// Thorough takes less than a second, and 128 MiB: more than the caches hold.
func Thorough() Options { return Options{Time: 250 * time.Millisecond, Copy: 64 << 20} }

// Measure runs all probes on this many threads at once.
func Measure(ctx context.Context, threads int, o Options) (Peak, error) {
	p := Peak{Threads: threads}
	var err error
	l := loops()[0]
	p.FMA = l.name
	if p.GFLOPS, err = l.measure(ctx, threads, o.Time); err != nil {
		return p, err
	}
	if l, ok := tiles(); ok {
		if p.Tiles, err = l.measure(ctx, threads, o.Time); err != nil {
			return p, err
		}
	}
	p.GBytes, err = copying(ctx, threads, o)
	return p, err
}

// round is about how long one round of the operations takes: long beside the
// start of a thread, short beside what else the machine does.
const round = 4 * time.Millisecond

// measure counts operations that wait for nothing but each other: the sum of each
// thread's best round, while all of them are at it. Threads for which there is no
// CPU would add nothing.
func (l loop) measure(ctx context.Context, threads int, budget time.Duration) (gflops float64, err error) {
	iterations := 1 << 10
	for elapsed(func() { l.run(iterations) }) < round/2 {
		iterations *= 2
	}
	best := make([]time.Duration, min(threads, runtime.GOMAXPROCS(0)))
	var ready, over sync.WaitGroup
	ready.Add(len(best))
	for thread := range best {
		over.Go(func() {
			ready.Done()
			ready.Wait()
			best[thread] = bestRound(ctx, budget, func() { l.run(iterations) })
		})
	}
	over.Wait()
	for _, d := range best {
		gflops += float64(iterations) * l.flops / d.Seconds() / 1e9
	}
	return gflops, ctx.Err()
}

// bestRound repeats work until the time is over. A round that ends later does
// not count, because other threads may have ended before it; the first does,
// whatever it took.
func bestRound(ctx context.Context, budget time.Duration, work func()) time.Duration {
	begin := time.Now()
	best := elapsed(work)
	for ctx.Err() == nil {
		took := elapsed(work)
		if time.Since(begin) > budget {
			break
		}
		best = min(best, took)
	}
	return best
}

// elapsed is how long something takes; never nothing, so that it can divide.
func elapsed(work func()) time.Duration {
	start := time.Now()
	work()
	return max(time.Since(start), 1)
}

// leastCopies is how often memory is copied, however long that takes.
const leastCopies = 4

// copying moves memory, each thread a part of its own. Threads share the way to
// memory, so what counts is the best round of all together.
func copying(ctx context.Context, threads int, o Options) (gbytes float64, err error) {
	part := max(o.Copy/threads, 1)
	from, to := make([]byte, part*threads), make([]byte, part*threads)
	const page = 4096
	for i := 0; i < len(from); i += page {
		from[i], to[i] = 1, 1 // pages that were never written may all be one
	}
	copyAll := func() {
		var all sync.WaitGroup
		for thread := range threads {
			all.Go(func() { copy(to[thread*part:][:part], from[thread*part:]) })
		}
		all.Wait()
	}
	best, begin := elapsed(copyAll), time.Now()
	for n := 1; ctx.Err() == nil && (n < leastCopies || time.Since(begin) < o.Time); n++ {
		best = min(best, elapsed(copyAll))
	}
	return 2 * float64(len(from)) / best.Seconds() / 1e9, ctx.Err()
}
