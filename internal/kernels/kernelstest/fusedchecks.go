package kernelstest

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// fusedChecks are the suite of kernels.FusedAttention.
func fusedChecks(every int) []check {
	list := []check{
		{"attention/the steps one by one", func(be kernels.Backend) error { return fusedIsTheSteps(be, every) }, true},
		{"attention/listed keys", listedKeys, true},
		{"attention/weights add up", func(be kernels.Backend) error { return fusedAddsUp(be, every) }, true},
		{"cross-attention/softmax of scores, times values", crossIsNaive, true},
	}
	for _, op := range FusedOps() {
		list = append(list, check{op.Name, func(be kernels.Backend) error { return op.compare(be, every) }, true})
	}
	for _, bad := range append(badFused(), badCross()...) {
		list = append(list, check{"error/" + bad.name, bad.check, true})
	}
	return list
}

// badCross lists attention between two texts with a mask that compares their
// positions.
func badCross() (list []badCall) {
	for _, m := range []kernels.Mask{{Causal: true}, {Window: 9}, {Causal: true, Window: 1}} {
		list = append(list, attendBetween(2, 3, m), attendBetween(3, 2, m))
	}
	return list
}

// attendBetween is attention of so many queries to so many keys.
func attendBetween(queries, keys int, m kernels.Mask) badCall {
	return badCall{fmt.Sprintf("attention, %d queries, %d keys, mask %v", queries, keys, m), func(be kernels.Backend) []kernels.Array {
		q, k := be.Put(tensor.New(pos(queries), heads(2), headSize(4))), be.Put(tensor.New(pos(keys), heads(2), headSize(4)))
		out, _ := settled(be, q, k, k, kernels.AttentionOpts{Mask: m})
		return []kernels.Array{out}
	}}
}

// crossIsNaive holds attention between two texts to what its formula gives in
// float64, with no word of package ref: the result is the weights times the
// values, the weights that are told of each query sum to one, and the keys listed
// are those that have them.
func crossIsNaive(be kernels.Backend) error {
	s := newSource(56)
	for _, size := range [][2]int{{1, 90}, {90, 1}, {50, 131}, {131, 50}} {
		queries, keys := size[0], size[1]
		const h, kv, d, wide = 4, 2, 12, 9
		o := everythingBetween(queries, keys, kernels.Mask{}, d)
		o.Tile = &kernels.Tile{Queries: [2]int{0, queries}, Keys: [2]int{0, keys}}
		q, k, v := s.normal(pos(queries), heads(h), headSize(d)), s.normal(pos(keys), heads(kv), headSize(d)), s.normal(pos(keys), heads(kv), headSize(wide))
		out, stats := settled(be, be.Put(q), be.Put(k), be.Put(v), o)
		got := be.Get(out)
		if err := be.Err(); err != nil {
			return err
		}
		if err := naive(newDensePattern(q, k, v, o), got, stats); err != nil {
			return fmt.Errorf("%d queries, %d keys: %w", queries, keys, err)
		}
	}
	return nil
}

// naive holds results to a whole pattern.
func naive(p *densePattern, got tensor.Tensor, stats kernels.AttentionStats) error {
	for i, x := range got.Data {
		row, head := p.rowOf(fusedOut, i), i/p.wide%p.heads
		want := 0.0
		for j := range p.n {
			want += p.weight[row*p.n+j] * float64(p.v.At(j, head/(p.heads/p.v.Shape[1].Size), i%p.wide))
		}
		if limit := p.allowed(fusedOut, i); !limit.holds(x, float32(want)) {
			return fmt.Errorf("number %d is %v, want %v within %v", i, x, want, float64(limit))
		}
	}
	const near = 1e-5
	received := make([]float64, p.n)
	for head := range p.heads {
		clear(received)
		for i := range p.t {
			sum := 0.0
			for j, w := range stats.TilePattern.Row(head, i) {
				sum += float64(w)
				received[j] += float64(w)
			}
			if math.Abs(sum-1) > near {
				return fmt.Errorf("head %d, query %d: the weights sum to %v", head, i, sum)
			}
			if err := listed(stats, head*p.t+i, p.o, p.o.Mask); err != nil {
				return fmt.Errorf("head %d, query %d: %w", head, i, err)
			}
		}
		for j, w := range stats.Received.Row(head) {
			if math.Abs(float64(w)-received[j]) > near*float64(p.t) {
				return fmt.Errorf("head %d, key %d receives %v, its weights sum to %v", head, j, w, received[j])
			}
		}
	}
	return nil
}

