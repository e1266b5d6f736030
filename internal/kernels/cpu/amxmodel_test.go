package cpu

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// AMX in Go, for machines that have none: the instructions as Intel's manual
// defines them (Software Developer's Manual, volume 2, "AMX instruction set
// reference"), and the loops of amx_amd64.s made of them.

// tileUnit is the eight tiles and their shapes.
type tileUnit struct {
	rows, width [8]int // width in bytes
	tile        [8][16][64]byte
}

// ldtilecfg sets the shapes: palette 1, then widths from byte 16 on and rows from
// byte 48 on. All tiles are zero then.
func (u *tileUnit) ldtilecfg(config [64]byte) {
	if config[0] != 1 {
		panic("a palette that there is not")
	}
	*u = tileUnit{}
	for t := range 8 {
		u.width[t] = int(binary.LittleEndian.Uint16(config[16+2*t:]))
		u.rows[t] = int(config[48+t])
		if u.width[t] > 64 || u.rows[t] > 16 {
			panic("a tile that is too large")
		}
	}
}

// tileloadd reads a tile whose rows are stride bytes apart, and tilestored
// writes one.
func (u *tileUnit) tileloadd(t int, from []byte, stride int) {
	for r := range u.rows[t] {
		copy(u.tile[t][r][:u.width[t]], from[r*stride:])
	}
}

func (u *tileUnit) tilestored(t int, to []byte, stride int) {
	for r := range u.rows[t] {
		copy(to[r*stride:], u.tile[t][r][:u.width[t]])
	}
}

// tdpbf16ps adds a [m, 2k] times b [2k, n] to c [m, n], where b's rows are pairs:
// one chain of sums for the even and one for the odd of each pair, which are
// added to each other and then to c.
func (u *tileUnit) tdpbf16ps(c, a, b int) {
	left, right := u.brains(a), u.brains(b)
	for m := range u.rows[c] {
		for n := range u.width[c] / 4 {
			var even, odd float32
			for k := range u.width[a] / 4 {
				even = tileFMA(left[m][2*k], right[k][2*n], even)
				odd = tileFMA(left[m][2*k+1], right[k][2*n+1], odd)
			}
			at := u.tile[c][m][4*n:]
			sum := tileAdd(math.Float32frombits(binary.LittleEndian.Uint32(at)), tileAdd(even, odd))
			binary.LittleEndian.PutUint32(at, math.Float32bits(sum))
		}
	}
}

// brains are the bfloat16 numbers of a tile, denormal ones taken for zero.
func (u *tileUnit) brains(t int) *[16][32]float32 {
	var x [16][32]float32
	for r := range x {
		for i := range x[r] {
			bits := binary.LittleEndian.Uint16(u.tile[t][r][2*i:])
			x[r][i] = flushed(math.Float32frombits(uint32(bits) << 16))
		}
	}
	return &x
}

// tileFMA is a b + c, rounded once, of numbers none of which is denormal. The product of two bfloat16 numbers has 16
// bits, so that float64 holds it, and the sum too unless one is so small beside
// the other that it cannot matter, except by its sign, in which way a sum is
// rounded that is no tie.
func tileFMA(a, b, c float32) float32 {
	if a == 0 && b-b == 0 { // most of what pads a panel
		return a*b + c
	}
	return flushed(float32(float64(a)*float64(b) + float64(c)))
}

// tileAdd is a + b.
func tileAdd(a, b float32) float32 { return flushed(flushed(a) + flushed(b)) }

// flushed is zero in place of a number below 2^-126 in magnitude.
func flushed(x float32) float32 {
	if x < 0x1p-126 && x > -0x1p-126 {
		return float32(math.Copysign(0, float64(x)))
	}
	return x
}

// modelLoops are the loops of amx_amd64.s, for products of any size.
func modelLoops() *partLoops {
	lanes := laneModel(fewestLanes)
	return &partLoops{
		pays: always, splitRows: splitRowsModel, splitStrip: splitStripModel, multiply: multiplyModel,
		attends: attendsAlways, splitLanes: lanes.split, multiplyLanes: lanes.multiply, weighLanes: lanes.weigh,
	}
}

func always(int, int, int) bool { return true }

func attendsAlways(int, int) bool { return true }

// orderOfParts is the order in which multiplyAMX multiplies a step's parts.
var orderOfParts = []struct{ left, right int }{{0, 2}, {0, 1}, {1, 1}, {1, 0}, {2, 0}, {0, 0}}

