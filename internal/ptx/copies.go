package ptx

import "math"

// copies are a lane's asynchronous copies from global to shared memory: issued
// but not yet in a group, and the groups that have not arrived.
type copies struct {
	loose  []copied
	groups [][]copied
}

// copied is what one cp.async reads and writes.
type copied struct {
	from, to       *space
	source, target int // offsets
	used, size     int // bytes read and written
}

// first returns a copy that is on its way, or nil.
func (c *copies) first() *copied {
	if len(c.loose) > 0 {
		return &c.loose[0]
	}
	for _, group := range c.groups {
		if len(group) > 0 {
			return &group[0]
		}
	}
	return nil
}

// commit makes a group of the loose ones.
func (c *copies) commit() { c.groups, c.loose = append(c.groups, c.loose), nil }

// linkCopy links cp.async and what waits for it (section "Data Movement and
// Conversion Instructions: Asynchronous copy"). The bytes arrive when the lane
// that asked for them waits: from the copy to the wait, whoever touches what is
// written, or writes what is read, races with it.
func linkCopy(in *instruction) (shape, error) {
	if !in.has("async") {
		return unknown(in)
	}
	switch {
	case in.has("commit_group"):
		in.run = func(w *warp, lanes uint32) {
			each(lanes, func(lane int) { w.copies[lane].commit() })
		}
		return shape{}, nil
	case in.has("wait_group"):
		if len(in.operands) != 1 || in.operands[0].kind != isImmediate || in.operands[0].value > math.MaxInt32 {
			return unknown(in)
		}
		left := int(in.operands[0].value)
		in.run = func(w *warp, lanes uint32) { each(lanes, func(lane int) { w.arrive(lane, left) }) }
		return shape{0, 1}, nil
	case in.has("wait_all"):
		in.run = func(w *warp, lanes uint32) {
			each(lanes, func(lane int) {
				w.copies[lane].commit()
				w.arrive(lane, 0)
			})
		}
		return shape{}, nil
	}
	return linkCopyStart(in)
}

// linkCopyStart links the copy itself: how many bytes, and of these how many
// are read; the rest is zeros.
func linkCopyStart(in *instruction) (shape, error) {
	if len(in.operands) < 3 || len(in.operands) > 4 || !in.has("shared") || !in.has("global") ||
		in.operands[0].kind != isAddress || in.operands[1].kind != isAddress || in.operands[2].kind != isImmediate {
		return unknown(in)
	}
	size := int(in.operands[2].value)
	if size != 4 && size != 8 && size != 16 || in.has("cg") && size != 16 {
		return unknown(in)
	}
	in.run = func(w *warp, lanes uint32) {
		o := in.operands
		each(lanes, func(lane int) {
			used := uint64(size)
			if len(o) == 4 {
				used = cut(w.value(&o[3], lane), 32)
			}
			if used > uint64(size) {
				w.fail(lane, "a copy of %d bytes that reads %d", size, used)
				return
			}
			w.copy(lane, w.address(&o[0], lane), w.address(&o[1], lane), size, int(used))
		})
	}
	return shape{0, len(in.operands)}, nil
}

// copy begins a copy. That it is made at once nobody sees, for nobody may look.
func (w *warp) copy(lane int, to, from uint64, size, used int) {
	now, c := w.moment(lane), copied{used: used, size: size}
	var ok bool
	if used > 0 {
		if c.from, c.source, ok = w.place(lane, "global", from, size); !ok || !w.check(lane, c.from, c.source, used, now, false) {
			return
		}
		c.from.lend(c.source, used)
	}
	now.how = flying
	if c.to, c.target, ok = w.place(lane, "shared", to, size); !ok || !w.check(lane, c.to, c.target, size, now, true) {
		return
	}
	clear(c.to.bytes[c.target:][:size])
	if used > 0 {
		copy(c.to.bytes[c.target:], c.from.bytes[c.source:][:used])
	}
	for i := range size {
		c.to.written[c.target+i] = true
	}
	w.copies[lane].loose = append(w.copies[lane].loose, c)
}

// lend counts a copy that reads bytes.
func (s *space) lend(offset, size int) {
	if s.sources == nil {
		s.sources = make([]uint16, len(s.seen))
	}
	for i := offset / s.grain; i < (offset+size)/s.grain; i++ {
		s.sources[i]++ // every copy on its way has a place of its own in shared memory: they are few
	}
}

// arrive waits for all but the newest groups.
func (w *warp) arrive(lane, left int) {
	c := &w.copies[lane]
	for len(c.groups) > left {
		for i := range c.groups[0] {
			c.groups[0][i].land(w.moment(lane))
		}
		c.groups = c.groups[1:]
	}
}

// land ends a copy: what it read and wrote counts as read and written now.
func (c *copied) land(now moment) {
	for i := c.target / c.to.grain; i < (c.target+c.size)/c.to.grain; i++ {
		c.to.seen[i].write = now
	}
	if c.used == 0 {
		return
	}
	for i := c.source / c.from.grain; i < (c.source+c.used)/c.from.grain; i++ {
		c.from.sources[i]--
		c.from.seen[i].read = c.from.seen[i].read.together(now)
	}
}
