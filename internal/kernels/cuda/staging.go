package cuda

import "unsafe"

// page is page-locked memory of the host, which the GPU reads and writes while
// both go on, and the event after which it is free again.
type page struct {
	memory []byte
	start  unsafe.Pointer
	event  handle
	used   bool   // the event was recorded
	mark   uint32 // of the last kernel before the event
}

// pageBytes is a page's size: large enough that a copy's start does not count,
// small enough that several are quickly there.
const pageBytes = 4 << 20

// pages are made when they are first needed; the executor makes them.
type pages struct{ all []*page }

func (p *pages) add(d *device) (*page, error) {
	made, err := answer(d, func() (*page, error) {
		made := &page{}
		if err := d.failed("cuMemHostAlloc", d.calls.HostAlloc(&made.start, pageBytes, hostPortable)); err != nil {
			return nil, err
		}
		made.memory = unsafe.Slice((*byte)(made.start), pageBytes)
		return made, d.failed("cuEventCreate", d.calls.EventCreate(&made.event, eventTimingOff))
	})
	if made != nil {
		p.all = append(p.all, made)
	}
	return made, err
}

func (p *pages) pinned() []unsafe.Pointer {
	var list []unsafe.Pointer
	for _, page := range p.all {
		list = append(list, page.start)
	}
	return list
}

func (p *pages) events() []handle {
	var list []handle
	for _, page := range p.all {
		list = append(list, page.event)
	}
	return list
}

// staging is the way to the GPU. Whoever uploads copies the bytes into pages
// itself, before the driver ever sees them: weights lie in mapped files, where a
// read may fail, which Go can answer for in Go's code alone.
type staging struct {
	pages
	current int // of pages.all
	filled  int // bytes of it
}

// upPages is how many pages uploads take turns in.
const upPages = 4

// take returns a part of a page, as long as asked for or shorter.
func (s *staging) take(d *device, bytes int) ([]byte, error) {
	if len(s.all) == 0 || s.filled == pageBytes {
		if err := s.turn(d); err != nil {
			return nil, err
		}
	}
	part := s.all[s.current].memory[s.filled:min(s.filled+bytes, pageBytes)]
	s.filled += len(part)
	return part, nil
}

// turn goes on to the next page, once the GPU has read what is there.
func (s *staging) turn(d *device) error {
	if len(s.all) > 0 {
		p := s.all[s.current]
		if err := d.post(func() error {
			return d.failed("cuEventRecord", d.calls.EventRecord(p.event, d.compute))
		}); err != nil {
			return err
		}
		p.used = true
	}
	if len(s.all) < upPages {
		if _, err := s.add(d); err != nil {
			return err
		}
		s.current, s.filled = len(s.all)-1, 0
		return nil
	}
	next := (s.current + 1) % upPages
	if p := s.all[next]; p.used {
		if err := d.do(func() error { return d.failed("cuEventSynchronize", d.calls.EventSynchronize(p.event)) }); err != nil {
			return err
		}
	}
	s.current, s.filled = next, 0
	return nil
}

// upload copies bytes to the GPU: they may change as soon as it returns.
func (d *device) upload(at pointer, data []byte) error {
	for len(data) > 0 {
		part, err := d.up.take(d, len(data))
		if err != nil {
			return err
		}
		copy(part, data)
		to := at
		if err := d.post(func() error {
			got := d.calls.CopyToDevice(to, unsafe.Pointer(&part[0]), uint64(len(part)), d.compute)
			return d.failed("cuMemcpyHtoDAsync", got)
		}); err != nil {
			return err
		}
		data, at = data[len(part):], at+pointer(len(part))
	}
	return nil
}
