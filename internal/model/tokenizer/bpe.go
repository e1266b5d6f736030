package tokenizer

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
)

// absent marks a token, a symbol or a rank that does not exist.
const absent = -1

// model turns one piece of text into tokens. It reads w.text and fills w.parts.
type model interface {
	kind() string
	vocabulary() *vocabulary
	tokenize(w *word) error
}

// word is one piece on its way through a model, with the working memory that is reused from piece to piece.
type word struct {
	text    string
	parts   []part
	stop    func() bool // or nil
	log     bool        // whether to fill taken
	taken   []mergeTaken
	symbols []symbol
	queue   mergeQueue
	seeded  int // how many bytes have a symbol

	arrivals []arrival // unigram
	trace    []part
	ids      []int32
}

// wordError names the word that something is wrong with.
func wordError(w *word, err error) error { return fmt.Errorf("%w: %s", err, quote(w.text)) }

// part is one token of a word. It begins where the part before ends, except that the tokens of the bytes of
// an unknown character all stand for the whole of it.
type part struct {
	id         int32
	start, end int
}

// mergeTaken is one merge: text[start:middle] and text[middle:end] became one symbol.
type mergeTaken struct {
	rank               int
	start, middle, end int
}

// pair is two neighbouring symbols.
type pair struct{ left, right int32 }

// bpe is a byte-pair encoding: a piece begins as one symbol per byte, or per character, and the pair of
// neighbours whose merge has the lowest rank (the leftmost of them, if several) becomes one symbol, until no
// pair of neighbours has a merge.
type bpe struct {
	vocab        *vocabulary
	alphabet     *alphabet
	byteLevel    bool       // the vocabulary is spelled in the alphabet
	raw          bool       // pieces come as they are, and the alphabet is left to the model
	base         [256]int32 // the token of each single byte, or absent
	ranks        map[pair]int32
	results      []int32 // by rank: the token that the merge makes
	unknown      int32   // what stands for a byte without a token, or absent
	fuseUnknown  bool    // one unknown for a whole run of such bytes
	ignoreMerges bool    // a piece that is a token as a whole stays whole, whatever the merges say

	prefix, suffix string      // of characters that do not begin a piece, and of the one that ends it
	mergePrefix    string      // the prefix that the merges were read with
	fallback       *byteTokens // what stands for the bytes of an unknown character, or nil
}

// readModel reads the model member. One more kind is one more case.
func readModel(r *reader) (model, error) {
	kind, err := r.kind()
	if err != nil {
		return nil, err
	}
	switch kind {
	case "BPE", "": // files from before 2021 leave the type out
		return readBPE(r)
	case "Unigram":
		return readUnigram(r)
	case "WordPiece":
		return readWordPiece(r)
	}
	return nil, r.unsupported(kind, "BPE, Unigram, WordPiece")
}

// readBPE reads a BPE model.
func readBPE(r *reader) (*bpe, error) {
	m := &bpe{alphabet: newAlphabet(), unknown: absent}
	var unknown string
	var byteFallback bool
	later := absent // where the merges are, if they stand before what they need
	err := r.fields(map[string]func() error{
		"type":                      r.skip,
		"dropout":                   r.noDropout,
		"unk_token":                 r.string(&unknown),
		"continuing_subword_prefix": r.string(&m.prefix),
		"end_of_word_suffix":        r.string(&m.suffix),
		"fuse_unk":                  r.bool(&m.fuseUnknown),
		"byte_fallback":             r.bool(&byteFallback),
		"ignore_merges":             r.bool(&m.ignoreMerges),
		"vocab": func() (err error) {
			m.vocab, err = readVocab(r)
			return err
		},
		"merges": func() error {
			if m.vocab == nil {
				later = r.pos
				return r.skip()
			}
			return m.readMerges(r)
		},
	})
	prefixed := later != absent || m.mergePrefix == m.prefix
	switch {
	case err != nil:
		return nil, err
	case m.vocab == nil:
		return nil, r.fail("it has no vocab")
	case later == absent && m.ranks == nil:
		return nil, r.fail("it has no merges")
	case !prefixed:
		return nil, r.fail("the continuing_subword_prefix stands after the merges that need it")
	case byteFallback && (m.prefix != "" || m.suffix != ""):
		return nil, r.fail("byte_fallback with continuing_subword_prefix or end_of_word_suffix is not supported")
	}
	if byteFallback {
		m.fallback = newByteTokens(m.vocab)
	}
	if later != absent {
		if err := r.at(later, "merges", m.readMerges); err != nil {
			return nil, err
		}
	}
	if err := m.link(r, unknown); err != nil {
		return nil, err
	}
	return m, nil
}

