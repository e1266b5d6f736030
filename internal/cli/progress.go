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
	if quiet || !a.ErrTerminal {
		return func() {}
	}
	over := make(chan struct{})
	var finished sync.WaitGroup
	finished.Go(func() { a.showProgress(doing, over) })
	return sync.OnceFunc(func() {
		close(over)
		finished.Wait()
	})
}

func (a *App) showProgress(doing string, over <-chan struct{}) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	start, shown := time.Now(), false
	for {
		select {
		case <-tick.C:
			fmt.Fprintf(a.Err, "\r%s ... %d s\x1b[K", doing, int(time.Since(start).Seconds()))
			shown = true
		case <-over:
			if shown {
				fmt.Fprint(a.Err, "\r\x1b[K")
			}
			return
		}
	}
}
