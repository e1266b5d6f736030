package tokenizer

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// file is a tokenizer.json to be changed by a test.
type file map[string]any

// tiny returns a tokenizer whose vocabulary is the 256 bytes, a few letters joined, and <|end|>: "lo" merges
// before "he", and "hello" is made of "he", "l" and "lo".
func tiny() file {
	vocab := map[string]any{}
	for b, letter := range newAlphabet().letter {
		vocab[string(letter)] = b
	}
	merges := []any{}
	for i, m := range [][2]string{{"l", "o"}, {"h", "e"}, {"he", "l"}, {"hel", "lo"}, {"Ġ", "w"}, {"Ã", "©"}, {"a", "a"}} {
		vocab[m[0]+m[1]] = 256 + i
		merges = append(merges, []any{m[0], m[1]})
	}
	return file{
		"version":       "1.0",
		"added_tokens":  []any{map[string]any{"id": 300, "content": "<|end|>", "special": true}},
		"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false},
		"decoder":       map[string]any{"type": "ByteLevel"},
		"model":         map[string]any{"type": "BPE", "vocab": vocab, "merges": merges},
	}
}

// with returns the file with one member replaced, or removed if value is nil. The path has dots.
func (f file) with(path string, value any) file {
	keys := strings.Split(path, ".")
	out := maps.Clone(f)
	var inner map[string]any = out
	for _, key := range keys[:len(keys)-1] {
		next := maps.Clone(inner[key].(map[string]any))
		inner[key] = next
		inner = next
	}
	if last := keys[len(keys)-1]; value == nil {
		delete(inner, last)
	} else {
		inner[last] = value
	}
	return out
}

// parse parses the file.
func (f file) parse(t testing.TB) *Tokenizer {
	t.Helper()
	tok, err := Parse(f.bytes(t))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// bytes returns the file's text.
func (f file) bytes(t testing.TB) []byte {
	t.Helper()
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestEncode(t *testing.T) {
	tok := tiny().parse(t)
	for _, test := range []struct {
		text string
		want []Token
	}{
		{"", []Token{}},
		{"hello", []Token{{ID: 259, Text: "hello", Start: 0, End: 5}}},
		{"hello wo", []Token{
			{ID: 259, Text: "hello", Start: 0, End: 5},
			{ID: 260, Text: " w", Start: 5, End: 7},
			{ID: 'o', Text: "o", Start: 7, End: 8},
		}},
		{"é\xff<|end|>", []Token{
			{ID: 261, Text: "é", Start: 0, End: 2},
			{ID: 0xff, Text: "\xff", Start: 2, End: 3},
			{ID: 300, Text: "<|end|>", Start: 3, End: 10, Special: true},
		}},
		{"è", []Token{ // no merge: two halves of a character
			{ID: 0xc3, Text: "\xc3", Start: 0, End: 2},
			{ID: 0xa8, Text: "\xa8", Start: 0, End: 2},
		}},
		{"aaaaa", []Token{ // the leftmost first on ties
			{ID: 262, Text: "aa", Start: 0, End: 2},
			{ID: 262, Text: "aa", Start: 2, End: 4},
			{ID: 'a', Text: "a", Start: 4, End: 5},
		}},
	} {
		e, err := tok.Encode(test.text)
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
		}
		if diff := cmp.Diff(test.want, e.Tokens); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.text, diff)
		}
	}
}

func TestPrefixSpace(t *testing.T) {
	tok := tiny().with("pre_tokenizer.add_prefix_space", true).parse(t)
	e, err := tok.Encode("w w")
	want := []Token{{ID: 260, Text: " w", Start: 0, End: 1}, {ID: 260, Text: " w", Start: 1, End: 3}}
	if diff := cmp.Diff(want, e.Tokens); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if e, _ = tok.Encode("hello"); e.Tokens[0] != (Token{ID: ' ', Text: " ", Start: 0, End: 1}) {
		t.Errorf("the inserted space became %+v", e.Tokens[0])
	}
}

func TestOptions(t *testing.T) {
	tok := tiny().with("post_processor", map[string]any{
		"type": "TemplateProcessing", "pair": []any{},
		"single": []any{
			map[string]any{"SpecialToken": map[string]any{"id": "<e>"}},
			map[string]any{"Sequence": map[string]any{"id": "A"}},
			map[string]any{"SpecialToken": map[string]any{"id": "<e>"}},
		},
		"special_tokens": map[string]any{"<e>": map[string]any{"id": "<e>", "ids": []any{300}, "tokens": []any{"<|end|>"}}},
	}).parse(t)
	end := Token{300, "<|end|>", 0, 0, true} // without a place in the text, as in the reference implementation
	with, err := tok.Encode("hello")
	if want := []Token{end, {259, "hello", 0, 5, false}, end}; err != nil || !cmp.Equal(want, with.Tokens) {
		t.Errorf("with special tokens: %+v, %v", with.Tokens, err)
	}
	without, err := tok.EncodeWith("hello", Options{})
	if want := []int32{259}; err != nil || !cmp.Equal(want, without.IDs()) {
		t.Errorf("without special tokens: %v, %v", without.IDs(), err)
	}
}

