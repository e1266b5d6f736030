package tokenizer

import (
	"hash/maphash"
	"iter"
)

// maxIDs bounds the ids a file may use. The largest vocabularies of today have 262,144 tokens; without a
// bound, one line with the id 2,000,000,000 would ask for a table of that length.
const maxIDs = 1 << 21

// vocabulary is the model's own list of tokens, in the file's spelling: in a byte-level vocabulary " the" is
// "Ġthe". A map of strings would be a pointer for each token: a quarter of a million that every garbage
// collection follows, and that take most of a program's start to make.
type vocabulary struct {
	text    []byte  // all tokens, one after another
	entries []entry // by id: where in text; empty where the file leaves a hole
	slots   []int32
	count   int // slots that are taken
	seed    maphash.Seed
}

// entry is where a token lies.
type entry struct{ start, end int }

// newVocabulary returns an empty vocabulary with room for so many tokens.
func newVocabulary(tokens int) *vocabulary {
	v := &vocabulary{entries: make([]entry, 0, tokens), seed: maphash.MakeSeed()}
	v.grow(tokens)
	return v
}

// sizeHint guesses how many tokens or merges a file has, from its length alone, so that their tables need not
// grow step by step.
func (r *reader) sizeHint() int {
	const bytesPerToken = 64 // of a whole file: a line of the vocabulary, and one of the merges
	return min(len(r.data)/bytesPerToken, maxIDs)
}

// readVocab reads an object {"token": id, ...}.
func readVocab(r *reader) (*vocabulary, error) {
	v := newVocabulary(r.sizeHint())
	err := r.object(func(token string) error {
		id, err := r.id()
		if err != nil {
			return err
		}
		return v.add(r, token, id)
	})
	return v, err
}

// add enters one token.
func (v *vocabulary) add(r *reader, token string, id int32) error {
	if token == "" {
		return r.fail("the empty text can't be a token")
	}
	if _, twice := v.find(token); twice {
		return r.fail("given twice")
	}
	if other, taken := v.token(id); taken {
		return r.fail("has the id %d, which %s has already", id, quote(other))
	}
	for int(id) >= len(v.entries) {
		v.entries = append(v.entries, entry{})
	}
	v.entries[id] = v.append(token)
	v.enter(token, id)
	return nil
}

// put enters the next token of a list. A token given twice has its last place, and the empty token none.
func (v *vocabulary) put(token string) {
	v.entries = append(v.entries, v.append(token))
	if token != "" {
		v.enter(token, int32(len(v.entries)-1))
	}
}

// append writes a token behind the others.
func (v *vocabulary) append(token string) entry {
	start := len(v.text)
	v.text = append(v.text, token...)
	return entry{start, len(v.text)}
}

// size is the largest id plus one.
func (v *vocabulary) size() int { return len(v.entries) }

// token returns the token with this id, as the file spells it.
func (v *vocabulary) token(id int32) (string, bool) {
	if id < 0 || int(id) >= len(v.entries) {
		return "", false
	}
	b := v.bytes(id)
	return string(b), len(b) > 0
}

func (v *vocabulary) bytes(id int32) []byte {
	s := v.entries[id]
	return v.text[s.start:s.end]
}

// all yields every token with its id.
func (v *vocabulary) all() iter.Seq2[string, int32] {
	return func(yield func(string, int32) bool) {
		for _, slot := range v.slots {
			if slot > 0 && !yield(string(v.bytes(slot-1)), slot-1) {
				return
			}
		}
	}
}

// The slots are a hash table with linear probing, at most half full: each holds an id plus one, or 0 for none.

// find returns a token's id.
func (v *vocabulary) find(token string) (int32, bool) {
	slot := v.slots[v.place(token)]
	return slot - 1, slot > 0
}

// place returns the slot that a token has, or that it would have.
func (v *vocabulary) place(token string) int {
	mask := len(v.slots) - 1
	at := int(maphash.String(v.seed, token)) & mask
	for v.slots[at] > 0 && string(v.bytes(v.slots[at]-1)) != token {
		at = (at + 1) & mask
	}
	return at
}

// enter gives a token that is in the text its slot, or an id that it has its last one.
func (v *vocabulary) enter(token string, id int32) {
	at := v.place(token)
	if v.slots[at] == 0 {
		if v.count++; 2*v.count > len(v.slots) {
			v.grow(v.count)
			at = v.place(token)
		}
	}
	v.slots[at] = id + 1
}

// grow makes room for twice as many tokens and more.
func (v *vocabulary) grow(tokens int) {
	const least = 64
	size := least
	for size < 2*tokens {
		size *= 2
	}
	if size <= len(v.slots) {
		size = 2 * len(v.slots)
	}
	old := v.slots
	v.slots = make([]int32, size)
	for _, slot := range old {
		if slot > 0 {
			v.slots[v.place(string(v.bytes(slot-1)))] = slot
		}
	}
}
