package text

import (
	"math"
	"strconv"

	"attn/internal/view"
)

// field is a table's column as it is laid out: its texts, and how many columns
// of the terminal they and the bar or strip beside them take.
type field struct {
	view.Column
	texts []string // the word or the number of each row; nil for strips
	text  int      // width of the texts
	graph int      // width of the bar or strip; 0 for none
	top   float64  // the largest component of a strip
	all   int      // components of a strip
}

func newField(c view.Column) *field {
	f := &field{Column: c}
	switch c.Kind {
	case view.Strip:
		f.top, f.all = reach(c)
		f.graph = min(f.all, longestStrip)
	case view.Bar:
		f.graph = longestBar
	case view.Percent:
		if c.Max > 0 {
			f.graph = longestBar
		}
	}
	if c.Kind != view.Strip {
		f.texts = texts(c)
	}
	for _, s := range f.texts {
		f.text = max(f.text, columns(s))
	}
	return f
}

// texts writes a column's numbers, or gives its words.
func texts(c view.Column) []string {
	if len(c.Numbers) == 0 {
		return c.Words
	}
	list := make([]string, len(c.Numbers))
	for i, v := range c.Numbers {
		list[i] = text(c, v)
	}
	return list
}

func text(c view.Column, v float64) string {
	if s, ok := infinite(v); ok {
		return s
	}
	switch c.Kind {
	case view.Integer:
		return grouped(v)
	case view.Percent:
		return percent(v, max(c.Decimals, 0))
	}
	if s := strconv.FormatFloat(v, 'f', max(c.Decimals, 0), 64); len(s) > 18 {
		return strconv.FormatFloat(v, 'e', 3, 64)
	}
	return fixed(v, max(c.Decimals, 0))
}

// percent writes a share of 1. A small one is not rounded to nothing: it reads
// <0.1 %.
func percent(v float64, decimals int) string {
	least := math.Pow10(-decimals)
	if v > 0 && 100*v < least/2 {
		return "<" + fixed(least, decimals) + " %"
	}
	return fixed(100*v, decimals) + " %"
}

// entry is the text of one row.
func (f *field) entry(row int) string {
	if row >= len(f.texts) {
		return ""
	}
	return f.texts[row]
}

// width is what the field takes, its title included.
func (f *field) width() int { return max(f.body(), columns(f.Title)) }

func (f *field) body() int {
	if f.graph > 0 && f.texts != nil {
		return f.text + 1 + f.graph
	}
	return f.text + f.graph
}

// rightAligned is true for plain numbers; words, bars and strips begin at the left.
func (f *field) rightAligned() bool {
	return f.graph == 0 && f.Kind != view.Word && f.Kind != view.Strip
}

// wordRank is the rank of words among the things that give way.
const wordRank = 2

// spare is how much narrower the field could be, and what gives way first:
// strips, then bars, then words and titles.
func (f *field) spare(shortest int) (columns, rank int) {
	switch {
	case f.Kind == view.Strip && f.graph > shortestStrip:
		return f.graph - shortestStrip, 0
	case f.Kind != view.Strip && f.graph > shortestBar:
		return f.graph - shortestBar, 1
	case f.Kind == view.Word && f.Whole:
		return 0, wordRank
	case f.Kind == view.Word:
		return f.width() - shortest, wordRank
	}
	return f.width() - max(f.body(), shortest), wordRank
}

// narrow takes one column from the field.
func (f *field) narrow() {
	target := f.width() - 1
	switch {
	case f.Kind == view.Word:
		f.text = min(f.text, target)
	case f.graph > 0 && f.body() > target:
		f.graph--
	}
	f.Title = cut(f.Title, target)
}

// share is how much of its bar the field's number fills; ok is false where
// there is no bar.
func (f *field) share(row int) (share float64, ok bool) {
	if row >= len(f.Numbers) || math.IsNaN(f.Numbers[row]) {
		return 0, false
	}
	top := f.Max
	if top <= 0 {
		top = f.largest()
	}
	if top == 0 {
		return 0, true
	}
	return math.Abs(f.Numbers[row]) / top, true
}

func (f *field) largest() float64 {
	top := 0.0
	for _, v := range f.Numbers {
		if v = math.Abs(v); !math.IsInf(v, 1) && v > top {
			top = v
		}
	}
	return top
}
