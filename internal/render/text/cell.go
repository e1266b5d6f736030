package text

import (
	"math"

	"attn/internal/view"
)

// extent is what a matrix's numbers span: enough to know how wide they are
// written and how strongly they are coloured.
type extent struct {
	low, high float64 // of the finite numbers
	masked    bool    // there are -Infs to be shown
	infinite  bool    // there are +Infs
	full      float64 // the weight drawn at full strength; 0 is 1
}

func measure(m *view.Matrix) extent {
	e := extent{low: math.Inf(1), high: math.Inf(-1), full: m.Full}
	for _, x := range m.Cells.Data {
		v := float64(x)
		switch {
		case math.IsNaN(v):
		case math.IsInf(v, -1):
			e.masked = e.masked || !m.MaskedBlank
		case math.IsInf(v, 1):
			e.infinite = true
		default:
			e.low, e.high = min(e.low, v), max(e.high, v)
		}
	}
	if e.low > e.high {
		e.low, e.high = 0, 0
	}
	return e
}

func (e extent) largest() float64 { return max(math.Abs(e.low), math.Abs(e.high)) }

// heat places a number on its scale: 0..1 for weights, else -1..1.
func (e extent) heat(scale view.Scale, v float64) float64 {
	if scale == view.Score {
		if v == 0 || e.largest() == 0 {
			return 0
		}
		v /= e.largest()
	}
	if scale == view.Weight && e.full > 0 {
		v /= e.full
	}
	return min(max(v, -1), 1)
}

// format is one way to write a matrix's numbers.
type format struct {
	dot      bool // before the number
	decimals int
	bare     bool   // .58 rather than 0.58
	tight    bool   // 1.0 rather than 1.00 where the others read .58
	short    bool   // 9e15
	negative string // how -Inf is written
	positive string
}

// formats lists the ways to write numbers of a scale, the best one first.
func formats(scale view.Scale, e extent) []format {
	switch scale {
	case view.Weight:
		return []format{
			{dot: true, decimals: 2, bare: true, negative: "-inf", positive: "inf"},
			{decimals: 2, bare: true, negative: "-inf", positive: "inf"},
			{decimals: 2, bare: true, tight: true, negative: "-∞", positive: "∞"},
		}
	case view.Cosine:
		return []format{
			{decimals: 2, bare: true, negative: "-inf", positive: "inf"},
			{decimals: 1, bare: true, negative: "-∞", positive: "∞"},
		}
	}
	list := make([]format, 0, 5)
	for d := decimals(e.largest()); d >= 0; d-- {
		list = append(list, format{decimals: d, negative: "-inf", positive: "inf"})
	}
	if e.largest() >= 10 || e.largest() == 0 {
		list = append(list, format{negative: "-∞", positive: "∞"})
	} else {
		list = append(list[:max(len(list)-1, 1)], format{decimals: 1, bare: true, negative: "-∞", positive: "∞"})
	}
	if e.largest() < 1e4 {
		return list
	}
	return append(list, format{short: true, negative: "-∞", positive: "∞"})
}

// decimals is how many of them numbers up to that size need.
func decimals(largest float64) int {
	switch {
	case largest == 0 || largest >= 0.1 && largest < 1e4:
		return 2
	case largest >= 1e4:
		return 0
	case largest >= 0.01:
		return 3
	}
	return 4
}

// text writes one number; nothing for a cell with nothing in it.
func (f format) text(v float64) string {
	switch {
	case math.IsNaN(v):
		return ""
	case math.IsInf(v, -1):
		return f.negative
	case math.IsInf(v, 1):
		return f.positive
	case f.short:
		return scientific(v)
	case f.bare:
		s := bare(v, f.decimals)
		if f.tight && len(s) > f.decimals+1 {
			return bare(v, f.decimals-1)
		}
		return s
	}
	return fixed(v, f.decimals)
}

// width is how many columns the widest number takes, the dot included. The
// widest one is at an end of the extent.
func (f format) width(e extent) int {
	w := max(columns(f.text(e.low)), columns(f.text(e.high)))
	if e.masked {
		w = max(w, columns(f.negative))
	}
	if e.infinite {
		w = max(w, columns(f.positive))
	}
	if f.dot {
		w += 2
	}
	return w
}

// fitting returns the best format that is at most width wide; ok is false when
// none is.
func fitting(scale view.Scale, e extent, width int) (f format, ok bool) {
	for _, f = range formats(scale, e) {
		if f.width(e) <= width {
			return f, true
		}
	}
	return f, false
}

// The glyphs that stand for a number by their size. A dot's area goes with the
// number, as in the chapter: in common fonts • has about a third of ●'s area
// and · about a twentieth, so each stands for what lies nearest to it.
const (
	faint  = 0.005 // below that a weight is written as .00 and has no dot
	medium = 0.12
	strong = 0.55
)

func dot(weight float64) string {
	switch {
	case weight < faint:
		return " "
	case weight < medium:
		return "·"
	case weight < strong:
		return "•"
	}
	return "●"
}

// signedDot is filled for numbers above zero and hollow for those below.
func signedDot(v float64) string {
	size := math.Abs(v)
	switch {
	case size < medium:
		return "·"
	case v > 0:
		return dot(size)
	case size < strong:
		return "◦"
	}
	return "○"
}

// shade fills a cell by as much as the number is large, from 0 to 1.
func shade(t float64) string {
	switch {
	case t < faint:
		return " "
	case t < 0.15:
		return "░"
	case t < 0.35:
		return "▒"
	case t < 0.65:
		return "▓"
	}
	return "█"
}
