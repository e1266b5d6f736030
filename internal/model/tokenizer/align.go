package tokenizer

import "unicode/utf8"

// span is a range of bytes of the original text.
type span struct{ start, end int32 }

// piece is a stretch of text that no token crosses, and where in the original text each of its bytes comes
// from. As long as nothing has changed the text that is one number; afterwards there is a span per byte.
type piece struct {
	text  string
	start int    // where it begins in the original text
	spans []span // by byte of text; nil while the text is the original's own
}

// origin returns the place in the original text of the byte at i in the piece, while the text is unchanged.
func (p piece) origin(i int) int { return p.start + i }

// place returns the range in the original text that the bytes from i to j come from.
func (p piece) place(i, j int) (start, end int) {
	switch {
	case p.spans == nil:
		return p.origin(i), p.origin(j)
	case i < j:
		return int(p.spans[i].start), max(int(p.spans[i].start), int(p.spans[j-1].end))
	case i < len(p.spans):
		return int(p.spans[i].start), int(p.spans[i].start)
	case i > 0 && i <= len(p.spans):
		return int(p.spans[i-1].end), int(p.spans[i-1].end)
	}
	return p.start, p.start
}

// placeOfCharacters is place for whole characters: a token that is one byte of a character has the range of
// the character, as in the reference implementation.
func (p piece) placeOfCharacters(i, j int) (start, end int) {
	if i < j {
		for i > 0 && j > i && !isStart(p.text, i) {
			i--
		}
		for j < len(p.text) && !isStart(p.text, j) {
			j++
		}
	}
	return p.place(i, j)
}

// isStart says whether a character begins at byte i. A byte outside valid UTF-8 is a character of its own.
func isStart(s string, i int) bool {
	if utf8.RuneStart(s[i]) {
		return true
	}
	from := i
	for from > 0 && i-from < utf8.UTFMax-1 && !utf8.RuneStart(s[from]) {
		from--
	}
	_, size := utf8.DecodeRuneInString(s[from:])
	return from+size <= i
}

// cut returns the part from i to j.
func (p piece) cut(i, j int) piece {
	if p.spans == nil {
		return piece{text: p.text[i:j], start: p.origin(i)}
	}
	start, _ := p.place(i, j)
	return piece{text: p.text[i:j], start: start, spans: p.spans[i:j]}
}

// aligned returns the same piece with a span for every byte.
func (p piece) aligned() piece {
	if p.spans != nil {
		return p
	}
	p.spans = make([]span, len(p.text))
	for i := range p.spans {
		p.spans[i] = span{int32(p.origin(i)), int32(p.origin(i + 1))}
	}
	return p
}

// character returns the character at byte at, and its length. A byte outside valid UTF-8 is a character of
// its own with a negative number, so that it comes out of every change as the byte it was.
func character(s string, at int) (rune, int) {
	if c := s[at]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	r, size := utf8.DecodeRuneInString(s[at:])
	if r == utf8.RuneError && size == 1 {
		return -1 - rune(s[at]), 1
	}
	return r, size
}

// characterBefore returns the length of the character that ends at byte at.
func characterBefore(s string, at int) int {
	_, size := utf8.DecodeLastRuneInString(s[:at])
	return size
}

// appendCharacter is the inverse of character.
func appendCharacter(b []byte, r rune) []byte {
	if r < 0 {
		return append(b, byte(-1-r))
	}
	return utf8.AppendRune(b, r)
}

// change is one character of a changed text: it stands for the next one of the old text (by = 0), for the
// next one and as many more as by is negative, or for none (by = 1): then it comes from where the one before
// came from. This is how the reference implementation keeps track, and it decides the tokens' ranges.
type change struct {
	char rune
	by   int
}

// transform returns the piece with a changed text, of which the first characters have been removed.
func (p piece) transform(changes []change, removed int) piece {
	p = p.aligned()
	t := transformation{old: p, text: make([]byte, 0, len(p.text)), spans: make([]span, 0, len(p.text))}
	t.skip(removed)
	for _, c := range changes {
		t.apply(c)
	}
	return piece{text: string(t.text), start: p.start, spans: t.spans}
}