// multiplyModel is multiplyAMX.
func multiplyModel(j *tileJob) {
	config := [64]byte{0: 1}
	for t := range 8 {
		config[16+2*t], config[48+t] = 64, 16
	}
	left := unsafe.Slice((*byte)(unsafe.Pointer(j.left)), 2*j.steps*leftStep)
	right := unsafe.Slice((*byte)(unsafe.Pointer(j.right)), 2*j.steps*j.stored*partSize)
	var u tileUnit
	u.ldtilecfg(config)
	for s := range j.steps {
		for _, by := range orderOfParts {
			if by.right >= j.used {
				continue
			}
			a, b := left[2*(s*leftParts+by.left)*partSize:], right[2*(s*j.stored+by.right)*partSize:]
			u.tileloadd(4, a, 64)
			u.tileloadd(5, a[2*tileSize:], 64)
			u.tileloadd(6, b, 64)
			u.tileloadd(7, b[2*tileSize:], 64)
			u.tdpbf16ps(0, 4, 6)
			u.tdpbf16ps(1, 4, 7)
			u.tdpbf16ps(2, 5, 6)
			u.tdpbf16ps(3, 5, 7)
		}
	}
	sums := unsafe.Slice((*byte)(unsafe.Pointer(j.sums)), 4*side*side)
	u.tilestored(0, sums, 128)
	u.tilestored(1, sums[64:], 128)
	u.tilestored(2, sums[2048:], 128)
	u.tilestored(3, sums[2112:], 128)
	c, start := unsafe.Slice(j.c, (j.rows-1)*j.ldc/4+j.cols), unsafe.Slice(j.start, (j.rows-1)*j.apart/4+j.cols)
	for r := range j.rows {
		for o := range j.cols {
			c[r*j.ldc/4+o] = float32(float64(j.sums[r*side+o])*sumScale + float64(start[r*j.apart/4+o]))
		}
	}
}

// splitRowsModel is splitRowsAMX.
func splitRowsModel(panel []uint16, x []float32, stride, k, rows int, seen *seen) {
	for r := range rows {
		for p := range roundUp(k, step) {
			v := float32(0)
			if p < k {
				v = x[r*stride+p]
			}
			seen.see(p%16, v)
			for i, part := range partsOfNumber(v * leftScale) {
				panel[(p/step*leftParts+i)*partSize+r*step+p%step] = part
			}
		}
	}
}

// splitStripModel is splitStripAMX.
func splitStripModel(panel []uint16, strip []float32, stride, k, parts int, seen *seen) {
	for p := range roundUp(k, 2) {
		for j := range 16 {
			v := float32(0)
			if p < k {
				v = strip[p*stride+j]
			}
			seen.see(j, v)
			all := partsOfNumber(v * rightScale)
			seen.second[j] |= uint32(all[1]) << 16
			seen.third[j] |= uint32(all[2]) << 16
			for i, part := range all[:parts] {
				panel[(p/step*parts+i)*partSize+(p%step/2*16+j)*2+p%2] = part
			}
		}
	}
}

// see keeps a number's magnitude.
func (s *seen) see(lane int, v float32) {
	bits := math.Float32bits(v) &^ (1 << 31)
	s.least[lane], s.most[lane] = min(s.least[lane], bits-1), max(s.most[lane], bits)
}

// partsOfNumber splits one number.
func partsOfNumber(v float32) (parts [3]uint16) {
	for i := range 2 {
		bits := (math.Float32bits(v) + 0x8000) &^ 0xffff
		parts[i] = uint16(bits >> 16)
		v -= math.Float32frombits(bits)
	}
	parts[2] = uint16(math.Float32bits(v) >> 16)
	return parts
}

// laneModel is the loops of attentionparts_amd64.s over so many lanes.
type laneModel int

// multiply is multiplyLanesAMX: sixteen lanes at a time.
func (n laneModel) multiply(c []float32, a, b []uint16, stride, steps, pairs int, add bool) {
	lanes := int(n)
	config := [64]byte{0: 1}
	for t := range 8 {
		config[16+2*t], config[48+t] = 64, 16
	}
	var u tileUnit
	u.ldtilecfg(config)
	for rows := range 2 * pairs {
		for v := 0; v < lanes; v += 16 {
			sums := bytesOfFloats(c[rows*16*lanes+v:])
			u.tile[0] = [16][64]byte{}
			if add {
				u.tileloadd(0, sums, 4*lanes)
			}
			for s := range steps {
				left, right := a[rows/2*stride+s*leftStep+rows%2*tileSize:], b[s*laneParts(lanes, 1)+v/16*tileSize:]
				for _, part := range [][2]int{{0, 2}, {0, 1}, {1, 1}, {0, 0}, {1, 0}, {2, 0}} {
					u.tileloadd(6, bytesOfParts(left[part[0]*partSize:]), 64)
					u.tileloadd(7, bytesOfParts(right[part[1]*step*lanes:]), 64)
					u.tdpbf16ps(0, 6, 7)
				}
			}
			u.tilestored(0, sums, 4*lanes)
		}
	}
}

// split is splitLanesAMX.
func (n laneModel) split(to []uint16, s []float32, steps int) {
	lanes := int(n)
	for r := range 32 * steps {
		for l, v := range s[r*lanes:][:lanes] {
			for i, part := range partsOfNumber(v * laneScale) {
				to[(((r/32*3+i)*lanes/16+l/16)*16+r%32/2)*32+l%16*2+r%2] = part
			}
		}
	}
}

// weigh is weighLanesAMX.
func (n laneModel) weigh(j *laneJob) bool {
	fell := loops(n).weigh(j.scores, j.sums, j.rows)
	n.split(j.parts, j.scores, j.rows/step)
	if j.pairs > 0 {
		n.multiply(j.next, j.keys, j.queries, j.stride, j.steps, j.pairs, false)
	}
	return fell
}

func bytesOfFloats(x []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}

func bytesOfParts(x []uint16) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 2*len(x))
}
