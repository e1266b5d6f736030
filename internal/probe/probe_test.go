package probe

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestLoops: a loop that skipped an instruction, or a lane, would report
// operations that nobody did.
func TestLoops(t *testing.T) {
	all := loops()
	if l, ok := tiles(); ok {
		all = append(all, l)
	} else {
		t.Log("SKIPPED, NOT TESTED: tiles, which this machine does not have")
	}
	for _, l := range all {
		for _, iterations := range []int{1, 2, 7, 1000} {
			lanes := l.run(iterations)
			want := float32(l.flops/2/float64(len(lanes))) * float32(iterations)
			for lane, got := range lanes {
				if got != want {
					t.Errorf("%s, %d iterations: lane %d has %v, want %v", l.name, iterations, lane, got, want)
				}
			}
		}
	}
}

// TestMeasure says nothing of how fast the machine is: another one may be slow.
func TestMeasure(t *testing.T) {
	_, haveTiles := tiles()
	for _, threads := range []int{1, 3} {
		p, err := Measure(context.Background(), threads, Options{Time: time.Millisecond, Copy: 1000})
		if err != nil || p.Threads != threads || !(p.GFLOPS > 0) || !(p.GBytes > 0) || p.FMA != loops()[0].name || (p.Tiles > 0) != haveTiles {
			t.Errorf("%d threads: %+v, %v", threads, p, err)
		}
	}
}

func TestMeasureCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Measure(ctx, 1, Options{Time: time.Hour, Copy: 1000}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestBestRound: the least counts, and a round that ends too late does not. The
// clock is synctest's, so that a busy machine changes nothing.
func TestBestRound(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		rounds []time.Duration
		budget time.Duration
		want   time.Duration
	}{
		{[]time.Duration{30 * ms, 10 * ms, 20 * ms, 1000 * ms}, 500 * ms, 10 * ms},
		{[]time.Duration{30 * ms, 10 * ms, 1 * ms}, 40 * ms, 10 * ms},
		{[]time.Duration{20 * ms, 1 * ms}, 5 * ms, 20 * ms},
	} {
		synctest.Test(t, func(t *testing.T) {
			next := 0
			got := bestRound(t.Context(), c.budget, func() {
				time.Sleep(c.rounds[next])
				next++
			})
			if got != c.want || next != len(c.rounds) {
				t.Errorf("%v: %v after %d rounds, want %v after all", c.rounds, got, next, c.want)
			}
		})
	}
}
