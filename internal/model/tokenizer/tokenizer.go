// Package tokenizer turns text into tokens and back, as a Hugging Face tokenizer.json says.
//
// A text goes through five stages: the added tokens (such as <|endoftext|>) are cut out, the normalizer
// changes what is left, the pre-tokenizer cuts it into pieces that no token crosses, the model turns each
// piece into tokens, and the post-processor puts special tokens around the whole. The models are BPE (of bytes
// and of characters), Unigram and WordPiece; a file that asks for anything unknown is rejected with the name
// of what it asks for. The tokenizer inside a GGUF file is built from the same parts by FromGGUF.
package tokenizer

import (
	"errors"
	"fmt"
)

// maxTextBytes bounds the text that is encoded at once; places within a piece have 32 bits.
const maxTextBytes = 1 << 30

// Tokenizer turns text into tokens and back. It does not change once made, and may be used from several
// goroutines at the same time.
type Tokenizer struct {
	added      addedTokens
	normalizer normalizer   // or nil
	pre        preTokenizer // or nil
	model      model
	post       postProcessor
	decoder    decoder
	vocab      *vocabulary
	byteLevel  bool  // the vocabulary is spelled in the alphabet of bytes
	raw        bool  // and the model does the spelling
	unknown    int32 // a BPE's token for what it has no token for, or absent
	size       int
}

// Token is one token of an encoded text.
//
// Start and End are a byte range in the original text: the reference implementation's, in bytes. They hold whole
// characters, those that a normalizer made the token's own characters from; a token that is part of a character
// has the range of the character. A space that is put in front of the text has the range of the first character.
// Where the file says trim_offsets, white space at a token's ends is left out.
//
// A special token that the post-processor adds has the empty range at 0; an added token that swallows white
// space around it has the range that includes this white space.
type Token struct {
	ID         int32
	Text       string // the bytes that the token stands for: " creature"
	Start, End int
	Special    bool
}

// Encoding is an encoded text.
type Encoding struct {
	Tokens []Token
}

// IDs returns the ids of the tokens.
func (e Encoding) IDs() []int32 {
	ids := make([]int32, len(e.Tokens))
	for i, t := range e.Tokens {
		ids[i] = t.ID
	}
	return ids
}

// Options say how to encode. The zero value encodes the text alone.
type Options struct {
	// AddSpecial puts the special tokens of the post-processor around the text, such as <s> in front.
	AddSpecial bool
	// Stop is asked every few thousand pieces; once it says yes, encoding ends with ErrStopped. Nil never does.
	Stop func() bool
}

// ErrStopped is the error of an encoding that was stopped.
var ErrStopped = errors.New("tokenizer: stopped")

// Merge is one merge of two neighbouring symbols into one.
type Merge struct {
	Left, Right, Result string // bytes of the normalised text, which need not be valid UTF-8
	Rank                int    // its place in the list of merges, or of scores; the lowest rank goes first
}

// Piece is a stretch of text that no token crosses, and how it became tokens.
type Piece struct {
	Text       string // as the model sees it: normalised, and with the prefix space that may be added
	Start, End int    // byte range in the original text
	Added      bool   // it is an added token, cut out whole
	Merges     []Merge
	Tokens     []Token
}

// Kind names the kind of the tokenizer for people: "byte-level BPE".
func (t *Tokenizer) Kind() string { return t.model.kind() }

// Size returns the size of the vocabulary, which is the largest id plus one.
func (t *Tokenizer) Size() int { return t.size }

// Encode turns text into tokens, with the special tokens around it that the file asks for, as the reference
// implementation does unless told otherwise.
//
// Text that is not valid UTF-8 is encoded as the bytes it has, which the reference implementation can't do at
// all; a byte outside valid UTF-8 counts as neither letter nor number nor space. Decoding gives every text
// back exactly, unless the file asks for a normalizer, a prefix space, added tokens that swallow white space, or
// an unknown token.
func (t *Tokenizer) Encode(text string) (Encoding, error) {
	return t.EncodeWith(text, Options{AddSpecial: true})
}

// EncodeWith is Encode with options.
func (t *Tokenizer) EncodeWith(text string, o Options) (Encoding, error) {
	const bytesPerToken = 4 // a first guess, for the size of the list
	e := Encoding{Tokens: make([]Token, 0, len(text)/bytesPerToken+8)}
	err := t.Each(text, o, func(tokens []Token) { e.Tokens = append(e.Tokens, tokens...) })
	if err != nil {
		return Encoding{}, err
	}
	return e, nil
}

