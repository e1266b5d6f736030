package tokenizer

// The goldens of this file are made by
//
//	python tools/reference/tokenizer_kinds.py --out testdata/tokenizer

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// kindGolden is what one kind makes of one text.
type kindGolden struct {
	IDs     []int32 `json:"i"`
	Offsets []int   `json:"o"` // ranges of characters: the gap to the one before, and the length
	Decoded *string `json:"d"` // null where it is the text
}

// readKinds returns the tokenizers by name, as the reference implementation writes them.
func readKinds(t testing.TB) map[string]json.RawMessage {
	t.Helper()
	var file struct {
		Charsmap string
		Kinds    map[string]json.RawMessage
	}
	readLines(t, "kinds.json.gz", func(d *json.Decoder) error { return d.Decode(&file) })
	for name, spec := range file.Kinds {
		file.Kinds[name] = withCharsmap(spec, file.Charsmap)
	}
	return file.Kinds
}

// withCharsmap puts the table of characters back where @ stands for it.
func withCharsmap(spec json.RawMessage, table string) json.RawMessage {
	return bytes.ReplaceAll(spec, []byte(`"precompiled_charsmap":"@"`), []byte(`"precompiled_charsmap":"`+table+`"`))
}

// readCharsmap returns the table of characters that the goldens were made with, in base64.
func readCharsmap(t testing.TB) string {
	t.Helper()
	var file struct{ Charsmap string }
	readLines(t, "kinds.json.gz", func(d *json.Decoder) error { return d.Decode(&file) })
	return file.Charsmap
}

// readKindGoldens calls visit with every text and what the kinds make of it.
func readKindGoldens(t testing.TB, visit func(text string, kinds map[string]json.RawMessage)) {
	t.Helper()
	first := true
	readLines(t, "kinds.jsonl.gz", func(d *json.Decoder) error {
		var line struct {
			Text  string
			Kinds json.RawMessage
		}
		if err := d.Decode(&line); err != nil {
			return err
		}
		if first {
			first = false
			return nil
		}
		var kinds map[string]json.RawMessage
		if err := json.Unmarshal(line.Kinds, &kinds); err != nil {
			return err
		}
		visit(line.Text, kinds)
		return nil
	})
}

// TestKinds compares ids, ranges and the text back for every kind and every text.
func TestKinds(t *testing.T) {
	const (
		leastKinds, leastTexts = 23, 450
		fullKinds, fullTexts   = 11, 2000 // so many kinds have so many texts
	)
	toks := map[string]*Tokenizer{}
	for name, spec := range readKinds(t) {
		tok, err := Parse(spec)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		toks[name] = tok
	}
	equal := map[string]int{}
	bad := map[string]int{}
	readKindGoldens(t, func(text string, kinds map[string]json.RawMessage) {
		places := bytesOfCharacters(text)
		for name, data := range kinds {
			tok := toks[name]
			if tok == nil || bad[name] > 5 {
				continue
			}
			if complaint := compareKind(tok, text, data, places); complaint != "" {
				bad[name]++
				t.Errorf("%s: %q: %s", name, text, complaint)
				continue
			}
			equal[name]++
		}
	})
	if len(toks) < leastKinds {
		t.Errorf("only %d kinds", len(toks))
	}
	full := 0
	for name := range toks {
		if equal[name] < leastTexts {
			t.Errorf("%s: only %d texts are equal", name, equal[name])
		}
		if equal[name] >= fullTexts {
			full++
		}
	}
	if full < fullKinds {
		t.Errorf("only %d kinds with %d texts", full, fullTexts)
	}
}

// compareKind compares one text; it returns what differs.
func compareKind(tok *Tokenizer, text string, data json.RawMessage, places []int) string {
	decoded := new(string)
	*decoded = "\x00 not compared"
	want := kindGolden{Decoded: decoded}
	if err := json.Unmarshal(data, &want); err != nil {
		return err.Error()
	}
	e, err := tok.EncodeWith(text, Options{})
	if err != nil {
		return err.Error()
	}
	if !slices.Equal(e.IDs(), want.IDs) {
		return cmp.Diff(want.IDs, e.IDs())
	}
	if got, wanted := rangesOf(e), byteRanges(want.Offsets, places); !slices.Equal(got, wanted) {
		return "ranges: " + cmp.Diff(wanted, got)
	}
	if want.Decoded == nil {
		want.Decoded = &text
	}
	if back, err := tok.Decode(want.IDs); err != nil || want.Decoded != decoded && back != *want.Decoded {
		return "decoded: " + cmp.Diff(*want.Decoded, back)
	}
	return ""
}

// bytesOfCharacters returns where each character begins, and the end of the text.
func bytesOfCharacters(text string) []int {
	var places []int
	for at := range text {
		places = append(places, at)
	}
	return append(places, len(text))
}

// byteRanges unpacks ranges of characters and turns them into ranges of bytes.
func byteRanges(packed, places []int) []int {
	out := make([]int, len(packed))
	at := 0
	for i, difference := range packed {
		at += difference
		out[i] = places[at]
	}
	return out
}

