package tokenizer

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// kindFile is what a GGUF file is made from: a kind's tokenizer.json.
type kindFile struct {
	Added []struct {
		ID      int32
		Content string
		Special bool
	} `json:"added_tokens"`
	Normalizer json.RawMessage
	Model      struct {
		Vocab  json.RawMessage
		Merges [][2]string
	}
}

// ggufOf returns the metadata that a converter would write for a kind.
func ggufOf(t testing.TB, spec json.RawMessage, meta GGUFMeta) GGUFMeta {
	t.Helper()
	var file kindFile
	if err := json.Unmarshal(spec, &file); err != nil {
		t.Fatal(err)
	}
	var ids map[string]int32
	var pieces [][2]any
	if json.Unmarshal(file.Model.Vocab, &ids) != nil {
		if err := json.Unmarshal(file.Model.Vocab, &pieces); err != nil {
			t.Fatal(err)
		}
		ids = map[string]int32{}
		for i, piece := range pieces {
			ids[piece[0].(string)] = int32(i)
			meta.Scores = append(meta.Scores, float32(piece[1].(float64)))
		}
	}
	size := len(ids)
	for _, added := range file.Added {
		ids[added.Content] = added.ID
		size = max(size, int(added.ID)+1)
	}
	meta.Tokens, meta.Types = make([]string, size), slices.Repeat([]int32{GGUFNormal}, size)
	for token, id := range ids {
		meta.Tokens[id] = token
		if _, ok := byteOfToken(token); ok {
			meta.Types[id] = GGUFByte
		}
	}
	for _, added := range file.Added {
		meta.Types[added.ID] = GGUFUserDefined
		if added.Special {
			meta.Types[added.ID] = GGUFControl
		}
		if added.Content == "<unk>" || added.Content == "[UNK]" {
			meta.Types[added.ID] = GGUFUnknown
		}
	}
	switch meta.Model {
	case "llama":
		meta.Scores = scoresOf(file.Model.Merges, ids)
	case "gpt2", "gemma4":
		for _, merge := range file.Model.Merges {
			meta.Merges = append(meta.Merges, merge[0]+" "+merge[1])
		}
	case "bert":
		for id, token := range meta.Tokens {
			if rest, goesOn := strings.CutPrefix(token, "##"); goesOn {
				meta.Tokens[id] = rest
			} else if meta.Types[id] == GGUFNormal {
				meta.Tokens[id] = "▁" + token
			}
		}
	}
	return meta
}

// scoresOf gives each token the place of its first merge.
func scoresOf(merges [][2]string, ids map[string]int32) []float32 {
	scores := make([]float32, len(ids))
	for i := range scores {
		scores[i] = -1e6
	}
	for i, merge := range slices.Backward(merges) {
		scores[ids[merge[0]+merge[1]]] = -float32(i)
	}
	return scores
}

// TestGGUFKinds compares the tokenizer from a GGUF file with the reference's from tokenizer.json.
func TestGGUFKinds(t *testing.T) {
	yes := true
	id := func(i int32) *int32 { return &i }
	charsmap, err := base64.StdEncoding.DecodeString(readCharsmap(t))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]GGUFMeta{
		"gpt2":        {Model: "gpt2", Pre: "gpt-2"},
		"llama3":      {Model: "gpt2", Pre: "llama-bpe", BOS: id(0)},
		"qwen2":       {Model: "gpt2", Pre: "qwen2"},
		"starcoder":   {Model: "gpt2", Pre: "starcoder"},
		"o200k":       {Model: "gpt2", Pre: "gpt-4o"},
		"deepseek-v3": {Model: "gpt2", Pre: "deepseek-v3"},
		"kimi":        {Model: "gpt2", Pre: "kimi-k2"},
		"bloom":       {Model: "gpt2", Pre: "bloom"},
		"llama2":      {Model: "llama"},
		"bert cased":  {Model: "bert", Lowercase: new(bool), Separator: id(3), BOS: id(2)},
		"t5":          {Model: "t5", PrecompiledCharsmap: charsmap, AddSpacePrefix: &yes, RemoveExtraWhitespaces: &yes},
	}
	toks, references := map[string]*Tokenizer{}, map[string]*Tokenizer{}
	for name, spec := range readKinds(t) {
		meta, ok := tests[name]
		if !ok {
			continue
		}
		tok, err := FromGGUF(ggufOf(t, spec, meta))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		reference, err := Parse(spec)
		if err != nil {
			t.Fatal(err)
		}
		toks[name], references[name] = tok, reference
	}
	texts, differ := map[string]int{}, map[string]int{}
	readKindGoldens(t, func(text string, kinds map[string]json.RawMessage) {
		for name, tok := range toks {
			if kinds[name] == nil {
				continue
			}
			texts[name]++
			got, err := tok.Encode(text)
			want, _ := references[name].Encode(text) // equal to the reference's, by TestKinds
			if err == nil && slices.Equal(got.IDs(), want.IDs()) && slices.Equal(rangesOf(got), rangesOf(want)) {
				continue
			}
			if differ[name]++; differ[name] <= 3 {
				t.Logf("%s: %q: %v %v, want %v", name, text, got.Tokens, err, want.Tokens)
			}
		}
	})
	for name := range tests {
		if texts[name] < 450 || differ[name] > 0 {
			t.Errorf("%s: %d of %d texts differ", name, differ[name], texts[name])
		}
	}
}

