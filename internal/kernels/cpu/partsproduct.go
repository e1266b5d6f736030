package cpu

import (
	"attn/internal/kernels"
)

const (
	// splitAtOnce is how many bytes of x's parts are held at once: more rows are
	// multiplied in turns, each of which packs the weights again.
	splitAtOnce = 32 << 20
	// rightAtOnce is how many numbers of packed weights stay in the second cache
	// while rows pass by.
	rightAtOnce = 512 << 10
)

// deepOf is how many inputs one pass of panels takes, for weights of so many
// parts. Each pass reads and writes c, so the sums should be long, and the panels
// should stay in the second cache. It is a multiple of every stored block.
func deepOf(parts, inputs int) int {
	switch {
	case parts == 1:
		return 1024
	case inputs <= 768 || inputs%768 == 0: // a last pass of fewer would be slower than more of them
		return 768
	}
	return 512
}

// leftPanels are rows of x as parts.
type leftPanels struct {
	of     *array // whose rows all of these are, if so: queries, keys and values are made of the same
	x      matrix // the numbers themselves, for panels that are not sound
	rows   int
	inputs int
	deep   int // inputs in each pass
	data   []uint16
	sound  []bool // of each block of side rows, each pass
	memory []float32
	past   bool // nobody reads the product soon
}

// byParts reports whether a product of t rows with w is faster by parts.
func (s *set) byParts(t int, w kernels.Weight) bool {
	return s.parts != nil && w.Shape[1] > 0 && s.parts.pays(partsOf(w.Type), t, w.Shape[1])
}

// steps is how many steps k inputs are.
func steps(k int) int { return (k + step - 1) / step }

// passes is how many passes there are.
func (p *leftPanels) passes() int { return (p.inputs + p.deep - 1) / p.deep }

// panel returns rows r on, inputs `from` on.
func (p *leftPanels) panel(r, from int) []uint16 {
	return p.data[(r/side*steps(p.inputs)+from/step)*leftStep:]
}

// isSound reports whether a panel holds no number that tiles cannot take.
func (p *leftPanels) isSound(r, from int) bool {
	return p.sound[r/side*p.passes()+from/p.deep]
}

// multiplyByParts sets `to` to x · wᵀ + bias.
func (b *Backend) multiplyByParts(to matrix, x *array, w kernels.Weight, bias []float32, t int) {
	inputs := w.Shape[1]
	b.inTurns(x, matrix{data: x.data, stride: inputs}, t, inputs, deepOf(partsOf(w.Type), inputs), func(r, rows int) {
		b.outputs(w, rows, b.set.partTiles(), func(first, count int, right operand, mem *scratch) {
			b.set.partsProduct(mem, to.from(r, first), &b.left, right, bias, first, count)
		})
	})
}

// partTiles is how a product by parts is cut into tasks.
func (s *set) partTiles() tiling { return tiling{cols: side, group: s.tiles.group} }

// inTurns splits t rows of x, as many at once as are held, and has do multiply them.
func (b *Backend) inTurns(of *array, x matrix, t, inputs, deep int, do func(r, rows int)) {
	turn := max(splitAtOnce/(2*leftParts*roundUp(inputs, step))/side, 1) * side
	if p := &b.left; turn >= t && p.of == of && p.inputs == inputs && p.deep == deep {
		do(0, t) // no op writes to an array but the one that made it
		return
	}
	b.left.of = nil
	for r := 0; r < t; r += turn {
		rows := min(turn, t-r)
		b.split(x.from(r, 0), rows, inputs, deep)
		do(r, rows)
	}
	if turn >= t && !b.pool.stopped() {
		b.left.of = of
	}
}

// split turns rows of x into panels, which all tasks read.
func (b *Backend) split(x matrix, rows, inputs, deep int) {
	p := &b.left
	p.x, p.rows, p.inputs, p.deep = x, rows, inputs, deep
	blocks := (rows + side - 1) / side
	p.data = growParts(&p.memory, blocks*steps(inputs)*leftStep)
	if n := blocks * p.passes(); cap(p.sound) < n {
		p.sound = make([]bool, n)
	} else {
		p.sound = p.sound[:n]
	}
	b.pool.run(blocks, rows*inputs/2, func(task int, mem *scratch) { b.set.splitBlock(mem, p, task*side) })
}

