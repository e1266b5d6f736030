package cuda

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"attn/internal/ptx"
)

// fakeGPU is an NVIDIA driver in Go, behind the same table of calls as the real
// one. Package ptx runs its kernels. It is as late as a real one may be: what is
// asked of a stream happens when somebody waits for it, so that whoever forgets
// to wait sees what was there before.
type fakeGPU struct {
	t *testing.T

	version  int32
	devices  []fakeDevice
	initCode code
	total    uint64
	noMarks  bool
	wrong    bool            // kernels do nothing
	stale    bool            // memory that nobody wrote may be read
	bad      map[string]int  // calls that fail, at their nth use from 1
	codes    map[string]code // what they fail with
	jitLog   string          // said when a module is loaded in vain
	hang     chan struct{}   // not nil: waiting does not end before it is closed
	faults   map[string]bool // kernels that fail

	uses     map[string]int
	memory   ptx.Memory
	sizes    map[pointer]int
	taken    uint64
	host     map[unsafe.Pointer][]byte
	mapped   map[pointer]unsafe.Pointer
	modules  map[handle]*ptx.Module
	kernels  map[handle]*ptx.Kernel
	streams  map[handle]*fakeStream
	events   map[handle]*fakeEvent
	retained int
	dead     code // what every call returns after a fault
	next     handle
	texts    [][]byte

	lock   sync.Mutex
	thread func() int // nil where it cannot be known
	seen   map[int]bool
}

type fakeDevice struct {
	name       string
	attributes map[int32]int32
}

// fakeStream is work in order; done of it has happened.
type fakeStream struct {
	work []func() code
	done int
}

// fakeEvent is a place in a stream.
type fakeEvent struct {
	of *fakeStream
	at int
}

func a100() fakeDevice {
	return fakeDevice{"A GPU of the tests", map[int32]int32{
		attributeMajor: 8, attributeMinor: 0, attributeSMs: 108, attributeClock: 1410000, attributeMemClock: 1215000, attributeBusWidth: 5120, attributeL2: 1 << 20,
	}}
}

func newFakeGPU(t *testing.T) *fakeGPU {
	t.Helper()
	return &fakeGPU{
		t: t, version: 12040, devices: []fakeDevice{a100()}, total: 1 << 30,
		bad: map[string]int{}, codes: map[string]code{}, faults: map[string]bool{}, uses: map[string]int{}, seen: map[int]bool{},
		sizes: map[pointer]int{}, host: map[unsafe.Pointer][]byte{}, mapped: map[pointer]unsafe.Pointer{},
		modules: map[handle]*ptx.Module{}, kernels: map[handle]*ptx.Kernel{}, streams: map[handle]*fakeStream{}, events: map[handle]*fakeEvent{},
	}
}

// finder finds the fake instead of this machine's driver.
func (g *fakeGPU) finder() finder {
	return finder{
		library: func() (*calls, error) { return g.calls(), nil },
		getenv:  func(string) (string, bool) { return "", false },
	}
}

// open returns a backend on the fake, which the test's end closes.
func (g *fakeGPU) open() *Backend {
	g.t.Helper()
	b, err := g.finder().open()
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = b.Close() })
	return b
}

// device is what a backend on the fake computes with.
func (b *Backend) device() *device { return b.gpu.(*device) }

// idle returns when the executor has done what it was handed: the fake may be
// looked at, and changed.
func (b *Backend) idle() { _ = b.device().do(func() error { return nil }) }

// fail has the nth use of a call fail.
func (g *fakeGPU) fail(call string, nth int, c code) *fakeGPU {
	g.bad[call], g.codes[call] = nth, c
	return g
}

// enter counts a call, and says what it fails with before it does anything.
func (g *fakeGPU) enter(call string) code {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.thread != nil && call != "cuInit" && call != "cuDriverGetVersion" && !strings.HasPrefix(call, "cuDevice") {
		g.seen[g.thread()] = true
	}
	g.uses[call]++
	if g.uses[call] == g.bad[call] {
		return g.codes[call]
	}
	return g.dead
}

