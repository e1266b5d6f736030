package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

type object = map[string]any

// TestParseErrors checks that whatever can't be carried out exactly is refused, by name and place.
func TestParseErrors(t *testing.T) {
	template := func(single []any, ids ...any) object {
		return object{
			"type": "TemplateProcessing", "single": single,
			"special_tokens": object{"<s>": object{"id": "<s>", "ids": ids, "tokens": []any{"<s>"}}},
		}
	}
	special, text := object{"SpecialToken": object{"id": "<s>"}}, object{"Sequence": object{"id": "A"}}
	for _, test := range []struct {
		path  string
		value any
		want  string
	}{
		{"version", "2.0", `version: "2.0" is not supported (supported: 1.0)`},
		{"surprise", 1, `surprise: this member is not known here`},
		{"normalizer", object{"type": "NFX"}, `normalizer: "NFX" is not supported (supported: null, Sequence, NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, BertNormalizer, Nmt, Precompiled, Replace, Prepend, ByteLevel)`},
		{"normalizer", object{}, `normalizer: it has no type (supported: null, Sequence, NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, BertNormalizer, Nmt, Precompiled, Replace, Prepend, ByteLevel)`},
		{"normalizer", object{"type": "NFC", "form": 1}, `normalizer.form: this member is not known here`},
		{"normalizer", object{"type": "Sequence", "normalizers": []any{nil}}, `normalizer.normalizers[0]: invalid JSON at byte B: ']' where a normalizer should be`},
		{"normalizer", object{"type": "Replace", "content": ""}, `normalizer: it has no pattern`},
		{"normalizer", object{"type": "Replace", "pattern": object{}}, `normalizer.pattern: it has no pattern (supported: String, Regex)`},
		{"normalizer", object{"type": "Replace", "pattern": object{"Glob": "*"}}, `normalizer.pattern["Glob"]: "Glob" is not supported (supported: String, Regex)`},
		{"normalizer", object{"type": "Replace", "pattern": object{"Regex": "(a"}}, `normalizer.pattern["Regex"]: regular expression "(a": a ( without its )`},
		{"normalizer", object{"type": "Precompiled", "precompiled_charsmap": "!"}, `normalizer: precompiled_charsmap is not base64`},
		{"normalizer", object{"type": "Precompiled", "precompiled_charsmap": "AAAA"}, `normalizer: the compiled table of characters is broken`},
		{"pre_tokenizer", object{"type": "Meta"}, `pre_tokenizer: "Meta" is not supported (supported: null, Sequence, ByteLevel, Metaspace, Split, Punctuation, Digits, Whitespace, WhitespaceSplit, BertPreTokenizer, CharDelimiterSplit, UnicodeScripts, FixedLength)`},
		{"pre_tokenizer", object{"type": "Metaspace", "replacement": "ab"}, `pre_tokenizer.replacement: "ab" is not one character`},
		{"pre_tokenizer", object{"type": "Metaspace", "prepend_scheme": "last"}, `pre_tokenizer: the prepend_scheme "last" is not supported (supported: first, never, always)`},
		{"pre_tokenizer", object{"type": "Split", "pattern": object{"String": "a"}}, `pre_tokenizer: it has no behavior`},                                                                                      //nolint:misspell // the format's word
		{"pre_tokenizer", object{"type": "Split", "behavior": "Removed"}, `pre_tokenizer: it has no pattern`},                                                                                                  //nolint:misspell // the format's word
		{"pre_tokenizer", object{"type": "Punctuation", "behavior": "Gone"}, `pre_tokenizer.behavior: "Gone" is not supported (supported: Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous)`}, //nolint:misspell // the format's word
		{"pre_tokenizer", object{"type": "FixedLength", "length": 0}, `pre_tokenizer: the length 0 is not supported (supported: 1 and more)`},
		{"pre_tokenizer.add_prefix_space", "yes", `pre_tokenizer.add_prefix_space: invalid JSON at byte B: '"' where true or false should be`},
		{"pre_tokenizer.behavior", 1, `pre_tokenizer.behavior: this member is not known here`},
		{"decoder", object{"type": "Byte"}, `decoder: "Byte" is not supported (supported: null, ByteLevel, Sequence, WordPiece, Metaspace, BPEDecoder, CTC, Replace, Strip, Fuse, ByteFallback)`},
		{"decoder", object{"type": "BPEDecoder", "suffix": ""}, `decoder: an empty suffix is not supported`},
		{"decoder", object{"type": "Strip", "content": "x", "start": 1.5, "stop": 0}, `decoder.start: 1.5 is not a whole number that is supported here`},
		{"model", nil, `it has no model`},
		{"model.type", "Bigram", `model: "Bigram" is not supported (supported: BPE, Unigram, WordPiece)`},
		{"model", object{"type": "Unigram"}, `model: it has no vocab`},
		{"model", object{"type": "Unigram", "vocab": []any{[]any{"a"}}}, `model.vocab[0]: a token has a text and a score, not 1 members`},
		{"model", object{"type": "Unigram", "vocab": []any{[]any{"a", "b"}}}, `model.vocab[0][1]: invalid JSON at byte B: '"' where a number should be`},
		{"model", object{"type": "Unigram", "vocab": []any{[]any{"a", 0}}, "unk_id": 1}, `model: the unk_id 1 is not in the vocab`},
		{"model", object{"type": "WordPiece"}, `model: it has no vocab`},
		{"model.vocab", nil, `model: it has no vocab`},
		{"model.merges", nil, `model: it has no merges`},
		{"model.dropout", 0.1, `model.dropout: 0.1 is not supported (supported: null, 0)`},
		{"model", object{"byte_fallback": true, "end_of_word_suffix": "</w>", "merges": []any{}, "vocab": object{}}, `model: byte_fallback with continuing_subword_prefix or end_of_word_suffix is not supported`},
		{"model.unk_token", "<unk>", `model: the unk_token "<unk>" is not in the vocab`},
		{"model.vocab.again", 5, `model.vocab["ą"]: has the id 5, which "again" has already`},
		{"model.vocab.New", -1, `model.vocab["New"]: the id -1 is negative`},
		{"model.vocab.new", 1e9, `model.vocab.new: the id 1000000000 is too large (the largest allowed is 2097151)`},
		{"model.vocab.new", 1.5, `model.vocab.new: the id 1.5 is not a whole number`},
		{"model.vocab.new", "1", `model.vocab.new: invalid JSON at byte B: '"' where a number should be`},
		{"model.vocab.", 400, `model.vocab[""]: the empty text can't be a token`},
		{"model.merges", []any{"l o", "h i"}, `model.merges[1]: "hi" is not in the vocab`},
		{"model.merges", []any{[]any{"l", "??"}}, `model.merges[0]: "??" is not in the vocab`},
		{"model.merges", []any{"lo"}, `model.merges[0]: "lo" is not two tokens with one space between them`},
		{"model.merges", []any{"l o x"}, `model.merges[0]: "l o x" is not two tokens with one space between them`},
		{"model.merges", []any{[]any{"l"}}, `model.merges[0]: a merge has two tokens, not 1`},
		{"model.merges", []any{[]any{"l", "o", "w"}}, `model.merges[0]: a merge has two tokens, not 3`},
		{"model.merges", []any{[]any{"l", 7}}, `model.merges[0][1]: invalid JSON at byte B: '7' where a string should be`},
		{"added_tokens", []any{object{"id": 1}}, `added_tokens[0]: it has no content`},
		{"added_tokens", []any{object{"content": "x"}}, `added_tokens[0]: it has no id`},
		{"added_tokens", []any{object{"id": -5, "content": "x"}}, `added_tokens[0].id: the id -5 is negative`},
		{"added_tokens", []any{object{"id": 400, "content": "x"}}, `added_tokens[0]: "x" has the id 400 here and 120 in model.vocab`},
		{"added_tokens", []any{object{"id": 120, "content": "zz"}}, `added_tokens[0]: "zz" has the id 120, which "x" has in model.vocab`},
		{"added_tokens", []any{object{"id": 0xe9, "content": "é"}}, `added_tokens[0]: "é" stands for other bytes in model.vocab`},
		{"added_tokens", []any{object{"id": 400, "content": "<a>"}, object{"id": 400, "content": "<b>"}}, `added_tokens[1]: has the id 400, which "<a>" has already`},
		{"added_tokens", []any{object{"id": 400, "content": "<a>"}, object{"id": 401, "content": "<a>"}}, `added_tokens[1]: "<a>" is given twice`},
		{"added_tokens", []any{object{"id": 400, "content": strings.Repeat("x", 5000)}}, `added_tokens[0]: the content is 5000 bytes long (at most 4096)`},
		{"post_processor", object{"type": "Bert"}, `post_processor: "Bert" is not supported (supported: null, ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing, Sequence)`},
		{"post_processor", object{"type": "BertProcessing"}, `post_processor: it has no cls or no sep`},
		{"post_processor", object{"type": "RobertaProcessing", "cls": []any{"a"}}, `post_processor.cls: a token has a text and an id, not 1 members`},
		{"post_processor", object{"type": "Sequence", "processors": []any{template([]any{special, text}, 1), template([]any{text, special}, 1)}}, `post_processor.processors[1]: a second template is not supported`},
		{"post_processor", template([]any{special}, 1), `post_processor: single has the text 0 times (supported: once)`},
		{"post_processor", template([]any{text, text}, 1), `post_processor: single has the text 2 times (supported: once)`},
		{"post_processor", template([]any{special, text}, 299), `post_processor: no token has the id 299`},
		{"post_processor", template([]any{object{"SpecialToken": object{"id": "<t>"}}, text}, 1), `post_processor: special_tokens does not say which ids "<t>" has`},
		{"post_processor", template([]any{object{"Sequence": object{"id": "B"}}}, 1), `post_processor.single[0]["Sequence"]: "Sequence B" is not supported (supported: SpecialToken, Sequence A)`},
	} {
		data := tiny().with(test.path, test.value).bytes(t)
		_, err := Parse(data)
		if err == nil {
			t.Errorf("%s = %v was accepted", test.path, test.value)
			continue
		}
		got := regexp.MustCompile(`byte \d+`).ReplaceAllString(err.Error(), "byte B")
		if want := "tokenizer.json: " + test.want; got != want {
			t.Errorf("%s = %v:\ngot  %s\nwant %s", test.path, test.value, got, want)
		}
	}
}

