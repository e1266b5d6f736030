package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// class is what the split pattern sees of a character.
type class uint8

const (
	other  class = iota // punctuation, symbols, marks, controls, and bytes that are not UTF-8
	letter              // \p{L}
	number              // \p{N}
	space               // \s, which is Unicode's White_Space
)

// classAt returns the class and the length of the character at byte at. A byte that is not part of valid
// UTF-8 is a character of its own, of class other: the pattern knows nothing about it.
func classAt(s string, at int) (class, int) {
	if c := s[at]; c < utf8.RuneSelf {
		return asciiClass(c), 1
	}
	r, size := utf8.DecodeRuneInString(s[at:])
	switch {
	case isLetter(r):
		return letter, size
	case unicode.IsNumber(r) || unicode.Is(newNumbers, r):
		return number, size
	case unicode.IsSpace(r):
		return space, size
	}
	return other, size
}

// asciiClass is classAt for one ASCII character.
func asciiClass(c byte) class {
	switch {
	case c|0x20 >= 'a' && c|0x20 <= 'z':
		return letter
	case c >= '0' && c <= '9':
		return number
	case c == ' ' || c >= '\t' && c <= '\r':
		return space
	}
	return other
}

// isLetter is \p{L}.
func isLetter(r rune) bool { return unicode.IsLetter(r) || unicode.Is(newLetters, r) }

// isWord is \w of the reference implementation's second regular expression engine, which it uses around
// added tokens: letters, marks, decimal digits, connectors such as _, and the two joiners.
func isWord(r rune) bool {
	return isLetter(r) || unicode.IsOneOf(wordTables(), r)
}

// wordTables lists what \w has besides letters.
func wordTables() []*unicode.RangeTable {
	return []*unicode.RangeTable{
		unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic, unicode.Join_Control, newWord,
	}
}

// isRubyWord is \w of the first engine, which splits text: the same without the joiners, but outside of
// brackets with the raised digits and the fractions of Latin 1.
func isRubyWord(r rune) bool {
	switch {
	case r == '²', r == '³', r == '¹', r >= '¼' && r <= '¾':
		return true
	}
	return isClassWord(r)
}

// isClassWord is \w within brackets.
func isClassWord(r rune) bool { return isWord(r) && !unicode.Is(unicode.Join_Control, r) }

// isPunctuation is what splits words of BERT.
func isPunctuation(r rune) bool {
	switch {
	case r < 0:
		return false
	case r < 0x80:
		return r > ' ' && r < 0x7F && asciiClass(byte(r)) == other
	}
	return unicode.Is(unicode.P, r) && !unicode.Is(youngPunctuation, r) || unicode.Is(oldPunctuation, r)
}

// isNumber is what Digits splits at.
func isNumber(r rune) bool { return unicode.IsNumber(r) || unicode.Is(newRustNumbers, r) }

// isOldMark says whether StripAccents removes a character.
func isOldMark(r rune) bool {
	return unicode.Is(unicode.M, r) && !unicode.Is(youngMarks, r) || unicode.Is(oldMarks, r)
}

// isOldNonspacing says whether BertNormalizer takes a character for an accent.
func isOldNonspacing(r rune) bool {
	return unicode.Is(unicode.Mn, r) && !unicode.Is(youngNonspacing, r) || unicode.Is(oldNonspacing, r)
}

// isOldOther says whether BertNormalizer takes a character for a control character.
func isOldOther(r rune) bool {
	if r == '\t' || r == '\n' || r == '\r' {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co) && !unicode.Is(youngOther, r)
}

// youngMark says whether the normal forms take a mark for a letter.
func youngMark(r rune) bool { return unicode.Is(youngClasses, r) }

// youngDecomposition says whether the normal forms leave a character whole.
func youngDecomposition(r rune) bool { return unicode.Is(youngDecompositions, r) }

// toLower returns the small letter of a character, as Unicode 17 has it.
func toLower(r rune) rune {
	switch {
	case r < 0x80:
		if r >= 'A' && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	case r == 0x1C89, r == 0xA7CC, r == 0xA7CE, r == 0xA7D2, r == 0xA7D4, r == 0xA7DA:
		return r + 1
	case r == 0xA7CB:
		return 0x264
	case r == 0xA7DC:
		return 0x19B
	case r >= 0x10D50 && r <= 0x10D65:
		return r + 0x20
	case r >= 0x16EA0 && r <= 0x16EB8:
		return r + 0x1B
	}
	return unicode.ToLower(r)
}

// classNamed returns the characters of a general category, a script or one of POSIX's classes, as Oniguruma
// and Unicode 16 have them; nil if the name is unknown. Names are compared as Unicode asks: without regard to
// case, spaces, - and _.
func classNamed(name string) func(rune) bool {
	switch plain := plainName(name); plain {
	case "l", "letter":
		return isLetter
	case "n", "number":
		return func(r rune) bool { return unicode.IsNumber(r) || unicode.Is(newDigits, r) }
	case "any":
		return func(rune) bool { return true }
	case "ascii":
		return func(r rune) bool { return r >= 0 && r < 0x80 }
	case "space", "whitespace":
		return unicode.IsSpace
	case "word":
		return isRubyWord
	case "alpha", "alphabetic":
		return isAlphabetic
	case "alnum":
		return func(r rune) bool { return isAlphabetic(r) || unicode.In(r, unicode.Nd, newDigits) }
	case "blank":
		return func(r rune) bool { return r == '\t' || unicode.Is(unicode.Zs, r) }
	case "cntrl":
		return unicode.IsControl
	case "xdigit":
		return func(r rune) bool { return r < 0x80 && unicode.Is(unicode.ASCII_Hex_Digit, r) }
	default:
		return tableNamed(plain)
	}
}

