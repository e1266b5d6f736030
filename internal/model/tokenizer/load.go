package tokenizer

import (
	"fmt"
	"io"
)

// maxFileBytes bounds the size of a tokenizer.json. The largest of today have 35 MB.
const maxFileBytes = 256 << 20

// Load reads a tokenizer.json.
func Load(r io.Reader) (*Tokenizer, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	return Parse(data)
}

// Parse reads the text of a tokenizer.json. It accepts only what it will carry out exactly: a member or a
// kind of component that it does not know is an error that names it, never a tokenizer that gives slightly
// different tokens.
func Parse(data []byte) (*Tokenizer, error) {
	if len(data) > maxFileBytes {
		return nil, fmt.Errorf("tokenizer.json: more than %d MiB", maxFileBytes>>20)
	}
	r := &reader{data: data}
	t := &Tokenizer{}
	if err := t.read(r); err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	if err := t.link(); err != nil {
		return nil, r.fail("added_tokens: %v", err)
	}
	if err := t.fit(r); err != nil {
		return nil, err
	}
	return t, nil
}

// read reads the whole file. Truncation and padding are how somebody prepared batches, not how text becomes
// tokens, and are passed over.
func (t *Tokenizer) read(r *reader) error {
	err := r.fields(map[string]func() error{
		"version":        r.version,
		"truncation":     r.skip,
		"padding":        r.skip,
		"added_tokens":   func() (err error) { t.added, err = readAddedTokens(r); return err },
		"normalizer":     func() (err error) { t.normalizer, err = readNormalizer(r); return err },
		"pre_tokenizer":  func() (err error) { t.pre, err = readPreTokenizer(r); return err },
		"post_processor": func() (err error) { t.post, err = readPostProcessor(r); return err },
		"decoder":        func() (err error) { t.decoder, err = readDecoder(r); return err },
		"model":          func() (err error) { t.model, err = readModel(r); return err },
	})
	switch {
	case err != nil:
		return err
	case t.model == nil:
		return r.fail("it has no model")
	}
	return nil
}

// version accepts the one version there is.
func (r *reader) version() error {
	version, err := r.text()
	if err == nil && version != "1.0" {
		err = r.unsupported(version, "1.0")
	}
	return err
}

// link fits the parts together. A byte-level BPE whose last step before the model is ByteLevel, as almost all
// of them are, gets its pieces raw: they need not be spelled in the alphabet only to be looked up again.
func (t *Tokenizer) link() error {
	if t.decoder == nil {
		t.decoder = noDecoder{}
	}
	t.vocab = t.model.vocabulary()
	found, last := byteLevels(t.pre)
	t.byteLevel = len(found) > 0 || spells(t.normalizer)
	t.unknown = absent
	if m, ok := t.model.(*bpe); ok {
		_, decodes := t.decoder.(*alphabet)
		plain := m.prefix == "" && m.suffix == "" && m.fallback == nil
		t.raw = decodes && plain && last && len(found) == 1 && !spells(t.normalizer)
		m.raw, m.byteLevel, t.unknown = t.raw, t.byteLevel, m.unknown
		if t.raw {
			found[0].spell = nil
		}
	}
	return t.added.link(t.normalizer)
}

// fit checks what the parts of the file say about each other, and counts the tokens.
func (t *Tokenizer) fit(r *reader) error {
	text := func(token string) string { return token }
	if t.raw {
		text = t.decoder.tokenText
	}
	if err := t.added.fit(r, t.vocab, text); err != nil {
		return err
	}
	t.size = t.vocab.size()
	for id := range t.added.byID {
		t.size = max(t.size, int(id)+1)
	}
	return t.post.fit(r, func(id int32) bool {
		_, ok := t.TokenText(id)
		return ok
	})
}
