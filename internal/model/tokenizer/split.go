package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// treatment is what happens to the matches that a text is split at.
type treatment uint8

const (
	removed treatment = iota
	isolated
	mergedWithPrevious
	mergedWithNext
	contiguous
)

// treatment returns a function that reads one of their names.
func (r *reader) treatment(dst *treatment) func() error {
	names := map[string]treatment{
		"Removed": removed, "Isolated": isolated, "MergedWithPrevious": mergedWithPrevious,
		"MergedWithNext": mergedWithNext, "Contiguous": contiguous,
	}
	return func() error {
		name, err := r.text()
		if err != nil {
			return err
		}
		b, ok := names[name]
		if !ok {
			return r.unsupported(name, "Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous")
		}
		*dst = b
		return nil
	}
}

// splitter is a pre-tokenizer that cuts the text at the matches of a pattern; or, inverted, between them.
type splitter struct {
	pattern   pattern
	treatment treatment
	invert    bool
}

// readSplit reads a Split.
func readSplit(r *reader) (*splitter, error) {
	s := &splitter{}
	treatment := false
	err := r.fields(map[string]func() error{
		"type":     r.skip,
		"pattern":  func() (err error) { s.pattern, err = readPattern(r); return err },
		"behavior": func() error { treatment = true; return r.treatment(&s.treatment)() }, //nolint:misspell // the format's word
		"invert":   r.bool(&s.invert),
	})
	switch {
	case err != nil:
	case s.pattern == nil:
		err = r.fail("it has no pattern")
	case !treatment:
		err = r.fail("it has no behavior") //nolint:misspell // the format's word
	}
	return s, err
}

// stretch is a part of a text that is a match, or lies between two.
type stretch struct {
	start, end int
	match      bool
}

// split implements preTokenizer.
func (s *splitter) split(p piece, yield func(piece) error) error {
	g := &gatherer{treatment: s.treatment, yield: func(start, end int) error {
		if start == end {
			return nil
		}
		return yield(p.cut(start, end))
	}}
	err := stretches(s.pattern, p.text, func(t stretch) error {
		t.match = t.match != s.invert
		return g.add(t)
	})
	if err != nil {
		return err
	}
	return g.flush()
}

// stretches calls visit for all stretches of a text, in order.
func stretches(find pattern, s string, visit func(stretch) error) error {
	done := 0
	if s == "" {
		return nil
	}
	for search := find.search(s); ; {
		start, end, err := search.next()
		if err != nil {
			return err
		}
		if start < 0 {
			break
		}
		if done < start {
			if err := visit(stretch{done, start, false}); err != nil {
				return err
			}
		}
		if err := visit(stretch{start, end, true}); err != nil {
			return err
		}
		done = end
	}
	if done == len(s) {
		return nil
	}
	return visit(stretch{done, len(s), false})
}

// gatherer joins stretches to pieces.
type gatherer struct {
	treatment treatment
	yield     func(start, end int) error
	held      stretch // may still grow
	holds     bool
	previous  bool // whether the stretch before was a match
}

// add takes the next stretch.
func (g *gatherer) add(t stretch) error {
	switch g.treatment {
	case removed:
		if t.match {
			return nil
		}
		return g.yield(t.start, t.end)
	case isolated:
		return g.yield(t.start, t.end)
	}
	grows := false
	switch g.treatment {
	case mergedWithPrevious:
		grows = t.match && !g.previous
	case mergedWithNext:
		grows = !t.match && g.previous
	case contiguous:
		grows = t.match == g.previous
	}
	g.previous = t.match
	if g.holds && grows {
		g.held.end = t.end
		return nil
	}
	err := g.flush()
	g.held, g.holds = t, true
	return err
}

// flush yields what is held.
func (g *gatherer) flush() error {
	if !g.holds {
		return nil
	}
	g.holds = false
	return g.yield(g.held.start, g.held.end)
}

// characters is a pattern that matches single characters of a kind.
type characters func(rune) bool

// search implements pattern.
func (is characters) search(s string) *search {
	at := 0
	return &search{next: func() (int, int, error) {
		for at < len(s) {
			r, size := character(s, at)
			at += size
			if is(r) {
				return at - size, at, nil
			}
		}
		return -1, -1, nil
	}}
}

// readPunctuation reads a Punctuation.
func readPunctuation(r *reader) (*splitter, error) {
	s := &splitter{pattern: characters(isPunctuation), treatment: isolated}
	err := r.fields(map[string]func() error{"type": r.skip, "behavior": r.treatment(&s.treatment)}) //nolint:misspell // the format's word
	return s, err
}

// readDigits reads a Digits.
func readDigits(r *reader) (*splitter, error) {
	individual := false
	err := r.fields(map[string]func() error{"type": r.skip, "individual_digits": r.bool(&individual)})
	s := &splitter{pattern: characters(isNumber), treatment: contiguous}
	if individual {
		s.treatment = isolated
	}
	return s, err
}

// readCharDelimiter reads a CharDelimiterSplit.
func readCharDelimiter(r *reader) (*splitter, error) {
	var delimiter rune
	err := r.fields(map[string]func() error{"type": r.skip, "delimiter": r.character(&delimiter)})
	return &splitter{pattern: characters(func(r rune) bool { return r == delimiter }), treatment: removed}, err
}

// character returns a function that reads a string of one character.
func (r *reader) character(dst *rune) func() error {
	return func() error {
		text, err := r.text()
		if err != nil {
			return err
		}
		c, size := utf8.DecodeRuneInString(text)
		if size == 0 || size != len(text) {
			return r.fail("%s is not one character", quote(text))
		}
		*dst = c
		return nil
	}
}

// bertPreTokenizer splits at white space and around punctuation.
func bertPreTokenizer() preTokenizer {
	return preTokenizers{
		&splitter{pattern: characters(unicode.IsSpace), treatment: removed},
		&splitter{pattern: characters(isPunctuation), treatment: isolated},
	}
}

// words is the pre-tokenizer \w+|[^\w\s]+ : words, and what is neither word nor white space.
type words struct{}

// split implements preTokenizer.
func (words) split(p piece, yield func(piece) error) error {
	const white, word, sign = 0, 1, 2
	kindOf := func(r rune) int {
		switch {
		case isWord(r):
			return word
		case unicode.IsSpace(r):
			return white
		}
		return sign
	}
	for at := 0; at < len(p.text); {
		r, size := character(p.text, at)
		start, kind := at, kindOf(r)
		for at += size; at < len(p.text); at += size {
			if r, size = character(p.text, at); kindOf(r) != kind {
				break
			}
		}
		if kind == white {
			continue
		}
		if err := yield(p.cut(start, at)); err != nil {
			return err
		}
	}
	return nil
}

// fixedLength cuts the text into pieces of so many characters.
type fixedLength int

// readFixedLength reads a FixedLength.
func readFixedLength(r *reader) (fixedLength, error) {
	n := 5
	err := r.fields(map[string]func() error{"type": r.skip, "length": r.int(&n)})
	if err == nil && n < 1 {
		err = r.fail("the length %d is not supported (supported: 1 and more)", n)
	}
	return fixedLength(n), err
}

// split implements preTokenizer.
func (n fixedLength) split(p piece, yield func(piece) error) error {
	for at := 0; at < len(p.text); {
		start := at
		for i := 0; i < int(n) && at < len(p.text); i++ {
			_, size := character(p.text, at)
			at += size
		}
		if err := yield(p.cut(start, at)); err != nil {
			return err
		}
	}
	return nil
}