func TestMerges(t *testing.T) {
	got, err := tiny().parse(t).Merges("hello w<|end|>")
	want := []Piece{
		{
			Text: "hello", Start: 0, End: 5,
			Merges: []Merge{{"l", "o", "lo", 0}, {"h", "e", "he", 1}, {"he", "l", "hel", 2}, {"hel", "lo", "hello", 3}},
			Tokens: []Token{{ID: 259, Text: "hello", Start: 0, End: 5}},
		},
		{
			Text: " w", Start: 5, End: 7, Merges: []Merge{{" ", "w", " w", 4}},
			Tokens: []Token{{ID: 260, Text: " w", Start: 5, End: 7}},
		},
		{
			Text: "<|end|>", Start: 7, End: 14, Added: true,
			Tokens: []Token{{ID: 300, Text: "<|end|>", Start: 7, End: 14, Special: true}},
		},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestMergesAgree applies the merges by the definition, one at a time over the whole list of symbols, and
// compares them and the outcome with those that the queue gives.
func TestMergesAgree(t *testing.T) {
	tok := parseFile(t, multiFile)
	m := tok.model.(*bpe)
	for _, g := range readGoldens(t, "multi.jsonl.gz", multiFile, "--all testdata/tokenizer") {
		if len(g.Text) > 400 {
			continue
		}
		pieces, err := tok.Merges(g.Text)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pieces {
			if p.Added {
				continue
			}
			merges, ids := naive(m, p.Text)
			e := Encoding{Tokens: p.Tokens}
			if !cmp.Equal(merges, p.Merges) || !cmp.Equal(ids, e.IDs()) {
				t.Errorf("%q: %v %v, want %v %v", p.Text, p.Merges, e.IDs(), merges, ids)
			}
		}
	}
}

// naive is byte-pair encoding as it is defined.
func naive(m *bpe, text string) (merges []Merge, ids []int32) {
	merges = []Merge{}
	var symbols []string
	for i := range len(text) {
		symbols = append(symbols, text[i:i+1])
		ids = append(ids, m.base[text[i]])
	}
	for {
		best, at := int32(len(m.results)), absent
		for i := range len(ids) - 1 {
			if rank, ok := m.ranks[pair{ids[i], ids[i+1]}]; ok && rank < best {
				best, at = rank, i
			}
		}
		if at == absent {
			return merges, ids
		}
		made := symbols[at] + symbols[at+1]
		merges = append(merges, Merge{symbols[at], symbols[at+1], made, int(best)})
		symbols = append(append(symbols[:at:at], made), symbols[at+2:]...)
		ids = append(append(ids[:at:at], m.results[best]), ids[at+2:]...)
	}
}

func TestTokenText(t *testing.T) {
	tok := tiny().parse(t)
	for _, test := range []struct {
		id   int32
		text string
		ok   bool
	}{
		{0, "\x00", true},
		{0xc3, "\xc3", true},
		{260, " w", true},
		{300, "<|end|>", true},
		{299, "", false}, // a hole
		{301, "", false},
		{-1, "", false},
	} {
		if text, ok := tok.TokenText(test.id); text != test.text || ok != test.ok {
			t.Errorf("TokenText(%d) = %q, %v", test.id, text, ok)
		}
		if !test.ok {
			continue
		}
		if id, ok := tok.TokenID(test.text); id != test.id || !ok {
			t.Errorf("TokenID(%q) = %d, %v", test.text, id, ok)
		}
	}
	if id, ok := tok.TokenID("two words"); ok {
		t.Errorf("two words are one token, %d", id)
	}
	if _, err := tok.Decode([]int32{259, 299}); err == nil || err.Error() != "tokenizer: token 2 of 2: no token has the id 299" {
		t.Errorf("Decode of an unknown id: %v", err)
	}
	if tok.Size() != 301 || tok.Kind() != "byte-level BPE" {
		t.Errorf("Size %d, Kind %q", tok.Size(), tok.Kind())
	}
}

// TestVocabularyInverse checks TokenID against TokenText for every token of the built-in model.
func TestVocabularyInverse(t *testing.T) {
	tok := parseFile(t, storyFile)
	for id := range int32(tok.Size()) {
		text, ok := tok.TokenText(id)
		if back, found := tok.TokenID(text); !ok || !found || back != id {
			t.Errorf("token %d is %q, %v, which is token %d, %v", id, text, ok, back, found)
		}
	}
}

func TestMissingByte(t *testing.T) {
	f := tiny()
	delete(f["model"].(map[string]any)["vocab"].(map[string]any), "x")
	_, err := f.parse(t).Encode("hello xyz")
	want := `tokenizer: at byte 5 of the text: no token for the byte 0x78 of " xyz"`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestNextPiece(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"it's a", "it|'s| a"},
		{"it'Sx", "it|'|Sx"},
		{"'stuff 's", "'s|tuff| '|s"},
		{"''s", "''|s"},
		{"a  b", "a| | b"},
		{"a \n b", "a| \n| b"},
		{"a\nb", "a|\n|b"},
		{"a\n\nb", "a|\n|\n|b"},
		{"a  ", "a|  "},
		{" 12a.", " 12|a|."},
		{"\u00a0\u00a0x", "\u00a0|\u00a0|x"},
		{" \u3000x", " |\u3000|x"},
		{"  !?x", " | !?|x"},
		{"x\xff\xfey", "x|\xff\xfe|y"},
		{" \xff ", " \xff| "},
		{"e\u0301", "e|\u0301"},
	} {
		var got []string
		for at := 0; at < len(test.text); {
			end := nextPiece(test.text, at)
			got = append(got, test.text[at:end])
			at = end
		}
		if s := strings.Join(got, "|"); s != test.want {
			t.Errorf("%q is split %q, want %q", test.text, s, test.want)
		}
	}
}

func TestAlphabet(t *testing.T) {
	a := newAlphabet()
	for b, want := range map[byte]rune{0: 'Ā', ' ': 'Ġ', '\n': 'Ċ', '!': '!', '~': '~', 0x7f: 'ġ', 0xa1: '¡', 0xad: 'Ń', 0xff: 'ÿ'} {
		if a.letter[b] != want {
			t.Errorf("byte 0x%02X is spelled %c, want %c", b, a.letter[b], want)
		}
	}
	for b := range 256 {
		if back := a.tokenText(a.spell(string([]byte{byte(b)}))); back != string([]byte{byte(b)}) {
			t.Errorf("byte 0x%02X comes back as %q", b, back)
		}
	}
	if got := a.tokenText("Ġa中"); got != "Ġa中" {
		t.Errorf("a token with a character from outside became %q", got)
	}
}

// TestLongPieces encodes texts of 256 KB that hold one piece each, or nothing but near misses of
// an added token. Anything quadratic would take minutes instead of a second.
func TestLongPieces(t *testing.T) {
	const size = 1 << 18
	tok := parseFile(t, storyFile)
	for _, unit := range []string{"a", "the", "<|", "<|endoftext|", " ", "\n", " \n", "'", "中", "\xff", "0123456789"} {
		text := strings.Repeat(unit, size/len(unit))
		e, err := tok.Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		checkRanges(t, text, e)
	}
}

// TestQueueIsShort counts what the merge queue is given: the linear bound on it is what keeps long pieces fast.
func TestQueueIsShort(t *testing.T) {
	m := parseFile(t, storyFile).model.(*bpe)
	w := &word{text: strings.Repeat("the forest", 10_000), log: true}
	if err := m.tokenize(w); err != nil {
		t.Fatal(err)
	}
	if most := len(w.text); len(w.taken) >= most || cap(w.queue) > 4*most {
		t.Errorf("%d merges and a queue of %d for %d bytes", len(w.taken), cap(w.queue), most)
	}
}

// TestEmptyWord gives the model what the pre-tokenizer never does.
func TestEmptyWord(t *testing.T) {
	w := &word{}
	if err := tiny().parse(t).model.tokenize(w); err != nil || len(w.parts) != 0 {
		t.Errorf("%v, %v", w.parts, err)
	}
}

func TestConcurrentUse(t *testing.T) {
	tok := parseFile(t, storyFile)
	want, err := tok.Encode("a fluffy blue creature")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				if got, err := tok.Encode("a fluffy blue creature"); err != nil || !cmp.Equal(want, got) {
					t.Errorf("got %v, %v", got, err)
				}
			}
		})
	}
	group.Wait()
}