// TestParseBrokenText checks that text that is not JSON is refused with its place.
func TestParseBrokenText(t *testing.T) {
	deep := `{"padding":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}"
	for _, test := range []struct{ text, want string }{
		{``, `invalid JSON: the file ends where an object should be`},
		{`null`, `invalid JSON at byte 0: 'n' where an object should be`},
		{`[]`, `invalid JSON at byte 0: '[' where an object should be`},
		{`{`, `invalid JSON: the file ends where a string should be`},
		{`{"version":"1.0" "x":1}`, `invalid JSON at byte 17: '"' where a comma or } should be`},
		{`{"version":"1.0",}`, `invalid JSON at byte 17: '}' where a string should be`},
		{`{"version" "1.0"}`, `invalid JSON at byte 11: '"' where a colon should be`},
		{`{"version":"1.0","version":"1.0"}`, `version: given twice`},
		{`{"version":"1.0`, `version: invalid JSON: the file ends where the rest of a string should be`},
		{"{\"version\":\"1\n\"}", `version: invalid JSON at byte 13: '\n' where the rest of a string should be`},
		{`{"version":"\x"}`, `version: invalid JSON at byte 13: 'x' where an escape sequence should be`},
		{`{"version":"\u12"}`, `version: invalid JSON at byte 14: '1' where four hexadecimal digits should be`},
		{`{"version":"\ud800"}`, `version: the escape \ud800 is half of a pair without its other half`},
		{`{"version":"\ud800\u0041"}`, `version: the escape \ud800 is half of a pair without its other half`},
		{"{\"version\":\"\xff\"}", `version: the string "\xff" is not valid UTF-8`},
		{`{"padding":[1,]}`, `padding[1]: invalid JSON at byte 14: ']' where a value should be`},
		{`{"padding":[1 2]}`, `padding: invalid JSON at byte 14: '2' where a comma or ] should be`},
		{`{"padding":01}`, `invalid JSON at byte 12: '1' where a comma or } should be`},
		{`{"padding":1.}`, `padding: invalid JSON at byte 13: '}' where a digit should be`},
		{`{"padding":1e}`, `padding: invalid JSON at byte 13: '}' where a digit should be`},
		{`{"padding":-}`, `padding: invalid JSON at byte 12: '}' where a number should be`},
		{`{"padding":nul}`, `padding: invalid JSON at byte 11: 'n' where a value should be`},
		{deep, fmt.Sprintf(`padding%s: nested more than 64 levels deep`, strings.Repeat("[0]", 63))},
		{`{"model":{"vocab":{"a":0,"a":1}}}`, `model.vocab.a: given twice`},
		{string(tiny().bytes(t)) + "x", `invalid JSON at byte 2491: 'x' where the end of the file should be`},
	} {
		_, err := Parse([]byte(test.text))
		if want := "tokenizer.json: " + test.want; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s:\ngot  %v\nwant %s", test.text, err, want)
		}
	}
}

