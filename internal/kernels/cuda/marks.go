package cuda

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"unsafe"
)

// marks tell how far the GPU has come: behind each kernel it writes the kernel's
// number to memory that the host reads. The driver tells of an error inside a
// kernel much later, when many more were launched, and not of which; the first
// whose number is missing is the one.
type marks struct {
	write func(s handle, at pointer, value, flags uint32) code // nil where the driver cannot
	host  unsafe.Pointer
	at    pointer           // the same memory, as the GPU sees it
	last  uint32            // launched
	known uint32            // to be done, from what was waited for
	ops   [markedOps]string // by number
	now   string            // the op that is being launched; ""
}

// markedOps is of how many launches the ops are known, more than a driver's
// queue holds.
const markedOps = 1 << 12

// open finds out whether marks work here.
func (m *marks) open(c *calls, s handle) error {
	if c.StreamWriteValue == nil {
		return nil
	}
	if err := c.failure("cuMemHostAlloc", c.HostAlloc(&m.host, 64, hostPortable|hostMapped)); err != nil {
		return err
	}
	const trial = 0x600dc0de
	if c.HostDevicePointer(&m.at, m.host, 0) != codeSuccess || c.StreamWriteValue(s, m.at, trial, 0) != codeSuccess {
		return nil
	}
	err := c.failure("cuStreamSynchronize", c.StreamSynchronize(s))
	if err == nil && m.done() == trial {
		atomic.StoreUint32((*uint32)(m.host), 0)
		m.write = c.StreamWriteValue
	}
	return err
}

func (m *marks) close(note func(string, code), c *calls) {
	if m.host != nil {
		note("cuMemFreeHost", c.HostFree(m.host))
		m.host, m.write = nil, nil
	}
}

// done is the number of the last kernel that the GPU has marked.
func (m *marks) done() uint32 { return atomic.LoadUint32((*uint32)(m.host)) }

// after marks the end of the kernel that was launched last.
func (m *marks) after(d *device, op string) error {
	m.last, m.now = m.last+1, ""
	m.ops[m.last%markedOps] = op
	if m.write == nil {
		return nil
	}
	return d.failed("cuStreamWriteValue32", m.write(d.compute, m.at, m.last, 0))
}

// culprit names the op whose kernel failed, or those of which one is it.
func (m *marks) culprit() string {
	done := m.known
	if m.write != nil {
		done = m.done()
	}
	switch open := m.last - done; {
	case open == 0 && m.now != "":
		return m.now
	case open == 0:
		return "between ops"
	case m.write != nil || open == 1:
		return m.ops[(done+1)%markedOps]
	}
	var names []string
	for i := done + 1; i <= m.last; i++ {
		if op := m.ops[i%markedOps]; !slices.Contains(names, op) {
			names = append(names, op)
		}
	}
	if len(names) > 4 {
		names = append(names[:4], "...")
	}
	return fmt.Sprintf("one of the last %d kernels (%s)", m.last-done, strings.Join(names, ", "))
}
