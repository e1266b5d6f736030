package cuda

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
	"unsafe"
)

// device is a GPU, through NVIDIA's driver. Its methods are called by one
// goroutine at a time; the driver's calls are all made by the executor, which
// the fields of the first group belong to.
type device struct {
	calls           *calls
	context         handle
	compute, copies handle // streams: of ops and uploads, in order; of downloads, beside them
	computed        handle // event: what is to be downloaded is there
	modules         map[string]handle
	kernels         map[string]handle
	owned           map[pointer]bool // all the memory that there is
	marks           marks
	watch           stopwatch // but for its memory, which whoever calls begin takes
	broken          error     // the first error of what nobody waited for

	run      *executor
	chosen   int32
	facts    Device
	stop     func() bool // says yes when nobody waits for results any more; nil never does
	memory   pool
	up       staging
	down     downloads
	left     bool // a call was left before its end
	closing  sync.Once
	closeErr error
}

// opError is an error that the driver told of later than in the op that it
// belongs to.
type opError struct {
	op  string
	err error
}

func (e *opError) Error() string { return e.op + ": " + e.err.Error() }
func (e *opError) Unwrap() error { return e.err }

// errMemory is what alloc fails with when there is not as much memory.
var errMemory = errors.New("out of memory")

// start makes a context on the chosen device, with its streams.
func (d *device) start() error {
	c := d.calls
	if err := c.failure("cuDevicePrimaryCtxRetain", c.ContextRetain(&d.context, d.chosen)); err != nil {
		return err
	}
	err := c.failure("cuCtxSetCurrent", c.ContextSet(d.context))
	for _, s := range []*handle{&d.compute, &d.copies} {
		if err == nil {
			err = c.failure("cuStreamCreate", c.StreamCreate(s, streamNonBlocking))
		}
	}
	if err == nil {
		err = c.failure("cuEventCreate", c.EventCreate(&d.computed, eventTimingOff))
	}
	if err == nil {
		err = d.marks.open(c, d.compute)
	}
	if err != nil {
		_ = c.ContextRelease(d.chosen) // and with it all that was made in it
	}
	return err
}

// failed is the error of a call. Once a kernel has failed, every call does; the
// error then names the op that launched it.
func (d *device) failed(call string, got code) error {
	err := d.calls.failure(call, got)
	if !got.inKernel() {
		return err
	}
	if d.broken == nil {
		d.broken = &opError{d.marks.culprit(), fmt.Errorf("its kernel failed: %w", err)}
	}
	return d.broken
}

// post has the executor do something that nobody waits for, unless something
// failed before.
func (d *device) post(f func() error) error {
	err := d.run.post(func() {
		if d.broken == nil {
			d.broken = f()
		}
	}, d.stop)
	d.left = d.left || err != nil
	return err
}