func (g *fakeGPU) handle() handle {
	g.next++
	return g.next
}

// in adds work to a stream.
func (g *fakeGPU) in(s handle, work func() code) code {
	stream, ok := g.streams[s]
	if !ok {
		g.t.Errorf("stream %d does not exist", s)
		return 400
	}
	stream.work = append(stream.work, work)
	return codeSuccess
}

// until has a stream's work happen, up to a place.
func (g *fakeGPU) until(s *fakeStream, at int) code {
	for s.done < at && g.dead == codeSuccess {
		work := s.work[s.done]
		s.done++
		if c := work(); c != codeSuccess {
			g.dead = c
		}
	}
	return g.dead
}

func (g *fakeGPU) calls() *calls {
	c := &calls{
		Init:          func(uint32) code { return max(g.enter("cuInit"), g.initCode) },
		DriverVersion: func(v *int32) code { *v = g.version; return g.enter("cuDriverGetVersion") },
		DeviceCount:   func(n *int32) code { *n = int32(len(g.devices)); return g.enter("cuDeviceGetCount") },
		Device:        func(d *int32, ordinal int32) code { *d = ordinal; return g.enter("cuDeviceGet") },
		DeviceName: func(name *byte, size, device int32) code {
			copy(unsafe.Slice(name, size), g.devices[device].name+"\x00")
			return g.enter("cuDeviceGetName")
		},
		DeviceMemory: func(n *uint64, _ int32) code { *n = g.total; return g.enter("cuDeviceTotalMem") },
		DeviceAttribute: func(v *int32, a, device int32) code {
			*v = g.devices[device].attributes[a]
			return g.enter("cuDeviceGetAttribute")
		},
		ErrorName: func(c code, at **byte) code { return g.text(at, "CUDA_ERROR_", c) },
		ErrorText: func(c code, at **byte) code { return g.text(at, "what error ", c) },
		ContextRetain: func(at *handle, _ int32) code {
			c := g.enter("cuDevicePrimaryCtxRetain")
			if c == codeSuccess {
				*at = g.handle()
				g.retained++
			}
			return c
		},
		ContextRelease: func(int32) code {
			g.retained--
			return g.enter("cuDevicePrimaryCtxRelease")
		},
		ContextSet: func(handle) code { return g.enter("cuCtxSetCurrent") },
	}
	g.memoryCalls(c)
	g.streamCalls(c)
	g.kernelCalls(c)
	return c
}

func (g *fakeGPU) text(at **byte, prefix string, c code) code {
	text := append(fmt.Appendf(nil, "%s%d", prefix, c), 0)
	g.texts = append(g.texts, text)
	*at = &text[0]
	return codeSuccess
}

