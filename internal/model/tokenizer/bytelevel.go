package tokenizer

import "unicode/utf8"

// A byte-level vocabulary spells every byte as one printable character, so that any text whatever is made of
// 256 letters and no token has to contain a raw space or control byte. 188 bytes keep the character of the
// same code; the other 68, in increasing order, take the characters from U+0100 on. A space becomes Ġ.

// firstMoved is the character of byte 0, the first one that can't stand for itself.
const firstMoved = 0x100

// standsForItself says whether a byte keeps its own character.
func standsForItself(b byte) bool {
	return b >= '!' && b <= '~' || b >= 0xA1 && b != 0xAD
}

// alphabet is the table in both directions.
type alphabet struct {
	letter [256]rune
	byteOf [firstMoved + 68]int16 // by letter; -1 where no byte has it
}

// newAlphabet computes the table; it is small enough to make anew for each tokenizer.
func newAlphabet() *alphabet {
	a := &alphabet{}
	for i := range a.byteOf {
		a.byteOf[i] = -1
	}
	next := rune(firstMoved)
	for b := range a.letter {
		letter := rune(b)
		if !standsForItself(byte(b)) {
			letter = next
			next++
		}
		a.letter[b] = letter
		a.byteOf[letter] = int16(b)
	}
	return a
}

// spell writes raw bytes in the alphabet: " the" becomes "Ġthe".
func (a *alphabet) spell(raw string) string {
	b := make([]byte, 0, len(raw)+8)
	for i := range len(raw) {
		b = utf8.AppendRune(b, a.letter[raw[i]])
	}
	return string(b)
}

// tokenText returns the raw bytes that a token of the vocabulary stands for. A token with any character from
// outside the alphabet stands for itself, as in the reference implementation.
func (a *alphabet) tokenText(token string) string {
	b := make([]byte, 0, len(token))
	for _, letter := range token {
		if int(letter) >= len(a.byteOf) || a.byteOf[letter] < 0 {
			return token
		}
		b = append(b, byte(a.byteOf[letter]))
	}
	return string(b)
}
