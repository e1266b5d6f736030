package tokenizer

import (
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
		unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic, unicode.Join_Control,
	}
}

// The reference implementation classifies by Unicode 16.0, Go 1.26 by 15.0. These are the characters that
// became letters and numbers in between, mostly hieroglyphs and rare Chinese characters; no character moved
// from one class to another. TestClasses compares every code point with the reference.

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
