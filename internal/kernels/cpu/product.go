package cpu

// few is how many rows of x are too few to pack weights for: dot products read
// them where they lie.
const few = 8

// fewBeside is few for outputs that lie side by side: up to here reading them in
// place is faster than packing them, as measured, and parts do not pay yet.
const fewBeside = 63

// product sets c [rows, count] to a product: rows of x with outputs first to
// first+count-1 of o, over their n inputs from `from` on.
// The order of each sum depends on n and on how o lies, and on whether rows are
// few, so a caller splits rows by the shape alone.
//
//	c[r, j] = sum_p x[r, p] o[first+j, from+p]
func (s *set) product(mem *scratch, c, x matrix, o operand, rows, first, count, from, n int) {
	if rows <= few && o.stride[1] == 1 {
		s.multiplyFew(mem, c, x, o, rows, first, count, from, n)
		return
	}
	if rows <= fewBeside && o.stride[0] == 1 && o.data != nil && s.columns != nil {
		s.multiplyBeside(mem, c, x, o, rows, first, count, from, n)
		return
	}
	s.tiled(mem, c, x, o, rows, first, count, from, n, false)
}

// tiled is product for any number of rows, or adds it to c.
func (s *set) tiled(mem *scratch, c, x matrix, o operand, rows, first, count, from, n int, add bool) {
	for r := 0; r < rows && n == 0 && !add; r++ { // a sum of nothing
		clear(c.from(r, 0).data[:count])
	}
	for j := 0; j < count; j += s.tiles.group {
		width := min(s.tiles.group, count-j)
		for p := 0; p < n; p += s.tiles.depth {
			k := min(s.tiles.depth, n-p)
			strips := s.pack(mem, o, first+j, width, from+p, k)
			for r := 0; r < rows && !mem.stopped(); r += s.tiles.band {
				high, near := min(s.tiles.band, rows-r), x.from(r, p)
				if !s.tiles.inPlace && crowded(x.stride, s.tiles.rows, k) {
					near = together(mem, near, high, k)
				}
				s.multiplyStrips(mem, c.from(r, j), near, strips, high, width, k, add || p > 0)
			}
		}
	}
}

// crowded reports whether the rows of a tile, k numbers of each, would evict each
// other from the nearest cache: more than two of them share a place in a cache of 64
// sets, which is as many as every processor has at least. Beside the strip, which has
// four places in each set, two leave room in a cache of eight ways.
func crowded(stride, rows, k int) bool {
	const sets = 64
	var sharing [sets]int
	for r := range rows {
		first := r * stride / line
		for l := range min(sets, (k+line-1)/line) {
			set := (first + l) % sets
			if sharing[set]++; sharing[set] > 2 {
				return true
			}
		}
	}
	return false
}

// together returns rows of x [rows, k] near each other, but not a power of two
// apart, as rows of many widths are: such rows would evict each other, and a
// tile that reads six of them at once waits for one bank of the nearest cache.
func together(mem *scratch, x matrix, rows, k int) matrix {
	m := matrix{stride: roundUp(k, line) + line}
	m.data = grow(&mem.band, rows*m.stride)
	for r := range rows {
		copy(m.data[r*m.stride:][:k], x.data[r*x.stride:])
	}
	return m
}

// multiplyStrips sets c to the product of rows of x with packed strips [count,
// k], or adds it: a tile at a time, all rows while a strip is near.
func (s *set) multiplyStrips(mem *scratch, c, x matrix, strips []float32, rows, count, k int, add bool) {
	wide := s.tiles.cols
	for j := 0; j < count; j += wide {
		strip, n := strips[j*k:][:k*wide], min(wide, count-j)
		for r := 0; r < rows; r += s.tiles.rows {
			high := min(s.tiles.rows, rows-r)
			if n < wide {
				s.narrowTile(mem, c.from(r, j), x.from(r, 0), strip, high, n, k, add)
				continue
			}
			s.tile(c.data[r*c.stride+j:], x.data[r*x.stride:], strip, c.stride, x.stride, k, high, add)
		}
	}
}

// narrowTile is a tile of which c has only n columns: a copy has them all.
func (s *set) narrowTile(mem *scratch, c, x matrix, strip []float32, rows, n, k int, add bool) {
	wide := s.tiles.cols
	whole := grow(&mem.tile, s.tiles.rows*wide)
	for r := range rows {
		copy(whole[r*wide:][:n], c.data[r*c.stride:][:n])
	}
	s.tile(whole, x.data, strip, wide, x.stride, k, rows, add)
	for r := range rows {
		copy(c.data[r*c.stride:][:n], whole[r*wide:][:n])
	}
}

// multiplyFew sets c to the product of a few rows of x with outputs whose
// inputs lie side by side: four outputs at a time, each read once.
func (s *set) multiplyFew(mem *scratch, c, x matrix, o operand, rows, first, count, from, n int) {
	for j := 0; j < count && !mem.stopped(); j += 4 {
		four := min(4, count-j)
		w := s.rows(mem, o, first+j, four, from, n)
		if four < 4 {
			w = fourRows(&mem.last, w, four, n)
		}
		for r := 0; r < rows; {
			high := 1
			if rows-r >= 3 {
				high = 3
			}
			s.dots(mem.dots[:], x.data[r*x.stride:], w.data, x.stride, w.stride, n, high)
			for i := range high {
				copy(c.data[(r+i)*c.stride+j:][:four], mem.dots[4*i:])
			}
			r += high
		}
	}
}

// beside is how many inputs multiplyBeside takes at a time.
const beside = 8

// multiplyBeside sets c to the product of a few rows of x with outputs that lie side
// by side, as GPT-2's do: eight inputs at a time, whose rows are read as they lie.
func (s *set) multiplyBeside(mem *scratch, c, x matrix, o operand, rows, first, count, from, n int) {
	for r := range rows {
		clear(c.from(r, 0).data[:count])
	}
	for p, k := 0, beside; p < n && !mem.stopped(); p += k {
		if n-p < beside {
			k = 1
		}
		w := o.data[first+(from+p)*o.stride[1]:]
		s.columns(c.data, x.data[p:], w, c.stride, x.stride, o.stride[1], count, k, rows)
	}
}

// fourRows returns a copy of the last, fewer than four rows [have, n], and
// zeros for those that are missing.
func fourRows(buffer *[]float32, rows matrix, have, n int) matrix {
	m := matrix{data: grow(buffer, 4*n), stride: n}
	clear(m.data[have*n:])
	for r := range have {
		copy(m.data[r*n:][:n], rows.data[r*rows.stride:])
	}
	return m
}
