package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"

	"attn/internal/tensor"
)

// maxThreads bounds what a caller can ask for; more has never been faster.
const maxThreads = 256

// smallJob is how many nanoseconds of work a job must hold, by its own
// estimate, before waking other threads pays.
const smallJob = 20_000

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

// job is one op's work: tasks 0 to tasks-1, each done once, by any thread.
type job struct {
	tasks int
	do    func(task int, s *scratch)
	halt  func() bool
	next  atomic.Int64
	done  sync.WaitGroup
	once  sync.Once
	err   error // the first thread's that could not read a mapped weight
}

// newPool returns a pool of this many threads, or of as many as the process
// may use: GOMAXPROCS knows about a container's share of the machine.
func newPool(threads int, fail func(error)) *pool {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	threads = min(threads, maxThreads)
	return &pool{threads: threads, small: smallJob, jobs: make(chan *job, threads), fail: fail}
}

// run does all tasks and returns when they are done: here and now when their
// estimated cost in nanoseconds is small, together with the workers otherwise.
// Which thread does a task changes nothing about its result.
func (p *pool) run(tasks, cost int, do func(task int, s *scratch)) {
	j := &p.job // nobody has it any more: the last run has waited
	j.begin(tasks, do, p.halt)
	if helpers := min(p.threads, tasks) - 1; helpers > 0 && cost >= p.small {
		p.start.Do(p.startWorkers)
		j.done.Add(helpers)
		for range helpers {
			p.jobs <- j
		}
	}
	j.work(&p.caller)
	j.done.Wait()
	if j.err != nil {
		p.fail(j.err)
	}
	j.do = nil // what it holds can go
}

// stopped reports whether whoever waits has asked to stop.
func (p *pool) stopped() bool { return p.halt != nil && p.halt() }

// begin makes a job of what another left behind.
func (j *job) begin(tasks int, do func(task int, s *scratch), halt func() bool) {
	j.tasks, j.do, j.halt = tasks, do, halt
	j.next.Store(0)
	j.once, j.err = sync.Once{}, nil
}

// startWorkers starts all threads but the caller's.
func (p *pool) startWorkers() {
	for range p.threads - 1 {
		p.workers.Go(func() {
			var s scratch
			for j := range p.jobs {
				j.work(&s)
				j.done.Done()
			}
		})
	}
}

// close ends the workers and waits for them. The pool must not run after it.
func (p *pool) close() {
	p.stop.Do(func() { close(p.jobs) })
	p.workers.Wait()
}

// work does tasks until none is left, or until a weight's file has shrunk.
func (j *job) work(s *scratch) {
	s.halt = j.halt
	err := tensor.Guard(func() error {
		for task := int(j.next.Add(1)); task <= j.tasks && !s.stopped(); task = int(j.next.Add(1)) {
			j.do(task-1, s)
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
