package cpu

// Fused attention works on panels: a row for each key, and in it side by side
// the scores of as many queries as a set has lanes. A query then is a lane of
// every register, nothing is ever summed across one, and a panel of weights is
// laid out as the next product reads it.
const (
	mostLanes   = 48
	fewestLanes = 16
	mostKeys    = 256 // of a panel of fewestLanes: their scores fill half of the nearest cache
	fewestKeys  = 128 // of a panel of mostLanes
	panelRows   = 8   // rows of a come in groups of so many
)

// panelOf returns set.panel in the words of a set's tile, whose columns are its
// lanes.
func panelOf(s *set) func(c, a, b []float32, lda, k, rows int, add bool) {
	return func(c, a, b []float32, lda, k, rows int, add bool) {
		for r := 0; r < rows; r += s.tiles.rows {
			s.tile(c[r*s.lanes:], a[r*lda:], b, s.lanes, lda, k, min(s.tiles.rows, rows-r), add)
		}
	}
}
