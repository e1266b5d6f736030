package cpu

import (
	"math"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

func TestPoolDoesEachTaskOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 5} {
		for _, tasks := range []int{0, 1, 2, 3, 100} {
			p := newPool(threads, noFault(t))
			p.small = 0
			done := make([]atomic.Int64, tasks)
			for range 3 {
				p.run(tasks, 1, func(task int, _ *scratch) { done[task].Add(1) })
			}
			p.close()
			for task := range done {
				if n := done[task].Load(); n != 3 {
					t.Errorf("%d threads, %d tasks: task %d was done %d times in 3 runs", threads, tasks, task, n)
				}
			}
		}
	}
}

// TestPoolUsesItsThreads holds that tasks do run beside each other: each of
// these waits for the others.
func TestPoolUsesItsThreads(t *testing.T) {
	const threads = 4
	p := newPool(threads, noFault(t))
	defer p.close()
	var here atomic.Int64
	p.run(threads, smallJob, func(int, *scratch) {
		for here.Add(1); here.Load() < threads; {
			runtime.Gosched()
		}
	})
}

func TestPoolStaysOnTheCallerForSmallJobs(t *testing.T) {
	p := newPool(4, noFault(t))
	before := runtime.NumGoroutine()
	p.run(100, smallJob-1, func(_ int, s *scratch) {
		if s != &p.caller {
			t.Error("a small job's task ran on a worker")
		}
	})
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("a small job started %d goroutines", after-before)
	}
	p.close()
}

func TestThreads(t *testing.T) {
	for _, c := range []struct{ asked, want int }{
		{0, runtime.GOMAXPROCS(0)}, {-3, runtime.GOMAXPROCS(0)}, {1, 1}, {7, 7}, {math.MaxInt, maxThreads},
	} {
		if got := newPool(c.asked, noFault(t)).threads; got != c.want {
			t.Errorf("asked for %d threads: got %d, want %d", c.asked, got, c.want)
		}
	}
}

func TestChunksCoverEverythingOnce(t *testing.T) {
	p := newPool(3, noFault(t))
	defer p.close()
	for _, n := range []int{1, 6, 7, 8, 29} {
		seen := make([]int, n)
		p.chunks(n, 7, 1, func(from, to int) {
			for i := from; i < to; i++ {
				seen[i]++
			}
		})
		for i, times := range seen {
			if times != 1 {
				t.Errorf("n %d: element %d was seen %d times", n, i, times)
			}
		}
	}
}

// TestCloseWaits holds that Close does not return before the workers have.
func TestCloseWaits(t *testing.T) {
	p := newPool(2, noFault(t))
	last := make(chan struct{})
	p.workers.Go(func() { <-last })
	closed := make(chan struct{})
	go func() {
		p.close()
		close(closed)
	}()
	select {
	case <-closed:
		t.Error("close did not wait for a worker")
	case <-time.After(20 * time.Millisecond):
	}
	close(last)
	<-closed
}

// noFault fails a test whose tasks read no mapped file.
func noFault(t *testing.T) func(error) {
	t.Helper()
	return func(err error) { t.Error(err) }
}