// fusedIsTheSteps holds the fused op to the ops that it stands for, on the same
// backend, by twice the bound that each of the two is held to; every so-manieth
// of the variants.
func fusedIsTheSteps(be kernels.Backend, every int) error {
	s, variants, count := newSource(52), fusedVariants(), 0
	for _, name := range slices.Sorted(maps.Keys(variants)) {
		change := variants[name]
		for _, m := range masks() {
			if count++; count%every != 0 {
				continue
			}
			const t, d = 70, 12
			o := everythingOf(t, m, d)
			change(&o)
			q, k, v := s.normal(pos(t), heads(2), headSize(d)), s.normal(pos(t), heads(1), headSize(d)), s.normal(pos(t), heads(1), headSize(9))
			in := [3]kernels.Array{be.Put(q), be.Put(k), be.Put(v)}
			out, _ := settled(be, in[0], in[1], in[2], o)
			got, want := be.Get(out), be.Get(stepByStep(be, in, o))
			if err := be.Err(); err != nil {
				return err
			}
			dense := newDensePattern(q, k, v, o)
			for i, w := range want.Data {
				if limit := 2 * dense.allowed(fusedOut, i); !limit.holds(got.Data[i], w) {
					return fmt.Errorf("%s, mask %v: number %d is %v, step by step %v, within %v", name, m, i, got.Data[i], w, float64(limit))
				}
			}
		}
	}
	return nil
}

// stepByStep is attention as its separate ops compute it.
func stepByStep(be kernels.Backend, in [3]kernels.Array, o kernels.AttentionOpts) kernels.Array {
	s := be.Scale(be.Scores(in[0], in[1]), o.Scale)
	if o.Softcap != 0 {
		s = be.Softcap(s, o.Softcap)
	}
	if o.Slopes != nil {
		s = be.KeyBias(s, slopesTimesPlaces(o.Slopes, be.Get(s).Shape[2].Size))
	}
	s = be.Mask(s, o.Mask)
	if o.Sinks == nil {
		return be.Mix(be.Softmax(s), in[2])
	}
	pattern, _ := be.SoftmaxSink(s, o.Sinks)
	return be.Mix(pattern, in[2])
}

// slopesTimesPlaces is the table of ALiBi's bias [head, key_pos].
func slopesTimesPlaces(slopes []float32, keys int) []float32 {
	var table []float32
	for _, slope := range slopes {
		for k := range keys {
			table = append(table, slope*float32(k))
		}
	}
	return table
}

// listedKeys holds the keys that are listed to the weights that are listed with
// them: no key twice, none that is hidden, and each with its own weight.
func listedKeys(be kernels.Backend) error {
	s := newSource(53)
	for _, m := range masks() {
		const t, d = 70, 6
		o := everythingOf(t, m, d)
		o.Tile = &kernels.Tile{Queries: [2]int{0, t}, Keys: [2]int{0, t}}
		shape := []tensor.Dim{pos(t), heads(2), headSize(d)}
		_, stats := settled(be, be.Put(s.normal(shape...)), be.Put(s.normal(shape...)), be.Put(s.normal(shape...)), o)
		if err := be.Err(); err != nil {
			return err
		}
		for row := range 2 * t {
			if err := listed(stats, row, o, m); err != nil {
				return fmt.Errorf("mask %v, row %d: %w", m, row, err)
			}
		}
	}
	return nil
}

// listed holds a row's list to its weights, all of which are in the tile.
func listed(s kernels.AttentionStats, row int, o kernels.AttentionOpts, m kernels.Mask) error {
	t, n := s.TilePattern.Shape[1].Size, s.TilePattern.Shape[2].Size
	keys, weights := s.TopKeys.Data[row*o.Top:][:o.Top], s.TopWeights.Data[row*o.Top:][:o.Top]
	pattern := s.TilePattern.Data[row*n:][:n]
	seen := map[int]bool{}
	visible := 0
	for j := range n {
		if m.Allows(row%t, j) {
			visible++
		}
	}
	for place, key := range keys {
		j := int(key)
		if place >= visible {
			if j != -1 || weights[place] != 0 {
				return fmt.Errorf("place %d holds key %d with weight %v, only %d keys are seen", place, j, weights[place], visible)
			}
			continue
		}
		if j < 0 || j >= n || seen[j] || !m.Allows(row%t, j) || place > 0 && weights[place] > weights[place-1] {
			return fmt.Errorf("place %d holds key %d with weight %v", place, j, weights[place])
		}
		seen[j] = true
		if far := math.Abs(float64(pattern[j] - weights[place])); far > 64*u*float64(pattern[j]) {
			return fmt.Errorf("key %d is listed with the weight %v, its weight is %v", j, weights[place], pattern[j])
		}
	}
	return nil
}

