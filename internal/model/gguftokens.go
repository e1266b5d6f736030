package model

import (
	"errors"
	"fmt"

	"attn/internal/model/tokenizer"
	"attn/internal/model/weights"
)

// openGGUFTokenizer reads a GGUF file's tokenizer alone.
func openGGUFTokenizer(path string) (*tokenizer.Tokenizer, error) {
	file, err := weights.OpenGGUF(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() // only read; a tokenizer keeps nothing of it
	var t *tokenizer.Tokenizer
	err = file.Tensors.Guard(func() (err error) {
		if t, err = ggufTokenizer(file); err == nil && t == nil {
			err = errors.New("it has no tokenizer")
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// ggufTokenizer makes the tokenizer that a GGUF file describes; nil when it
// describes none: token ids work without.
func ggufTokenizer(file *weights.GGUF) (*tokenizer.Tokenizer, error) {
	const prefix = "tokenizer.ggml."
	if !file.Has(prefix + "model") {
		return nil, nil
	}
	r := keyReader{file: file, prefix: prefix}
	meta := tokenizer.GGUFMeta{
		Model: r.text("model"), Pre: r.text("pre"), Tokens: r.texts("tokens"), Merges: r.texts("merges"),
		BOS: r.id("bos_token_id"), EOS: r.id("eos_token_id"), Unknown: r.id("unknown_token_id"),
		Separator: r.id("seperator_token_id"), // the format's own spelling
		AddBOS:    r.flag("add_bos_token"), AddEOS: r.flag("add_eos_token"), AddSeparator: r.flag("add_sep_token"),
		AddSpacePrefix: r.flag("add_space_prefix"), RemoveExtraWhitespaces: r.flag("remove_extra_whitespaces"),
	}
	for _, score := range keyValue(&r, "scores", file.Floats) {
		meta.Scores = append(meta.Scores, float32(score))
	}
	for _, kind := range keyValue(&r, "token_type", file.Ints) {
		meta.Types = append(meta.Types, int32(kind))
	}
	meta.PrecompiledCharsmap = keyValue(&r, "precompiled_charsmap", file.Bytes)
	if r.err != nil {
		return nil, r.err
	}
	return tokenizer.FromGGUF(meta)
}

// keyReader reads keys that may be missing, and keeps the first error of those
// that are of the wrong type.
type keyReader struct {
	file   *weights.GGUF
	prefix string
	err    error
}

// keyValue reads one key, or returns nothing when the file does not have it.
func keyValue[T any](r *keyReader, key string, read func(string) (T, error)) T {
	var none T
	if !r.file.Has(r.prefix + key) {
		return none
	}
	value, err := read(r.prefix + key)
	if err != nil {
		if r.err == nil {
			r.err = err
		}
		return none
	}
	return value
}

func (r *keyReader) text(key string) string    { return keyValue(r, key, r.file.String) }
func (r *keyReader) texts(key string) []string { return keyValue(r, key, r.file.Strings) }

func (r *keyReader) id(key string) *int32 {
	if !r.file.Has(r.prefix + key) {
		return nil
	}
	id := int32(min(keyValue(r, key, r.file.Uint), 1<<31-1))
	return &id
}

func (r *keyReader) flag(key string) *bool {
	if !r.file.Has(r.prefix + key) {
		return nil
	}
	flag := keyValue(r, key, r.file.Bool)
	return &flag
}
