package tokenizer

// maxIDs bounds the ids a file may use. The largest vocabularies of today have 262,144 tokens; without a
// bound, one line with the id 2,000,000,000 would ask for a table of that length.
const maxIDs = 1 << 21

// vocabulary is the model's own list of tokens, in the file's spelling: in a byte-level vocabulary " the" is
// "Ġthe".
type vocabulary struct {
	tokens []string // by id; "" where the file leaves a hole
	ids    map[string]int32
}

// sizeHint guesses how many tokens or merges a file has, from its length alone, so that their tables need not
// grow step by step.
func (r *reader) sizeHint() int {
	const bytesPerToken = 64 // of a whole file: a line of the vocabulary, and one of the merges
	return min(len(r.data)/bytesPerToken, maxIDs)
}

// readVocab reads an object {"token": id, ...}.
func readVocab(r *reader) (*vocabulary, error) {
	v := &vocabulary{ids: make(map[string]int32, r.sizeHint())}
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
	if _, twice := v.ids[token]; twice {
		return r.fail("given twice")
	}
	if other, taken := v.token(id); taken {
		return r.fail("has the id %d, which %s has already", id, quote(other))
	}
	for int(id) >= len(v.tokens) {
		v.tokens = append(v.tokens, "")
	}
	v.tokens[id] = token
	v.ids[token] = id
	return nil
}

// token returns the token with this id, as the file spells it.
func (v *vocabulary) token(id int32) (string, bool) {
	if id < 0 || int(id) >= len(v.tokens) || v.tokens[id] == "" {
		return "", false
	}
	return v.tokens[id], true
}

// put enters the next token of a list. A token given twice has its last place, and the empty token none.
func (v *vocabulary) put(token string) {
	if token != "" {
		v.ids[token] = int32(len(v.tokens))
	}
	v.tokens = append(v.tokens, token)
}
