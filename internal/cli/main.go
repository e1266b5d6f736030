package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

// patience is how long an interrupted command may take to stop by itself: ops ask
// every millisecond or so, and whatever does not ask must not keep anybody
// waiting for a tenth of a second, of which the system needs a part to take back
// a gigabyte.
const patience = 20 * time.Millisecond

// Main runs attn with the process's own arguments and returns its exit code.
func Main() int {
	// A closed pipe is then an error of the write, so that whatever has to be
	// cleaned up is; without this the runtime would end the process there.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	return system().main(os.Args[1:], interrupts)
}

// main runs a command line until it is done or interrupted. The first
// interrupt asks the command to stop and the second one does not ask.
func (a *App) main(args []string, interrupts <-chan os.Signal) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan int, 1)
	go func() { done <- a.guarded(ctx, args) }()

	select {
	case code := <-done:
		return code
	case <-interrupts:
		cancel()
	}
	select {
	case <-done:
	case <-interrupts:
	case <-time.After(patience):
	}
	a.temps.removeAll()
	return exitInterrupted
}

// guarded turns a panic, which is always a defect of attn, into one line.
func (a *App) guarded(ctx context.Context, args []string) (code int) {
	defer func() {
		if problem := recover(); problem != nil {
			a.temps.removeAll()
			code = a.report(ctx, failf("internal error: %v", problem).
				advise("this is a defect of attn; with ATTN_DEBUG=1 it also prints where"))
			if a.Getenv("ATTN_DEBUG") == "1" {
				fmt.Fprintf(a.Err, "%s", debug.Stack())
			}
		}
	}()
	return a.Run(ctx, args)
}
