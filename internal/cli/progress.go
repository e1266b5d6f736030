package cli

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"attn/internal/trace"
)

// Progress appears once something takes longer than this, and is then renewed
// as often.
const progressEvery = time.Second

// progress tells on a terminal what is being waited for and for how long. The
// returned function takes it away again, and must be called.
func (a *App) progress(quiet bool, doing string) (stop func()) {
	return a.progressPart(quiet, doing, func() float64 { return 0 })
}

// progressPart tells how long it may still take, too: part is how much is done, 0
// to 1, and is asked from another goroutine.
func (a *App) progressPart(quiet bool, doing string, part func() float64) (stop func()) {
	start := time.Now()
	return a.progressOf(quiet, func() string {
		gone := time.Since(start)
		return fmt.Sprintf("%s ... %d s%s", doing, int(gone.Seconds()), left(gone, part()))
	})
}

// progressOf is progress with a line that says by itself how far it is.
func (a *App) progressOf(quiet bool, say func() string) (stop func()) {
	if quiet || !a.ErrTerminal {
		return func() {}
	}
	over := make(chan struct{})
	var finished sync.WaitGroup
	finished.Go(func() { a.showProgress(say, over) })
	return sync.OnceFunc(func() {
		close(over)
		finished.Wait()
	})
}

func (a *App) showProgress(say func() string, over <-chan struct{}) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	shown := false
	for {
		select {
		case <-tick.C:
			fmt.Fprintf(a.Err, "\r%s\x1b[K", say())
			shown = true
		case <-over:
			if shown {
				fmt.Fprint(a.Err, "\r\x1b[K")
			}
			return
		}
	}
}

// left estimates from what is done how long the rest takes.
func left(gone time.Duration, part float64) string {
	if part < 0.01 || part >= 1 { // too little to tell by
		return ""
	}
	return fmt.Sprintf(", about %.0f s left", gone.Seconds()*(1-part)/part)
}

// passed follows a forward pass through the layers.
type passed struct {
	layers int
	halves atomic.Int64 // of layers: attention is one half, what follows the other
}

// step is told of the steps that the pass comes to.
func (p *passed) step(step string) {
	switch layer, name := trace.Split(step); name {
	case trace.ResidPre:
		p.halves.Store(int64(2 * layer))
	case trace.Z:
		p.halves.Store(int64(2*layer + 1))
	}
}

// part is how much of the pass is done.
func (p *passed) part() float64 { return float64(p.halves.Load()) / float64(2*p.layers) }
