package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"attn/internal/tensor"
)

// maxThreads bounds what a caller can ask for; more has never been faster.
const maxThreads = 256

// smallJob is how many nanoseconds of work a job must hold, by its own
// estimate, before waking other threads pays.
const smallJob = 20_000

// patience is how long a thread that waits looks again and again before it sleeps:
// the next op of a pass is there sooner than a sleeper wakes, which takes 5 to 50
// microseconds.
const patience = 100 * time.Microsecond

// pool is a fixed group of workers that the ops of one backend share.
type pool struct {
	threads int // that compute, the caller's own among them
	small   int // jobs below this many nanoseconds stay on the caller's
	start   sync.Once
	stop    sync.Once
	jobs    chan *job
	workers sync.WaitGroup
	caller  scratch
	job     job         // the one that is done, whose memory serves the next
	shares  []share     // of its tasks, one for each thread
	patient bool        // there is a processor for each thread: who waits may look
	fail    func(error) // told when a task could not read a mapped weight
	halt    func() bool // asked between tasks; nil never stops
}

// scratch is the memory that one thread reuses from task to task.
type scratch struct {
	strips []float32 // packed for tile
	band   []float32 // rows of x, copied side by side
	rows   []float32 // converted from a stored type
	packed []byte    // stored blocks on their way there, whose scales lay apart
	last   []float32 // the last rows, where fewer than four are left
	tile   []float32 // of which c has only some columns
	dots   [4 * few]float32
	start  []float32    // what a product by parts begins with
	right  weightPanels // and room for them
	parts  []float32
	seen   []seen    // of each of right's strips
	sums   []float32 // of four tiles of a panel's product
	job    tileJob
	flash  [mostTogether]flashScratch
	halt   func() bool // the pool's
}

// stopped is asked within long tasks, too: it is the pool's.
func (s *scratch) stopped() bool { return s.halt != nil && s.halt() }

// job is one op's work: tasks, each done once, by any thread.
type job struct {
	shares []share
	do     func(task int, s *scratch)
	halt   func() bool
	busy   atomic.Int64 // workers that have not come to their end
	done   sync.WaitGroup
	once   sync.Once
	err    error // the first thread's that could not read a mapped weight
}

// share is neighbouring tasks, of which one thread does the first: what it did in
// the op before is near it. Who has none left helps with another's.
type share struct {
	next atomic.Int64
	end  int64
	_    [48]byte // a cache line of its own
}

// newPool returns a pool of this many threads, or of as many as the process
// may use: GOMAXPROCS knows about a container's share of the machine.
func newPool(threads int, fail func(error)) *pool {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	threads = min(threads, maxThreads)
	return &pool{
		threads: threads, small: smallJob, jobs: make(chan *job, threads), fail: fail,
		shares: make([]share, threads), patient: threads <= runtime.GOMAXPROCS(0),
	}
}

// run does all tasks and returns when they are done: here and now when their
// estimated cost in nanoseconds is small, together with the workers otherwise.
// Which thread does a task changes nothing about its result.
func (p *pool) run(tasks, cost int, do func(task int, s *scratch)) {
	j := &p.job // nobody has it any more: the last run has waited
	helpers := max(min(p.threads, tasks)-1, 0)
	if cost < p.small {
		helpers = 0
	}
	j.begin(p.shares[:helpers+1], tasks, do, p.halt)
	if helpers > 0 {
		p.start.Do(p.startWorkers)
		j.busy.Store(int64(helpers))
		j.done.Add(helpers)
		for range helpers {
			p.jobs <- j
		}
	}
	j.work(0, &p.caller)
	p.look(func() bool { return j.busy.Load() == 0 })
	j.done.Wait()
	if j.err != nil {
		p.fail(j.err)
	}
	j.do = nil // what it holds can go
}

// stopped reports whether whoever waits has asked to stop.
func (p *pool) stopped() bool { return p.halt != nil && p.halt() }

// begin makes a job of what another left behind.
func (j *job) begin(shares []share, tasks int, do func(task int, s *scratch), halt func() bool) {
	j.shares, j.do, j.halt = shares, do, halt
	for i := range shares {
		shares[i].next.Store(int64(i * tasks / len(shares)))
		shares[i].end = int64((i + 1) * tasks / len(shares))
	}
	j.once, j.err = sync.Once{}, nil
}

// startWorkers starts all threads but the caller's.
func (p *pool) startWorkers() {
	for i := range p.threads - 1 {
		p.workers.Go(func() {
			var s scratch
			for j, ok := p.take(); ok; j, ok = p.take() {
				j.work(i+1, &s)
				j.busy.Add(-1)
				j.done.Done()
			}
		})
	}
}

// take waits for a job; there is none after close.
func (p *pool) take() (j *job, ok bool) {
	came := false
	p.look(func() bool {
		select {
		case j, ok = <-p.jobs:
			came = true
		default:
		}
		return came
	})
	if !came {
		j, ok = <-p.jobs
	}
	return j, ok
}

// look looks until something has come, for a while, unless that would keep a
// thread from working.
func (p *pool) look(came func() bool) {
	if !p.patient || came() {
		return
	}
	for start := time.Now(); time.Since(start) < patience; {
		for range 16 {
			if came() {
				return
			}
		}
	}
}

// close ends the workers and waits for them. The pool must not run after it.
func (p *pool) close() {
	p.stop.Do(func() { close(p.jobs) })
	p.workers.Wait()
}

// work does tasks until none is left, or until a weight's file has shrunk: those of
// thread me's share first.
func (j *job) work(me int, s *scratch) {
	s.halt = j.halt
	err := tensor.Guard(func() error {
		for i := range j.shares {
			own := &j.shares[(me+i)%len(j.shares)]
			for task := own.next.Add(1); task <= own.end && !s.stopped(); task = own.next.Add(1) {
				j.do(int(task)-1, s)
			}
		}
		return nil
	})
	if err != nil {
		j.once.Do(func() { j.err = err })
	}
}

// chunks runs do over [0, n) in pieces of the given size, at so many
// nanoseconds per element.
func (p *pool) chunks(n, size, cost int, do func(from, to int)) {
	p.run((n+size-1)/size, n*cost, func(task int, _ *scratch) {
		do(task*size, min(n, (task+1)*size))
	})
}
