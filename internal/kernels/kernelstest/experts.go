package kernelstest

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// The ops that take tokens to experts and back. How far each may lie from package
// ref:
//
//	rows      0
//	addrows   2 u (|x| + |factor y|), and not at all from Scale and Add
//	route     2 u share, and no zero is anything else
func expertOps() []Op {
	return []Op{
		{"rows", rowsCalls(newSource(51))},
		{"addrows", addRowsCalls(newSource(52))},
		{"route", routeCalls(newSource(53))},
	}
}

func rowsCalls(s source) (calls []Call) {
	for _, rows := range [][]int{{0}, {6}, {3, 3, 0, 6}} {
		calls = append(calls, Call{
			Name: fmt.Sprint(rows), inputs: []tensor.Tensor{s.normal(pos(7), heads(2), headSize(5))}, allowed: exact,
			run: one(func(be kernels.Backend, x kernels.Array) kernels.Array { return be.Rows(x, rows) }),
		})
	}
	return calls
}

func addRowsCalls(s source) (calls []Call) {
	for _, t := range tokens() {
		for _, n := range []int{1, (t + 1) / 2, t} {
			rows := s.Perm(t)[:n]
			calls = append(calls, addRows(fmt.Sprintf("%d rows of T %d", n, t),
				s.normal(pos(t), model(67)), s.normal(pos(n), model(67)), rows, s.vector(n)))
		}
	}
	x, y := s.among(extremes(), pos(7), heads(3), headSize(5)), s.among(append(extremes(), inf(), nan()), pos(3), heads(3), headSize(5))
	return append(calls,
		addRows("extremes", x, y, []int{6, 0, 3}, []float32{1e-30, 1, 0}),
		addRows("factors that are none", x, s.normal(pos(2), heads(3), headSize(5)), []int{1, 2}, []float32{nan(), inf()}))
}

// addRows is a call of AddRows, which may write to its first input.
func addRows(name string, x, y tensor.Tensor, rows []int, factors []float32) Call {
	width := tensor.Elements(x.Shape[1:])
	return Call{
		Name: name, inputs: []tensor.Tensor{x, y}, takesFirst: true,
		run: two(func(be kernels.Backend, x, y kernels.Array) kernels.Array { return be.AddRows(x, y, rows, factors) }),
		allowed: func(_, at int, _ float64) bound {
			i := slices.Index(rows, at/width)
			if i < 0 {
				return 0
			}
			return relative(2, math.Abs(float64(x.Data[at]))+math.Abs(float64(factors[i])*float64(y.Data[i*width+at%width])))
		},
	}
}

// routings are ways to choose among so many experts.
func routings(s source, experts int) (list []kernels.RouteOpts) {
	for _, used := range slices.Compact([]int{1, (experts + 2) / 3, experts}) {
		list = append(list,
			kernels.RouteOpts{Used: used},
			kernels.RouteOpts{Used: used, Anew: true, Correction: s.vector(experts)},
			kernels.RouteOpts{Used: used, Sigmoid: true, Scale: 2.5},
		)
	}
	for _, groups := range []int{1, 2, 4, 12} {
		if size := experts / groups; experts%groups == 0 {
			most := (groups + 1) / 2
			list = append(list,
				kernels.RouteOpts{Used: max(1, size*most/2), Groups: groups, GroupsUsed: most, GroupBest: 1},
				kernels.RouteOpts{
					Used: size * most, Sigmoid: true, Anew: true, Scale: 1.5, Correction: s.vector(experts),
					Groups: groups, GroupsUsed: most, GroupBest: min(3, size),
				})
		}
	}
	return list
}

func routeCalls(s source) (calls []Call) {
	for _, size := range [][2]int{{7, 8}, {1, 1}, {1, 60}, {3, 257}, {70, 8}, {33, 60}} {
		t, experts := size[0], size[1]
		for _, o := range routings(s, experts) {
			calls = append(calls, route(fmt.Sprintf("T %d", t), s.normal(pos(t), expert(experts)), o))
		}
	}
	for _, test := range []struct {
		name   string
		values []float32
	}{
		{"two scores", []float32{1, 2}},
		{"one score", []float32{3}},
		{"hidden experts", []float32{-inf(), 0, 1, 2}},
		{"nobody", []float32{-inf()}},
		{"extremes", extremes()},
		{"edges of exp", []float32{-745, -720, -709, -104, -60, 0, 30, 90, 708, 709.5}},
		{"no numbers", []float32{nan(), 1, 2, 3}},
		{"only no number", []float32{nan()}},
		{"infinite", []float32{inf(), 1, 2}},
	} {
		for _, o := range routings(s, 12) {
			if o.Correction != nil { // of two kinds, so that some stay alike
				o.Correction = s.among([]float32{0, 1}, expert(12)).Data
			}
			calls = append(calls, route(test.name, s.among(test.values, pos(9), expert(12)), o))
		}
	}
	return calls
}

