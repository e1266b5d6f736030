//go:build unix

package cpu

import (
	"fmt"
	"syscall"
	"testing"
	"unsafe"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// guarded is memory between two pages that nobody may touch: reading or
// writing beside it is a fault.
type guarded struct{ middle []byte }

func newGuarded(t *testing.T, size int) guarded {
	t.Helper()
	page := syscall.Getpagesize()
	size = roundUp(size, page)
	all, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(all) }) // the process ends soon
	for _, side := range [][]byte{all[:page], all[page+size:]} {
		if err := syscall.Mprotect(side, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return guarded{all[page : page+size]}
}

// bytes returns n bytes that end where the memory does, or begin there.
func (g guarded) bytes(n int, atEnd bool) []byte {
	if atEnd {
		return g.middle[len(g.middle)-n:]
	}
	return g.middle[:n:n]
}

// numbers is bytes for n numbers.
func (g guarded) numbers(n int, atEnd bool) []float32 {
	if n == 0 {
		return nil
	}
	b := g.bytes(4*n, atEnd)
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// TestNothingBesideOperandsIsTouched runs every loop of every instruction set on
// operands that end, and on ones that begin, beside a page that may not be
// touched.
func TestNothingBesideOperandsIsTouched(t *testing.T) {
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		s, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		m := make([]guarded, 6)
		for i := range m {
			m[i] = newGuarded(t, 1<<19)
		}
		for _, atEnd := range []bool{true, false} {
			at := func(i, n int) []float32 { return m[i].numbers(n, atEnd) }
			err := tensor.Guard(func() error {
				vectors(s, at, func(i, n int) []byte { return m[i].bytes(n, atEnd) })
				for s := s; s != nil; s = s.wide {
					products(s, at)
				}
				if s.parts != nil {
					tileProducts(s.parts, at)
					lanesByParts(s, at)
				}
				panelsAt(s, at)
				return nil
			})
			if err != nil {
				t.Errorf("operands at the end %v: %v", atEnd, err)
			}
		}
	})
}

// vectors runs the loops over rows at every length near a vector's.
func vectors(s *set, at func(i, n int) []float32, bytes func(i, n int) []byte) {
	for n := range 41 {
		dst, x, y := at(0, n), at(1, n), at(2, n)
		for i := range x {
			x[i], y[i] = float32(i), 1
		}
		s.add(dst, x, y)
		s.multiply(dst, x, y)
		s.scale(dst, x, 2)
		s.silu(dst, x)
		s.geluTanh(dst, x)
		s.gelu(dst, x)
		s.relu(dst, x)
		s.clamp(dst, x, 3, 9)
		s.bend(dst, x, 0.5, 3)
		s.exps(dst, x, s.largest(x))
		s.standard(dst, x, s.total(x), s.squares(x, 1))
		s.turn(dst, x, y, at(3, n), at(4, n), at(5, n))
		s.turnPairs(at(0, 2*n), at(1, 2*n), at(4, n), at(5, n))
		s.turnApart(dst, at(3, n), at(1, 2*n), at(4, n), at(5, n))
		s.halves(dst, bytes(1, 2*n))
		s.brains(dst, bytes(1, 2*n))
	}
}

// panelsAt runs fused attention's loops over panels of few and of many keys.
func panelsAt(s *set, at func(i, n int) []float32) {
	for _, keys := range []int{1, 2, 7, 8, 9, 17, 33, s.keys} {
		var sums laneSums
		var lists topLists
		sums.begin(0)
		lists.begin(3, s.lanes)
		x := at(0, keys*s.lanes)
		for i := range x {
			x[i] = float32(i % 9)
		}
		s.tops(x, &sums, lists.masks[:], keys)
		s.list(&lists, &sums, x, 0, keys)
		s.weigh(x, &sums, keys)
		s.near(at(1, s.lanes), x, 3, 5, keys)
		s.give(at(1, s.lanes), x, at(2, keys), keys)
		s.lower(x, at(1, s.lanes), keys)
		rows := roundUp(keys, panelRows)
		s.panel(at(0, rows*s.lanes), at(1, (rows-1)*(keys+3)+keys), at(2, keys*s.lanes), keys+3, keys, rows, true)
		s.flip(at(0, (keys-1)*(rows+1)+rows), at(1, (rows-1)*(keys+2)+keys), rows+1, keys+2, rows, keys)
	}
}

// products runs tiles, dot products and turns of every small shape.
func products(s *set, at func(i, n int) []float32) {
	wide := s.tiles.cols
	for _, k := range []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 70} {
		for rows := 1; rows <= s.tiles.rows; rows++ {
			for _, apart := range []int{0, 3} {
				lda, ldc := k+apart, wide+apart
				if s.columns != nil && (k == 1 || k == 8) {
					cols := 5*rows + apart
					s.columns(at(0, (rows-1)*ldc+cols), at(1, (rows-1)*lda+k), at(2, (k-1)*(cols+apart)+cols), ldc, lda, cols+apart, cols, k, rows)
				}
				s.tile(at(0, (rows-1)*ldc+wide), at(1, (rows-1)*lda+k), at(2, k*wide), ldc, lda, k, rows, apart == 0)
				if rows == 1 || rows == 3 {
					s.dots(at(0, 4*rows), at(1, (rows-1)*lda+k), at(2, 3*lda+k), lda, lda, k, rows)
				}
				if s.spread != nil && rows == 1 {
					s.spread(at(0, s.spreads*k), at(1, (k-1)*(s.spreads+apart)+s.spreads), s.spreads+apart, k)
				}
				if k%8 == 0 {
					s.transpose(at(0, (k-1)*wide+8), at(1, 7*lda+k), wide, lda, k)
				}
			}
		}
	}
}

