package bench

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"attn/internal/kernels"
)

// TestTime runs under synctest's clock, on which nothing takes time but sleep.
func TestTime(t *testing.T) {
	for _, c := range []struct {
		what   string
		takes  time.Duration
		budget time.Duration
		want   int
	}{
		{"as often as the time allows", 10 * time.Millisecond, time.Second, 100},
		{"a few times at least", 10 * time.Millisecond, 20 * time.Millisecond, leastRuns},
		{"fewer where one run is over the budget", 5 * time.Second, time.Second, fewRuns},
		{"no more often than that", time.Millisecond, time.Hour, mostRuns},
		{"short ones together", 300 * time.Microsecond, 12 * time.Millisecond, 10}, // 4 at a time
	} {
		synctest.Test(t, func(t *testing.T) {
			runs := 0
			samples, err := Time(t.Context(), c.budget, func(context.Context) error {
				runs++
				time.Sleep(c.takes)
				return nil
			})
			if err != nil || len(samples) != c.want || runs <= len(samples) {
				t.Fatalf("%s: %d samples, %d runs, %v; want %d samples and a run before them", c.what, len(samples), runs, err, c.want)
			}
			for _, ms := range samples {
				if want := float64(c.takes) / 1e6; ms != want {
					t.Errorf("%s: %v ms, want %v", c.what, ms, want)
				}
			}
		})
	}
}

func TestTimeStops(t *testing.T) {
	problem := errors.New("a problem")
	if _, err := Time(context.Background(), time.Hour, func(context.Context) error { return problem }); !errors.Is(err, problem) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	runs := 0
	_, err := Time(ctx, time.Hour, func(context.Context) error {
		if runs++; runs == 3 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || runs != 3 {
		t.Errorf("%d runs, %v", runs, err)
	}
}

// timed is a device that keeps time: each run takes it two milliseconds more.
type timed struct {
	kernels.Backend
	ms float64
}

func (t *timed) Time(run func() error) (float64, error) {
	t.ms += 2
	return t.ms, run()
}

func TestTimeOnTheDevice(t *testing.T) {
	runs := 0
	w := Work{on: &timed{}, Start: func(context.Context) error { runs++; return nil }}
	samples, err := TimeOn(t.Context(), time.Nanosecond, w)
	if err != nil || !slices.Equal(samples, []float64{4, 6, 8, 10, 12}) || runs != leastRuns+1 {
		t.Errorf("%v after %d runs, %v", samples, runs, err)
	}
	problem := errors.New("a problem")
	w.Start = func(context.Context) error { return problem }
	if _, err := TimeOn(t.Context(), time.Hour, w); !errors.Is(err, problem) {
		t.Errorf("got %v", err)
	}
}
