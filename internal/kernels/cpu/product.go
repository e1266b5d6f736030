package cpu

// few is how many rows of x are too few to pack weights for: dot products read
// them where they lie.
const few = 8

// product adds a product to c [rows, count], which holds zeros: rows of x
// with outputs first to first+count-1 of o, over their n inputs from `from` on.
// The order of each sum depends on n and on how o lies, and on whether rows are
// few, so a caller splits rows by the shape alone.
//
//	c[r, j] += sum_p x[r, p] o[first+j, from+p]
func (s *set) product(mem *scratch, c, x matrix, o operand, rows, first, count, from, n int) {
	if rows <= few && o.stride[1] == 1 {
		s.multiplyFew(mem, c, x, o, rows, first, count, from, n)
		return
	}
	s.tiled(mem, c, x, o, rows, first, count, from, n)
}

// tiled is product for any number of rows.
func (s *set) tiled(mem *scratch, c, x matrix, o operand, rows, first, count, from, n int) {
	for j := 0; j < count; j += s.tiles.group {
		width := min(s.tiles.group, count-j)
		for p := 0; p < n; p += s.tiles.depth {
			k := min(s.tiles.depth, n-p)
			strips := s.pack(mem, o, first+j, width, from+p, k)
			for r := 0; r < rows && !mem.stopped(); r += s.tiles.band {
				high := min(s.tiles.band, rows-r)
				s.multiplyStrips(mem, c.from(r, j), together(mem, x.from(r, p), high, k), strips, high, width, k)
			}
		}
	}
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

// multiplyStrips adds the product of rows of x with packed strips [count, k]
// to c: a tile at a time, all rows while a strip is near.
func (s *set) multiplyStrips(mem *scratch, c, x matrix, strips []float32, rows, count, k int) {
	wide := s.tiles.cols
	for j := 0; j < count; j += wide {
		strip, n := strips[j*k:][:k*wide], min(wide, count-j)
		for r := 0; r < rows; r += s.tiles.rows {
			high := min(s.tiles.rows, rows-r)
			if n < wide {
				s.narrowTile(mem, c.from(r, j), x.from(r, 0), strip, high, n, k)
				continue
			}
			s.tile(c.data[r*c.stride+j:], x.data[r*x.stride:], strip, c.stride, x.stride, k, high)
		}
	}
}

// narrowTile is a tile of which c has only n columns: it is added to a copy.
func (s *set) narrowTile(mem *scratch, c, x matrix, strip []float32, rows, n, k int) {
	wide := s.tiles.cols
	whole := grow(&mem.tile, s.tiles.rows*wide)
	for r := range rows {
		copy(whole[r*wide:][:n], c.data[r*c.stride:][:n])
	}
	s.tile(whole, x.data, strip, wide, x.stride, k, rows)
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