// isAlphabetic is \p{Alpha}.
func isAlphabetic(r rune) bool {
	return isLetter(r) || unicode.In(r, unicode.Nl, unicode.Other_Alphabetic, newAlphabetic)
}

// plainName returns a name as names are compared.
func plainName(name string) string {
	return strings.NewReplacer(" ", "", "_", "", "-", "").Replace(strings.ToLower(name))
}

// tableNamed returns the characters of a category or a script that is a table of Go's, with what is new.
func tableNamed(plain string) func(rune) bool {
	long := map[string]string{
		"upper": "lu", "uppercaseletter": "lu", "lower": "ll", "lowercaseletter": "ll", "titlecaseletter": "lt",
		"modifierletter": "lm", "otherletter": "lo", "mark": "m", "nonspacingmark": "mn", "digit": "nd",
		"decimalnumber": "nd", "punct": "p", "punctuation": "p", "symbol": "s", "separator": "z", "other": "c",
		"unassigned": "cn",
	}
	if short, ok := long[plain]; ok {
		plain = short
	}
	newer := map[string][]*unicode.RangeTable{
		"lu": {newUppercase}, "ll": {newLowercase}, "lm": {newModifiers}, "lo": {newOtherLetters}, "nd": {newDigits},
		"p": {newDashes, newPunctuation}, "pd": {newDashes}, "po": {newPunctuation},
		"s": {newMath, newSymbols}, "sm": {newMath}, "so": {newSymbols},
		"m": {newNonspacing, newSpacing}, "mc": {newSpacing}, "han": {newHan},
	}
	for _, tables := range [...]map[string]*unicode.RangeTable{unicode.Categories, unicode.Scripts} {
		for name, table := range tables {
			if plainName(name) != plain {
				continue
			}
			if plain == "c" || plain == "cn" {
				return func(r rune) bool { return unicode.Is(table, r) && !unicode.Is(newAssigned, r) }
			}
			if plain == "mn" { // one mark has become a spacing one
				const moved = 0x1171E
				return func(r rune) bool { return unicode.In(r, table, newNonspacing) && r != moved }
			}
			all := append([]*unicode.RangeTable{table}, newer[plain]...)
			return func(r rune) bool { return unicode.IsOneOf(all, r) }
		}
	}
	return nil
}

// The classes above are Unicode 16.0's, Go 1.26 has 15.0. These are the characters that became letters and
// numbers in between, mostly hieroglyphs and rare Chinese characters; no character moved from one class to
// another. TestClasses compares every code point with the reference.

// newLetters are the letters of Unicode 15.1 and 16.0.
var newLetters = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1C89, Hi: 0x1C8A, Stride: 1},
		{Lo: 0xA7CB, Hi: 0xA7CD, Stride: 1},
		{Lo: 0xA7DA, Hi: 0xA7DC, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x105C0, Hi: 0x105F3, Stride: 1},
		{Lo: 0x10D4A, Hi: 0x10D65, Stride: 1},
		{Lo: 0x10D6F, Hi: 0x10D85, Stride: 1},
		{Lo: 0x10EC2, Hi: 0x10EC4, Stride: 1},
		{Lo: 0x11380, Hi: 0x11389, Stride: 1},
		{Lo: 0x1138B, Hi: 0x1138B, Stride: 1},
		{Lo: 0x1138E, Hi: 0x1138E, Stride: 1},
		{Lo: 0x11390, Hi: 0x113B5, Stride: 1},
		{Lo: 0x113B7, Hi: 0x113B7, Stride: 1},
		{Lo: 0x113D1, Hi: 0x113D1, Stride: 1},
		{Lo: 0x113D3, Hi: 0x113D3, Stride: 1},
		{Lo: 0x11BC0, Hi: 0x11BE0, Stride: 1},
		{Lo: 0x13460, Hi: 0x143FA, Stride: 1},
		{Lo: 0x16100, Hi: 0x1611D, Stride: 1},
		{Lo: 0x16D40, Hi: 0x16D6C, Stride: 1},
		{Lo: 0x18CFF, Hi: 0x18CFF, Stride: 1},
		{Lo: 0x1E5D0, Hi: 0x1E5ED, Stride: 1},
		{Lo: 0x1E5F0, Hi: 0x1E5F0, Stride: 1},
		{Lo: 0x2EBF0, Hi: 0x2EE5D, Stride: 1},
	},
}

// newNumbers are the numbers of Unicode 15.1 and 16.0.
var newNumbers = &unicode.RangeTable{
	R32: []unicode.Range32{
		{Lo: 0x10D40, Hi: 0x10D49, Stride: 1},
		{Lo: 0x116D0, Hi: 0x116E3, Stride: 1},
		{Lo: 0x11BF0, Hi: 0x11BF9, Stride: 1},
		{Lo: 0x16130, Hi: 0x16139, Stride: 1},
		{Lo: 0x16D70, Hi: 0x16D79, Stride: 1},
		{Lo: 0x1CCF0, Hi: 0x1CCF9, Stride: 1},
		{Lo: 0x1E5F1, Hi: 0x1E5FA, Stride: 1},
	},
}
