package tokenizer

import "slices"

// The symbols of a word are a linked list and the possible merges a queue by rank, so that a piece of n bytes
// takes n log n steps: a text of ten million letters without a space is one single piece.

// symbol is a token in the making.
type symbol struct {
	id             int32
	start          int32 // its first byte in the word; it ends where the next one starts
	previous, next int32 // its neighbours' places in the list, or absent
	rank           int32 // of its merge with the next one, or absent
}

// merge applies the merges of a word, the lowest rank first and the leftmost on ties, until none is left.
func (m *bpe) merge(w *word) {
	w.queue = w.queue[:0]
	for i := range w.symbols {
		if m.updateRank(w, int32(i)) {
			w.queue = append(w.queue, waiting(w.symbols[i].rank, int32(i)))
		}
	}
	slices.Sort(w.queue) // a sorted list is a heap
	for len(w.queue) > 0 {
		rank, at := w.queue.pop()
		if now := w.symbols[at].rank; now == absent || m.results[now] != m.results[rank] {
			continue // the symbol or its neighbour has been merged since this was queued
		}
		if w.log {
			w.taken = append(w.taken, w.describe(rank, at))
		}
		m.mergeAt(w, rank, at)
	}
}

// mergeAt merges the symbol at this place with the next one.
func (m *bpe) mergeAt(w *word, rank, at int32) {
	left := &w.symbols[at]
	right := &w.symbols[left.next]
	left.id, left.next = m.results[rank], right.next
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

// updateRank looks up the merge of a symbol with the next one, and says whether there is one.
func (m *bpe) updateRank(w *word, at int32) bool {
	s := &w.symbols[at]
	s.rank = absent
	if s.next == absent {
		return false
	}
	if rank, ok := m.ranks[pair{s.id, w.symbols[s.next].id}]; ok {
		s.rank = rank
	}
	return s.rank != absent
}

// end returns where a symbol ends.
func (w *word) end(at int32) int {
	if next := w.symbols[at].next; next != absent {
		return int(w.symbols[next].start)
	}
	return len(w.text)
}

// describe records the merge of a symbol with the next one, before it happens.
func (w *word) describe(rank, at int32) mergeTaken {
	return mergeTaken{
		rank: int(rank), start: int(w.symbols[at].start), middle: w.end(at), end: w.end(w.symbols[at].next),
	}
}

// collect turns the symbols that are left into the word's parts.
func (w *word) collect() {
	for at := int32(0); at != absent; at = w.symbols[at].next {
		w.parts = append(w.parts, part{id: w.symbols[at].id, start: int(w.symbols[at].start), end: w.end(at)})
	}
}

// mergeQueue is a heap of the merges waiting to be applied, the smallest first. container/heap would do the
// same through an interface, at about twice the time.
type mergeQueue []uint64

// waiting packs a merge so that merges compare as numbers: by rank, then by place.
func waiting(rank, at int32) uint64 { return uint64(rank)<<32 | uint64(at) }

// push adds a merge.
func (q *mergeQueue) push(x uint64) {
	*q = append(*q, x)
	h := *q
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if h[parent] <= h[i] {
			return
		}
		h[parent], h[i] = h[i], h[parent]
		i = parent
	}
}

// pop takes the smallest merge.
func (q *mergeQueue) pop() (rank, at int32) {
	h := *q
	top := h[0]
	last := len(h) - 1
	h[0] = h[last]
	h = h[:last]
	*q = h
	for i := 0; ; {
		least := 2*i + 1
		if least >= last {
			return int32(top >> 32), int32(top)
		}
		if right := least + 1; right < last && h[right] < h[least] {
			least = right
		}
		if h[i] <= h[least] {
			return int32(top >> 32), int32(top)
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