// fusedAddsUp: what all keys receive is what all queries give, and so for a map
// of blocks and for what is listed and the rest.
func fusedAddsUp(be kernels.Backend, every int) error {
	s, count := newSource(54), 0
	for _, sinks := range [][]float32{nil, {0.5, -2}} {
		for _, m := range masks() {
			if count++; count%every != 0 {
				continue
			}
			const t, d = 150, 6
			o := everythingOf(t, m, d)
			o.Sinks = sinks
			shape := []tensor.Dim{pos(t), heads(2), headSize(d)}
			_, stats := settled(be, be.Put(s.normal(shape...)), be.Put(s.normal(shape...)), be.Put(s.normal(shape...)), o)
			if err := be.Err(); err != nil {
				return err
			}
			if err := addsUp(stats, o, t); err != nil {
				return fmt.Errorf("mask %v, sinks %v: %w", m, sinks, err)
			}
		}
	}
	return nil
}

func addsUp(s kernels.AttentionStats, o kernels.AttentionOpts, t int) error {
	const near = 1e-5
	for head := range 2 {
		given := 0.0
		for i := range t {
			row := 1.0
			if o.Sinks != nil {
				row -= float64(s.Sink.At(head, i))
			}
			given += row
			sum := float64(s.Rest.At(head, i))
			for _, w := range s.TopWeights.Row(head, i) {
				sum += float64(w)
			}
			if math.Abs(sum-row) > near {
				return fmt.Errorf("head %d, query %d: what is listed and the rest sum to %v, not to %v", head, i, sum, row)
			}
		}
		received := 0.0
		for _, v := range s.Received.Row(head) {
			received += float64(v)
		}
		if math.Abs(received-given) > near*float64(t) {
			return fmt.Errorf("head %d: the keys receive %v, the queries give %v", head, received, given)
		}
		blocks, size := s.Pooled.Shape[1].Size, kernels.BlockSize(t, o.Blocks)
		pooled := 0.0
		for b := range blocks {
			for _, v := range s.Pooled.Row(head, b) {
				pooled += float64(v) * float64(min((b+1)*size, t)-b*size)
			}
		}
		if math.Abs(pooled-given) > near*float64(t) {
			return fmt.Errorf("head %d: the blocks hold %v, the queries give %v", head, pooled, given)
		}
	}
	return nil
}

// badFused lists what Attention must refuse.
func badFused() []badCall {
	attend := func(name string, q, k, v []tensor.Dim, o kernels.AttentionOpts) badCall {
		return badCall{"attention, " + name, func(be kernels.Backend) []kernels.Array {
			out, _ := settled(be, be.Put(tensor.New(q...)), be.Put(tensor.New(k...)), be.Put(tensor.New(v...)), o)
			return []kernels.Array{out}
		}}
	}
	shape := func(t, h, d int) []tensor.Dim { return []tensor.Dim{pos(t), heads(h), headSize(d)} }
	tile := func(q0, q1, k0, k1 int) kernels.AttentionOpts {
		return kernels.AttentionOpts{Tile: &kernels.Tile{Queries: [2]int{q0, q1}, Keys: [2]int{k0, k1}}}
	}
	good := shape(3, 2, 4)
	list := []badCall{
		attend("two axes", []tensor.Dim{pos(3), model(8)}, good, good, kernels.AttentionOpts{}),
		attend("other positions", good, shape(2, 2, 4), good, kernels.AttentionOpts{}),
		attend("values of other positions", good, good, shape(2, 2, 4), kernels.AttentionOpts{}),
		attend("other width", good, shape(3, 2, 5), good, kernels.AttentionOpts{}),
		attend("other value heads", good, good, shape(3, 1, 4), kernels.AttentionOpts{}),
		attend("heads that do not share", good, shape(3, 3, 4), shape(3, 3, 4), kernels.AttentionOpts{}),
		attend("slopes", good, good, good, kernels.AttentionOpts{Slopes: []float32{1}}),
		attend("sinks", good, good, good, kernels.AttentionOpts{Sinks: []float32{1, 2, 3}}),
		attend("softcap", good, good, good, kernels.AttentionOpts{Softcap: -1}),
		attend("window", good, good, good, kernels.AttentionOpts{Mask: kernels.Mask{Window: -1}}),
		attend("a list too long", good, good, good, kernels.AttentionOpts{Top: kernels.MaxTop + 1}),
		attend("an empty tile", good, good, good, tile(1, 1, 0, 2)),
		attend("a tile outside", good, good, good, tile(0, 2, 1, 4)),
		attend("a negative tile", good, good, good, tile(-1, 2, 0, 2)),
	}
	return append(list, badCall{"attention, array of no backend", func(be kernels.Backend) []kernels.Array {
		out, _ := settled(be, stranger{}, stranger{}, stranger{}, kernels.AttentionOpts{})
		return []kernels.Array{out}
	}})
}