// do has the executor do something, and waits for it.
func (d *device) do(f func() error) error {
	_, err := answer(d, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// answer has the executor find something out, and waits for it.
func answer[T any](d *device, f func() (T, error)) (T, error) {
	value, err := ask(d.run, d.stop, func() (T, error) {
		if d.broken != nil {
			var none T
			return none, d.broken
		}
		return f()
	})
	d.left = d.left || errors.Is(err, errInterrupted)
	return value, err
}

// interrupt has calls that wait ask stop whether they still should.
func (d *device) interrupt(stop func() bool) { d.stop = stop }

func (d *device) alloc(bytes int) (pointer, error) {
	size := rounded(bytes)
	if at, ok := d.memory.take(size); ok {
		return at, nil
	}
	at, err := d.allocated(size)
	if errors.Is(err, errMemory) && d.memory.spare > 0 {
		if err = d.trim(); err == nil {
			at, err = d.allocated(size)
		}
	}
	if err == nil {
		d.memory.sizes[at] = size
	}
	return at, err
}

// allocated asks the driver for memory.
func (d *device) allocated(size int) (pointer, error) {
	return answer(d, func() (pointer, error) {
		var at pointer
		got := d.calls.MemoryAlloc(&at, uint64(size))
		if got == codeSuccess {
			d.owned[at] = true // though nobody may wait for it any more
		}
		if got != codeOutOfMemory {
			return at, d.failed("cuMemAlloc", got)
		}
		r, err := d.now()
		if err != nil {
			return 0, err
		}
		return 0, fmt.Errorf("%w: %s are needed, %s of the GPU's %s are free", errMemory, inBytes(size), inBytes(r.free), inBytes(r.total))
	})
}

// now asks the driver; the executor does.
func (d *device) now() (room, error) {
	var free, total uint64
	err := d.failed("cuMemGetInfo", d.calls.MemoryInfo(&free, &total))
	return room{int(free), int(total)}, err
}

// trim gives the driver back what is idle.
func (d *device) trim() error {
	if err := d.settle(); err != nil {
		return err
	}
	idle := d.memory.drop()
	return d.do(func() error {
		if err := d.failed("cuStreamSynchronize", d.calls.StreamSynchronize(d.compute)); err != nil {
			return err // some of it may still be in use
		}
		for _, at := range idle {
			delete(d.owned, at)
			if err := d.failed("cuMemFree", d.calls.MemoryFree(at)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *device) free(p pointer) error {
	if !d.memory.give(p) {
		return fmt.Errorf("address %#x is not the begin of a buffer", uint64(p))
	}
	return nil
}

// room returns how much memory is free, what the pool keeps included.
func (d *device) room() (room, error) {
	r, err := answer(d, d.now)
	r.free += d.memory.spare
	return r, err
}

// launch has a kernel run. An error within it comes later, from whichever call
// waits next.
func (d *device) launch(op, module, kernel string, g grid, args [][]byte) error {
	return d.post(func() error {
		if err := d.launchNow(op, module, kernel, g, args); err != nil {
			var known *opError
			if errors.As(err, &known) {
				return err
			}
			return &opError{op, err}
		}
		return nil
	})
}

func (d *device) launchNow(op, module, kernel string, g grid, args [][]byte) error {
	function, err := d.kernel(module, kernel)
	if err != nil {
		return err
	}
	var pins runtime.Pinner
	defer pins.Unpin()
	params := make([]unsafe.Pointer, max(len(args), 1))
	for i, arg := range args {
		data := unsafe.SliceData(arg)
		pins.Pin(data)
		params[i] = unsafe.Pointer(data)
	}
	pins.Pin(&params[0])
	d.marks.now = op
	got := d.calls.Launch(function, uint32(g.blocks[0]), uint32(g.blocks[1]), uint32(g.blocks[2]),
		uint32(g.threads), 1, 1, 0, d.compute, &params[0], 0)
	runtime.KeepAlive(args)
	if err := d.failed("cuLaunchKernel", got); err != nil {
		return err
	}
	return d.marks.after(d, op)
}

// kernel finds a kernel, whose module is loaded when one of its kernels is first
// used.
func (d *device) kernel(module, name string) (handle, error) {
	key := module + "/" + name
	if k, ok := d.kernels[key]; ok {
		return k, nil
	}
	m, err := d.module(module)
	if err != nil {
		return 0, err
	}
	var k handle
	symbol := append([]byte(name), 0)
	err = d.failed("cuModuleGetFunction of "+name, d.calls.ModuleKernel(&k, m, &symbol[0]))
	if err == nil {
		d.kernels[key] = k
	}
	return k, err
}

func (d *device) module(name string) (handle, error) {
	if m, ok := d.modules[name]; ok {
		return m, nil
	}
	source, err := compiled.ReadFile("ptx/" + name + ".ptx")
	if err != nil {
		return 0, err
	}
	m, err := d.load(append(source, 0))
	if err != nil {
		return 0, fmt.Errorf("%s.ptx: %w", name, err)
	}
	d.modules[name] = m
	return m, nil
}

// maxLog is how much of what the driver's compiler says is read.
const maxLog = 8192

// load compiles PTX, which ends with a zero byte, for the device.
func (d *device) load(source []byte) (handle, error) {
	log := make([]byte, maxLog)
	var pins runtime.Pinner
	defer pins.Unpin()
	pins.Pin(&log[0])
	options := []int32{jitErrorLog, jitErrorLogSize}
	values := []uintptr{uintptr(unsafe.Pointer(&log[0])), maxLog - 1}
	var m handle
	got := d.calls.ModuleLoad(&m, &source[0], uint32(len(options)), &options[0], &values[0])
	err := d.failed("cuModuleLoadDataEx", got)
	if said := firstLine(cString(&log[0])); err != nil && said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	runtime.KeepAlive(log)
	return m, err
}

// shutdown is how long closing waits for a GPU that somebody would not wait for.
const shutdown = 100 * time.Millisecond

// close gives back what there is. A GPU that is still busy with what was
// interrupted is left to it: the system takes it back when the program ends.
func (d *device) close() error {
	d.closing.Do(func() {
		d.down.copying.Wait()
		released, most := make(chan error, 1), time.Hour
		if d.left {
			most = shutdown
		}
		posted := d.run.post(func() { released <- d.release() }, func() bool { return d.left })
		if d.run.end(most) && posted == nil {
			d.closeErr = <-released
		}
	})
	return d.closeErr
}

// release waits for the GPU and ends the context. After an error inside a kernel
// that error stands for all.
func (d *device) release() error {
	c := d.calls
	var errs []error
	note := func(call string, got code) {
		if err := c.failure(call, got); err != nil && d.broken == nil {
			errs = append(errs, err)
		}
	}
	note("cuStreamSynchronize", c.StreamSynchronize(d.copies))
	note("cuStreamSynchronize", c.StreamSynchronize(d.compute))
	for _, p := range append(d.up.pinned(), d.down.pinned()...) {
		note("cuMemFreeHost", c.HostFree(p))
	}
	d.marks.close(note, c)
	for at := range d.owned {
		note("cuMemFree", c.MemoryFree(at))
	}
	for _, event := range slices.Concat(d.up.events(), d.down.events(), d.watch.events(), []handle{d.computed}) {
		note("cuEventDestroy", c.EventDestroy(event))
	}
	for _, m := range d.modules {
		note("cuModuleUnload", c.ModuleUnload(m))
	}
	note("cuStreamDestroy", c.StreamDestroy(d.copies))
	note("cuStreamDestroy", c.StreamDestroy(d.compute))
	note("cuDevicePrimaryCtxRelease", c.ContextRelease(d.chosen))
	return errors.Join(errs...)
}
