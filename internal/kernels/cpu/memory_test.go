package cpu

import (
	"math"
	"runtime"
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/kernelstest"
	"attn/internal/tensor"
)

// TestOpsOnUsedMemory: whatever lay where an op's result goes, the result is the
// same.
func TestOpsOnUsedMemory(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		t.Helper()
		fresh, used := New(Options{Threads: 1, Set: set}), eager(Options{Threads: 2, Set: set})
		for _, op := range append(kernelstest.Ops(), kernelstest.FusedOps()...) {
			for _, c := range op.Calls {
				litter(&used.store)
				before := len(used.store.free)
				sameBits(t, op.Name+" "+c.Name, 1, run(t, c, used), run(t, c, fresh))
				if len(used.store.free) == before {
					t.Fatalf("%s %s: used no memory again", op.Name, c.Name)
				}
			}
		}
		for _, be := range []*Backend{fresh, used} {
			if err := be.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// litter has memory of every size lie about, full of what poisons any sum.
func litter(s *store) {
	have := map[int]int{}
	for _, m := range s.free {
		have[len(m.data)]++
	}
	for size := line; size < 1<<17; size += size / 2 {
		for range 6 - have[size] {
			data := aligned(size)
			for i := range data {
				data[i] = float32(math.NaN())
			}
			s.give(data)
		}
	}
}

// TestReturn: what was lent is used again once it came back, and the array is
// released; how often it was lent does not matter.
func TestReturn(t *testing.T) {
	be := New(Options{Threads: 1})
	x := tensor.New(tensor.D(tensor.Pos, 3), tensor.D(tensor.DModel, 40))
	x.Data[7] = 1
	place := func(a kernels.Array) *float32 { return &be.in(a).data[0] }
	array := be.Put(x)
	lent, again, where := be.Lend(array), be.Lend(array), place(array)
	be.Release(array)
	second := be.Put(x)
	if place(second) == where {
		t.Fatal("what is lent was used again")
	}
	be.Return(lent)
	be.Return(again)
	be.Return(x)
	be.Return(tensor.Tensor{})
	if len(be.store.free) != 1 || len(be.store.lent) != 0 {
		t.Fatalf("%d arrays lie about, %d are lent", len(be.store.free), len(be.store.lent))
	}
	if third := be.Put(x); place(third) != where {
		t.Error("what came back lies about unused")
	}
	be.Return(be.Lend(second)) // before it is released
	if len(be.store.free) != 0 || be.Get(second).Data[7] != 1 {
		t.Error("an array that is in use was given away")
	}
	be.Release(second)
	if len(be.store.free) != 1 {
		t.Error("the memory is lost")
	}
	if err := be.Err(); err != nil {
		t.Fatal(err)
	}
}

// TestLentIsForgotten: what is lent and never comes back is the collector's.
func TestLentIsForgotten(t *testing.T) {
	be := New(Options{Threads: 1})
	x := tensor.New(tensor.D(tensor.Pos, 1))
	for range 3 * idle {
		a := be.Put(x)
		be.Lend(a)
		be.Release(a)
		if len(be.store.lent)%1000 == 0 {
			runtime.GC()
		}
	}
	if n := len(be.store.lent); n > 2*idle {
		t.Errorf("%d arrays are remembered", n)
	}
}

// TestAddRowsTakesNoMemory: rows are added where they lie, and the array is the one
// that it was, unless somebody holds its numbers.
func TestAddRowsTakesNoMemory(t *testing.T) {
	be := New(Options{Threads: 1})
	x, y := be.Put(tensor.New(tensor.D(tensor.Pos, 3), tensor.D(tensor.DModel, 40))), be.Put(tensor.New(tensor.D(tensor.Pos, 1), tensor.D(tensor.DModel, 40)))
	add := func() kernels.Array { return be.AddRows(x, y, []int{2}, []float32{1}) }
	taken := be.store.taken
	if add() != x || be.store.taken != taken {
		t.Errorf("%d arrays were made", be.store.taken-taken)
	}
	lent := be.Lend(x)
	if add() == x {
		t.Error("what is lent was written to")
	}
	be.Return(lent)
	if add() != x || be.Err() != nil {
		t.Errorf("what came back is not written to: %v", be.Err())
	}
}

func TestRelease(t *testing.T) {
	be, other := New(Options{Threads: 1}), New(Options{Threads: 1})
	x := tensor.New(tensor.D(tensor.Pos, 3), tensor.D(tensor.DModel, 40))
	x.Data[7] = 1
	first := be.Put(x)
	copied, where := be.Get(first), &be.in(first).data[0]
	foreign := other.Put(x)
	for _, a := range []kernels.Array{foreign, nil, (*array)(nil), first, first} {
		be.Release(a)
	}
	again := be.Put(x)
	if &be.in(again).data[0] != where {
		t.Error("the memory lies about unused")
	}
	second := be.Scale(again, 2)
	if copied.Data[7] != 1 || be.Get(second).Data[7] != 2 || other.Get(foreign).Data[7] != 1 {
		t.Error("a number changed")
	}
	if err := be.Err(); err != nil {
		t.Fatal(err)
	}
	be.Scale(first, 2)
	if be.Err() == nil {
		t.Error("an array that was released was read")
	}
}

// TestLentArraysStay: what was lent is not written to again.
func TestLentArraysStay(t *testing.T) {
	be := New(Options{Threads: 1})
	x := tensor.New(tensor.D(tensor.Pos, 3), tensor.D(tensor.DModel, 40))
	x.Data[7] = 1
	a := be.Put(x)
	lent := be.Lend(a)
	be.Release(a)
	for range 3 {
		be.Put(tensor.New(x.Shape...))
	}
	if err := be.Err(); err != nil || lent.Data[7] != 1 {
		t.Errorf("%v, %v", lent.Data[7], err)
	}
}

// TestStore holds what of the memory that lies about is taken, and when it is let
// go.
func TestStore(t *testing.T) {
	var s store
	for _, n := range []int{1000, 100, 3000} {
		lying := len(s.free)
		data := s.take(n)
		if len(data) != n || len(s.free) != lying {
			t.Fatalf("%d numbers of no memory: %d", n, len(data))
		}
		s.give(data)
	}
	for _, c := range []struct {
		n, size int
		used    bool
	}{
		{990, 1024, true},   // not the larger one
		{1010, 1024, false}, // which is not twice as large as this
		{40, 40, false},     // nothing so small
		{96, 100, true},
	} {
		lying := len(s.free)
		data := s.take(c.n)
		used := len(s.free) < lying
		if used != c.used || cap(data) < c.size || len(data) != c.n {
			t.Errorf("%d numbers: %d of %d, used %v", c.n, len(data), cap(data), used)
		}
	}
	if len(s.free) != 1 {
		t.Fatalf("%d lie about", len(s.free))
	}
	s.taken += idle
	s.give(aligned(5))
	if len(s.free) != 1 || len(s.free[0].data) != 5 {
		t.Errorf("%d lie about that nobody takes", len(s.free))
	}
	for range 3 {
		s.give(make([]float32, mostIdle/2)) // which nobody touches, so that there is no such memory
	}
	if len(s.free) != 2 || s.size != mostIdle {
		t.Errorf("%d lie about, of %d numbers", len(s.free), s.size)
	}
}

// opBytes is what an op may allocate once memory lies about for its result: the
// headers of its arrays and what its tasks have to know.
const opBytes = 1024

// TestOpsAllocateHeadersOnly: in steady state no op takes memory for numbers.
func TestOpsAllocateHeadersOnly(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		t.Helper()
		opsAllocateHeadersOnly(t, set)
	})
}

