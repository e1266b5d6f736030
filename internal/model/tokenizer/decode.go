package tokenizer

import (
	"fmt"
	"slices"
	"strings"
)

// decoder turns tokens as the vocabulary spells them into the text they stand for.
type decoder interface {
	// tokenText is what one token stands for, wherever it stands.
	tokenText(token string) string
	// spellings are the tokens that may stand for a text, the most likely first.
	spellings(text string) []string
	// decode changes a list of tokens on its way to being joined; it may also join them.
	decode(tokens []string) ([]string, error)
}

// readDecoder reads the decoder member. One more kind is one more case.
func readDecoder(r *reader) (decoder, error) {
	if r.null() {
		return noDecoder{}, nil
	}
	kind, err := r.kind()
	if err != nil {
		return nil, err
	}
	switch kind {
	case "ByteLevel":
		_, err := readByteLevel(r) // its options are for the other two places
		return newAlphabet(), err
	case "Sequence":
		return readDecoders(r)
	case "WordPiece":
		return readWordPieceDecoder(r)
	case "Metaspace":
		return readMetaspace(r)
	case "BPEDecoder":
		return readSuffixDecoder(r)
	case "CTC":
		return readCTC(r)
	case "Replace":
		return readReplace(r)
	case "Strip":
		return readStripDecoder(r)
	case "Fuse":
		return fuse{}, r.plain()
	case "ByteFallback":
		return byteFallback{}, r.plain()
	}
	return nil, r.unsupported(kind, "null, ByteLevel, Sequence, WordPiece, Metaspace, BPEDecoder, CTC, Replace, Strip, Fuse, ByteFallback")
}

// Decode returns the text of a list of tokens, special ones included. Where tokens stand for bytes, the text
// is exactly these bytes: it is not valid UTF-8 when the list ends within a character, or when the encoded
// text was not. (The reference implementation gives replacement characters instead.)
func (t *Tokenizer) Decode(ids []int32) (string, error) {
	tokens := make([]string, len(ids))
	for i, id := range ids {
		var ok bool
		if tokens[i], ok = t.spelled(id); !ok {
			return "", fmt.Errorf("tokenizer: token %d of %d: no token has the id %d", i+1, len(ids), id)
		}
		if t.raw { // added tokens are not spelled in the alphabet
			tokens[i], _ = t.TokenText(id)
		}
	}
	if t.raw {
		return strings.Join(tokens, ""), nil
	}
	tokens, err := t.decoder.decode(tokens)
	if err != nil {
		return "", fmt.Errorf("tokenizer: decoding: %w", err)
	}
	return strings.Join(tokens, ""), nil
}

// spelled returns a token as the file spells it.
func (t *Tokenizer) spelled(id int32) (string, bool) {
	if added, ok := t.added.byID[id]; ok {
		return added.content, true
	}
	return t.vocab.token(id)
}

// TokenText returns the bytes that one token stands for, which need not be valid UTF-8: a token can be half
// a character. It reports false if no token has this id.
func (t *Tokenizer) TokenText(id int32) (string, bool) {
	if added, ok := t.added.byID[id]; ok {
		return added.content, true
	}
	token, ok := t.vocab.token(id)
	if !ok {
		return "", false
	}
	return t.decoder.tokenText(token), true
}

// TokenID returns the one token that stands for exactly this text, such as " queen". It reports false if
// there is none; the text then takes several tokens.
func (t *Tokenizer) TokenID(text string) (int32, bool) {
	if added, ok := t.added.byContent[text]; ok {
		return added.id, true
	}
	for _, token := range t.decoder.spellings(text) {
		if id, ok := t.vocab.find(token); ok && t.decoder.tokenText(token) == text {
			return id, true
		}
	}
	return 0, false
}

// spellings implements decoder. A token with a character from outside the alphabet stands for itself.
func (a *alphabet) spellings(text string) []string { return []string{a.spell(text), text} }

// decode implements decoder.
func (a *alphabet) decode(tokens []string) ([]string, error) {
	var b strings.Builder
	for _, token := range tokens {
		b.WriteString(a.tokenText(token))
	}
	return []string{b.String()}, nil
}

// noDecoder is what there is when the file has none: words with spaces between them.
type noDecoder struct{}

// tokenText implements decoder.
func (noDecoder) tokenText(token string) string { return token }

// spellings implements decoder.
func (noDecoder) spellings(text string) []string { return []string{text} }

// decode implements decoder.
func (noDecoder) decode(tokens []string) ([]string, error) {
	return []string{strings.Join(tokens, " ")}, nil
}

// decoders are several, one after the other.
type decoders []decoder

// readDecoders reads a Sequence.
func readDecoders(r *reader) (all decoders, err error) {
	err = r.fields(map[string]func() error{
		"type": r.skip,
		"decoders": func() error {
			return r.array(func(int) error {
				d, err := readDecoder(r)
				if _, none := d.(noDecoder); err == nil && none {
					return r.broken("a decoder")
				}
				all = append(all, d)
				return err
			})
		},
	})
	return all, err
}

// tokenText implements decoder. What comes after the tokens are joined is about the text as a whole.
func (all decoders) tokenText(token string) string {
	for _, d := range all {
		if _, joins := d.(fuse); joins {
			break
		}
		token = d.tokenText(token)
	}
	return token
}

// spellings implements decoder.
func (all decoders) spellings(text string) []string {
	texts := []string{text}
	for _, d := range slices.Backward(all) {
		var more []string
		for _, text := range texts {
			more = append(more, d.spellings(text)...)
		}
		texts = more
	}
	return texts
}

// decode implements decoder.
func (all decoders) decode(tokens []string) ([]string, error) {
	for _, d := range all {
		var err error
		if tokens, err = d.decode(tokens); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}
