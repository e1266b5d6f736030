package tokenizer

import (
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// form is one of Unicode's four normal forms. The text that comes out is golang.org/x/text's, apart from the
// characters younger than the reference implementation's tables; the steps are gone through one by one, as it
// does, because they decide which character of the original each new one comes from.
type form struct {
	whole    norm.Form // the form itself
	parts    norm.Form // its decomposition: NFD or NFKD
	composes bool
}

// formNamed returns the form with this name.
func formNamed(name string) form {
	switch name {
	case "NFC":
		return form{norm.NFC, norm.NFD, true}
	case "NFKC":
		return form{norm.NFKC, norm.NFKD, true}
	case "NFKD":
		return form{norm.NFKD, norm.NFKD, false}
	}
	return form{norm.NFD, norm.NFD, false}
}

// normalize implements normalizer.
func (f form) normalize(p piece) (piece, error) {
	if f.whole.IsNormalString(p.text) {
		return p, nil
	}
	changes := f.decompose(p.text)
	if f.composes {
		changes = compose(changes)
	}
	all := make([]change, len(changes))
	for i, c := range changes {
		all[i] = c.change
	}
	return p.transform(all, 0), nil
}

// decomposed is a character with its canonical combining class.
type decomposed struct {
	change
	class uint8
}

// decompose replaces each character by its parts, and puts the marks after each letter in order.
func (f form) decompose(s string) []decomposed {
	out := make([]decomposed, 0, len(s))
	marks := 0 // where the marks after the last letter begin
	for at := 0; at < len(s); {
		r, size := character(s, at)
		out, marks = f.appendParts(out, marks, r, s[at:at+size])
		at += size
	}
	sortMarks(out[marks:])
	return out
}

// appendParts appends the parts of one character.
func (f form) appendParts(out []decomposed, marks int, r rune, text string) ([]decomposed, int) {
	by := 0
	for _, part := range f.partsOf(r, text) {
		c := decomposed{change: change{part, by}, class: combiningClass(part)}
		if c.class == 0 {
			sortMarks(out[marks:])
			marks = len(out) + 1
		}
		out = append(out, c)
		by = 1
	}
	return out, min(marks, len(out))
}

// partsOf returns the characters that a character is made of.
func (f form) partsOf(r rune, text string) []rune {
	if r < utf8.RuneSelf || youngDecomposition(r) {
		return []rune{r}
	}
	return []rune(f.parts.String(text))
}

// sortMarks sorts marks by class, those of one class in the order of the text.
func sortMarks(marks []decomposed) {
	if len(marks) > 1 {
		slices.SortStableFunc(marks, func(a, b decomposed) int { return int(a.class) - int(b.class) })
	}
}

// combiningClass returns the canonical combining class: 0 for everything but marks.
func combiningClass(r rune) uint8 {
	if r < 0x300 || youngMark(r) {
		return 0
	}
	var b [utf8.UTFMax]byte
	return norm.NFD.Properties(b[:utf8.EncodeRune(b[:], r)]).CCC()
}

// compose joins letters with the marks after them, where one character stands for both.
func compose(in []decomposed) []decomposed {
	out := make([]decomposed, 0, len(in))
	letter := absent // where the letter is that marks can join
	blocked := -1    // the class of the last mark after it that did not join, or -1
	for _, c := range in {
		if letter != absent && blocked < int(c.class) {
			if joined, ok := pairOf(out[letter].char, c.char); ok {
				out[letter].char = joined
				out[letter].by += c.by - 1
				continue
			}
		}
		switch {
		case c.class == 0:
			letter, blocked = len(out), -1
		case letter != absent:
			blocked = int(c.class)
		}
		out = append(out, c)
	}
	return out
}

// pairOf returns the one character for two.
func pairOf(a, b rune) (rune, bool) {
	const youngest = 0x11938 // composed in Unicode 13 only
	if a < 0 || b < 0x300 {
		return 0, false
	}
	joined := norm.NFC.String(string([]rune{a, b}))
	r, size := utf8.DecodeRuneInString(joined)
	return r, size == len(joined) && r != youngest
}