// route is a call of Route.
func route(name string, scores tensor.Tensor, o kernels.RouteOpts) Call {
	return Call{
		Name:   fmt.Sprintf("%s, %d experts, %+v", name, scores.Shape[1].Size, o),
		inputs: []tensor.Tensor{scores},
		run:    one(func(be kernels.Backend, x kernels.Array) kernels.Array { return be.Route(x, o) }),
		allowed: func(_, _ int, want float64) bound {
			if want == 0 {
				return 0
			}
			return relative(2, math.Abs(want))
		},
	}
}

// expert names the axis of experts.
func expert(n int) tensor.Dim { return tensor.D(tensor.Expert, n) }

// sharesAddUp holds that as many experts as asked for have a share, and that
// shares made anew sum to 1, or to the scale.
func sharesAddUp(be kernels.Backend) error {
	const t, experts = 7, 60
	s := newSource(54)
	scores := s.normal(pos(t), expert(experts))
	for _, o := range routings(s, experts) {
		shares := be.Get(be.Route(be.Put(scores), o))
		if err := be.Err(); err != nil {
			return err
		}
		want := 1.0
		if o.Scale != 0 {
			want = float64(o.Scale)
		}
		for i := range t {
			sum, used := 0.0, 0
			for _, v := range shares.Row(i) {
				sum += float64(v)
				if v != 0 {
					used++
				}
			}
			if whole := o.Anew || o.Used == experts && !o.Sigmoid; used != o.Used || whole && math.Abs(sum-want) > 1e-6 {
				return fmt.Errorf("%+v: token %d has shares of %d experts, together %v", o, i, used, sum)
			}
		}
	}
	return nil
}

// sharesByHand are choices that anybody can check.
func sharesByHand(be kernels.Backend) error {
	low, high := float32(math.Log(1)), float32(math.Log(3)) // softmax of both: a quarter, three
	for name, test := range map[string]struct {
		scores, want []float32
		o            kernels.RouteOpts
	}{
		"the larger":              {[]float32{low, high}, []float32{0, .75}, kernels.RouteOpts{Used: 1}},
		"anew":                    {[]float32{low, high}, []float32{0, 1}, kernels.RouteOpts{Used: 1, Anew: true}},
		"scaled":                  {[]float32{low, high}, []float32{0, 1.5}, kernels.RouteOpts{Used: 1, Scale: 2}},
		"sigmoid":                 {[]float32{low, high}, []float32{.5, .75}, kernels.RouteOpts{Used: 2, Sigmoid: true}},
		"the earlier of two":      {[]float32{low, low}, []float32{.5, 0}, kernels.RouteOpts{Used: 1}},
		"corrected, share as was": {[]float32{low, high}, []float32{.25, 0}, kernels.RouteOpts{Used: 1, Correction: []float32{1, 0}}},
		"the best group": { // its best two have 4 of 12, the others' 6
			[]float32{high, low, low, high, high, low}, []float32{0, 0, 0, .25, 0, 0}, kernels.RouteOpts{Used: 1, Groups: 2, GroupsUsed: 1, GroupBest: 2},
		},
		"the group of the best": { // by its best one, the first
			[]float32{high, low, low, high, high, low}, []float32{.25, .25 / 3, 0, 0, 0, 0}, kernels.RouteOpts{Used: 2, Groups: 2, GroupsUsed: 1, GroupBest: 1},
		},
	} {
		shares := be.Get(be.Route(be.Put(tensor.Tensor{Shape: []tensor.Dim{pos(1), expert(len(test.scores))}, Data: test.scores}), test.o))
		if err := be.Err(); err != nil {
			return err
		}
		for e, want := range test.want {
			if got := shares.Data[e]; math.Abs(float64(got-want)) > 1e-6 || (got == 0) != (want == 0) {
				return fmt.Errorf("%s: the shares are %v, want %v", name, shares.Data, test.want)
			}
		}
	}
	return nil
}

// addRowsIsScaleAndAdd holds to the last bit: product and sum are rounded each.
func addRowsIsScaleAndAdd(be kernels.Backend) error {
	const t, d = 33, 67
	s := newSource(55)
	x, y, factors, rows := s.normal(pos(t), model(d)), s.normal(pos(t), model(d)), s.vector(t), s.Perm(t)
	got := be.Get(be.AddRows(be.Put(x), be.Put(y), rows, factors))
	for i, r := range rows {
		at := be.Rows(be.Put(x), []int{r})
		want := be.Get(be.Add(at, be.Scale(be.Rows(be.Put(y), []int{i}), factors[i])))
		if err := be.Err(); err != nil {
			return err
		}
		if !slices.Equal(got.Row(r), want.Row(0)) {
			return fmt.Errorf("row %d: got %v, want %v", r, got.Row(r), want.Row(0))
		}
	}
	return nil
}

