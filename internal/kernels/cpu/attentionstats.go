package cpu

import "math"

// topLists keeps the largest scores of each query of a piece, and their keys,
// the largest first; of two alike the earlier key stands first.
type topLists struct {
	size   int
	scores []float32 // [piece, size]
	keys   []int32
	n      [piece]int // how many each query has so far
}

func (l *topLists) begin(size int) {
	l.size, l.scores = size, grow(&l.scores, piece*size)
	if len(l.keys) < piece*size {
		l.keys = make([]int32, piece*size)
	}
	clear(l.n[:])
}

// takes reports whether a query's list would take a score.
func (l *topLists) takes(r int, score float32) bool {
	n := l.n[r]
	return n < l.size || !(score <= l.scores[r*l.size+n-1])
}

// add offers a query the scores of the keys from first on.
func (l *topLists) add(r, first int, scores []float32) {
	list, keys, n := l.scores[r*l.size:][:l.size], l.keys[r*l.size:][:l.size], l.n[r]
	for c, x := range scores {
		if n == l.size && !(x > list[n-1]) {
			continue
		}
		if n < l.size {
			n++
		}
		at := n - 1
		for ; at > 0 && x > list[at-1]; at-- {
			list[at], keys[at] = list[at-1], keys[at-1]
		}
		list[at], keys[at] = x, int32(first+c)
	}
	l.n[r] = n
}

// list writes down a query's largest weights, and what is left for the others.
func (f *flash) list(at, r int, row *flashRow, total float64, s *flashScratch) {
	size := f.o.Top
	rest := row.sum
	for place := range size {
		to := at*size + place
		if place >= s.top.n[r] {
			f.stats.TopKeys.Data[to] = -1
			continue
		}
		weight := math.Exp(float64(s.top.scores[r*size+place] - row.top))
		rest -= weight
		f.stats.TopKeys.Data[to] = float32(s.top.keys[r*size+place])
		f.stats.TopWeights.Data[to] = float32(weight / total)
	}
	if from, to := f.visible(at % f.t); size < to-from {
		f.stats.Rest.Data[at] = float32(max(0, rest) / total)
	}
}

// keyBlocks is how many tasks the second walk has for a head.
func (f *flash) keyBlocks() int { return (f.t + f.blockWidth - 1) / f.blockWidth }

// keyBlock adds up what every query of a head gives to one block of keys.
func (f *flash) keyBlock(head, block int, mem *scratch) {
	s := &mem.flash
	s.scores = grow(&s.scores, piece*scoreStride)
	s.pooled = s.pooled[:0]
	for range f.keyBlocks() {
		s.pooled = append(s.pooled, 0)
	}
	last := min((block+1)*f.blockWidth, f.t)
	for key := block * f.blockWidth; key < last; key += piece {
		f.keyTile(head, key, min(piece, last-key), mem)
	}
	if f.o.Blocks == 0 {
		return
	}
	n := f.stats.Pooled.Shape[1].Size
	for i, sum := range s.pooled {
		queries := min((i+1)*f.blockWidth, f.t) - i*f.blockWidth
		f.stats.Pooled.Data[(head*n+i)*n+block] = float32(sum / float64(queries))
	}
}

// keyTile adds up what every query of a head gives to a tile of keys.
func (f *flash) keyTile(head, key, cols int, mem *scratch) {
	s := &mem.flash
	clear(s.received[:])
	for start := 0; start < f.t && !f.stop(); start += piece {
		rows := min(piece, f.t-start)
		from, _ := f.visible(start)
		_, to := f.visible(start + rows - 1)
		if to <= key || from >= key+cols {
			continue
		}
		f.scores(head, queryTile(&s.queries, f.q.from(start, head*f.d), rows, f.d), rows, key, cols, mem)
		for r := range rows {
			s.pooled[(start+r)/f.blockWidth] += f.give(head, start+r, key, s.scores[r*scoreStride:][:cols], &s.received)
		}
	}
	if f.o.Keys {
		for c, sum := range s.received[:cols] {
			f.stats.Received.Data[head*f.t+key+c] = float32(sum)
		}
	}
}

// give adds one query's weights to the keys from key on, and returns their sum.
func (f *flash) give(head, query, key int, scores []float32, received *[piece]float64) float64 {
	from, to := f.visible(query)
	from, to = max(from-key, 0), min(to-key, len(scores))
	if from >= to {
		return 0
	}
	row := head*f.t + query
	inverse := 1 / f.total[row]
	sum := f.set.exps(scores[from:to], scores[from:to], f.shift[row])
	for c := from; c < to; c++ {
		received[c] += float64(scores[c]) * inverse
	}
	return sum * inverse
}

// tileOf keeps a head's part of the pattern.
func (f *flash) tileOf(head int, mem *scratch) {
	s := &mem.flash
	s.scores = grow(&s.scores, piece*scoreStride)
	queries, keys := f.o.Tile.Queries, f.o.Tile.Keys
	for query := queries[0]; query < queries[1]; query += piece {
		for key := keys[0]; key < keys[1] && !f.stop(); key += piece {
			rows, cols := min(piece, queries[1]-query), min(piece, keys[1]-key)
			f.scores(head, queryTile(&s.queries, f.q.from(query, head*f.d), rows, f.d), rows, key, cols, mem)
			for r := range rows {
				f.keepTile(head, query+r, key, s.scores[r*scoreStride:][:cols])
			}
		}
	}
}

func (f *flash) keepTile(head, query, key int, scores []float32) {
	at := f.stats.TileScores.Offset(head, query-f.o.Tile.Queries[0], key-f.o.Tile.Keys[0])
	row := head*f.t + query
	for c, x := range scores {
		if !f.o.Mask.Allows(query, key+c) {
			f.stats.TileScores.Data[at+c] = float32(math.Inf(-1))
			continue
		}
		f.stats.TileScores.Data[at+c] = x
		f.stats.TilePattern.Data[at+c] = float32(math.Exp(float64(x)-float64(f.shift[row])) / f.total[row])
	}
}
