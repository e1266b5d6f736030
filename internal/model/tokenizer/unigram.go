package tokenizer

import (
	"errors"
	"iter"
	"math"
	"strconv"
)

// unknownPenalty is how much worse than the worst token an unknown character is.
const unknownPenalty = 10

// unigram is a unigram language model: of all ways to write a piece as tokens, it takes the one whose tokens'
// scores, which are logarithms of probabilities, have the greatest sum.
type unigram struct {
	vocab    *vocabulary
	scores   []float64 // by id
	known    *prefixes
	unknown  int32
	worst    float64 // the score of an unknown character
	fallback *byteTokens
}

// readUnigram reads a Unigram model.
func readUnigram(r *reader) (*unigram, error) {
	m := &unigram{unknown: absent}
	byteFallback := false
	err := r.fields(map[string]func() error{
		"type":          r.skip,
		"unk_id":        r.optionalID(&m.unknown),
		"byte_fallback": r.bool(&byteFallback),
		"vocab":         func() error { return m.readVocab(r) },
	})
	switch {
	case err != nil:
		return nil, err
	case m.vocab == nil:
		return nil, r.fail("it has no vocab")
	case int(m.unknown) >= len(m.scores):
		return nil, r.fail("the unk_id %d is not in the vocab", m.unknown)
	}
	m.link(byteFallback, m.vocab.all())
	return m, nil
}

// readVocab reads [["<unk>", 0], ["a", -2.5]]; the place in the list is the id.
func (m *unigram) readVocab(r *reader) error {
	m.vocab = newVocabulary(r.sizeHint())
	return r.array(func(i int) error {
		if i >= maxIDs {
			return r.fail("more than %d tokens", maxIDs)
		}
		var token string
		var score float64
		n := 0
		err := r.array(func(i int) (err error) {
			if n++; i == 0 {
				token, err = r.text()
				return err
			}
			return r.float(&score)()
		})
		if err == nil && n != 2 {
			err = r.fail("a token has a text and a score, not %d members", n)
		}
		m.vocab.put(token)
		m.scores = append(m.scores, score)
		return err
	})
}

// link computes what follows from the vocabulary. known are the tokens that a text can become.
func (m *unigram) link(byteFallback bool, known iter.Seq2[string, int32]) {
	m.worst = math.Inf(1)
	for _, score := range m.scores {
		m.worst = min(m.worst, score)
	}
	m.worst -= unknownPenalty
	m.known = newPrefixes(known)
	if byteFallback {
		m.fallback = newByteTokens(m.vocab)
	}
}

// kind implements model.
func (m *unigram) kind() string { return "Unigram" }

// vocabulary implements model.
func (m *unigram) vocabulary() *vocabulary { return m.vocab }

// arrival is the best way to get to a place in a piece.
type arrival struct {
	score float64 // the sum of its tokens' scores
	start int32   // where its last token begins, or absent if there is no way
	id    int32   // its last token
}

// errNoUnknown is what a model without an unknown token makes of a character that it has no token for.
var errNoUnknown = errors.New("no token for one of its characters, and no unknown token")

// tokenize implements model.
func (m *unigram) tokenize(w *word) error {
	w.parts, w.taken = w.parts[:0], w.taken[:0]
	if err := m.arrive(w); err != nil {
		return wordError(w, err)
	}
	w.trace = w.trace[:0]
	for end := len(w.text); end > 0; { // from the end, as the ways lead back
		a := w.arrivals[end]
		part := part{id: a.id, start: int(a.start), end: end}
		if n := len(w.trace); n > 0 && a.id == m.unknown && w.trace[n-1].id == m.unknown {
			w.trace[n-1].start = part.start // unknown characters in a row are one
		} else {
			w.trace = append(w.trace, part)
		}
		end = part.start
	}
	for i := len(w.trace) - 1; i >= 0; i-- {
		m.emit(w, w.trace[i])
	}
	return nil
}

// arrive finds the best way to every place. On ties the token that begins earlier stays.
func (m *unigram) arrive(w *word) error {
	w.arrivals = append(w.arrivals[:0], arrival{})
	for range len(w.text) {
		w.arrivals = append(w.arrivals, arrival{start: absent})
	}
	offer := func(start, end int, score float64, id int32) {
		score += w.arrivals[start].score
		if a := &w.arrivals[end]; a.start == absent || score > a.score {
			*a = arrival{score: score, start: int32(start), id: id}
		}
	}
	for at := 0; at < len(w.text); {
		_, size := character(w.text, at)
		single := false
		m.known.each(w.text[at:], func(length int, id int32) {
			offer(at, at+length, m.scores[id], id)
			single = single || length == size
		})
		if !single {
			if m.unknown == absent {
				return errNoUnknown
			}
			offer(at, at+size, m.worst, m.unknown)
		}
		at += size
	}
	return nil
}

// emit adds a part to the result. Unknown characters become the tokens of their bytes, if all of them exist;
// each of these stands for the whole run.
func (m *unigram) emit(w *word, p part) {
	text := w.text[p.start:p.end]
	if id, ok := m.known.exact(text); ok {
		p.id = id
	} else if ids, ok := m.fallback.of(text, w.ids[:0]); ok {
		w.ids = ids
		for _, id := range ids {
			w.parts = append(w.parts, part{id: id, start: p.start, end: p.end})
		}
		return
	}
	w.parts = append(w.parts, p)
}

// exact returns the token that is exactly s.
func (p *prefixes) exact(s string) (int32, bool) {
	length, id := p.longest(s)
	return id, length == len(s)
}

// byteTokens are the tokens <0x00> to <0xFF>, or absent where there is none.
type byteTokens [256]int32

// newByteTokens looks them up.
func newByteTokens(v *vocabulary) *byteTokens {
	b := &byteTokens{}
	for i := range b {
		b[i] = absent
		if id, ok := v.find(byteToken(byte(i))); ok {
			b[i] = id
		}
	}
	return b
}

// byteToken returns how the token of a byte is spelled: <0x0A>.
func byteToken(b byte) string {
	const digits = "0123456789ABCDEF"
	return "<0x" + string(digits[b>>4]) + string(digits[b&15]) + ">"
}

// byteOfToken is the inverse of byteToken; it takes small letters too.
func byteOfToken(token string) (byte, bool) {
	if len(token) != len("<0x00>") || token[:3] != "<0x" || token[5] != '>' {
		return 0, false
	}
	n, err := strconv.ParseUint(token[3:5], 16, 8)
	return byte(n), err == nil
}

// of appends the tokens of all bytes of s; it reports false if one is missing.
func (b *byteTokens) of(s string, ids []int32) ([]int32, bool) {
	if b == nil {
		return ids, false
	}
	for i := range len(s) {
		if b[s[i]] == absent {
			return ids, false
		}
		ids = append(ids, b[s[i]])
	}
	return ids, true
}
