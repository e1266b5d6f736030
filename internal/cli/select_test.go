package cli

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"attn/internal/trace"
)

func TestParseChoice(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []int
	}{
		{"", nil},
		{"0", []int{0}},
		{"3", []int{3}},
		{"0-2", []int{0, 1, 2}},
		{"1,3", []int{1, 3}},
		{"3,0-1,1", []int{0, 1, 3}},
		{"all", []int{0, 1, 2, 3}},
	} {
		got, err := parseChoice("layer", c.in, 4)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("--layer %q is %v, %v; want %v", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{"4", "-1", "x", "1-", "-", "2-1", "0-4", "1,,2", "1e1", "all,1", "99999999999999999999", "0-99999999"} {
		_, err := parseChoice("layer", in, 4)
		var e *Error
		if !errors.As(err, &e) || e.Code != exitUsage || !strings.Contains(err.Error(), "--layer "+in) {
			t.Errorf("--layer %q: %v", in, err)
		}
	}
}

// sentence makes a trace of tokens alone.
func sentence(tokens ...string) *trace.Trace {
	t := &trace.Trace{}
	for i, text := range tokens {
		t.Tokens = append(t.Tokens, trace.Token{Pos: i, Text: text})
	}
	return t
}

func TestFindFocus(t *testing.T) {
	text := sentence("The", " cat", " saw", " the", " un", "believ", "able", " cat", ",", " 7", " C#", "2")
	for _, c := range []struct {
		in   string
		want int
	}{
		{"0", 0},
		{"7", 7}, // a number is a position, even where it is a word too
		{"saw", 2},
		{"The", 0},
		{"the", 3}, // as written first
		{"SAW", 2}, // then in any case
		{"cat#1", 1},
		{"cat#2", 7},
		{"unbelievable", 6}, // at its last piece
		{"believ", 5},
		{",", 8},
		{"C#", 10},
	} {
		got, err := findFocus(text, c.in)
		if err != nil || got != c.want {
			t.Errorf("--focus %s is %d, %v; want %d", c.in, got, err, c.want)
		}
	}
	for in, want := range map[string]string{
		"cat":   "occurs 2 times, at positions 1, 7",
		"dog":   "no such word",
		"cat#3": "occurs 2 times",
		"12":    "positions 0 to 11",
		"-1":    "positions 0 to 11",
		"":      "no such word",
	} {
		_, err := findFocus(text, in)
		var e *Error
		if !errors.As(err, &e) || e.Code != exitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("--focus %q: %v, want %q", in, err, want)
		}
	}
}

func TestCrop(t *testing.T) {
	tokens := sentence("a", " b", " c").Tokens
	kept, cut := crop(tokens, 2)
	if cut != 1 || len(kept) != 2 || kept[0].Text != " b" || kept[0].Pos != 0 || kept[1].Pos != 1 {
		t.Errorf("the last 2 are %v, %d cut", kept, cut)
	}
	if tokens[1].Pos != 1 {
		t.Error("crop changed what it was given")
	}
	if kept, cut := crop(tokens, 0); len(kept) != 3 || cut != 0 {
		t.Errorf("without a limit %v, %d cut", kept, cut)
	}
}
