package tokenizer

import (
	"slices"
	"strings"
	"unicode"
)

// normalizer changes the text before it is cut into pieces.
type normalizer interface {
	normalize(p piece) (piece, error)
}

// readNormalizer reads the normalizer member; nil is none. One more kind is one more case.
func readNormalizer(r *reader) (normalizer, error) {
	if r.null() {
		return nil, nil
	}
	kind, err := r.kind()
	if err != nil {
		return nil, err
	}
	switch kind {
	case "Sequence":
		return readNormalizers(r)
	case "NFC", "NFD", "NFKC", "NFKD":
		return formNamed(kind), r.plain()
	case "Lowercase":
		return simpleNormalizer(lowercase), r.plain()
	case "StripAccents":
		return simpleNormalizer(stripAccents), r.plain()
	case "Nmt":
		return simpleNormalizer(nmt), r.plain()
	case "ByteLevel":
		return byteLevelNormalizer(spelled(newAlphabet())), r.plain()
	case "Strip":
		return readStrip(r)
	case "BertNormalizer":
		return readBertNormalizer(r)
	case "Precompiled":
		return readPrecompiled(r)
	case "Replace":
		return readReplace(r)
	case "Prepend":
		return readPrepend(r)
	}
	return nil, r.unsupported(kind, "null, Sequence, NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, "+
		"BertNormalizer, Nmt, Precompiled, Replace, Prepend, ByteLevel")
}

// plain reads an object that has nothing but its type.
func (r *reader) plain() error {
	return r.fields(map[string]func() error{"type": r.skip})
}

// normalizers are several, one after the other.
type normalizers []normalizer

// readNormalizers reads a Sequence.
func readNormalizers(r *reader) (all normalizers, err error) {
	err = r.fields(map[string]func() error{
		"type": r.skip,
		"normalizers": func() error {
			return r.array(func(int) error {
				n, err := readNormalizer(r)
				if err == nil && n == nil {
					return r.broken("a normalizer")
				}
				all = append(all, n)
				return err
			})
		},
	})
	return all, err
}

// normalize implements normalizer.
func (all normalizers) normalize(p piece) (piece, error) {
	for _, n := range all {
		var err error
		if p, err = n.normalize(p); err != nil {
			return p, err
		}
	}
	return p, nil
}

// simpleNormalizer is one that can't fail and has no options.
type simpleNormalizer func(piece) piece

// normalize implements normalizer.
func (f simpleNormalizer) normalize(p piece) (piece, error) { return f(p), nil }

// byteLevelNormalizer is the one that spells bytes in the alphabet.
type byteLevelNormalizer func(piece) piece

// normalize implements normalizer.
func (f byteLevelNormalizer) normalize(p piece) (piece, error) { return f(p), nil }

// spells says whether a normalizer spells bytes in the alphabet.
func spells(n normalizer) bool {
	switch n := n.(type) {
	case byteLevelNormalizer:
		return true
	case normalizers:
		return slices.ContainsFunc(n, spells)
	}
	return false
}

// lowercase makes every character small by itself, so that a final sigma becomes an ordinary one. One
// character becomes two: the capital I with a dot, whose dot must not get lost.
func lowercase(p piece) piece {
	const dottedI, dot = 'İ', '\u0307'
	return p.rewritten(func(spans []span, text []byte, r rune, from span) ([]span, []byte) {
		if r == dottedI {
			spans, text = appendWithSpan(spans, text, 'i', from)
			return appendWithSpan(spans, text, dot, from)
		}
		return appendWithSpan(spans, text, toLower(r), from)
	}, func(r rune) bool { return toLower(r) != r })
}

// stripAccents removes all combining marks.
func stripAccents(p piece) piece {
	return p.filtered(func(r rune) bool { return !isOldMark(r) })
}

// nmt cleans text as Google's neural machine translation did: control characters go, and separators of all
// kinds become spaces.
func nmt(p piece) piece {
	p = p.filtered(func(r rune) bool {
		switch {
		case r >= 0x01 && r <= 0x08, r == 0x0B, r >= 0x0E && r <= 0x1F, r == 0x7F, r == 0x8F, r == 0x9F:
			return false
		}
		return true
	})
	return p.mapped(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\f', r == '\r', r == 0x1680, r >= 0x200B && r <= 0x200F,
			r == 0x2028, r == 0x2029, r == '▁', r == 0xFEFF, r == 0xFFFD:
			return ' '
		}
		return r
	})
}

// spelled returns the normalizer that spells bytes in the alphabet of a byte-level vocabulary.
func spelled(a *alphabet) func(piece) piece {
	return func(p piece) piece {
		p = p.aligned()
		text := make([]byte, 0, 2*len(p.text))
		spans := make([]span, 0, 2*len(p.text))
		for at := 0; at < len(p.text); {
			_, size := character(p.text, at)
			from := span{p.spans[at].start, p.spans[at+size-1].end}
			for i := range size {
				spans, text = appendWithSpan(spans, text, a.letter[p.text[at+i]], from)
			}
			at += size
		}
		return piece{text: string(text), start: p.start, spans: spans}
	}
}

// strip removes white space at the ends.
type strip struct{ left, right bool }

// readStrip reads a Strip.
func readStrip(r *reader) (s strip, err error) {
	err = r.fields(map[string]func() error{
		"type": r.skip, "strip_left": r.bool(&s.left), "strip_right": r.bool(&s.right),
	})
	return s, err
}

// normalize implements normalizer.
func (s strip) normalize(p piece) (piece, error) {
	from, to := 0, len(p.text)
	if s.left {
		from = to - len(strings.TrimLeftFunc(p.text, unicode.IsSpace))
	}
	if s.right {
		to = from + len(strings.TrimRightFunc(p.text[from:], unicode.IsSpace))
	}
	if from == 0 && to == len(p.text) {
		return p, nil
	}
	return p.aligned().cut(from, to), nil
}

// prepend puts text in front, unless there is nothing to put it in front of.
type prepend string

// readPrepend reads a Prepend.
func readPrepend(r *reader) (prepend, error) {
	var text string
	err := r.fields(map[string]func() error{"type": r.skip, "prepend": r.string(&text)})
	return prepend(text), err
}

// normalize implements normalizer.
func (text prepend) normalize(p piece) (piece, error) { return p.prepended(string(text)), nil }