// splitBlock splits side rows, or what is left of them.
func (s *set) splitBlock(mem *scratch, p *leftPanels, r int) {
	mem.seen = growTo(mem.seen, 1)
	seen := &mem.seen[0]
	rows := min(side, p.rows-r)
	for from := 0; from < p.inputs; from += p.deep {
		k := min(p.deep, p.inputs-from)
		panel := p.panel(r, from)[:steps(k)*leftStep]
		if rows < side {
			clear(panel)
		}
		*seen = nothingSeen()
		s.parts.splitRows(panel, p.x.data[r*p.x.stride+from:], p.x.stride, k, rows, seen)
		p.sound[r/side*p.passes()+from/p.deep] = seen.within(leastLeft, mostLeft)
	}
}

// weightPanels are some outputs of weights as parts, for one pass.
type weightPanels struct {
	data   []uint16
	stored int // parts
	steps  int
	sound  []bool // of each strip of side outputs
	used   []int  // how many parts of each are not zero
}

// panel returns the strip of outputs j on.
func (w *weightPanels) panel(j int) []uint16 { return w.data[j/side*w.steps*w.stored*partSize:] }

// partsProduct is product for x in panels, plus a bias for each output if there is
// any. The first pass sets c, those after it add to it.
func (s *set) partsProduct(mem *scratch, c matrix, x *leftPanels, o operand, bias []float32, first, count int) {
	parts := partsOf(o.weight.Type)
	wide := rightAtOnce / (parts * min(x.deep, roundUp(x.inputs, step)))
	groups := max((count+wide-1)/wide, 1) // of one size, but for the last
	wide = roundUp((count+groups-1)/groups, side)
	for j := 0; j < count; j += wide {
		width := min(wide, count-j)
		for from := 0; from < x.inputs; from += x.deep {
			start := c.from(0, j)
			if from == 0 {
				start = startOf(mem, bias, first+j, width)
			}
			s.partsPass(mem, c.from(0, j), start, x, from, o, first+j, width, from)
		}
	}
}

// partsPass sets c to start plus one pass: x's inputs of the pass that begins at
// from, with outputs first on, whose inputs begin at begin.
func (s *set) partsPass(mem *scratch, c, start matrix, x *leftPanels, from int, o operand, first, count, begin int) {
	k := min(x.deep, x.inputs-from)
	right := s.splitOutputs(mem, o, first, count, begin, k, partsOf(o.weight.Type))
	s.multiplyPanels(mem, c, start, x, right, count, from)
	s.multiplyUnsound(mem, c, start, x, from, right, o, first, count, begin, k)
}

// startOf is what the first pass adds to: the same for every row.
func startOf(mem *scratch, bias []float32, first, count int) matrix {
	if bias != nil {
		return matrix{data: bias[first:][:count]}
	}
	zeros := grow(&mem.start, count)
	clear(zeros)
	return matrix{data: zeros}
}

// splitOutputs brings weights into panels: pack turns and converts them, as many
// at a time as stay near.
func (s *set) splitOutputs(mem *scratch, o operand, first, count, from, k, parts int) *weightPanels {
	w := &mem.right
	strips := (count + side - 1) / side
	w.stored, w.steps = parts, steps(k)
	w.data = growParts(&mem.parts, strips*w.steps*parts*partSize)
	w.sound, w.used = growTo(w.sound, strips), growTo(w.used, strips)
	mem.seen = growTo(mem.seen, strips)
	for i := range strips {
		mem.seen[i] = nothingSeen()
	}
	if k%step != 0 || count%side > 0 && count%side <= 16 {
		s.clearEnds(w, strips)
	}
	// Weights whose outputs lie side by side are read an input at a time, others
	// an output at a time.
	wide, deep, done := side, s.tiles.depth, 0
	if o.stride[0] == 1 && o.weight.Order == nil {
		wide, deep = count, 2*step
		if o.data != nil {
			done = s.splitInPlace(mem, w, o, first, count, from, k)
		}
	}
	for j := done; j < count; j += wide {
		width := min(wide, count-j)
		for p := 0; p < k; p += deep {
			n := min(deep, k-p)
			s.splitStrips(mem, w, s.pack(mem, o, first+j, width, from+p, n), j, width, p, n)
		}
	}
	for i := range strips {
		w.sound[i] = mem.seen[i].within(leastRight, mostRight) && mem.seen[i].parts() <= parts
		w.used[i] = min(mem.seen[i].parts(), parts)
	}
	return w
}