// TestParts compares normalizers, pre-tokenizers and decoders one by one.
func TestParts(t *testing.T) {
	parts := 0
	table := readCharsmap(t)
	readLines(t, "parts.jsonl.gz", func(d *json.Decoder) error {
		var line struct {
			Name         string
			Normalizer   json.RawMessage
			PreTokenizer json.RawMessage `json:"pre_tokenizer"`
			Decoder      json.RawMessage
			Texts        []json.RawMessage
		}
		if err := d.Decode(&line); err != nil {
			return err
		}
		parts++
		t.Run(line.Name, func(t *testing.T) {
			var run func(*testing.T, json.RawMessage)
			switch {
			case line.Normalizer != nil:
				run = compareNormalizer(t, withCharsmap(line.Normalizer, table))
			case line.Decoder != nil:
				run = compareDecoder(t, line.Decoder)
			default:
				run = comparePreTokenizer(t, line.PreTokenizer)
			}
			for i, data := range line.Texts {
				if run(t, data); t.Failed() && i > 40 {
					return
				}
			}
		})
		return nil
	})
	if parts < 100 {
		t.Errorf("only %d parts", parts)
	}
}

// compareNormalizer returns the comparison of one text: [text, normalised, ranges of its characters].
func compareNormalizer(t *testing.T, spec json.RawMessage) func(*testing.T, json.RawMessage) {
	t.Helper()
	n, err := readNormalizer(&reader{data: spec})
	if err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T, data json.RawMessage) {
		t.Helper()
		var text, want string
		var packed []int
		if err := json.Unmarshal(data, &[]any{&text, &want, &packed}); err != nil {
			t.Fatal(err)
		}
		p, err := n.normalize(piece{text: text})
		if err != nil || p.text != want {
			t.Errorf("%q became %q, %v, want %q", text, p.text, err, want)
			return
		}
		var got []int
		for at := 0; at < len(p.text); {
			_, size := character(p.text, at)
			start, end := p.placeOfCharacters(at, at+size)
			got = append(got, start, end)
			at += size
		}
		if wanted := byteRanges(packed, bytesOfCharacters(text)); !slices.Equal(got, wanted) {
			t.Errorf("%q became %q from %v, want %v", text, want, got, wanted)
		}
	}
}

// comparePreTokenizer returns the comparison of one text: [text, pieces, their ranges].
func comparePreTokenizer(t *testing.T, spec json.RawMessage) func(*testing.T, json.RawMessage) {
	t.Helper()
	pre, err := readPreTokenizer(&reader{data: spec})
	if err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T, data json.RawMessage) {
		t.Helper()
		var text string
		var want []string
		var packed []int
		if err := json.Unmarshal(data, &[]any{&text, &want, &packed}); err != nil {
			t.Fatal(err)
		}
		var pieces []string
		var got []int
		err := pre.split(piece{text: text}, func(p piece) error {
			if p.text == "" {
				return nil
			}
			pieces = append(pieces, p.text)
			start, end := p.placeOfCharacters(0, len(p.text))
			got = append(got, start, end)
			return nil
		})
		if err != nil || !slices.Equal(pieces, want) {
			t.Errorf("%q was split %q, %v, want %q", text, pieces, err, want)
			return
		}
		if wanted := byteRanges(packed, bytesOfCharacters(text)); !slices.Equal(got, wanted) {
			t.Errorf("%q: %q lies at %v, want %v", text, pieces, got, wanted)
		}
	}
}

// compareDecoder returns the comparison of one list of tokens: [tokens, text].
func compareDecoder(t *testing.T, spec json.RawMessage) func(*testing.T, json.RawMessage) {
	t.Helper()
	d, err := readDecoder(&reader{data: spec})
	if err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T, data json.RawMessage) {
		t.Helper()
		var tokens []string
		var want string
		if err := json.Unmarshal(data, &[]any{&tokens, &want}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(want, "\ufffd") {
			return // half a character, of which we keep the bytes
		}
		if got, err := d.decode(tokens); err != nil || strings.Join(got, "") != want {
			t.Errorf("%q became %q, %v, want %q", tokens, strings.Join(got, ""), err, want)
		}
	}
}

// TestWordPieceLongWords checks the default length of a word: in characters, not bytes.
func TestWordPieceLongWords(t *testing.T) {
	const most = 100
	tok, err := Parse([]byte(`{"model":{"type":"WordPiece","vocab":{"[UNK]":0,"é":1,"##é":2}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for length, want := range map[int]int{most: most, most + 1: 1} {
		e, err := tok.Encode(strings.Repeat("é", length))
		if err != nil || len(e.Tokens) != want || want == 1 && e.Tokens[0] != (Token{ID: 0, Text: "[UNK]", End: 2 * length}) {
			t.Errorf("%d characters became %d tokens, %v, want %d", length, len(e.Tokens), err, want)
		}
	}
}

// TestTokenIDs looks tokens up by the text they stand for, for every kind.
func TestTokenIDs(t *testing.T) {
	for name, spec := range readKinds(t) {
		tok, err := Parse(spec)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for id := range int32(tok.Size()) {
			text, ok := tok.TokenText(id)
			if !ok {
				continue
			}
			back, ok := tok.TokenID(text)
			if again, _ := tok.TokenText(back); ok && again != text {
				t.Errorf("%s: token %d stands for %q, token %d for %q", name, id, text, back, again)
			}
			if ok {
				found++
			}
		}
		if found < tok.Size()*9/10 {
			t.Errorf("%s: only %d of %d tokens are found by their text", name, found, tok.Size())
		}
	}
}
