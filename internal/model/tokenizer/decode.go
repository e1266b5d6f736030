package tokenizer

import (
	"fmt"
	"strings"
)

// decoder turns a token as the vocabulary spells it into the text it stands for.
type decoder interface {
	tokenText(token string) string
}

// readDecoder reads the decoder member. One more kind is one more case.
func readDecoder(r *reader) (decoder, error) {
	if r.null() {
		return nil, r.fail("null is not supported (supported: ByteLevel)")
	}
	kind, err := r.kind()
	if err != nil {
		return nil, err
	}
	switch kind {
	case "ByteLevel":
		_, err := readByteLevel(r) // its options are for the other two places
		return newAlphabet(), err
	}
	return nil, r.unsupported(kind, "ByteLevel")
}

// Decode returns the text of a list of tokens, special ones included. The text is exactly the tokens' bytes:
// it is not valid UTF-8 when the list ends within a character, or when the encoded text was not.
func (t *Tokenizer) Decode(ids []int32) (string, error) {
	var b strings.Builder
	for i, id := range ids {
		text, ok := t.TokenText(id)
		if !ok {
			return "", fmt.Errorf("tokenizer: token %d of %d: no token has the id %d", i+1, len(ids), id)
		}
		b.WriteString(text)
	}
	return b.String(), nil
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
	id, ok := t.vocab.ids[t.alphabet.spell(text)]
	return id, ok
}
