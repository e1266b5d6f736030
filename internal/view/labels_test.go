package view_test

import (
	"testing"

	"attn/internal/trace"
	"attn/internal/view"
)

// TestTokenText: tokens as a reader thinks of them.
func TestTokenText(t *testing.T) {
	for _, tt := range []struct {
		before, text, want string
	}{
		{"", "The", "The"}, // the first token
		{"a", " blue", "blue"},
		{" creat", "ure", "‿ure"},
		{" creat", " ure", "ure"},
		{" 19", "84", "‿84"},
		{" caf", "é", "‿é"},
		{"\xc3", "\xa9", "‿\xa9"}, // two parts of one character
		{" end", ".", "."},
		{" don", "'t", "'t"},
		{" (", "word", "word"},
		{"\n", "word", "word"},
		{" a", " ", "␣"},
		{" a", "   ", "␣␣␣"},
		{" a", "  x", " x"}, // two spaces: one of them says something
		{" a", "\n", "\n"},
		{" a", "\x1b[31m", "\x1b[31m"}, // whoever draws escapes
		{" a", "\u202e", "‿\u202e"},
		{" a", "", ""},
		{"", "", ""},
	} {
		h := sentence("x", tt.before, tt.text)
		if got := view.TokenText(h, 2); tt.before != "" && got != tt.want {
			t.Errorf("%q after %q is %q, want %q", tt.text, tt.before, got, tt.want)
		}
		h = sentence(tt.text)
		if got := view.TokenText(h, 0); tt.before == "" && got != tt.want {
			t.Errorf("%q at the start is %q, want %q", tt.text, got, tt.want)
		}
	}
	if got := view.TokenText(sentence(" a"), 0); got != "a" {
		t.Errorf("the first token, with its space, is %q", got)
	}
	if got := view.TokenText(sentence(" a", "", "b"), 2); got != "b" {
		t.Errorf("a token after one without text is %q", got)
	}
}

// TestCandidateText: entries of the vocabulary, with no word before them.
func TestCandidateText(t *testing.T) {
	for text, want := range map[string]string{
		" blue": "blue", "ure": "‿ure", "9": "‿9", "é": "‿é", ".": ".", " ": "␣", "  ": "␣␣", "#17": "#17", "": "", "\x07": "\x07",
	} {
		g := view.Neighbours([]trace.Neighbour{{Text: text, Cosine: .25}}, "title", "formula")
		checkGrid(t, g)
		if got := texts(g.Table.Rows); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
		numbers(t, g, "cosine", .25)
	}
}

// TestRepeatedTokens: each stands for itself, and one of them is told of.
func TestRepeatedTokens(t *testing.T) {
	h := sentence(" the", " cat", " the", " the")
	g := one(t, "tokens", h, told(0, 0, 2))
	if got := texts(g.Table.Rows); got != "the|cat|>the|the" {
		t.Errorf("the labels are %s", got)
	}
	for i, l := range g.Table.Rows {
		if l.Pos != i {
			t.Errorf("label %d is at %d", i, l.Pos)
		}
	}
}