// transformation is a transform half done.
type transformation struct {
	old   piece
	at    int // how far the old text is used up
	text  []byte
	spans []span
}

// skip passes over characters of the old text.
func (t *transformation) skip(n int) {
	for ; n > 0 && t.at < len(t.old.text); n-- {
		_, size := character(t.old.text, t.at)
		t.at += size
	}
}

// apply carries out one change.
func (t *transformation) apply(c change) {
	before := len(t.text)
	t.text = appendCharacter(t.text, c.char)
	var from span
	switch {
	case c.by > 0 || t.at >= len(t.old.text):
		from = t.spanBefore()
	default:
		r, size := character(t.old.text, t.at)
		start := t.at
		t.at += size
		t.skip(-c.by)
		if r == c.char {
			t.spans = append(t.spans, t.old.spans[start:start+size]...)
			return
		}
		from = span{t.old.spans[start].start, t.old.spans[start+size-1].end}
	}
	for range len(t.text) - before {
		t.spans = append(t.spans, from)
	}
}

// spanBefore returns where the last character used up comes from.
func (t *transformation) spanBefore() span {
	if t.at == 0 {
		start := int32(t.old.start)
		return span{start, start}
	}
	first := t.at - characterBefore(t.old.text, t.at)
	return span{t.old.spans[first].start, t.old.spans[t.at-1].end}
}

// mapped returns the piece with every character replaced by change; it is the piece itself if none differs.
func (p piece) mapped(change func(rune) rune) piece {
	return p.rewritten(func(out []span, text []byte, r rune, from span) ([]span, []byte) {
		return appendWithSpan(out, text, change(r), from)
	}, func(r rune) bool { return change(r) != r })
}

// filtered returns the piece without the characters that keep refuses.
func (p piece) filtered(keep func(rune) bool) piece {
	return p.rewritten(func(out []span, text []byte, _ rune, _ span) ([]span, []byte) {
		return out, text
	}, func(r rune) bool { return !keep(r) })
}

// rewritten returns the piece with every character that differs replaced by what write appends.
func (p piece) rewritten(write func([]span, []byte, rune, span) ([]span, []byte), differs func(rune) bool) piece {
	for at := 0; at < len(p.text); {
		r, size := character(p.text, at)
		if differs(r) {
			return p.aligned().rewrittenFrom(at, write, differs)
		}
		at += size
	}
	return p
}

// rewrittenFrom is rewritten for a piece whose first difference is known.
func (p piece) rewrittenFrom(at int, write func([]span, []byte, rune, span) ([]span, []byte), differs func(rune) bool) piece {
	text := append(make([]byte, 0, len(p.text)), p.text[:at]...)
	spans := append(make([]span, 0, len(p.text)), p.spans[:at]...)
	for at < len(p.text) {
		r, size := character(p.text, at)
		if differs(r) {
			spans, text = write(spans, text, r, span{p.spans[at].start, p.spans[at+size-1].end})
		} else {
			text = append(text, p.text[at:at+size]...)
			spans = append(spans, p.spans[at:at+size]...)
		}
		at += size
	}
	return piece{text: string(text), start: p.start, spans: spans}
}

// appendWithSpan appends a character that comes from a place in the original text.
func appendWithSpan(spans []span, text []byte, r rune, from span) ([]span, []byte) {
	before := len(text)
	text = appendCharacter(text, r)
	for range len(text) - before {
		spans = append(spans, from)
	}
	return spans, text
}

// prepended returns the piece with text in front of it that comes from where its first character comes from.
func (p piece) prepended(text string) piece {
	if p.text == "" {
		return p
	}
	p = p.aligned()
	_, size := character(p.text, 0)
	first := span{p.spans[0].start, p.spans[size-1].end}
	spans := make([]span, 0, len(text)+len(p.text))
	for range len(text) {
		spans = append(spans, first)
	}
	return piece{text: text + p.text, start: p.start, spans: append(spans, p.spans...)}
}