// TestParseShapes checks that files that say the same in other ways are the same tokenizer.
func TestParseShapes(t *testing.T) {
	f := tiny()
	var joined []any
	for _, m := range f["model"].(object)["merges"].([]any) {
		joined = append(joined, fmt.Sprintf("%s %s", m.([]any)...))
	}
	escaped := strings.NewReplacer(`Ġ`, `\u0120`, `"he"`, `"\u0068\u0065"`, `<|end|>`, `\u003c|end|\u003e`)
	for name, data := range map[string][]byte{
		"merges as text": f.with("model.merges", joined).bytes(t),
		"empty affixes":  f.with("model.continuing_subword_prefix", "").with("model.end_of_word_suffix", "").bytes(t),
		"no type":        f.with("model.type", nil).bytes(t),
		"dropout 0":      f.with("model.dropout", 0).bytes(t),
		"type last":      bytes.Replace(f.bytes(t), []byte(`"type":"ByteLevel"`), []byte(`"use_regex":true,"type":"ByteLevel"`), 1),
		"escapes":        []byte(escaped.Replace(string(f.bytes(t)))),
		"many objects":   f.with("padding", slices.Repeat([]any{object{}}, 200)).bytes(t),
		"nulls":          f.with("normalizer", json.RawMessage("null")).with("post_processor", json.RawMessage("null")).bytes(t),
	} {
		tok, err := Parse(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		e, err := tok.Encode("hello w<|end|>")
		if want := []int32{259, 260, 300}; err != nil || !cmp.Equal(want, e.IDs()) {
			t.Errorf("%s: %v, %v, want %v", name, e.IDs(), err, want)
		}
	}
}

// TestMergesBeforeVocab reads a file in which the merges come first.
func TestMergesBeforeVocab(t *testing.T) {
	const file = `{"model":{"merges":["a b"],"vocab":{"a":0,"b":1,"ab":2,"Ġ":3}},` +
		`"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"decoder":{"type":"ByteLevel"}}`
	tok, err := Parse([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	e, err := tok.Encode("ab a")
	if want := []int32{2, 3, 0}; err != nil || !cmp.Equal(want, e.IDs()) {
		t.Errorf("%v, %v, want %v", e.IDs(), err, want)
	}
	_, err = Parse([]byte(strings.Replace(file, "a b", "b a", 1)))
	if want := `tokenizer.json: model.merges[0]: "ba" is not in the vocab`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestPrefixAfterMerges reads a file in which the merges can't be understood yet.
func TestPrefixAfterMerges(t *testing.T) {
	const file = `{"model":{"vocab":{"a":0,"##b":1,"ab":2},"merges":[],"continuing_subword_prefix":"##"}}`
	_, err := Parse([]byte(file))
	if want := `tokenizer.json: model: the continuing_subword_prefix stands after the merges that need it`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	tok, err := Parse([]byte(`{"model":{"continuing_subword_prefix":"##","vocab":{"a":0,"##b":1,"ab":2},"merges":["a ##b"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if e, err := tok.Encode("ab"); err != nil || !cmp.Equal(e.IDs(), []int32{2}) || tok.Kind() != "BPE" {
		t.Errorf("%v, %v, %s", e.IDs(), err, tok.Kind())
	}
}

func TestLoadErrors(t *testing.T) {
	broken := errors.New("the disk is on fire")
	if _, err := Load(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, err := Load(bytes.NewReader(nil)); err == nil {
		t.Error("an empty file was accepted")
	}
}
