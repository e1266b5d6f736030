package tokenizer

import "strings"

// pattern finds what a Replace replaces and where a Split splits.
type pattern interface {
	search(s string) *search
}

// readPattern reads {"String": "..."} or {"Regex": "..."}.
func readPattern(r *reader) (p pattern, err error) {
	err = r.object(func(kind string) error {
		text, err := r.text()
		switch {
		case err != nil:
			return err
		case p != nil:
			return r.fail("a second pattern")
		case kind == "String":
			p = literal(text)
		case kind == "Regex":
			p, err = compileRegex(text)
			if err != nil {
				return r.fail("%v", err)
			}
		default:
			return r.unsupported(kind, "String, Regex")
		}
		return nil
	})
	if err == nil && p == nil {
		err = r.fail("it has no pattern (supported: String, Regex)")
	}
	return p, err
}

// literal is a pattern that is just a text.
type literal string

// search implements pattern.
func (l literal) search(s string) *search {
	at := 0
	return &search{next: func() (int, int, error) {
		i := -1
		if l != "" {
			i = strings.Index(s[at:], string(l))
		}
		if i < 0 {
			return -1, -1, nil
		}
		start := at + i
		at = start + len(l)
		return start, at, nil
	}}
}

// search is one walk through a text from match to match.
type search struct {
	next func() (start, end int, err error) // start is -1 after the last one
}

// replace is a normalizer, and a decoder too, that puts one text in the place of every match.
type replace struct {
	pattern pattern
	content string
}

// readReplace reads a Replace.
func readReplace(r *reader) (*replace, error) {
	n := &replace{}
	err := r.fields(map[string]func() error{
		"type":    r.skip,
		"content": r.string(&n.content),
		"pattern": func() (err error) { n.pattern, err = readPattern(r); return err },
	})
	if err == nil && n.pattern == nil {
		err = r.fail("it has no pattern")
	}
	return n, err
}

// normalize implements normalizer. What is put in comes from where the last character of the match came from.
func (n *replace) normalize(p piece) (piece, error) {
	var text []byte
	var spans []span
	done := 0
	search := n.pattern.search(p.text)
	for changed := false; ; changed = true {
		start, end, err := search.next()
		switch {
		case err != nil:
			return p, err
		case start < 0 && !changed:
			return p, nil
		case start < 0:
			spans = append(spans, p.spans[done:]...)
			return piece{text: string(append(text, p.text[done:]...)), start: p.start, spans: spans}, nil
		case !changed:
			p = p.aligned()
			text, spans = make([]byte, 0, len(p.text)), make([]span, 0, len(p.text))
		}
		text = append(append(text, p.text[done:start]...), n.content...)
		spans = append(spans, p.spans[done:start]...)
		from := p.lastSpan(end)
		for range len(n.content) {
			spans = append(spans, from)
		}
		done = end
	}
}

// lastSpan returns where the character that ends at byte end comes from.
func (p piece) lastSpan(end int) span {
	if end == 0 {
		return span{int32(p.start), int32(p.start)}
	}
	first := end - characterBefore(p.text, end)
	return span{p.spans[first].start, p.spans[end-1].end}
}

// text replaces in a text alone.
func (n *replace) text(s string) (string, error) {
	var b strings.Builder
	done := 0
	search := n.pattern.search(s)
	for {
		start, end, err := search.next()
		if err != nil || start < 0 {
			b.WriteString(s[done:])
			return b.String(), err
		}
		b.WriteString(s[done:start])
		b.WriteString(n.content)
		done = end
	}
}
