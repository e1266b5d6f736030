package cpu

// The two products of fused attention, a tile at a time.

// queryTile copies rows of queries [rows, d] side by side, where a product reads
// them best.
func queryTile(buffer *[]float32, q matrix, rows, d int) matrix {
	m := matrix{stride: roundUp(d, line) + line}
	m.data = grow(buffer, piece*m.stride)
	for r := range rows {
		copy(m.data[r*m.stride:][:d], q.data[r*q.stride:])
	}
	return m
}

// scoreTile sets c [rows, cols] to the products of queries [rows, d] and keys
// [cols, d].
//
//	c[i, j] = sum_e q[i, e] k[j, e]
func (s *set) scoreTile(mem *scratch, c, q, k matrix, rows, cols, d int) {
	strips := s.pack(mem, operand{data: k.data, stride: [2]int{k.stride, 1}}, 0, cols, 0, d)
	s.multiplyStrips(mem, c, q, strips, rows, cols, d, false)
}

// mixTile adds weighted values to c [rows, wide]: weights [rows, keys], values
// [keys, wide].
//
//	c[i, e] += sum_j w[i, j] v[j, e]
func (s *set) mixTile(mem *scratch, c, w, v matrix, rows, wide, keys int) {
	strips := s.pack(mem, operand{data: v.data, stride: [2]int{1, v.stride}}, 0, wide, 0, keys)
	s.multiplyStrips(mem, c, w, strips, rows, wide, keys, true)
}