// splitInPlace splits numbers that lie output by output, as GPT-2's do: they are
// strips where they lie. It returns how many outputs it came to, whole tiles.
func (s *set) splitInPlace(mem *scratch, w *weightPanels, o operand, first, count, from, k int) int {
	whole := count / 16 * 16
	for p := 0; p < k && whole > 0; p += step { // all outputs of a few inputs: neighbours in memory
		n := min(step, k-p)
		strips := o.data[first+(from+p)*o.stride[1]:]
		for j := 0; j < whole; j += 16 {
			s.splitStrip(mem, w, strips[j:], o.stride[1], j, p, n)
		}
	}
	return whole
}

// clearEnds writes zeros where no weight will be: in each strip's last step, and
// in the last strip.
func (s *set) clearEnds(w *weightPanels, strips int) {
	size := w.stored * partSize
	for i := range strips {
		clear(w.data[((i+1)*w.steps-1)*size:][:size])
	}
	clear(w.data[(strips-1)*w.steps*size:][:w.steps*size])
}

// splitStrips splits packed strips of width outputs j on, n inputs p on.
func (s *set) splitStrips(mem *scratch, w *weightPanels, strips []float32, j, width, p, n int) {
	wide := s.tiles.cols
	for i := 0; i < width; i += 16 {
		s.splitStrip(mem, w, strips[i/wide*wide*n+i%wide:], wide, j+i, p, n)
	}
}

// splitStrip splits one strip: 16 outputs j on, n inputs p on, stride apart.
func (s *set) splitStrip(mem *scratch, w *weightPanels, strip []float32, stride, j, p, n int) {
	at := w.panel(j)[p/step*w.stored*partSize+j%side/16*tileSize:]
	s.parts.splitStrip(at, strip, stride, n, w.stored, &mem.seen[j/side])
}

// multiplyPanels sets c to start plus the products of sound panels: all strips
// while a panel of x is near.
func (s *set) multiplyPanels(mem *scratch, c, start matrix, x *leftPanels, w *weightPanels, count, from int) {
	job := &mem.job
	*job = tileJob{ldc: 4 * c.stride, apart: 4 * start.stride, steps: w.steps, stored: w.stored}
	job.sums = (*[side * side]float32)(grow(&mem.sums, side*side))
	for r := 0; r < x.rows && !mem.stopped(); r += side {
		if !x.isSound(r, from) {
			continue
		}
		job.rows = min(side, x.rows-r)
		job.left = &x.panel(r, from)[0]
		next := x.panel(min(r+side, (x.rows-1)/side*side), from)
		share := w.steps * leftStep / len(w.used) // of the next panel, to bring near meanwhile
		for j := 0; j < count; j += side {
			if i := j / side; w.sound[i] {
				job.c, job.start, job.right = &c.data[r*c.stride+j], &start.data[r*start.stride+j], &w.panel(j)[0]
				job.cols, job.used, job.past = min(side, count-j), w.used[i], 0
				if x.past && job.cols == side && c.inLines(j) {
					job.past = 1
				}
				job.next = &next[i*share]
				s.parts.multiply(job)
			}
		}
	}
}

// multiplyUnsound sets what multiplyPanels did not: all rows' products with
// strips that are not sound, and other strips' with rows that are not.
func (s *set) multiplyUnsound(mem *scratch, c, start matrix, x *leftPanels, from int, w *weightPanels, o operand, first, count, begin, k int) {
	plain := func(r, rows, j, width int) {
		for i := r; i < r+rows; i++ { // nothing new where start is c
			copy(c.from(i, j).data[:width], start.from(i, j).data)
		}
		s.tiled(mem, c.from(r, j), x.x.from(r, from), o, rows, first+j, width, begin, k, true)
	}
	for i, sound := range w.sound {
		if !sound {
			plain(0, x.rows, i*side, min(side, count-i*side))
		}
	}
	rows := func(i int) bool { return i*side < x.rows && !x.isSound(i*side, from) }
	strips := func(i int) bool { return i < len(w.sound) && w.sound[i] }
	runs((x.rows+side-1)/side, rows, func(r, high int) {
		runs(len(w.sound), strips, func(j, wide int) {
			plain(r*side, min(high*side, x.rows-r*side), j*side, min(wide*side, count-j*side))
		})
	})
}

// runs calls do with the start and length of each longest run of what is wanted.
func runs(n int, wanted func(i int) bool, do func(start, length int)) {
	for i := 0; i < n; i++ {
		start := i
		for wanted(i) {
			i++
		}
		if i > start {
			do(start, i-start)
		}
	}
}

// growTo returns a slice of n elements, of whatever value.
func growTo[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
