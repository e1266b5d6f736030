package ptx

import "attn/internal/tensor"

// linkLoadMatrix links ldmatrix: 8 x 8 matrices of 16-bit numbers from shared
// memory. Lanes 8i to 8i+7 give the rows of matrix i; lane l receives numbers
// 2(l mod 4) and the next of row l/4, or of that column with .trans (section
// "ldmatrix").
func linkLoadMatrix(in *instruction) (shape, error) {
	count := 0
	switch {
	case in.has("x1"):
		count = 1
	case in.has("x2"):
		count = 2
	case in.has("x4"):
		count = 4
	}
	if count == 0 || !in.has("m8n8") || !in.has("b16") || len(in.operands) != 2 || in.operands[1].kind != isAddress ||
		in.operands[0].kind != isVector || len(in.operands[0].parts) != count {
		return unknown(in)
	}
	across := in.has("trans")
	in.collective, in.members = true, fullWarp
	in.run = func(w *warp, _ uint32) {
		for i := range count {
			rows, ok := w.matrixRows(&in.operands[1], 8*i)
			if !ok {
				return
			}
			for lane := range warpSize {
				a, b := rows[lane/4][lane%4*2], rows[lane/4][lane%4*2+1]
				if across {
					a, b = rows[lane%4*2][lane/4], rows[lane%4*2+1][lane/4]
				}
				w.set(&in.operands[0].parts[i], lane, a|b<<16)
			}
		}
	}
	return shape{1, 1}, nil
}

// matrixRows reads eight rows of eight 16-bit numbers, whose addresses eight
// lanes give.
func (w *warp) matrixRows(o *operand, first int) (rows [8][8]uint64, ok bool) {
	for row := range 8 {
		lane := first + row
		s, offset, ok := w.place(lane, "shared", w.address(o, lane), 16)
		if !ok || !w.check(lane, s, offset, 16, w.moment(lane), false) {
			return rows, false
		}
		for i := range 8 {
			rows[row][i] = s.load(offset+2*i, 2)
		}
	}
	return rows, true
}

// linkMMA links mma.sync.aligned.m16n8k16.row.col with bfloat16 or float16
// factors and float32 sums: d = a·b + c. Where each lane's numbers stand is in
// section "Matrix Fragments for mma.m16n8k16 with floating point type".
func linkMMA(in *instruction) (shape, error) {
	if !in.has("m16n8k16") || !in.has("row") || !in.has("col") || len(in.operands) != 4 || len(in.op) != 10 {
		return unknown(in)
	}
	var value func(half uint64) float32
	switch {
	case in.op[6] == "f32" && in.op[7] == "bf16" && in.op[8] == "bf16" && in.op[9] == "f32":
		value = func(half uint64) float32 { return f32(half << 16) }
	case in.op[6] == "f32" && in.op[7] == "f16" && in.op[8] == "f16" && in.op[9] == "f32":
		value = func(half uint64) float32 { return tensor.HalfToFloat(uint16(half)) }
	default:
		return unknown(in)
	}
	for i, n := range []int{4, 4, 2, 4} {
		if in.operands[i].kind != isVector || len(in.operands[i].parts) != n {
			return unknown(in)
		}
	}
	in.collective, in.members = true, fullWarp
	in.run = func(w *warp, _ uint32) { w.multiply(in, value) }
	return shape{1, 3}, nil
}

// multiply sums the sixteen products in order; a GPU's order and the width of
// its sums are its own.
func (w *warp) multiply(in *instruction, value func(uint64) float32) {
	var a [16][16]float32
	var b [16][8]float32
	o := in.operands
	for lane := range warpSize {
		group, place := lane/4, lane%4*2
		for half := range 2 {
			part := func(o *operand) float32 { return value(w.value(o, lane) >> (16 * half) & 0xffff) }
			a[group][place+half] = part(&o[1].parts[0])
			a[group+8][place+half] = part(&o[1].parts[1])
			a[group][place+8+half] = part(&o[1].parts[2])
			a[group+8][place+8+half] = part(&o[1].parts[3])
			b[place+half][group] = part(&o[2].parts[0])
			b[place+8+half][group] = part(&o[2].parts[1])
		}
	}
	for lane := range warpSize {
		for i := range 4 {
			row, column := lane/4+8*(i/2), lane%4*2+i%2
			sum := f32(w.value(&o[3].parts[i], lane))
			for k := range 16 {
				sum = fma(a[row][k], b[k][column], sum)
			}
			w.set(&o[0].parts[i], lane, bits32(sum))
		}
	}
}