func (g *fakeGPU) memoryCalls(c *calls) {
	c.MemoryAlloc = func(at *pointer, n uint64) code {
		if c := g.enter("cuMemAlloc"); c != codeSuccess {
			return c
		}
		if g.taken+n > g.total {
			return codeOutOfMemory
		}
		a, err := g.memory.Alloc(int(n))
		if err != nil {
			g.t.Error(err)
		}
		*at = pointer(a)
		g.sizes[*at], g.taken = int(n), g.taken+n
		return codeSuccess
	}
	c.MemoryFree = func(at pointer) code {
		if c := g.enter("cuMemFree"); c != codeSuccess {
			return c
		}
		g.taken -= uint64(g.sizes[at])
		delete(g.sizes, at)
		g.check(g.memory.Free(ptx.Address(at)))
		return codeSuccess
	}
	c.MemoryInfo = func(free, total *uint64) code {
		*free, *total = g.total-g.taken, g.total
		return g.enter("cuMemGetInfo")
	}
	c.HostAlloc = func(p *unsafe.Pointer, n uint64, _ uint32) code {
		if c := g.enter("cuMemHostAlloc"); c != codeSuccess {
			return c
		}
		memory := make([]byte, n)
		*p = unsafe.Pointer(&memory[0])
		g.host[*p] = memory
		return codeSuccess
	}
	c.HostFree = func(p unsafe.Pointer) code {
		c := g.enter("cuMemFreeHost")
		if _, ok := g.host[p]; !ok {
			g.t.Error("page-locked memory that was not there is freed")
		}
		delete(g.host, p)
		return c
	}
	c.HostDevicePointer = func(at *pointer, p unsafe.Pointer, _ uint32) code {
		*at = pointer(1<<62) + pointer(len(g.mapped))
		g.mapped[*at] = p
		return g.enter("cuMemHostGetDevicePointer")
	}
	c.CopyToDevice = func(at pointer, from unsafe.Pointer, n uint64, s handle) code {
		if c := g.enter("cuMemcpyHtoDAsync"); c != codeSuccess {
			return c
		}
		return g.in(s, func() code {
			g.check(g.memory.Write(ptx.Address(at), unsafe.Slice((*byte)(from), n)))
			return codeSuccess
		})
	}
	c.CopyFromDevice = func(to unsafe.Pointer, at pointer, n uint64, s handle) code {
		if c := g.enter("cuMemcpyDtoHAsync"); c != codeSuccess {
			return c
		}
		return g.in(s, func() code {
			if err := g.memory.Read(ptx.Address(at), unsafe.Slice((*byte)(to), n)); !g.stale {
				g.check(err)
			}
			return codeSuccess
		})
	}
	c.Fill = func(at pointer, value uint32, n uint64, s handle) code {
		if c := g.enter("cuMemsetD32Async"); c != codeSuccess {
			return c
		}
		return g.in(s, func() code {
			word := [4]byte{byte(value), byte(value >> 8), byte(value >> 16), byte(value >> 24)}
			g.check(g.memory.Write(ptx.Address(at), []byte(strings.Repeat(string(word[:]), int(n)))))
			return codeSuccess
		})
	}
}

func (g *fakeGPU) check(err error) {
	if err != nil {
		g.t.Error(err)
	}
}

func (g *fakeGPU) streamCalls(c *calls) {
	c.StreamCreate = func(s *handle, _ uint32) code {
		*s = g.handle()
		g.streams[*s] = &fakeStream{}
		return g.enter("cuStreamCreate")
	}
	c.StreamDestroy = func(s handle) code {
		delete(g.streams, s)
		return g.enter("cuStreamDestroy")
	}
	c.StreamSynchronize = func(s handle) code {
		if c := g.enter("cuStreamSynchronize"); c != codeSuccess {
			return c
		}
		g.wait()
		return g.until(g.streams[s], len(g.streams[s].work))
	}
	c.StreamWaitEvent = func(s, e handle, _ uint32) code {
		if c := g.enter("cuStreamWaitEvent"); c != codeSuccess {
			return c
		}
		event := *g.events[e] // as it is now: it may be recorded again
		return g.in(s, func() code { return g.until(event.of, event.at) })
	}
	c.StreamWriteValue = func(s handle, at pointer, value, _ uint32) code {
		if c := g.enter("cuStreamWriteValue32"); c != codeSuccess {
			return c
		}
		return g.in(s, func() code {
			*(*uint32)(g.mapped[at]) = value
			return codeSuccess
		})
	}
	if g.noMarks {
		c.StreamWriteValue = nil
	}
	c.EventCreate = func(e *handle, _ uint32) code {
		*e = g.handle()
		g.events[*e] = &fakeEvent{}
		return g.enter("cuEventCreate")
	}
	c.EventDestroy = func(e handle) code {
		delete(g.events, e)
		return g.enter("cuEventDestroy")
	}
	c.EventRecord = func(e, s handle) code {
		if c := g.enter("cuEventRecord"); c != codeSuccess {
			return c
		}
		stream := g.streams[s]
		*g.events[e] = fakeEvent{stream, len(stream.work)}
		return codeSuccess
	}
	c.EventSynchronize = func(e handle) code {
		if c := g.enter("cuEventSynchronize"); c != codeSuccess {
			return c
		}
		g.wait()
		return g.until(g.events[e].of, g.events[e].at)
	}
	c.EventElapsed = func(ms *float32, from, to handle) code {
		*ms = float32(g.events[to].at-g.events[from].at) / 4
		return g.enter("cuEventElapsedTime")
	}
}

