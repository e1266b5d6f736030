package cuda

// stopwatch is two events, and memory that is written to empty the caches.
type stopwatch struct {
	from, to handle
	waste    pointer
	bytes    int
}

// begin writes to more memory than the cache holds, and starts the clock.
func (d *device) begin() error {
	if d.watch.waste == 0 {
		bytes := rounded(max(2*d.facts.L2, 1<<20))
		at, err := d.alloc(bytes)
		if err != nil {
			return err
		}
		d.watch.waste, d.watch.bytes = at, bytes
	}
	return d.post(func() error {
		for _, event := range []*handle{&d.watch.from, &d.watch.to} {
			if *event == 0 {
				if err := d.failed("cuEventCreate", d.calls.EventCreate(event, 0)); err != nil {
					return err
				}
			}
		}
		got := d.calls.Fill(d.watch.waste, 0, uint64(d.watch.bytes/4), d.compute)
		if err := d.failed("cuMemsetD32Async", got); err != nil {
			return err
		}
		return d.failed("cuEventRecord", d.calls.EventRecord(d.watch.from, d.compute))
	})
}

// end stops the clock and reads it.
func (d *device) end() (float64, error) {
	return answer(d, func() (float64, error) {
		w := &d.watch
		if err := d.failed("cuEventRecord", d.calls.EventRecord(w.to, d.compute)); err != nil {
			return 0, err
		}
		if err := d.failed("cuEventSynchronize", d.calls.EventSynchronize(w.to)); err != nil {
			return 0, err
		}
		var ms float32
		err := d.failed("cuEventElapsedTime", d.calls.EventElapsed(&ms, w.from, w.to))
		return float64(ms), err
	})
}

func (d *device) device() Device { return d.facts }

// events are those that the clock has made.
func (w *stopwatch) events() []handle {
	if w.from == 0 {
		return nil
	}
	return []handle{w.from, w.to}
}
