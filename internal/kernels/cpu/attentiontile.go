package cpu

import "math"

// tilePiece is how many rows of an exact tile are worked out at a time.
const tilePiece = 96

// tileOf keeps a head's part of the pattern.
func (f *flash) tileOf(head int, mem *scratch) {
	queries, keys := f.o.Tile.Queries, f.o.Tile.Keys
	cols := keys[1] - keys[0]
	scores := grow(&mem.flash[0].tile, tilePiece*cols)
	for query := queries[0]; query < queries[1] && !f.stop(); query += tilePiece {
		rows := min(tilePiece, queries[1]-query)
		f.scores(head, query, keys[0], scores[:rows*cols], rows, mem)
		for r := range rows {
			f.keepTile(head, query+r, keys[0], scores[r*cols:][:cols])
		}
	}
}

// scores works out some rows of them, as the softmax reads them but for the
// mask.
func (f *flash) scores(head, query, key int, scores []float32, rows int, mem *scratch) {
	cols := len(scores) / rows
	k := operand{data: f.k.from(key, head/f.group*f.d).data, stride: [2]int{f.k.stride, 1}}
	f.set.product(mem, matrix{scores, cols}, f.q.from(query, head*f.d), k, rows, 0, cols, 0, f.d)
	f.set.scale(scores, scores, f.o.Scale)
	if limit := f.o.Softcap; limit != 0 {
		f.set.bend(scores, scores, 1/limit, limit)
	}
	if f.o.Slopes == nil {
		return
	}
	for i := range scores {
		scores[i] += f.o.Slopes[head] * float32(key+i%cols)
	}
}

func (f *flash) keepTile(head, query, key int, scores []float32) {
	at := f.stats.TileScores.Offset(head, query-f.o.Tile.Queries[0], key-f.o.Tile.Keys[0])
	shift := f.shift[head*f.rows+query] * math.Ln2
	for c, x := range scores {
		if !f.o.Mask.Allows(query, key+c) {
			f.stats.TileScores.Data[at+c] = float32(math.Inf(-1))
			continue
		}
		f.stats.TileScores.Data[at+c] = x
		f.stats.TilePattern.Data[at+c] = float32(math.Exp(float64(x) - shift))
	}
}
