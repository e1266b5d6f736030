package tokenizer

import (
	"cmp"
	"slices"
)

// scored is SentencePiece's byte-pair encoding as GGUF files have it: there is no list of merges, any two
// neighbours that make a token may be joined, and the token with the highest score goes first (the leftmost,
// if several). Characters that are no token become the tokens of their bytes.
type scored struct {
	vocab    *vocabulary
	ranks    []int32 // by id: 0 for the highest score; equal scores have equal ranks
	unknown  int32
	fallback *byteTokens
}

// newScored sorts the tokens by score.
func newScored(v *vocabulary, scores []float32) *scored {
	m := &scored{vocab: v, ranks: make([]int32, len(scores)), unknown: absent, fallback: newByteTokens(v)}
	order := make([]int32, len(scores))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(scores[b], scores[a]) })
	rank := int32(0)
	for i, id := range order {
		if i > 0 && scores[id] != scores[order[i-1]] {
			rank++
		}
		m.ranks[id] = rank
	}
	return m
}

// kind implements model.
func (m *scored) kind() string { return "SentencePiece BPE" }

// vocabulary implements model.
func (m *scored) vocabulary() *vocabulary { return m.vocab }

// tokenize implements model.
func (m *scored) tokenize(w *word) error {
	w.parts, w.taken = w.parts[:0], w.taken[:0]
	if w.text == "" {
		return nil
	}
	w.symbols, w.seeded = slices.Grow(w.symbols[:0], len(w.text)), 0
	for at := 0; at < len(w.text); {
		_, size := character(w.text, at)
		id, ok := m.vocab.find(w.text[at : at+size])
		if !ok {
			id = absent
		}
		w.add(id, size)
		at += size
	}
	w.symbols[len(w.symbols)-1].next = absent
	m.merge(w)
	return m.collect(w)
}

// merge joins neighbours until no two of them make a token.
func (m *scored) merge(w *word) {
	w.queue = w.queue[:0]
	for i := range w.symbols {
		if m.updateRank(w, int32(i)) {
			w.queue = append(w.queue, waiting(w.symbols[i].rank, int32(i)))
		}
	}
	slices.Sort(w.queue)
	for len(w.queue) > 0 {
		rank, at := w.queue.pop()
		if w.symbols[at].rank != rank {
			continue
		}
		if w.log {
			w.taken = append(w.taken, w.describe(rank, at))
		}
		m.mergeAt(w, at)
	}
}

// mergeAt joins the symbol at this place with the next one.
func (m *scored) mergeAt(w *word, at int32) {
	left := &w.symbols[at]
	right := &w.symbols[left.next]
	left.id, _ = m.vocab.find(w.text[left.start:w.end(left.next)])
	left.next = right.next
	right.rank = absent
	if right.next != absent {
		w.symbols[right.next].previous = at
	}
	for _, i := range [...]int32{left.previous, at} {
		if i != absent && m.updateRank(w, i) {
			w.queue.push(waiting(w.symbols[i].rank, i))
		}
	}
}

// updateRank looks up the token that a symbol makes with the next one, and says whether there is one.
func (m *scored) updateRank(w *word, at int32) bool {
	s := &w.symbols[at]
	s.rank = absent
	if s.next == absent {
		return false
	}
	if id, ok := m.vocab.find(w.text[s.start:w.end(s.next)]); ok {
		s.rank = m.ranks[id]
	}
	return s.rank != absent
}

// collect turns the symbols that are left into parts.
func (m *scored) collect(w *word) error {
	for at := int32(0); at != absent; at = w.symbols[at].next {
		s := w.symbols[at]
		p := part{id: s.id, start: int(s.start), end: w.end(at)}
		if p.id != absent {
			w.parts = append(w.parts, p)
			continue
		}
		ids, ok := m.fallback.of(w.text[p.start:p.end], w.ids[:0])
		w.ids = ids
		switch {
		case ok:
			for _, id := range ids {
				w.parts = append(w.parts, part{id: id, start: p.start, end: p.end})
			}
		case m.unknown == absent:
			return wordError(w, errNoUnknown)
		default:
			p.id = m.unknown
			w.parts = append(w.parts, p)
		}
	}
	return nil
}
