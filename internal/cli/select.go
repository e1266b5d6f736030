package cli

import (
	"slices"
	"strconv"
	"strings"

	"attn/internal/trace"
	"attn/internal/view"
)

// parseChoice reads what --layer and --head take: 3, 0-2, 1,4 or all, of 0 to
// n-1. The empty string is no choice: nil.
func parseChoice(flag, s string, n int) ([]int, error) {
	if s == "" {
		return nil, nil
	}
	if s == "all" {
		return span(0, n-1), nil
	}
	var chosen []int
	for part := range strings.SplitSeq(s, ",") {
		first, last, isSpan := strings.Cut(part, "-")
		if !isSpan {
			last = first
		}
		from, err1 := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		if err1 != nil || err2 != nil || from > to || from < 0 {
			return nil, usagef("--%s %s: not a choice", flag, s).advise("write a number, 0-2, 1,4 or all")
		}
		if to >= n {
			return nil, usagef("--%s %s: the model has %ss 0 to %d", flag, s, flag, n-1)
		}
		chosen = append(chosen, span(from, to)...)
	}
	slices.Sort(chosen)
	return slices.Compact(chosen), nil
}

func span(from, to int) []int {
	var all []int
	for i := from; i <= to; i++ {
		all = append(all, i)
	}
	return all
}

// findFocus finds the token that --focus names: a position, a word, or the
// n-th of equal words as WORD#N. A word of several tokens is found at its last,
// which has seen all of it.
func findFocus(t *trace.Trace, s string) (int, error) {
	if pos, err := strconv.Atoi(s); err == nil {
		if pos < 0 || pos >= len(t.Tokens) {
			return 0, usagef("--focus %s: the text has positions 0 to %d", s, len(t.Tokens)-1)
		}
		return pos, nil
	}
	found, n := places(t, s), 0
	if word, number, ok := cutNumber(s); ok && len(found) == 0 {
		found, n = places(t, word), number
	}
	switch {
	case len(found) == 0:
		return 0, usagef("--focus %s: the text has no such word", s).advise("its words are %s", wordList(t))
	case n > len(found):
		return 0, usagef("--focus %s: the word occurs %d times", s, len(found))
	case n > 0:
		return found[n-1], nil
	case len(found) > 1:
		return 0, usagef("--focus %s: the word occurs %d times, at positions %s", s, len(found), join(found)).
			advise("write %s#1 to %s#%d, or a position", s, s, len(found))
	}
	return found[0], nil
}

// cutNumber takes "the#2" apart.
func cutNumber(s string) (word string, n int, ok bool) {
	at := strings.LastIndexByte(s, '#')
	if at < 1 {
		return "", 0, false
	}
	n, err := strconv.Atoi(s[at+1:])
	return s[:at], n, err == nil && n > 0
}

// places lists where a word ends: as it is written, or else in any case.
func places(t *trace.Trace, word string) []int {
	words, ends := wordsOf(t)
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		var found []int
		for i, w := range words {
			if same(w, word) {
				found = append(found, ends[i])
			}
		}
		for pos := range t.Tokens {
			if same(strings.TrimPrefix(view.TokenText(t, pos), "‿"), word) && !slices.Contains(found, pos) {
				found = append(found, pos)
			}
		}
		if len(found) > 0 {
			slices.Sort(found)
			return found
		}
	}
	return nil
}

// wordsOf joins the pieces of each word, and says at which token each ends.
func wordsOf(t *trace.Trace) (words []string, ends []int) {
	for pos := range t.Tokens {
		text, goesOn := strings.CutPrefix(view.TokenText(t, pos), "‿")
		if goesOn && len(words) > 0 {
			words[len(words)-1] += text
			ends[len(ends)-1] = pos
			continue
		}
		words, ends = append(words, text), append(ends, pos)
	}
	return words, ends
}

// wordList names the first words of the text, for an error's advice.
func wordList(t *trace.Trace) string {
	const most = 12
	words, _ := wordsOf(t)
	if len(words) > most {
		return strings.Join(words[:most], " ") + " ..."
	}
	return strings.Join(words, " ")
}

func join(numbers []int) string {
	parts := make([]string, len(numbers))
	for i, n := range numbers {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, ", ")
}
