package text

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"attn/internal/view"
)

// notes says how a matrix is to be read where its numbers are not shown, and
// counts what was left out.
func (p *painter) notes() []string {
	var notes []string
	if p.f.mode != numbers {
		notes = append(notes, p.key(), p.focusNote())
	}
	if hasWords(p.m) && p.f.words == 0 {
		notes = append(notes, "the words beside the numbers are left out at this width")
	}
	if p.f.mode == pooled {
		notes = append(notes, fmt.Sprintf("%s in blocks of %d × %d: each shade is the largest of its block",
			size(p.m), p.f.pool[0], p.f.pool[1]))
	} else {
		notes = append(notes, foldNote(cmp.Or(p.m.RowAxis, "rows"), len(p.m.Rows), p.m.Rows, p.f.rows)...)
		notes = append(notes, foldNote(cmp.Or(p.m.ColAxis, "columns"), len(p.m.Cols), p.m.Cols, p.f.cols)...)
	}
	return slices.DeleteFunc(notes, func(s string) bool { return s == "" })
}

// key explains the glyphs.
func (p *painter) key() string {
	masked := ""
	if p.extent.masked {
		masked = ", × -inf"
	}
	largest := "1"
	if p.m.Scale == view.Score {
		largest = fixed(p.extent.largest(), decimals(p.extent.largest()))
	}
	switch {
	case p.f.mode == pooled && p.m.Scale == view.Weight && p.m.Full > 0:
		full := portion(p.m.Full)
		return "░ below " + portion(.15*p.m.Full) + ", ▒ below " + portion(.35*p.m.Full) + ", ▓ below " + portion(.65*p.m.Full) + ", █ up to " + full + " and above" + masked
	case p.f.mode == pooled && p.m.Scale == view.Weight:
		return "░ below .15, ▒ below .35, ▓ below .65, █ up to 1" + masked
	case p.f.mode == pooled:
		return "from ░ -" + largest + " over ▒ 0 to █ " + largest + masked
	case p.m.Scale == view.Weight:
		if p.m.Full > 0 {
			return "· below " + portion(.12*p.m.Full) + ", • below " + portion(.55*p.m.Full) + ", ● up to " + portion(p.m.Full) + " and above" + masked
		}
		return "· below .12, • below .55, ● up to 1" + masked
	}
	return "● up to " + largest + ", ○ down to -" + largest + ", smaller • ◦, about zero ·" + masked
}

// portion writes a share with two digits that tell something.
func portion(v float64) string { return fmt.Sprintf("%.2g %%", 100*v) }

// focusNote gives the numbers that the focus would be asked for first.
func (p *painter) focusNote() string {
	if p.m.Scale != view.Weight {
		return ""
	}
	labels, focus, at := p.m.Rows, focused(p.m.Cols), func(i, focus int) float64 { return p.at(i, focus) }
	owner := p.m.Cols
	if common(p.m.Rows) == view.Query {
		labels, focus, at = p.m.Cols, focused(p.m.Rows), func(i, focus int) float64 { return p.at(focus, i) }
		owner = p.m.Rows
	}
	if focus < 0 {
		return ""
	}
	order := all(len(labels))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(at(b, focus), at(a, focus)) })
	var parts []string
	for _, i := range order[:min(3, len(order))] {
		if v := at(i, focus); v >= faint {
			parts = append(parts, cut(labels[i].Text, labelRoom(p.o))+" "+bare(v, 2))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return columnMark + " " + cut(owner[focus].Text, labelRoom(p.o)) + ": most for " + strings.Join(parts, ", ")
}
