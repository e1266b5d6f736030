package text

import (
	"math"

	"attn/internal/view"
)

const (
	longestStrip  = 64
	shortestStrip = 8
)

// levels are a component's height in its strip: the middle is zero.
var levels = [8]string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}

// level is the height of a component that lies between -top and top.
func level(v, top float64) string {
	switch {
	case math.IsNaN(v):
		return " "
	case top == 0:
		return levels[3]
	}
	return levels[int(min(max((v/top+1)*4, 0), 7))]
}

// reach is the largest finite component of a column's vectors, and the length
// of the longest vector.
func reach(c view.Column) (top float64, length int) {
	for _, vector := range c.Vectors {
		length = max(length, len(vector))
		for _, x := range vector {
			if v := math.Abs(float64(x)); !math.IsInf(v, 1) && v > top {
				top = v
			}
		}
	}
	return top, length
}

// strip draws the first components of a vector, those below zero in one colour
// and those above in another.
func (d *drawer) strip(vector []float32, top float64, width int) {
	positive, negative := d.palette.ink(d.palette.theme.Positive), d.palette.ink(d.palette.theme.Negative)
	end := d.pen.column + width
	for _, x := range vector[:min(len(vector), width)] {
		st := positive
		if x < 0 {
			st = negative
		}
		d.pen.put(st, level(float64(x), top))
	}
	d.pen.to(end)
}
