package cpu

import "math"

// keyBlocks is how many tasks the second walk has for a head.
func (f *flash) keyBlocks() int { return (f.t + f.blockWidth - 1) / f.blockWidth }

// queryBlocks is how many parts the queries of a head come in then.
func (f *flash) queryBlocks() int { return (f.rows + f.blockWidth - 1) / f.blockWidth }

// keyBlock adds up what every query of a head gives to one block of keys.
func (f *flash) keyBlock(head, block int, mem *scratch) {
	s := &mem.flash[0]
	s.scores = grow(&s.scores, f.set.keys*f.set.lanes)
	s.pooled = s.pooled[:0]
	for range f.queryBlocks() {
		s.pooled = append(s.pooled, 0)
	}
	last := min((block+1)*f.blockWidth, f.t)
	for key := block * f.blockWidth; key < last; key += f.set.lanes {
		f.keyPanel(head, key, min(f.set.lanes, last-key), s)
	}
	if f.o.Blocks == 0 {
		return
	}
	for i, sum := range s.pooled {
		queries := min((i+1)*f.blockWidth, f.rows) - i*f.blockWidth
		f.stats.Pooled.Data[f.stats.Pooled.Offset(head, i, block)] = float32(sum / float64(queries))
	}
}

// keyPanel adds up what every query of a head gives to a panel of keys: a lane
// is a key here, a row a query.
func (f *flash) keyPanel(head, key, cols int, s *flashScratch) {
	lanes, p := f.set.lanes, &f.packed
	clear(s.received[:])
	s.columns = grow(&s.columns, p.d*lanes)
	clear(s.columns)
	f.set.flip(s.columns, p.keys(head / f.group)[key*p.d:], lanes, p.d, cols, p.d)
	for start := 0; start < f.rows && !f.stop(); {
		end := min(start+f.set.keys, f.rows)
		if f.o.Blocks > 0 {
			end = min(end, roundUp(start+1, f.blockWidth))
		}
		if f.ends(end-1, key) && f.begins(start, key+cols-1) {
			f.receive(head, start, end-start, key, cols, s)
		}
		start = end
	}
	if f.o.Keys {
		for l, sum := range s.received[:cols] {
			f.stats.Received.Data[head*f.t+key+l] = float32(sum)
		}
	}
}

// receive adds what some queries, all of one block, give to a panel of keys.
func (f *flash) receive(head, start, rows, key, cols int, s *flashScratch) {
	lanes, p := f.set.lanes, &f.packed
	scores := s.scores[:rows*lanes]
	f.set.panel(s.scores, f.queryRows(head)[start*p.d:], s.columns, p.d, p.d, roundUp(rows, panelRows), false)
	f.bend(scores)
	for i := range rows {
		row := scores[i*lanes:][:lanes]
		if f.addsSlopes() {
			for l := range row {
				row[l] += f.slope(head) * float32(key+l)
			}
		}
		s.shift[i] = float32(f.shift[head*f.rows+start+i])
		if s.shift[i]-s.shift[i] != 0 { // no weights: what is hidden stays hidden
			fill(row, float32(math.NaN()))
			s.shift[i] = 0
		}
		from, to := f.visible(start + i)
		fill(row[:min(lanes, max(0, from-key))], float32(math.Inf(-1)))
		fill(row[min(lanes, max(0, to-key)):], float32(math.Inf(-1)))
	}
	clear(s.given[:])
	f.set.give(s.given[:lanes], scores, s.shift[:], rows)
	for l, sum := range s.given[:cols] {
		s.received[l] += float64(sum)
		s.pooled[start/f.blockWidth] += float64(sum)
	}
}