// addRowsSparesOthers holds that AddRows writes to nothing that has another name,
// and that it may add an array to itself.
func addRowsSparesOthers(be kernels.Backend) error {
	const t, d = 6, 10
	s := newSource(56)
	x, rows, factors := s.normal(pos(t), model(d)), []int{5, 4, 3, 2, 1, 0}, s.vector(t)
	want := be.Get(be.AddRows(be.Put(x), be.Put(x), rows, factors))
	for name, hold := range map[string]func(a kernels.Array) (kernels.Array, func() tensor.Tensor){
		"itself": func(a kernels.Array) (kernels.Array, func() tensor.Tensor) {
			return a, func() tensor.Tensor { return x }
		},
		"of other axes": func(a kernels.Array) (kernels.Array, func() tensor.Tensor) {
			view := be.Reshape(a, x.Shape[1], x.Shape[0])
			return a, func() tensor.Tensor { return be.Get(be.Reshape(view, x.Shape...)) }
		},
		"that axes were taken of": func(a kernels.Array) (kernels.Array, func() tensor.Tensor) {
			return be.Reshape(a, x.Shape...), func() tensor.Tensor { return be.Get(a) }
		},
		"lent": func(a kernels.Array) (kernels.Array, func() tensor.Tensor) {
			lender, ok := be.(kernels.Lender)
			if !ok {
				return a, func() tensor.Tensor { return x }
			}
			lent := lender.Lend(a)
			return a, func() tensor.Tensor { return lent }
		},
		"on its way": func(a kernels.Array) (kernels.Array, func() tensor.Tensor) {
			overlapping, ok := be.(kernels.Overlapping)
			if !ok {
				return a, func() tensor.Tensor { return x }
			}
			later := overlapping.Later(a)
			return a, func() tensor.Tensor { overlapping.Settle(); return later }
		},
	} {
		a, held := hold(be.Put(x))
		other := be.Put(x)
		if name == "itself" {
			other = a
		}
		got := be.Get(be.AddRows(a, other, rows, factors))
		if err := be.Err(); err != nil {
			return err
		}
		if !sameBits(got, want) {
			return fmt.Errorf("%s: got %v, want %v", name, got, want)
		}
		if !sameBits(held(), x) {
			return errors.New(name + ": it was written to")
		}
	}
	return be.Err()
}

// badExperts are choices of experts, and sums over them, that make no sense.
func badExperts() (list []badCall) {
	for name, o := range map[string]kernels.RouteOpts{
		"none":                   {},
		"fewer than none":        {Used: -1},
		"more than there are":    {Used: 7},
		"a correction too few":   {Used: 1, Correction: make([]float32, 5)},
		"no corrections":         {Used: 1, Correction: []float32{}},
		"groups of uneven size":  {Used: 1, Groups: 4, GroupsUsed: 1, GroupBest: 1},
		"more groups than these": {Used: 1, Groups: 12, GroupsUsed: 1, GroupBest: 1},
		"negative groups":        {Used: 1, Groups: -2, GroupsUsed: 1, GroupBest: 1},
		"no group":               {Used: 1, Groups: 2, GroupBest: 1},
		"too many groups":        {Used: 1, Groups: 2, GroupsUsed: 3, GroupBest: 1},
		"no best of a group":     {Used: 1, Groups: 2, GroupsUsed: 1},
		"too many of a group":    {Used: 1, Groups: 2, GroupsUsed: 1, GroupBest: 4},
		"more than groups have":  {Used: 4, Groups: 2, GroupsUsed: 1, GroupBest: 1},
	} {
		list = append(list, badCall{"route, " + name, func(be kernels.Backend) []kernels.Array {
			return []kernels.Array{be.Route(be.Put(tensor.New(pos(2), expert(6))), o)}
		}})
	}
	for _, shape := range [][]tensor.Dim{{expert(4)}, {pos(2), heads(2), expert(4)}} {
		list = append(list, badCall{"route of " + tensor.ShapeString(shape), func(be kernels.Backend) []kernels.Array {
			return []kernels.Array{be.Route(be.Put(tensor.New(shape...)), kernels.RouteOpts{Used: 1})}
		}})
	}
	for _, rows := range [][]int{{}, {3}, {-1}} {
		list = append(list, badCall{fmt.Sprintf("rows %v", rows), func(be kernels.Backend) []kernels.Array {
			return []kernels.Array{be.Rows(be.Put(tensor.New(pos(3), model(4))), rows)}
		}})
	}
	return append(list, badAddRows()...)
}

func badAddRows() (list []badCall) {
	shape := []tensor.Dim{pos(2), model(4)}
	for name, test := range map[string]struct {
		y       []tensor.Dim
		rows    []int
		factors int
	}{
		"a row too few":    {shape, []int{1}, 2},
		"a factor too few": {shape, []int{1, 2}, 1},
		"a row twice":      {shape, []int{1, 1}, 2},
		"a row beyond":     {shape, []int{1, 3}, 2},
		"a negative row":   {shape, []int{1, -1}, 2},
		"another width":    {[]tensor.Dim{pos(2), model(5)}, []int{1, 2}, 2},
		"other axes":       {[]tensor.Dim{pos(2), heads(4)}, []int{1, 2}, 2},
		"one axis":         {[]tensor.Dim{pos(2)}, []int{1, 2}, 2},
	} {
		list = append(list, badCall{"addrows, " + name, func(be kernels.Backend) []kernels.Array {
			x, y := be.Put(tensor.New(pos(3), model(4))), be.Put(tensor.New(test.y...))
			return []kernels.Array{be.AddRows(x, y, test.rows, make([]float32, test.factors))}
		}})
	}
	return list
}