func TestLoad(t *testing.T) {
	f, err := os.Open(filepath.FromSlash(storyFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tok, err := Load(f)
	if err != nil {
		t.Fatal(err)
	}
	if want := parseFile(t, storyFile).Size(); tok.Size() != want {
		t.Errorf("size %d, want %d", tok.Size(), want)
	}
}

// anyText generates texts of every kind: bytes without sense, and words, spaces, added tokens and halves of
// characters next to each other.
func anyText() *rapid.Generator[string] {
	bits := rapid.SampledFrom([]string{
		" ", "  ", "\n", "\t", "\r\n", "\u00a0", "\u3000", "the", " the", "'s", "'", "’s", "hello", "é", "\xc3", "\xa9",
		"\xf0\x9f\x98", "😀", "👍🏽", "\u200d", "中文", "1", "²", "<|endoftext|>", "<|end", "|>", "\x00", "\xff", "!", "_",
	})
	return rapid.OneOf(
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 200), func(b []byte) string { return string(b) }),
		rapid.Map(rapid.SliceOfN(bits, 0, 60), func(s []string) string { return strings.Join(s, "") }),
		rapid.String(),
	)
}

// checkRoundTrip checks what must hold for every text and every tokenizer that changes no text.
func checkRoundTrip(t interface{ Errorf(string, ...any) }, tok *Tokenizer, text string) {
	e, err := tok.Encode(text)
	if err != nil {
		t.Errorf("%q: %v", text, err)
		return
	}
	checkRanges(t, text, e)
	var joined strings.Builder
	for i, token := range e.Tokens {
		if own := text[token.Start:token.End]; !strings.Contains(own, token.Text) || utf8.ValidString(token.Text) && own != token.Text {
			t.Errorf("%q: token %d has the text %q at %q", text, i, token.Text, own)
		}
		joined.WriteString(token.Text)
	}
	back, err := tok.Decode(e.IDs())
	if err != nil || back != text || joined.String() != text {
		t.Errorf("%q decodes to %q, %v, and its tokens join to %q", text, back, err, joined.String())
	}
	if utf8.ValidString(text) {
		checkPieces(t, tok, text, e)
	}
}