// Each is EncodeWith for whoever wants another list, or none: it tells of a few tokens at a time, which yield
// does not keep.
func (t *Tokenizer) Each(text string, o Options, yield func(tokens []Token)) error {
	if o.AddSpecial {
		yield(t.appendSpecial(nil, t.post.before))
	}
	var tokens []Token
	w, first := &word{stop: o.Stop}, true
	err := t.walk(text, w, func(p piece, added *addedToken) {
		tokens = t.appendTokens(tokens[:0], p, added, w)
		if t.post.trim {
			t.post.trimRanges(text, tokens, first, func(i int) string { return t.spelling(p, added, w, tokens[i].ID, i) })
		}
		first = first && len(tokens) == 0
		yield(tokens)
	})
	if err == nil && o.AddSpecial {
		yield(t.appendSpecial(nil, t.post.after))
	}
	return err
}

// Merges returns the pieces of a text with the merges that make their tokens, in the order in which they are
// applied.
func (t *Tokenizer) Merges(text string) ([]Piece, error) {
	var pieces []Piece
	w := &word{log: true}
	err := t.walk(text, w, func(p piece, added *addedToken) {
		start, end := p.place(0, len(p.text))
		out := Piece{
			Text: t.shown(p.text), Start: start, End: end, Added: added != nil, Tokens: t.appendTokens(nil, p, added, w),
		}
		if added == nil {
			out.Merges = w.merges(t.shown)
		}
		pieces = append(pieces, out)
	})
	return pieces, err
}

// shown turns text that is spelled in the alphabet of bytes back into these bytes.
func (t *Tokenizer) shown(s string) string {
	if a, ok := t.decoder.(*alphabet); ok && t.byteLevel && !t.raw {
		return a.tokenText(s)
	}
	return s
}

// merges lists the merges taken.
func (w *word) merges(shown func(string) string) []Merge {
	merges := make([]Merge, len(w.taken))
	for i, m := range w.taken {
		merges[i] = Merge{
			Left: shown(w.text[m.start:m.middle]), Right: shown(w.text[m.middle:m.end]),
			Result: shown(w.text[m.start:m.end]), Rank: m.rank,
		}
	}
	return merges
}

// stopEvery is after how many pieces Options.Stop is asked: a few milliseconds.
const stopEvery = 4096

// walk takes a text through all stages but the last. visit is called for each piece, in order: with the added
// token it is, or else with nil, and the piece's tokens in w.
func (t *Tokenizer) walk(text string, w *word, visit func(piece, *addedToken)) error {
	if len(text) > maxTextBytes {
		return fmt.Errorf("tokenizer: the text has %d bytes (at most %d MiB can be encoded at once)", len(text), maxTextBytes>>20)
	}
	pieces := 0
	tokenize := func(p piece) error {
		if pieces++; pieces%stopEvery == 0 && w.stop != nil && w.stop() {
			return ErrStopped
		}
		w.text = p.text
		if err := t.model.tokenize(w); err != nil {
			start, _ := p.place(0, len(p.text))
			return fmt.Errorf("tokenizer: at byte %d of the text: %w", start, err)
		}
		visit(p, nil)
		return nil
	}
	return t.added.split(piece{text: text}, t.normalizer, func(p piece, added *addedToken) error {
		switch {
		case added != nil:
			visit(p, added)
			return nil
		case p.text == "":
			return nil
		case t.pre == nil:
			return tokenize(p)
		}
		return t.pre.split(p, tokenize)
	})
}

// appendTokens appends the tokens of one piece.
func (t *Tokenizer) appendTokens(tokens []Token, p piece, added *addedToken, w *word) []Token {
	if added != nil {
		start, end := p.place(0, len(p.text))
		return append(tokens, Token{ID: added.id, Text: added.content, Start: start, End: end, Special: added.special})
	}
	for _, part := range w.parts {
		token := Token{ID: part.id}
		token.Start, token.End = p.placeOfCharacters(part.start, part.end)
		if t.raw {
			token.Text = p.text[part.start:part.end]
		}
		if !t.raw || part.id == t.unknown {
			token.Text, _ = t.TokenText(part.id)
		}
		tokens = append(tokens, token)
	}
	return tokens
}

// spelling returns how a token is spelled: as the file does, but an added token, and a Unigram's unknown one,
// as the text does.
func (t *Tokenizer) spelling(p piece, added *addedToken, w *word, id int32, i int) string {
	if added != nil {
		return p.text
	}
	if m, ok := t.model.(*unigram); ok && id == m.unknown {
		return p.text[w.parts[i].start:w.parts[i].end]
	}
	spelled, _ := t.vocab.token(id)
	return spelled
}

// appendSpecial appends special tokens that are not in the text.
func (t *Tokenizer) appendSpecial(tokens []Token, ids []int32) []Token {
	for _, id := range ids {
		text, _ := t.TokenText(id)
		tokens = append(tokens, Token{ID: id, Text: text, Special: true})
	}
	return tokens
}
