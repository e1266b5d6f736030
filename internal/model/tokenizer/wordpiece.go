package tokenizer

import (
	"maps"
	"strings"
	"unicode/utf8"
)

// wordPiece takes the longest token that a word begins with, then the longest that goes on from there. A word
// that can't be written so to its end is unknown as a whole.
type wordPiece struct {
	vocab    *vocabulary
	begins   *prefixes // tokens at the beginning of a word
	goesOn   *prefixes // tokens within a word, without the prefix that marks them
	unknown  int32
	maxChars int
}

// readWordPiece reads a WordPiece model.
func readWordPiece(r *reader) (*wordPiece, error) {
	m := &wordPiece{unknown: absent, maxChars: 100}
	unknown, prefix := "[UNK]", "##"
	err := r.fields(map[string]func() error{
		"type":                      r.skip,
		"unk_token":                 r.string(&unknown),
		"continuing_subword_prefix": r.string(&prefix),
		"max_input_chars_per_word":  r.int(&m.maxChars),
		"vocab":                     func() (err error) { m.vocab, err = readVocab(r); return err },
	})
	switch {
	case err != nil:
		return nil, err
	case m.vocab == nil:
		return nil, r.fail("it has no vocab")
	}
	if id, ok := m.vocab.find(unknown); ok {
		m.unknown = id
	}
	goesOn := map[string]int32{}
	for token, id := range m.vocab.all() {
		if rest, ok := strings.CutPrefix(token, prefix); ok {
			goesOn[rest] = id
		}
	}
	m.begins, m.goesOn = newPrefixes(m.vocab.all()), newPrefixes(maps.All(goesOn))
	return m, nil
}

// kind implements model.
func (m *wordPiece) kind() string { return "WordPiece" }

// vocabulary implements model.
func (m *wordPiece) vocabulary() *vocabulary { return m.vocab }

// tokenize implements model.
func (m *wordPiece) tokenize(w *word) error {
	w.parts, w.taken = w.parts[:0], w.taken[:0]
	known := m.begins
	short := utf8.RuneCountInString(w.text) <= m.maxChars
	for at := 0; at < len(w.text) && short; known = m.goesOn {
		length, id := known.longest(w.text[at:])
		if length == 0 {
			w.parts, short = w.parts[:0], false
			break
		}
		w.parts = append(w.parts, part{id: id, start: at, end: at + length})
		at += length
	}
	if short || w.text == "" {
		return nil
	}
	if m.unknown == absent {
		return wordError(w, errNoUnknown)
	}
	w.parts = append(w.parts, part{id: m.unknown, end: len(w.text)})
	return nil
}
