package tokenizer

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// maxAddedBytes bounds the length of an added token's content. Finding added tokens takes at most this many
// steps per byte of text.
const maxAddedBytes = 4096

// addedToken is a token that is cut out of the text before anything else happens to it, such as
// <|endoftext|>.
type addedToken struct {
	id             int32
	content        string
	key            string // what is looked for: the content, normalised if the text is
	singleWord     bool   // only where no letter, digit or _ touches it
	lstrip, rstrip bool   // it swallows the white space on that side
	normalized     bool   // looked for after normalising, in what the other added tokens leave
	special        bool
}

// addedTokens are all the added tokens of a tokenizer.
type addedTokens struct {
	list      []*addedToken // in the file's order
	byID      map[int32]*addedToken
	byContent map[string]*addedToken
	first     finder // normalized: false
	second    finder // normalized: true
}

// readAddedTokens reads the added_tokens member.
func readAddedTokens(r *reader) (addedTokens, error) {
	a := addedTokens{byID: map[int32]*addedToken{}, byContent: map[string]*addedToken{}}
	if r.null() {
		return a, nil
	}
	err := r.array(func(int) error {
		token, err := readAddedToken(r)
		if err != nil {
			return err
		}
		return a.add(r, token)
	})
	return a, err
}

// readAddedToken reads one of them.
func readAddedToken(r *reader) (*addedToken, error) {
	t := &addedToken{id: absent}
	err := r.fields(map[string]func() error{
		"id": func() (err error) {
			t.id, err = r.id()
			return err
		},
		"content":     r.string(&t.content),
		"single_word": r.bool(&t.singleWord),
		"lstrip":      r.bool(&t.lstrip),
		"rstrip":      r.bool(&t.rstrip),
		"normalized":  r.bool(&t.normalized),
		"special":     r.bool(&t.special),
	})
	switch {
	case err != nil:
		return nil, err
	case t.id == absent:
		return nil, r.fail("it has no id")
	case t.content == "":
		return nil, r.fail("it has no content")
	case len(t.content) > maxAddedBytes:
		return nil, r.fail("the content is %d bytes long (at most %d)", len(t.content), maxAddedBytes)
	}
	return t, nil
}

// add enters one token.
func (a *addedTokens) add(r *reader, t *addedToken) error {
	if other, twice := a.byID[t.id]; twice {
		return r.fail("has the id %d, which %s has already", t.id, quote(other.content))
	}
	if _, twice := a.byContent[t.content]; twice {
		return r.fail("%s is given twice", quote(t.content))
	}
	a.list = append(a.list, t)
	a.byID[t.id], a.byContent[t.content] = t, t
	return nil
}

// link makes the added tokens ready to be found.
func (a *addedTokens) link(n normalizer) error {
	for _, t := range a.list {
		t.key = t.content
		if !t.normalized {
			a.first.add(t)
			continue
		}
		if n != nil {
			p, err := n.normalize(piece{text: t.content})
			if err != nil {
				return err
			}
			t.key = p.text
		}
		if t.key != "" {
			a.second.add(t)
		}
	}
	return nil
}

// fit checks the added tokens against the model's vocabulary: a token that is in both must have the same id
// in both and stand for the same bytes, and no id may stand for two tokens.
func (a *addedTokens) fit(r *reader, v *vocabulary, text func(string) string) error {
	for i, t := range a.list {
		r.path = []step{{key: "added_tokens", index: absent}, {index: i}}
		id, both := v.find(t.content)
		other, taken := v.token(t.id)
		switch {
		case both && id != t.id:
			return r.fail("%s has the id %d here and %d in model.vocab", quote(t.content), t.id, id)
		case both && text(t.content) != t.content:
			return r.fail("%s stands for other bytes in model.vocab", quote(t.content))
		case taken && other != t.content:
			return r.fail("%s has the id %d, which %s has in model.vocab", quote(t.content), t.id, quote(other))
		}
	}
	r.path = nil
	return nil
}

// split cuts the added tokens out of a piece, and normalises what is left between the first of them. yield
// gets every stretch in order, with the token it is, or nil for the text between tokens.
func (a *addedTokens) split(p piece, n normalizer, yield func(piece, *addedToken) error) error {
	return a.first.split(p, func(q piece, t *addedToken) error {
		if t != nil {
			return yield(q, t)
		}
		if n != nil {
			var err error
			if q, err = n.normalize(q); err != nil {
				return fmt.Errorf("tokenizer: %w", err)
			}
		}
		return a.second.split(q, yield)
	})
}

// finder finds tokens in a text, through a tree with one level per byte.
type finder struct {
	begins [256]bool // the first bytes of all tokens: most places in a text can be passed over by these
	edges  map[edge]int32
	tokens []*addedToken // by node: the token that ends there, or nil
}

// edge leads from a node to the next by one byte.
type edge struct {
	node int32
	byte byte
}

// add enters a token into the tree.
func (f *finder) add(t *addedToken) {
	if f.edges == nil {
		f.edges, f.tokens = map[edge]int32{}, []*addedToken{nil}
	}
	f.begins[t.key[0]] = true
	node := int32(0)
	for i := range len(t.key) {
		e := edge{node, t.key[i]}
		next, ok := f.edges[e]
		if !ok {
			next = int32(len(f.tokens))
			f.tokens = append(f.tokens, nil)
			f.edges[e] = next
		}
		node = next
	}
	f.tokens[node] = t
}

// longest returns the longest token that begins at byte at, or nil.
func (f *finder) longest(s string, at int) (found *addedToken) {
	node := int32(0)
	for ; at < len(s); at++ {
		next, ok := f.edges[edge{node, s[at]}]
		if !ok {
			break
		}
		node = next
		if t := f.tokens[node]; t != nil {
			found = t
		}
	}
	return found
}

// split cuts the tokens out of a piece: the leftmost first, the longest of those that begin there. As in the
// reference implementation, a match refused for singleWord is passed over as a whole, without a look for a
// shorter one in the same place. Unlike there, a token is not looked for in the white space that the one
// before has swallowed, so that no byte of the text belongs to two tokens.
func (f *finder) split(p piece, yield func(piece, *addedToken) error) error {
	done := 0
	for at := 0; at < len(p.text) && f.edges != nil; {
		var t *addedToken
		if f.begins[p.text[at]] {
			t = f.longest(p.text, at)
		}
		if t == nil {
			at++
			continue
		}
		start, end := at, at+len(t.key)
		at = end
		if t.singleWord && touchesWord(p.text, start, end) {
			continue
		}
		if t.lstrip {
			start = spacesBefore(p.text, done, start)
		}
		if t.rstrip {
			end = runEnd(p.text, end, space)
		}
		if start > done {
			if err := yield(p.cut(done, start), nil); err != nil {
				return err
			}
		}
		if err := yield(p.cut(start, end), t); err != nil {
			return err
		}
		at, done = end, end
	}
	if done == len(p.text) {
		return nil
	}
	return yield(p.cut(done, len(p.text)), nil)
}

// touchesWord says whether a word character stands directly before start or after end.
func touchesWord(s string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:start])
	after, _ := utf8.DecodeRuneInString(s[end:])
	return isWord(before) || isWord(after)
}

// spacesBefore returns where the white space that ends at end begins, not before from.
func spacesBefore(s string, from, end int) int {
	for end > from {
		r, size := utf8.DecodeLastRuneInString(s[from:end])
		if !unicode.IsSpace(r) {
			break
		}
		end -= size
	}
	return end
}