// checkPieces checks that Merges tells the same story as Encode.
func checkPieces(t interface{ Errorf(string, ...any) }, tok *Tokenizer, text string, e Encoding) {
	pieces, err := tok.Merges(text)
	if err != nil {
		t.Errorf("%q: %v", text, err)
	}
	tokens := []Token{}
	for _, p := range pieces {
		tokens = append(tokens, p.Tokens...)
		if !p.Added && len(p.Text)-len(p.Merges) != len(p.Tokens) {
			t.Errorf("%q: %d bytes and %d merges made %d tokens", p.Text, len(p.Text), len(p.Merges), len(p.Tokens))
		}
	}
	if diff := cmp.Diff(e.Tokens, tokens); diff != "" {
		t.Errorf("%q: the pieces' tokens differ (-Encode +Merges):\n%s", text, diff)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, path := range []string{storyFile, multiFile} {
		tok := parseFile(t, path)
		rapid.Check(t, func(t *rapid.T) { checkRoundTrip(t, tok, anyText().Draw(t, "text")) })
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, text := range []string{"", "a fluffy blue creature", "it's  <|endoftext|>\n", "\xc3\x28\xff", "é 中 😀"} {
		f.Add(text)
	}
	tok := parseFile(f, multiFile)
	f.Fuzz(func(t *testing.T, text string) { checkRoundTrip(t, tok, text) })
}

func FuzzParse(f *testing.F) {
	small := tiny()
	f.Add(small.bytes(f))
	f.Add([]byte(`{"version":"1.0","model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},"pre_tokenizer":{"type":"ByteLevel"},"decoder":{"type":"ByteLevel"}}`))
	f.Add([]byte(`{"added_tokens":[{"id":1,"content":"\ud83d\ude00","lstrip":true}],"model":{"merges":[["a","b"]],"vocab":{}}}`))
	readLines(f, "variants.jsonl.gz", func(d *json.Decoder) error {
		var v struct{ Tokenizer json.RawMessage }
		err := d.Decode(&v)
		if err == nil {
			f.Add([]byte(v.Tokenizer))
		}
		return err
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := Parse(data)
		if err != nil {
			if strings.ContainsRune(err.Error(), '\n') || !strings.HasPrefix(err.Error(), "tokenizer.json: ") {
				t.Errorf("error %q", err)
			}
			return
		}
		if !json.Valid(data) {
			t.Errorf("accepted text that is not JSON: %q", data)
		}
		e, err := tok.Encode("it's <|end|>  é\n\xff 12")
		if err != nil {
			return // a vocabulary without some byte
		}
		if _, err := tok.Decode(e.IDs()); err != nil {
			t.Error(err)
		}
	})
}
