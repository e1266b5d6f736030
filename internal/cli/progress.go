package cli

import (
	"fmt"
	"sync"
	"time"
)

// Progress appears once something takes longer than this, and is then renewed
// as often.
const progressEvery = time.Second

// progress tells on a terminal what is being waited for and for how long. The
// returned function takes it away again, and must be called.
func (a *App) progress(quiet bool, doing string) (stop func()) {
	start := time.Now()
	return a.progressOf(quiet, func() string { return fmt.Sprintf("%s ... %d s", doing, int(time.Since(start).Seconds())) })
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