// noDropout accepts a dropout of zero only: with another, the same text would give other tokens each time.
func (r *reader) noDropout() error {
	if r.null() {
		return nil
	}
	literal, err := r.number()
	if err != nil {
		return err
	}
	if p, err := strconv.ParseFloat(literal, 64); err != nil || p != 0 {
		return r.fail("%s is not supported (supported: null, 0)", literal)
	}
	return nil
}

// link looks up the tokens that the model needs by name.
func (m *bpe) link(r *reader, unknown string) error {
	if unknown != "" {
		id, ok := m.vocab.find(unknown)
		if !ok {
			return r.fail("the unk_token %s is not in the vocab", quote(unknown))
		}
		m.unknown = id
	}
	for b, letter := range m.alphabet.letter {
		m.base[b] = absent
		if id, ok := m.vocab.find(string(letter)); ok {
			m.base[b] = id
		}
	}
	return nil
}

// readMerges reads the list of merges; the place in the list is the rank. A pair that is listed twice has the
// later rank, as in the reference implementation.
func (m *bpe) readMerges(r *reader) error {
	m.ranks = make(map[pair]int32, r.sizeHint())
	m.mergePrefix = m.prefix
	var joined, made []byte
	return r.array(func(int) (err error) {
		var middle int
		if joined, middle, err = readMerge(r, joined[:0]); err != nil {
			return err
		}
		left, right := joined[:middle], joined[middle:]
		if m.prefix == "" {
			return m.addMerge(r, left, right, joined)
		}
		made = append(append(made[:0], left...), bytes.TrimPrefix(right, []byte(m.prefix))...)
		return m.addMerge(r, left, right, made)
	})
}

// readMerge appends the two tokens of a merge to joined, in either of its shapes, ["a", "b"] or the older
// "a b", and returns where the second one begins.
func readMerge(r *reader, joined []byte) (both []byte, middle int, err error) {
	if r.peek() == '"' {
		pair, err := r.bytes()
		if err != nil {
			return nil, 0, err
		}
		left, right, ok := bytes.Cut(pair, []byte(" "))
		if !ok || bytes.IndexByte(right, ' ') >= 0 {
			return nil, 0, r.fail("%s is not two tokens with one space between them", quote(string(pair)))
		}
		joined = append(joined, left...)
		return append(joined, right...), len(left), nil
	}
	count := 0
	err = r.array(func(i int) error {
		token, err := r.bytes()
		joined = append(joined, token...)
		if i == 0 {
			middle = len(token)
		}
		count++
		return err
	})
	if err == nil && count != 2 {
		err = r.fail("a merge has two tokens, not %d", count)
	}
	return joined, middle, err
}

// addMerge enters one merge. All three tokens must be in the vocabulary.
func (m *bpe) addMerge(r *reader, left, right, made []byte) error {
	var ids [3]int32
	for i, token := range [...][]byte{left, right, made} {
		id, ok := m.vocab.find(string(token))
		if !ok {
			return r.fail("%s is not in the vocab", quote(string(token)))
		}
		ids[i] = id
	}
	m.ranks[pair{ids[0], ids[1]}] = int32(len(m.results))
	m.results = append(m.results, ids[2])
	return nil
}

