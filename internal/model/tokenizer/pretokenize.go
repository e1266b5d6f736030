package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// piece is a stretch of text that no token crosses.
type piece struct {
	text     string
	start    int // where it begins in the original text
	inserted int // how many bytes at its front are not in the original text: 1 for an added prefix space
}

// origin returns the place in the original text of the byte at i in the piece.
func (p piece) origin(i int) int { return p.start + max(0, i-p.inserted) }

// cut returns the part from i to j.
func (p piece) cut(i, j int) piece {
	return piece{text: p.text[i:j], start: p.origin(i), inserted: max(0, min(p.inserted, j)-i)}
}

// preTokenizer cuts a piece into smaller ones, in order.
type preTokenizer interface {
	split(p piece, yield func(piece) error) error
}

// readPreTokenizer reads the pre_tokenizer member. One more kind is one more case.
func readPreTokenizer(r *reader) (preTokenizer, error) {
	if r.null() {
		return nil, r.fail("null is not supported (supported: ByteLevel)")
	}
	kind, err := r.kind()
	if err != nil {
		return nil, err
	}
	switch kind {
	case "ByteLevel":
		return readByteLevel(r)
	}
	return nil, r.unsupported(kind, "ByteLevel")
}

// byteLevel is the pre-tokenizer of GPT-2. The other half of its work in the reference implementation,
// spelling the bytes in the alphabet, is left to the model here, which looks the bytes up directly.
type byteLevel struct {
	addPrefixSpace bool // "hello" is read as " hello"
	useRegex       bool // false: the whole text is one piece
}

// readByteLevel reads the options of a ByteLevel component, which has the same ones in all three places.
// trim_offsets is about the reference implementation's offsets; Token's are never trimmed.
func readByteLevel(r *reader) (byteLevel, error) {
	b := byteLevel{addPrefixSpace: true, useRegex: true}
	err := r.fields(map[string]func() error{
		"type":             r.skip,
		"add_prefix_space": r.bool(&b.addPrefixSpace),
		"trim_offsets":     r.skip,
		"use_regex":        r.bool(&b.useRegex),
	})
	return b, err
}

// split implements preTokenizer.
func (b byteLevel) split(p piece, yield func(piece) error) error {
	if b.addPrefixSpace && !strings.HasPrefix(p.text, " ") {
		p.text = " " + p.text
		p.inserted++
	}
	if !b.useRegex {
		return yield(p)
	}
	for at := 0; at < len(p.text); {
		end := nextPiece(p.text, at)
		if err := yield(p.cut(at, end)); err != nil {
			return err
		}
		at = end
	}
	return nil
}

// nextPiece returns where the piece that begins at byte at ends, under GPT-2's pattern:
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// It is written out by hand because Go's regexp has no look-ahead.
func nextPiece(s string, at int) int {
	if n := contraction(s[at:]); n > 0 {
		return at + n
	}
	c, size := classAt(s, at)
	if c != space {
		return runEnd(s, at+size, c)
	}
	if s[at] == ' ' && at+1 < len(s) {
		if c, size := classAt(s, at+1); c != space {
			return runEnd(s, at+1+size, c)
		}
	}
	return spacesEnd(s, at)
}

// contraction returns the length of one of the English endings that are pieces by themselves, 0 if none.
func contraction(s string) int {
	if len(s) < 2 || s[0] != '\'' {
		return 0
	}
	switch s[1] {
	case 's', 't', 'm', 'd':
		return 2
	}
	if len(s) >= 3 {
		switch s[1:3] {
		case "re", "ve", "ll":
			return 3
		}
	}
	return 0
}

// runEnd returns where the run of characters of class c that includes the one before at ends.
func runEnd(s string, at int, c class) int {
	for at < len(s) {
		next, size := classAt(s, at)
		if next != c {
			break
		}
		at += size
	}
	return at
}

// spacesEnd returns where the piece of white space that begins at byte at ends. \s+(?!\S) takes the run to
// the end of the text, or all but its last character when something follows, so that this one can go in
// front of the next word; a single character in front of a word is left to the last alternative, \s+.
func spacesEnd(s string, at int) int {
	end := runEnd(s, at, space)
	if end == len(s) {
		return end
	}
	_, last := utf8.DecodeLastRuneInString(s[:end])
	if end-last == at {
		return end
	}
	return end - last
}
