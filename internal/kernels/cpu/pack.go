package cpu

import "attn/internal/kernels"

// pack brings inputs from to from+k-1 of outputs first to first+count-1 of a
// matrix into the order in which tile reads them: strips of s.tiles.cols
// outputs, each [k, cols], zeros in the place of outputs that are not there. The
// numbers are converted on the way.
func (s *set) pack(mem *scratch, o operand, first, count, from, k int) []float32 {
	wide := s.tiles.cols
	strips := grow(&mem.strips, roundUp(count, wide)*k)
	if o.stride[0] == 1 && o.weight.Order == nil {
		s.packColumns(mem, strips, o, first, count, from, k)
		return strips
	}
	for j := 0; j < count; j += wide {
		strip, n := strips[j*k:][:k*wide], min(wide, count-j)
		if n < wide {
			clear(strip)
		}
		switch {
		case o.stride[1] == 1:
			s.packRows(mem, strip, o, first+j, n, from)
		case o.data != nil:
			s.packNumbers(strip, o.data[(first+j)*o.stride[0]+from*o.stride[1]:], o.stride, n)
		default:
			s.packStored(strip, o.weight, first+j, n, from)
		}
	}
	return strips
}

// packRows packs n outputs whose inputs lie side by side: it turns them.
func (s *set) packRows(mem *scratch, strip []float32, o operand, first, n, from int) {
	wide := s.tiles.cols
	k := len(strip) / wide
	rows := s.rows(mem, o, first, n, from, k)
	j, whole := 0, k&^7
	for ; j+8 <= n && whole > 0; j += 8 {
		s.transpose(strip[j:], rows.from(j, 0).data, wide, rows.stride, whole)
		for c := j; c < j+8 && whole < k; c++ {
			putColumn(strip[whole*wide+c:], wide, rows.from(c, whole).data[:k-whole])
		}
	}
	for ; j < n; j++ {
		putColumn(strip[j:], wide, rows.from(j, 0).data[:k])
	}
}

// putColumn writes a row down one column of a strip.
func putColumn(column []float32, wide int, row []float32) {
	for p, v := range row {
		column[p*wide] = v
	}
}

// packColumns packs outputs that lie side by side, as GPT-2's do: one input's
// at a time, for they are the next numbers in memory.
func (s *set) packColumns(mem *scratch, strips []float32, o operand, first, count, from, k int) {
	for ; o.data != nil && s.spread != nil && count >= s.spreads; count -= s.spreads {
		s.spread(strips, o.data[first+from*o.stride[1]:], o.stride[1], k)
		strips, first = strips[s.spreads*k:], first+s.spreads
	}
	if count == 0 {
		return
	}
	convert := s.converter(o.weight.Type)
	block, _ := o.weight.Type.Block()
	for p := range k {
		at := first + (from+p)*o.stride[1]
		var row []float32
		if o.data != nil {
			row = o.data[at:][:count]
		} else {
			before := at % block // only whole blocks can be converted
			row = grow(&mem.rows, roundUp(before+count, block))
			mem.decode(convert, row, &o.weight, at)
			row = row[before:][:count]
		}
		s.spreadRow(strips, row, p, k)
	}
}

// spreadRow writes a row over the strips [k, cols] of a group, as their row p, a line
// at a time. Columns that the row does not reach become zeros.
func (s *set) spreadRow(strips, row []float32, p, k int) {
	for j := 0; j < len(row); j += s.tiles.cols {
		to, from := strips[j*k+p*s.tiles.cols:][:s.tiles.cols], row[j:]
		for len(from) >= line && len(to) > 0 {
			*(*[line]float32)(to) = [line]float32(from)
			to, from = to[line:], from[line:]
		}
		clear(to[copy(to, from):])
	}
}

// packNumbers packs n outputs of numbers of which no two are neighbours.
func (s *set) packNumbers(strip, data []float32, stride [2]int, n int) {
	for p := range len(strip) / s.tiles.cols {
		for j := range n {
			strip[p*s.tiles.cols+j] = data[j*stride[0]+p*stride[1]]
		}
	}
}

// packStored is packNumbers for numbers that are stored in another type.
func (s *set) packStored(strip []float32, w kernels.Weight, first, n, from int) {
	convert := s.converter(w.Type)
	for p := range len(strip) / s.tiles.cols {
		for j := range n {
			at := w.Row(first+j) + (from+p)*w.Stride[1]
			convert(strip[p*s.tiles.cols+j:][:1], w.Bytes[w.Type.Bytes(at):])
		}
	}
}

// rows returns inputs from to from+k-1 of n outputs whose inputs lie side by
// side, as numbers: where they lie if they are float32 already, else converted.
func (s *set) rows(mem *scratch, o operand, first, n, from, k int) matrix {
	if o.data != nil {
		return matrix{data: o.data[first*o.stride[0]+from:], stride: o.stride[0]}
	}
	// Only whole blocks can be converted: those that hold any of the inputs.
	w := o.weight
	block, _ := w.Type.Block()
	start := from / block * block
	end := roundUp(from+k, block)
	// A row of its own cache line apart: rows 4 KiB apart, a common width,
	// would evict each other.
	m := matrix{stride: roundUp(end-start, line) + line}
	m.data = grow(&mem.rows, n*m.stride)
	convert := s.converter(w.Type)
	for r := range n {
		mem.decode(convert, m.data[r*m.stride:][:end-start], &w, w.Row(first+r)+start)
	}
	return m.from(0, from-start)
}
