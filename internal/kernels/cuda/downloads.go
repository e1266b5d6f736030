package cuda

import "sync"

// downloads is the way back: on a stream of its own, into pages, and from there
// to where the bytes are wanted, while the GPU computes on.
type downloads struct {
	pages
	free    []*page
	copied  chan *page // pages that were read and are free again
	flying  []flight
	copying sync.WaitGroup
}

// flight is a page on its way, the oldest first.
type flight struct {
	page *page
	to   []byte
	read func() // called when the last page has been read; nil of those before it
}

// downPages is how many pages downloads take turns in: what is larger than all of them
// keeps the next op waiting, and GPT-2's pattern of 1024 tokens takes 12. They are made
// when they are needed.
const downPages = 16

// later copies memory back; the bytes are there after settle. read is called once the
// memory has been read.
func (d *device) later(to []byte, at pointer, read func()) error {
	if err := d.post(func() error {
		return d.failed("cuEventRecord", d.calls.EventRecord(d.computed, d.compute))
	}); err != nil {
		return err
	}
	for first := true; len(to) > 0; first = false {
		p, err := d.down.next(d)
		if err != nil {
			return err
		}
		part, from, waits := to[:min(len(to), pageBytes)], at, first
		if err := d.post(func() error { return d.fetch(p, from, len(part), waits) }); err != nil {
			d.down.free = append(d.down.free, p)
			return err
		}
		to, at = to[len(part):], at+pointer(len(part))
		f := flight{page: p, to: part}
		if len(to) == 0 {
			f.read = read
		}
		d.down.flying = append(d.down.flying, f)
	}
	return nil
}

// fetch starts copying into a page.
func (d *device) fetch(p *page, from pointer, bytes int, waits bool) error {
	if waits {
		if err := d.failed("cuStreamWaitEvent", d.calls.StreamWaitEvent(d.copies, d.computed, 0)); err != nil {
			return err
		}
	}
	got := d.calls.CopyFromDevice(p.start, from, uint64(bytes), d.copies)
	if err := d.failed("cuMemcpyDtoHAsync", got); err != nil {
		return err
	}
	p.mark = d.marks.last
	return d.failed("cuEventRecord", d.calls.EventRecord(p.event, d.copies))
}

// next returns a page that is free, for which it may have to wait for the oldest
// one under way.
func (w *downloads) next(d *device) (*page, error) {
	if w.copied == nil {
		w.copied = make(chan *page, downPages)
	}
	for {
		if n := len(w.free); n > 0 {
			p := w.free[n-1]
			w.free = w.free[:n-1]
			return p, nil
		}
		select {
		case p := <-w.copied:
			return p, nil
		default:
		}
		switch {
		case len(w.all) < downPages:
			return w.add(d)
		case len(w.flying) > 0:
			if err := w.land(d); err != nil {
				return nil, err
			}
		default:
			return <-w.copied, nil
		}
	}
}

// land waits for the oldest page under way and has its bytes copied.
func (w *downloads) land(d *device) error {
	f := w.flying[0]
	if err := d.do(func() error {
		err := d.failed("cuEventSynchronize", d.calls.EventSynchronize(f.page.event))
		if err == nil {
			d.marks.known = f.page.mark
		}
		return err
	}); err != nil {
		return err
	}
	w.flying = w.flying[1:]
	if f.read != nil {
		f.read()
	}
	w.copying.Go(func() {
		copy(f.to, f.page.memory)
		w.copied <- f.page
	})
	return nil
}

// settle waits until everything that later promised is there.
func (d *device) settle() error {
	for len(d.down.flying) > 0 {
		if err := d.down.land(d); err != nil {
			return err
		}
	}
	d.down.copying.Wait()
	return nil
}

// download copies memory back, and waits for it.
func (d *device) download(to []byte, at pointer) error {
	if err := d.later(to, at, nil); err != nil {
		return err
	}
	return d.settle()
}
