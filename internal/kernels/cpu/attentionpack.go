package cpu

import "math"

// mostPacked is how many float32 of keys and values are packed at once, 64 MiB,
// unless one head has more.
const mostPacked = 1 << 24

// packed is the memory in which some heads' keys and values lie as panels read
// them: for each key head its keys, row by row; its values, turned, in blocks
// [DV, keys of a panel]; and, if there is a second walk, the rows of its queries.
//
// Rows of keys and queries end with a number more where ALiBi is folded into
// the product: the key's place, and the slope.
type packed struct {
	data    []float32
	first   int // key head
	size    int // of one key head
	d, wide int // numbers of a row of keys, rows of a block of values
	rows    int // of keys, or queries, some zeros after the last
	block   int // keys of a block

	parts                  int // where a key head's parts begin
	keySize, valueSize     int // of a block's parts, in numbers of two bytes
	keyStride, valueStride int // from the parts of a side of keys, or components, to the next
}

func (f *flash) layout() packed {
	p := packed{d: f.d, wide: roundUp(f.wide, panelRows), rows: roundUp(max(f.rows, f.t), panelRows) + panelRows, block: f.set.keys}
	if f.byParts {
		p.wide = roundUp(f.wide, side)
	}
	if f.foldsSlopes() {
		p.d++
	}
	p.size = p.rows*p.d + roundUp(f.t, p.block)*p.wide
	if f.walksTwice() {
		p.size += f.group * p.rows * p.d
	} else if f.byParts {
		p.size = 0
	}
	p.size = roundUp(p.size, line)
	if f.byParts {
		f.layoutParts(&p)
	}
	return p
}

// keys is where the rows of a key head's keys begin.
func (p *packed) keys(head int) []float32 { return p.data[(head-p.first)*p.size:][:p.rows*p.d] }

// values is where a key head's values begin, from a key on: one component's,
// then after as many numbers as a block has keys the next one's.
func (p *packed) values(head, key int) []float32 {
	at := (head-p.first)*p.size + p.rows*p.d + key/p.block*p.block*p.wide
	return p.data[at:][key%p.block : p.block*p.wide]
}

// queries is where the rows of a query head's queries begin.
func (f *flash) queryRows(head int) []float32 {
	p := &f.packed
	at := (head/f.group-p.first)*p.size + p.rows*p.d + roundUp(f.t, p.block)*p.wide
	return p.data[at+head%f.group*p.rows*p.d:][:p.rows*p.d]
}

// factor is what queries are multiplied with. Scores are made in units of ln 2,
// unless they are bent first.
func (f *flash) factor() float32 {
	if f.o.Softcap != 0 {
		return f.o.Scale
	}
	return float32(float64(f.o.Scale) * math.Log2E)
}

// slope is a head's in units of ln 2.
func (f *flash) slope(head int) float32 { return float32(float64(f.o.Slopes[head]) * math.Log2E) }

// foldsSlopes reports whether ALiBi's bias is part of the product, addsSlopes
// whether it is added afterwards: scores are bent before.
func (f *flash) foldsSlopes() bool { return f.o.Slopes != nil && f.o.Softcap == 0 }
func (f *flash) addsSlopes() bool  { return f.o.Slopes != nil && f.o.Softcap != 0 }

// bend keeps scores below the softcap, and brings them to units of ln 2.
func (f *flash) bend(scores []float32) {
	if limit := float64(f.o.Softcap); limit != 0 {
		f.set.bend(scores, scores, float32(1/limit), float32(limit*math.Log2E))
	}
}

// packHeads packs so many key heads: in parts, and as they are where the second
// walk reads them, or where there are no tiles.
func (f *flash) packHeads(p *pool, count int) {
	if f.byParts {
		f.packParts(p, count)
	}
	if !f.byParts || f.walksTwice() {
		f.pack(p, count)
	}
}

// walksTwice reports whether there is a second walk.
func (f *flash) walksTwice() bool { return f.o.Keys || f.o.Blocks > 0 }

// unpacked packs the keys and values of one panel for those queries that are
// not by parts.
func (f *flash) unpacked(head, key, cols int, s *flashScratch) (keys, values []float32) {
	p := &f.packed
	keys, values = grow(&s.keys, p.block*f.d), grow(&s.values, p.wide*p.block)
	for r := range cols {
		copy(keys[r*f.d:][:f.d], f.k.from(key+r, head*f.d).data)
	}
	f.set.flip(values, f.v.from(key, head*f.wide).data, p.block, f.v.stride, cols, f.wide)
	clear(values[f.wide*p.block:])
	return keys, values
}

// pack packs so many key heads, a block of keys and of queries to a task.
func (f *flash) pack(p *pool, count int) {
	keys := f.packed.block
	blocks := (max(f.rows, f.t) + keys - 1) / keys
	p.run(count*blocks, count*f.t*(f.d+f.wide), func(task int, _ *scratch) {
		head, key := f.packed.first+task/blocks, task%blocks*keys
		if key < f.t {
			f.packKeys(head, key, min(keys, f.t-key))
		}
		if key < f.rows && f.walksTwice() {
			f.packQueries(head, key, min(keys, f.rows-key))
		}
	})
}

// packKeys packs n keys and values of a head.
func (f *flash) packKeys(head, key, n int) {
	f.packRows(f.packed.keys(head), f.k.from(0, head*f.d), key, n, f.t, func(row []float32, key int) {
		if f.foldsSlopes() {
			row[f.d] = float32(key)
		}
	})
	f.set.flip(f.packed.values(head, key), f.v.from(key, head*f.wide).data, f.packed.block, f.v.stride, n, f.wide)
	f.clearValues(head, key)
}

// packQueries packs n queries of all heads that share a key head.
func (f *flash) packQueries(head, first, n int) {
	for query := head * f.group; query < (head+1)*f.group; query++ {
		f.packRows(f.queryRows(query), f.q.from(0, query*f.d), first, n, f.rows, func(row []float32, _ int) {
			f.set.scale(row[:f.d], row[:f.d], f.factor())
			if f.foldsSlopes() {
				row[f.d] = f.slope(query)
			}
		})
	}
}

// packRows copies n rows from one on, of so many, and changes each; behind the last
// of all it puts zeros.
func (f *flash) packRows(to []float32, from matrix, first, n, all int, change func(row []float32, at int)) {
	d := f.packed.d
	for r := first; r < first+n; r++ {
		row := to[r*d:][:d]
		copy(row[:f.d], from.data[r*from.stride:])
		change(row, r)
	}
	if first+n == all {
		clear(to[all*d:])
	}
}

// clearValues puts zeros in the rows of a block that belong to no component.
func (f *flash) clearValues(head, key int) {
	block := f.packed.values(head, key)
	clear(block[f.wide*f.packed.block:])
}
