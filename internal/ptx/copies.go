package ptx

// copies are a lane's asynchronous copies from global to shared memory: issued
// but not yet in a group, and the groups that have not arrived.
type copies struct {
	loose  []copied
	groups [][]copied
}

// copied is what one cp.async will write.
type copied struct {
	offset int
	bytes  []byte
}

// linkCopy links cp.async and what waits for it (section "Data Movement and
// Conversion Instructions: Asynchronous copy"). The bytes arrive when the lane
// that asked for them waits, so that a read before is seen as what it is.
func linkCopy(in *instruction) (shape, error) {
	if !in.has("async") {
		return unknown(in)
	}
	switch {
	case in.has("commit_group"):
		in.run = func(w *warp, lanes uint32) {
			each(lanes, func(lane int) {
				c := &w.copies[lane]
				c.groups, c.loose = append(c.groups, c.loose), nil
			})
		}
		return shape{}, nil
	case in.has("wait_group"):
		if len(in.operands) != 1 || in.operands[0].kind != isImmediate {
			return unknown(in)
		}
		left := int(in.operands[0].value)
		in.run = func(w *warp, lanes uint32) { each(lanes, func(lane int) { w.arrive(lane, left) }) }
		return shape{0, 1}, nil
	case in.has("wait_all"):
		in.run = func(w *warp, lanes uint32) {
			each(lanes, func(lane int) {
				c := &w.copies[lane]
				c.groups, c.loose = append(c.groups, c.loose), nil
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
	if size != 4 && size != 8 && size != 16 {
		return unknown(in)
	}
	in.run = func(w *warp, lanes uint32) {
		o := in.operands
		each(lanes, func(lane int) {
			used := size
			if len(o) == 4 {
				used = int(min(cut(w.value(&o[3], lane), 32), uint64(size)))
			}
			w.copy(lane, w.address(&o[0], lane), w.address(&o[1], lane), size, used)
		})
	}
	return shape{0, len(in.operands)}, nil
}

func (w *warp) copy(lane int, to, from uint64, size, used int) {
	data := make([]byte, size)
	if used > 0 {
		s, offset, ok := w.place(lane, "global", from, size)
		if !ok || !w.check(lane, s, offset, used, w.moment(lane), false) {
			return
		}
		copy(data[:used], s.bytes[offset:])
	}
	_, offset, ok := w.place(lane, "shared", to, size)
	if ok {
		w.copies[lane].loose = append(w.copies[lane].loose, copied{offset, data})
	}
}

// arrive writes all but the newest groups.
func (w *warp) arrive(lane, left int) {
	c := &w.copies[lane]
	for len(c.groups) > left {
		for _, one := range c.groups[0] {
			if !w.check(lane, w.block.shared, one.offset, len(one.bytes), w.moment(lane), true) {
				return
			}
			for i, b := range one.bytes {
				w.block.shared.store(one.offset+i, 1, uint64(b))
			}
		}
		c.groups = c.groups[1:]
	}
}
