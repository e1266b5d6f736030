package text

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

const ellipsis = "…"

// columns is how many terminal columns s takes. It counts what people see as
// one character (a grapheme cluster: 👩‍👩‍👧 takes two, é however it is built one).
// Right-to-left words are measured like all others and kept in logical order:
// marks that would isolate them are themselves invisible characters, and a
// table that can be copied should hold nothing that is not seen.
func columns(s string) int { return displaywidth.String(s) }

// cut shortens s to at most width columns, the last one an ellipsis.
func cut(s string, width int) string {
	if columns(s) <= width {
		return s
	}
	if width <= 0 {
		return ""
	}
	used, end := 0, 0
	for _, c := range clusters(s) {
		w := columns(c)
		if used+w > width-1 {
			break
		}
		used += w
		end += len(c)
	}
	return s[:end] + ellipsis
}

// clusters splits s into what people see as single characters.
func clusters(s string) []string {
	var list []string
	for g := displaywidth.StringGraphemes(s); g.Next(); {
		list = append(list, g.Value())
	}
	return list
}

// wrap breaks s between words into lines of at most width columns; a word
// longer than a line is cut.
func wrap(s string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(s) {
		word = cut(word, width)
		w := columns(word)
		switch {
		case line == "":
			line, used = word, w
		case used+1+w <= width:
			line += " " + word
			used += 1 + w
		default:
			lines = append(lines, line)
			line, used = word, w
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
