package view

import (
	"fmt"
	"strings"

	"attn/internal/trace"
)

// tokenLabels names every token for a row or column.
func tokenLabels(t *trace.Trace, role Role, focus int) []Label {
	labels := make([]Label, len(t.Tokens))
	for i := range t.Tokens {
		labels[i] = tokenLabel(t, i, role, focus)
	}
	return labels
}

// everyToken lists the places of all tokens.
func everyToken(t *trace.Trace) []int {
	all := make([]int, len(t.Tokens))
	for i := range all {
		all[i] = i
	}
	return all
}

func tokenLabel(t *trace.Trace, pos int, role Role, focus int) Label {
	return Label{Text: TokenText(t, pos), Pos: pos, Role: role, Focus: pos == focus}
}

// TokenText writes a token as a reader thinks of it: without the space that
// most tokens begin with. A piece that continues a word gets a tie in front
// (‿ure), a token that is only spaces shows them.
func TokenText(t *trace.Trace, pos int) string {
	text := t.Tokens[pos].Text
	if pos == 0 || text == "" {
		return wordText(text)
	}
	before := t.Tokens[pos-1].Text
	if isWordByte(text[0]) && before != "" && isWordByte(before[len(before)-1]) {
		return "‿" + text
	}
	return wordText(text)
}

// wordText writes a vocabulary entry for a reader.
func wordText(text string) string {
	word := strings.TrimPrefix(text, " ")
	if strings.Trim(word, " ") == "" {
		return strings.Repeat("␣", len(text))
	}
	return word
}

// isWordByte is true for letters, digits and every byte of a longer character.
func isWordByte(b byte) bool {
	return b >= 0x80 || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// quoted names a token in a sentence: "creature".
func quoted(t *trace.Trace, pos int) string { return "“" + TokenText(t, pos) + "”" }

func headName(layer, head int) string { return fmt.Sprintf("layer %d, head %d", layer, head) }

// eachHead builds one grid for every layer and head shown.
func eachHead(sel Select, build func(layer, head int) (Grid, error)) ([]Grid, error) {
	var grids []Grid
	for _, layer := range sel.Layers {
		for _, head := range sel.Heads {
			g, err := build(layer, head)
			if err != nil {
				return nil, err
			}
			grids = append(grids, g)
		}
	}
	return grids, nil
}