// kind implements model.
func (m *bpe) kind() string {
	if m.byteLevel {
		return "byte-level BPE"
	}
	return "BPE"
}

// vocabulary implements model.
func (m *bpe) vocabulary() *vocabulary { return m.vocab }

// tokenize implements model.
func (m *bpe) tokenize(w *word) error {
	w.parts, w.taken = w.parts[:0], w.taken[:0]
	if w.text == "" {
		return nil
	}
	if m.ignoreMerges {
		if id, ok := m.vocab.find(m.spelling(w.text)); ok {
			w.parts = append(w.parts, part{id: id, end: len(w.text)})
			return nil
		}
	}
	seed := m.seedCharacters
	if m.raw {
		seed = m.seed
	}
	if err := seed(w); err != nil {
		return err
	}
	m.merge(w)
	w.collect()
	return nil
}

// seed makes the symbols that a raw word begins with: its bytes.
func (m *bpe) seed(w *word) error {
	w.symbols = slices.Grow(w.symbols[:0], len(w.text))
	inUnknown := false
	for i := range len(w.text) {
		id := m.base[w.text[i]]
		if id == absent && m.unknown == absent {
			return fmt.Errorf("no token for the byte 0x%02X of %s", w.text[i], quote(w.text))
		}
		if id != absent || !inUnknown || !m.fuseUnknown {
			n := int32(len(w.symbols))
			w.symbols = append(w.symbols, symbol{id: id, start: int32(i), previous: n - 1, next: n + 1})
		}
		if inUnknown = id == absent; inUnknown {
			w.symbols[len(w.symbols)-1].id = m.unknown
		}
	}
	w.symbols[len(w.symbols)-1].next = absent
	return nil
}

// spelling returns how the vocabulary spells a piece.
func (m *bpe) spelling(text string) string {
	if m.raw {
		return m.alphabet.spell(text)
	}
	return text
}

// seedCharacters makes the symbols of a word of characters. Unknown characters wait until a known one comes,
// because several may become one token.
func (m *bpe) seedCharacters(w *word) error {
	w.symbols, w.seeded = slices.Grow(w.symbols[:0], len(w.text)), 0
	waiting := 0 // how many bytes are unknown
	for at := 0; at < len(w.text); {
		_, size := character(w.text, at)
		end := at + size
		if id, ok := m.vocab.find(m.affixed(w.text, at, end)); ok {
			w.addUnknown(m.unknown, &waiting)
			w.add(id, size)
		} else if ids, ok := m.fallback.of(w.text[at:end], w.ids[:0]); ok {
			w.ids = ids
			for _, id := range ids {
				w.add(id, 1)
			}
		} else {
			if m.unknown == absent {
				return fmt.Errorf("no token for the character %q of %s", w.text[at:end], quote(w.text))
			}
			if !m.fuseUnknown {
				w.addUnknown(m.unknown, &waiting)
			}
			waiting += size
		}
		at = end
	}
	w.addUnknown(m.unknown, &waiting)
	w.symbols[len(w.symbols)-1].next = absent
	return nil
}

// affixed returns how a character of a word is looked up.
func (m *bpe) affixed(text string, start, end int) string {
	s := text[start:end]
	if m.prefix != "" && start > 0 {
		s = m.prefix + s
	}
	if m.suffix != "" && end == len(text) {
		s += m.suffix
	}
	return s
}

// add appends a symbol that stands for the next bytes of the word.
func (w *word) add(id int32, length int) {
	n := int32(len(w.symbols))
	w.symbols = append(w.symbols, symbol{id: id, start: int32(w.seeded), previous: n - 1, next: n + 1})
	w.seeded += length
}

// addUnknown appends a symbol for the unknown bytes that wait, if any do.
func (w *word) addUnknown(id int32, waiting *int) {
	if *waiting > 0 {
		w.add(id, *waiting)
	}
	*waiting = 0
}