// rangesOf returns the tokens' ranges.
func rangesOf(e Encoding) []int {
	var out []int
	for _, t := range e.Tokens {
		out = append(out, t.Start, t.End)
	}
	return out
}

// TestGGUFErrors checks that metadata that makes no tokenizer is refused.
func TestGGUFErrors(t *testing.T) {
	id, yes := func(i int32) *int32 { return &i }, true
	for _, test := range []struct {
		meta GGUFMeta
		want string
	}{
		{GGUFMeta{Model: "gpt2"}, "tokens: there are none"},
		{GGUFMeta{Model: "rwkv", Tokens: []string{"a"}}, `model: "rwkv" is not supported (supported: llama, gpt2, gemma4, bert, t5)`},
		{GGUFMeta{Model: "gpt2", Pre: "new", Tokens: []string{"a"}}, `pre: "new" is not supported`},
		{GGUFMeta{Model: "gpt2", Tokens: []string{"a"}, Merges: []string{"ab"}}, `merges: "ab" is not two tokens with a space between them`},
		{GGUFMeta{Model: "gpt2", Tokens: []string{"a"}, Merges: []string{""}}, `merges: "" is not two tokens with a space between them`},
		{GGUFMeta{Model: "gpt2", Tokens: []string{"a"}, Merges: []string{"a b"}}, `merges: merge 0: a token of "a b" is not in the vocabulary`},
		{GGUFMeta{Model: "gpt2", Tokens: []string{"a"}, AddBOS: &yes}, "bos_token_id: missing, though add_bos_token asks for it"},
		{GGUFMeta{Model: "gpt2", Tokens: []string{"a"}, AddEOS: &yes}, "eos_token_id: missing, though add_eos_token asks for it"},
		{GGUFMeta{Model: "llama", Tokens: []string{"a"}}, "scores: there are none"},
		{GGUFMeta{Model: "t5", Tokens: []string{"a"}}, "scores: there are none"},
		{GGUFMeta{Model: "llama", Tokens: []string{"a"}, Scores: []float32{1, 2}}, "scores: 2 of them for 1 tokens"},
		{GGUFMeta{Model: "llama", Tokens: []string{"a"}, Types: []int32{1, 2}}, "token_type: 2 of them for 1 tokens"},
		{GGUFMeta{Model: "llama", Tokens: []string{"a"}, Scores: []float32{0}, BOS: id(1)}, "bos_token_id: no token has the id 1"},
		{GGUFMeta{Model: "t5", Tokens: []string{"a"}, Scores: []float32{0}, PrecompiledCharsmap: []byte{1}}, "precompiled_charsmap: the compiled table of characters is broken"},
		{GGUFMeta{Model: "llama", Tokens: []string{strings.Repeat("a", 5000)}, Scores: []float32{0}, Types: []int32{GGUFControl}, AddBOS: new(bool)}, "tokens: token 0 is 5000 bytes long (at most 4096)"},
	} {
		_, err := FromGGUF(test.meta)
		if want := "tokenizer.ggml: " + test.want; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestGGUFPres compiles the patterns of every name.
func TestGGUFPres(t *testing.T) {
	names := 0
	for _, pre := range ggufPres() {
		for name := range strings.FieldsSeq(pre.names) {
			names++
			if _, err := FromGGUF(GGUFMeta{Model: "gpt2", Pre: name, Tokens: []string{"a"}, BOS: new(int32)}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if names < 60 {
		t.Errorf("only %d names", names)
	}
}

// TestSentencePieceByHand joins by score: "ab" before "bc", though "bc" would have come first from the right.
func TestSentencePieceByHand(t *testing.T) {
	tok, err := FromGGUF(GGUFMeta{
		Model:  "llama",
		Tokens: []string{"<unk>", "<s>", "</s>", "▁", "a", "b", "c", "ab", "bc", "▁ab", "<0xC3>", "<0xA9>"},
		Scores: []float32{0, 0, 0, -9, -9, -9, -9, -1, -2, -3, 0, 0},
		Types:  []int32{2, 3, 3, 1, 1, 1, 1, 1, 1, 1, 6, 6},
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := tok.Encode("abcé\u00e8")
	want := []Token{
		{ID: 1, Text: "<s>", Special: true},
		{ID: 9, Text: " ab", End: 2},
		{ID: 6, Text: "c", Start: 2, End: 3},
		{ID: 10, Text: "\xc3", Start: 3, End: 5},
		{ID: 11, Text: "\xa9", Start: 3, End: 5},
		{ID: 0, Text: "<unk>", Start: 5, End: 7},
	}
	if diff := cmp.Diff(want, e.Tokens); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if back, err := tok.Decode(e.IDs()[1:5]); err != nil || back != "abcé" {
		t.Errorf("%q, %v", back, err)
	}
	if got, ok := tok.TokenID(" ab"); !ok || got != 9 || tok.Kind() != "SentencePiece BPE" || tok.Size() != 12 {
		t.Errorf("%d, %v, %s, %d", got, ok, tok.Kind(), tok.Size())
	}
	pieces, err := tok.Merges("ab")
	if err != nil || len(pieces) != 1 || len(pieces[0].Merges) != 2 || pieces[0].Merges[0].Result != "ab" {
		t.Errorf("%+v, %v", pieces, err)
	}
}

// FuzzGGUF makes tokenizers of any lists: nothing panics, and what is made encodes and decodes.
func FuzzGGUF(f *testing.F) {
	f.Add("llama", "", "<unk>\n<s>\n</s>\n▁\na\nb\nab\n<0x41>", []byte{2, 3, 3, 1, 1, 1, 1, 6}, "", []byte(nil), "ab <s> é")
	f.Add("gpt2", "llama-bpe", "a\nb\nab\nĠ", []byte{1, 1, 1, 1}, "a b", []byte(nil), "ab a")
	f.Add("bert", "", "[UNK]\n▁a\nb", []byte{3, 1, 1}, "", []byte(nil), "ab ac")
	f.Add("t5", "", "a\n▁a\n<unk>", []byte{1, 1, 2}, "", []byte{4, 0, 0, 0, 0, 0, 0, 0}, "a  ba")
	f.Add("gemma4", "", "a\nb\nab\n▁", []byte{1, 1, 1, 1}, "a b", []byte(nil), "ab a")
	f.Fuzz(func(t *testing.T, model, pre, tokens string, types []byte, merges string, charsmap []byte, text string) {
		meta := GGUFMeta{Model: model, Pre: pre, Tokens: strings.Split(tokens, "\n"), PrecompiledCharsmap: charsmap}
		for i := range meta.Tokens {
			meta.Scores = append(meta.Scores, -float32(i%7))
		}
		if len(types) == len(meta.Tokens) {
			for _, kind := range types {
				meta.Types = append(meta.Types, int32(kind))
			}
		}
		if merges != "" {
			meta.Merges = strings.Split(merges, "\n")
		}
		tok, err := FromGGUF(meta)
		if err != nil {
			if strings.ContainsRune(err.Error(), '\n') || !strings.HasPrefix(err.Error(), "tokenizer.") {
				t.Errorf("error %q", err)
			}
			return
		}
		e, err := tok.Encode(text)
		if err != nil {
			return // no token for some character
		}
		checkAnyRanges(t, text, e)
		if _, err := tok.Decode(e.IDs()); err != nil {
			t.Error(err)
		}
	})
}
