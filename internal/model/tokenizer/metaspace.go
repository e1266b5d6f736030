package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// metaspace is SentencePiece's treatment of spaces: each becomes a visible character, one is put in front of
// the text, and words are cut apart in front of each. It is a pre-tokenizer and a decoder.
type metaspace struct {
	replacement string
	scheme      string // which pieces get one in front: first, never, always
	cut         bool
	spaces      *replace
}

// newMetaspace returns one with the usual replacement.
func newMetaspace(scheme string) *metaspace {
	m := &metaspace{replacement: "▁", scheme: scheme, cut: true}
	m.spaces = &replace{pattern: literal(" "), content: m.replacement}
	return m
}

// readMetaspace reads a Metaspace.
func readMetaspace(r *reader) (*metaspace, error) {
	m := newMetaspace("always")
	replacement, prefix := '▁', true
	err := r.fields(map[string]func() error{
		"type":             r.skip,
		"str_rep":          r.skip, // the replacement again
		"replacement":      r.character(&replacement),
		"prepend_scheme":   r.string(&m.scheme),
		"add_prefix_space": r.bool(&prefix), // what the scheme was called before 2023
		"split":            r.bool(&m.cut),
	})
	m.replacement = string(replacement)
	m.spaces.content = m.replacement
	switch {
	case err != nil:
	case m.scheme != "first" && m.scheme != "never" && m.scheme != "always":
		err = r.fail("the prepend_scheme %s is not supported (supported: first, never, always)", quote(m.scheme))
	case !prefix:
		m.scheme = "never"
	}
	return m, err
}

// split implements preTokenizer.
func (m *metaspace) split(p piece, yield func(piece) error) error {
	p, err := m.spaces.normalize(p)
	if err != nil {
		return err
	}
	if first, _ := p.place(0, 0); m.scheme == "always" || m.scheme == "first" && first == 0 {
		if !strings.HasPrefix(p.text, m.replacement) {
			p = p.prepended(m.replacement)
		}
	}
	if !m.cut {
		return yield(p)
	}
	for at := 0; at < len(p.text); {
		end := m.wordEnd(p.text, at)
		if err := yield(p.cut(at, end)); err != nil {
			return err
		}
		at = end
	}
	return nil
}

// wordEnd returns where the word that begins at byte at ends: in front of the next replacement.
func (m *metaspace) wordEnd(s string, at int) int {
	_, size := utf8.DecodeRuneInString(s[at:])
	next := strings.Index(s[at+size:], m.replacement)
	if next < 0 {
		return len(s)
	}
	return at + size + next
}

// tokenText implements decoder.
func (m *metaspace) tokenText(token string) string {
	return strings.ReplaceAll(token, m.replacement, " ")
}

// decode implements decoder: the first token loses its spaces, if any were put in front.
func (m *metaspace) decode(tokens []string) ([]string, error) {
	out := make([]string, len(tokens))
	for i, token := range tokens {
		space := " "
		if i == 0 && m.scheme != "never" {
			space = ""
		}
		out[i] = strings.ReplaceAll(token, m.replacement, space)
	}
	return out, nil
}
