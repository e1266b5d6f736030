package tokenizer

import (
	"slices"
	"unicode"
)

// scripts is a pre-tokenizer that cuts where the script changes: between Latin and Greek letters, say.
// Hiragana and Katakana count as Han, and a space belongs to any script.
type scripts []scriptRange

// scriptRange is a range of characters of one script.
type scriptRange struct {
	low, high rune
	script    string
}

// newScripts gathers the ranges of all scripts in one sorted list.
func newScripts() scripts {
	var all scripts
	for name, table := range unicode.Scripts {
		if name == "Hiragana" || name == "Katakana" {
			name = "Han"
		}
		for _, r := range table.R16 {
			all = all.add(rune(r.Lo), rune(r.Hi), rune(r.Stride), name)
		}
		for _, r := range table.R32 {
			all = all.add(rune(r.Lo), rune(r.Hi), rune(r.Stride), name)
		}
	}
	slices.SortFunc(all, func(a, b scriptRange) int { return int(a.low - b.low) })
	return all
}

// add adds a range of every stride-th character.
func (all scripts) add(low, high, stride rune, name string) scripts {
	if stride == 1 {
		return append(all, scriptRange{low, high, name})
	}
	for r := low; r <= high; r += stride {
		all = append(all, scriptRange{r, r, name})
	}
	return all
}

// of returns the script of a character, "" for any.
func (all scripts) of(r rune) string {
	const longVowel = 'ー' // common to Hiragana and Katakana
	switch {
	case r == ' ', unicode.Is(youngScripts, r):
		return ""
	case r == longVowel:
		return "Han"
	case r == 0x589, r == 0x61C: // these four have got another script since
		return "Common"
	case r == 0x953, r == 0x954:
		return "Devanagari"
	}
	i, found := slices.BinarySearchFunc(all, r, func(s scriptRange, r rune) int {
		switch {
		case s.high < r:
			return -1
		case s.low > r:
			return 1
		}
		return 0
	})
	if !found {
		return ""
	}
	return all[i].script
}

// split implements preTokenizer. Spaces in front of the first letter are lost, as in the reference
// implementation.
func (all scripts) split(p piece, yield func(piece) error) error {
	last, start := "", absent
	for at := 0; at < len(p.text); {
		r, size := character(p.text, at)
		script := all.of(r)
		if script != "" {
			if script != last {
				if start != absent {
					if err := yield(p.cut(start, at)); err != nil {
						return err
					}
				}
				start = at
			}
			last = script
		}
		at += size
	}
	if start == absent {
		return nil
	}
	return yield(p.cut(start, len(p.text)))
}