// tileProducts splits and multiplies panels of every small shape.
func tileProducts(l *partLoops, at func(i, n int) []float32) {
	parts := func(i, n int) []uint16 {
		return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(at(i, n/2)))), n)
	}
	sums := new([side * side]float32)
	for _, k := range []int{1, 2, 15, 16, 17, 31, 32, 33, 64, 70} {
		for stored := 1; stored <= 3; stored++ {
			left, right := parts(0, steps(k)*leftStep), parts(1, steps(k)*stored*partSize)
			for _, rows := range []int{1, 2, 15, 16, 17, 31, 32} {
				seen := nothingSeen()
				ld := k + rows%3
				l.splitRows(left, at(2, (rows-1)*ld+k), ld, k, rows, &seen)
				l.splitStrip(right, at(2, (k-1)*(16+rows%3)+16), 16+rows%3, k, stored, &seen)
				// Half a strip's panel ends where the strip does, or before.
				half := right[tileSize:]
				l.splitStrip(half, at(2, (k-1)*16+16), 16, k, stored, &seen)
				cols := 1 + (rows*7+k)%side
				c, start := at(3, (rows-1)*ld+cols), at(4, cols)
				l.multiply(&tileJob{
					c: &c[0], start: &start[0], ldc: 4 * ld, rows: rows, cols: min(cols, ld), left: &left[0], right: &right[0],
					steps: steps(k), stored: stored, used: stored, next: &left[0], sums: sums,
				})
			}
		}
	}
}

// lanesByParts runs fused attention's loops by parts over panels of every number
// of steps.
func lanesByParts(s *set, at func(i, n int) []float32) {
	parts := func(i, n int) []uint16 {
		return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(at(i, n/2)))), n)
	}
	for n := 1; n <= s.keys/step; n++ {
		for deep := 1; deep <= 2; deep++ {
			var sums laneSums
			sums.begin(0)
			scores, weights := at(0, n*step*s.lanes), parts(1, laneParts(s.lanes, n))
			for pairs := range 5 {
				next, keys, queries := at(2, pairs*side*s.lanes), parts(3, pairs*deep*leftStep), parts(4, laneParts(s.lanes, deep))
				s.parts.weighLanes(&laneJob{
					scores: scores, sums: &sums, parts: weights, rows: n * step,
					next: next, keys: keys, queries: queries, stride: deep * leftStep, steps: deep, pairs: pairs,
				})
				if pairs > 0 {
					s.parts.multiplyLanes(next, keys, queries, deep*leftStep, deep, pairs, true)
				}
			}
			s.parts.splitLanes(weights, scores, n)
		}
	}
}

// TestWeightsAreReadToTheirEndAndNoFurther: a mapped file may end with its page.
func TestWeightsAreReadToTheirEndAndNoFurther(t *testing.T) {
	memory := newGuarded(t, 1<<19)
	for i := range memory.middle {
		memory.middle[i] = byte(i * i % 60)
	}
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		be := New(Options{Threads: 1, Set: name})
		defer func() { _ = be.Close() }()
		for _, d := range tensor.DTypes() {
			block, _ := d.Block()
			for _, out := range []int{1, 3, 16, 21, 37} {
				multiplyGuarded(be, memory, d, out, roundUp(45, block), false)
				if block == 1 {
					multiplyGuarded(be, memory, d, out, 45, true)
				}
			}
		}
		if err := be.Err(); err != nil {
			t.Error(err)
		}
	})
}

// multiplyGuarded multiplies few and many rows by a matrix at either end of the
// memory.
func multiplyGuarded(be *Backend, memory guarded, d tensor.DType, out, in int, turned bool) {
	w := kernels.Weight{Name: fmt.Sprint(d), Type: d, Shape: [2]int{out, in}, Stride: [2]int{in, 1}}
	if turned {
		w.Stride = [2]int{1, out}
	}
	for _, atEnd := range []bool{true, false} {
		w.Bytes = memory.bytes(d.Bytes(out*in), atEnd)
		for _, rows := range []int{1, 4, few + 1, 50} {
			x := tensor.New(tensor.D(tensor.Pos, rows), tensor.D(tensor.DModel, in))
			be.MatMul(be.Put(x), w, kernels.MatMulOpts{Out: []tensor.Dim{tensor.D(tensor.DModel, out)}})
		}
		be.Gather(w, []int32{0, int32(out - 1)})
	}
}

// TestGuardsGuard: the pages beside guarded memory cannot be read.
func TestGuardsGuard(t *testing.T) {
	memory := newGuarded(t, 1)
	for _, past := range []int{-1, len(memory.middle)} {
		var read byte
		err := tensor.Guard(func() error {
			read = *(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(memory.middle)), past))
			return nil
		})
		if err == nil {
			t.Errorf("byte %d can be read: %d", past, read)
		}
	}
}