func opsAllocateHeadersOnly(t *testing.T, set string) {
	t.Helper()
	const n, d, heads = 64, 96, 4
	be := eager(Options{Threads: 2, Set: set})
	defer func() { _ = be.Close() }()
	rows := tensor.New(tensor.D(tensor.Pos, n), tensor.D(tensor.DModel, d))
	split := tensor.New(tensor.D(tensor.Pos, n), tensor.D(tensor.Head, heads), tensor.D(tensor.DHead, d/heads))
	maps := tensor.New(tensor.D(tensor.Head, heads), tensor.D(tensor.QueryPos, n), tensor.D(tensor.KeyPos, n))
	x, q, p := be.Put(rows), be.Put(split), be.Put(maps)
	w := kernels.Weight{Type: tensor.F32, Shape: [2]int{d, d}, Stride: [2]int{d, 1}, Bytes: make([]byte, 4*d*d)}
	out, vector := []tensor.Dim{tensor.D(tensor.DModel, d)}, make([]float32, d)
	turns := kernels.RotaryOpts{Pairs: 4, Cos: make([]float32, 4*n), Sin: make([]float32, 4*n)}
	for name, op := range map[string]func() []kernels.Array{
		"gather": func() []kernels.Array { return []kernels.Array{be.Gather(w, []int32{1, 2, 3})} },
		"matmul": func() []kernels.Array {
			return []kernels.Array{be.MatMul(x, w, kernels.MatMulOpts{Out: out, Bias: vector})}
		},
		"norm": func() []kernels.Array {
			a, b := be.Norm(x, kernels.NormOpts{Gain: vector})
			return []kernels.Array{a, b}
		},
		"add":         func() []kernels.Array { return []kernels.Array{be.Add(x, x)} },
		"multiply":    func() []kernels.Array { return []kernels.Array{be.Multiply(x, x)} },
		"activate":    func() []kernels.Array { return []kernels.Array{be.Activate(x, kernels.GELUTanh)} },
		"rotate":      func() []kernels.Array { return []kernels.Array{be.Rotate(q, turns)} },
		"scores":      func() []kernels.Array { return []kernels.Array{be.Scores(q, q)} },
		"scale":       func() []kernels.Array { return []kernels.Array{be.Scale(p, 2)} },
		"softcap":     func() []kernels.Array { return []kernels.Array{be.Softcap(p, 2)} },
		"mask":        func() []kernels.Array { return []kernels.Array{be.Mask(p, kernels.Mask{Causal: true})} },
		"softmax":     func() []kernels.Array { return []kernels.Array{be.Softmax(p)} },
		"mix":         func() []kernels.Array { return []kernels.Array{be.Mix(p, q)} },
		"headresults": func() []kernels.Array { return []kernels.Array{be.HeadResults(q, w)} },
		"rows":        func() []kernels.Array { return []kernels.Array{be.Rows(x, []int{3, 5})} },
	} {
		steady := func() {
			for _, a := range op() {
				be.Release(a)
			}
		}
		if bytes := allocated(steady); bytes > opBytes {
			t.Errorf("%s allocates %d bytes each time", name, bytes)
		}
		if times := testing.AllocsPerRun(20, steady); times > 10 {
			t.Errorf("%s allocates %v times", name, times)
		}
	}
	if err := be.Err(); err != nil {
		t.Fatal(err)
	}
}

// allocated is how many bytes f allocates each time, once it has run often enough
// for every thread to have what it needs.
func allocated(f func()) uint64 {
	const runs = 20
	least := uint64(math.MaxUint64)
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			f()
		}
		runtime.ReadMemStats(&after)
		least = min(least, (after.TotalAlloc-before.TotalAlloc)/runs)
	}
	return least
}
