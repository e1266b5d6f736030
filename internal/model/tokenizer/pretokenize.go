package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// preTokenizer cuts a piece into smaller ones, in order.
type preTokenizer interface {
	split(p piece, yield func(piece) error) error
}

// readPreTokenizer reads the pre_tokenizer member; nil is none. One more kind is one more case.
func readPreTokenizer(r *reader) (preTokenizer, error) {
	if r.null() {
		return nil, nil
	}
	kind, err := r.kind()
	if err != nil {
		return nil, err
	}
	switch kind {
	case "Sequence":
		return readPreTokenizers(r)
	case "ByteLevel":
		return readByteLevel(r)
	case "Metaspace":
		return readMetaspace(r)
	case "Split":
		return readSplit(r)
	case "Punctuation":
		return readPunctuation(r)
	case "Digits":
		return readDigits(r)
	case "CharDelimiterSplit":
		return readCharDelimiter(r)
	case "FixedLength":
		return readFixedLength(r)
	case "Whitespace":
		return words{}, r.plain()
	case "WhitespaceSplit":
		return &splitter{pattern: characters(unicode.IsSpace), treatment: removed}, r.plain()
	case "BertPreTokenizer":
		return bertPreTokenizer(), r.plain()
	case "UnicodeScripts":
		return newScripts(), r.plain()
	}
	return nil, r.unsupported(kind, "null, Sequence, ByteLevel, Metaspace, Split, Punctuation, Digits, Whitespace, "+
		"WhitespaceSplit, BertPreTokenizer, CharDelimiterSplit, UnicodeScripts, FixedLength")
}

// preTokenizers are several: each cuts the pieces of the one before.
type preTokenizers []preTokenizer

// readPreTokenizers reads a Sequence.
func readPreTokenizers(r *reader) (all preTokenizers, err error) {
	err = r.fields(map[string]func() error{
		"type": r.skip,
		"pretokenizers": func() error {
			return r.array(func(int) error {
				pre, err := readPreTokenizer(r)
				if err == nil && pre == nil {
					return r.broken("a pre-tokenizer")
				}
				all = append(all, pre)
				return err
			})
		},
	})
	return all, err
}

// split implements preTokenizer.
func (all preTokenizers) split(p piece, yield func(piece) error) error {
	switch {
	case len(all) == 0:
		return yield(p)
	case len(all) == 1:
		return all[0].split(p, yield)
	}
	return all[0].split(p, func(p piece) error { return all[1:].split(p, yield) })
}

// byteLevel is the pre-tokenizer of GPT-2. The other half of its work in the reference implementation,
// spelling the bytes in the alphabet, is left to the model where it can be, which looks the bytes up directly.
type byteLevel struct {
	addPrefixSpace bool // "hello" is read as " hello"
	trimOffsets    bool // as a post-processor: ranges do not begin or end with spaces
	useRegex       bool // false: the whole text is one piece
	spell          func(piece) piece
}

// readByteLevel reads the options of a ByteLevel component, which has the same ones in all three places.
func readByteLevel(r *reader) (*byteLevel, error) {
	b := &byteLevel{addPrefixSpace: true, trimOffsets: true, useRegex: true, spell: spelled(newAlphabet())}
	err := r.fields(map[string]func() error{
		"type":             r.skip,
		"add_prefix_space": r.bool(&b.addPrefixSpace),
		"trim_offsets":     r.bool(&b.trimOffsets),
		"use_regex":        r.bool(&b.useRegex),
	})
	return b, err
}

// split implements preTokenizer.
func (b *byteLevel) split(p piece, yield func(piece) error) error {
	if b.addPrefixSpace && !strings.HasPrefix(p.text, " ") {
		p = p.prepended(" ")
	}
	if !b.useRegex {
		return yield(b.spelling(p))
	}
	for at := 0; at < len(p.text); {
		end := nextPiece(p.text, at)
		if err := yield(b.spelling(p.cut(at, end))); err != nil {
			return err
		}
		at = end
	}
	return nil
}

// spelling returns the piece as the model expects it.
func (b *byteLevel) spelling(p piece) piece {
	if b.spell == nil {
		return p
	}
	return b.spell(p)
}

// byteLevels returns all the ByteLevel ones in a pre-tokenizer, and whether the very last step is one.
func byteLevels(pre preTokenizer) (found []*byteLevel, last bool) {
	switch pre := pre.(type) {
	case *byteLevel:
		return []*byteLevel{pre}, true
	case preTokenizers:
		for _, inner := range pre {
			var more []*byteLevel
			more, last = byteLevels(inner)
			found = append(found, more...)
		}
	}
	return found, last
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
