package cuda

import (
	"errors"
	"runtime"
	"time"
)

// errInterrupted is what a call fails with that somebody would not wait for.
var errInterrupted = errors.New("interrupted")

// executor is a goroutine that keeps to one thread of the system: a context of
// the driver is current on threads, and Go moves goroutines between them. It
// runs one function after the other.
type executor struct {
	tasks chan func()
	ended chan struct{}
	over  bool // it takes no more
}

// ahead is how many functions may wait for the executor before whoever hands
// over the next one has to.
const ahead = 256

func newExecutor() *executor {
	e := &executor{tasks: make(chan func(), ahead), ended: make(chan struct{})}
	go e.loop()
	return e
}

func (e *executor) loop() {
	runtime.LockOSThread() // for good: the thread ends with the goroutine
	defer close(e.ended)
	for task := range e.tasks {
		task()
	}
}

// patience is how long a call waits before it asks whether it still should.
const patience = 5 * time.Millisecond

// post hands a function over, and does not wait for it.
func (e *executor) post(task func(), stop func() bool) error {
	if e.over {
		return errClosed
	}
	select {
	case e.tasks <- task:
		return nil
	default:
	}
	return patiently(stop, func(tick <-chan time.Time) bool {
		select {
		case e.tasks <- task:
			return true
		case <-tick:
			return false
		}
	})
}

// ask hands a function over and returns its result, or errInterrupted as soon as
// stop says yes: the driver cannot be told to end what it waits for.
func ask[T any](e *executor, stop func() bool, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	reply := make(chan result, 1) // which nobody may read
	var got result
	err := e.post(func() {
		value, err := f()
		reply <- result{value, err}
	}, stop)
	if err == nil {
		err = patiently(stop, func(tick <-chan time.Time) bool {
			select {
			case got = <-reply:
				return true
			case <-tick:
				return false
			}
		})
	}
	return got.value, errors.Join(err, got.err)
}

// patiently tries until it succeeds or stop says yes; nil never does.
func patiently(stop func() bool, try func(tick <-chan time.Time) bool) error {
	if stop == nil {
		try(nil)
		return nil
	}
	clock := time.NewTicker(patience)
	defer clock.Stop()
	for !try(clock.C) {
		if stop() {
			return errInterrupted
		}
	}
	return nil
}

// end lets the executor finish what it was handed, and waits for that as long as
// it may; it returns whether the executor is done.
func (e *executor) end(most time.Duration) bool {
	e.over = true
	close(e.tasks)
	select {
	case <-e.ended:
		return true
	case <-time.After(most):
		return false
	}
}