// wait is where a kernel that takes long is waited for.
func (g *fakeGPU) wait() {
	if g.hang != nil {
		<-g.hang
	}
}

func (g *fakeGPU) kernelCalls(c *calls) {
	c.ModuleLoad = func(m *handle, image *byte, n uint32, options *int32, values *uintptr) code {
		if got := g.enter("cuModuleLoadDataEx"); got != codeSuccess {
			for i, option := range unsafe.Slice(options, n) {
				if option == jitErrorLog {
					at := *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(values), 8*i))
					copy(unsafe.Slice((*byte)(at), 256), g.jitLog+"\x00")
				}
			}
			return got
		}
		module, err := moduleOf(image)
		g.check(err)
		*m = g.handle()
		g.modules[*m] = module
		return codeSuccess
	}
	c.ModuleUnload = func(m handle) code {
		delete(g.modules, m)
		return g.enter("cuModuleUnload")
	}
	c.ModuleKernel = func(k *handle, m handle, name *byte) code {
		if c := g.enter("cuModuleGetFunction"); c != codeSuccess {
			return c
		}
		kernel := g.modules[m].Kernels[cString(name)]
		if kernel == nil {
			return codeNoSymbol
		}
		*k = g.handle()
		g.kernels[*k] = kernel
		return codeSuccess
	}
	c.Launch = func(k handle, gx, gy, gz, bx, by, bz, shared uint32, s handle, params *unsafe.Pointer, _ uintptr) code {
		if c := g.enter("cuLaunchKernel"); c != codeSuccess {
			return c
		}
		kernel := g.kernels[k]
		launch := ptx.Launch{
			Grid: [3]int{int(gx), int(gy), int(gz)}, Block: [3]int{int(bx), int(by), int(bz)}, Shared: int(shared),
		}
		for i, p := range unsafe.Slice(params, len(kernel.Params)) {
			arg := unsafe.Slice((*byte)(p), kernel.Params[i].Size)
			launch.Args = append(launch.Args, append(ptx.Arg(nil), arg...)) // as they are now
		}
		return g.in(s, func() code { return g.runKernel(kernel, launch) })
	}
}

func (g *fakeGPU) runKernel(kernel *ptx.Kernel, launch ptx.Launch) code {
	if g.faults[kernel.Name] {
		return codeIllegalAddress
	}
	if g.wrong {
		return codeSuccess
	}
	if err := kernel.Run(context.Background(), &g.memory, launch); err != nil {
		g.t.Error(err)
		return codeIllegalAddress
	}
	return codeSuccess
}

// moduleOf finds which of the embedded modules an image is.
func moduleOf(image *byte) (*ptx.Module, error) {
	all, err := modules()
	if err != nil {
		return nil, err
	}
	size := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(image), size)) != 0 {
		size++
	}
	text := string(unsafe.Slice(image, size))
	for name, m := range all {
		source, err := compiled.ReadFile("ptx/" + name)
		if err != nil {
			return nil, err
		}
		if string(source) == text {
			return m, nil
		}
	}
	return nil, errors.New("an image that is none of the modules")
}

// leftovers names what was not given back.
func (g *fakeGPU) leftovers() []string {
	var left []string
	for what, n := range map[string]int{
		"contexts": g.retained, "buffers": len(g.sizes), "page-locked pages": len(g.host), "modules": len(g.modules),
		"streams": len(g.streams), "events": len(g.events),
	} {
		if n != 0 {
			left = append(left, fmt.Sprintf("%d %s", n, what))
		}
	}
	return left
}
