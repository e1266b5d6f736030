package tokenizer

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// longTexts are texts of this many bytes that are hard for one thing or another: one word without end, no
// word at all, marks without end, text of which every character changes.
func longTexts(size int) []string {
	units := []string{
		"the queen's 123 castles.\n", "a", "the", " ", "\n", " \n", "▁", "é", "e\u0301", "\u0301", "語", "\xff", "1", "!", "😀", "<unk>", "<s", "A", "①", "İ",
	}
	texts := make([]string, len(units))
	for i, unit := range units {
		texts[i] = strings.Repeat(unit, size/len(unit))
	}
	return texts
}

// TestLinear encodes long texts with every kind. Anything quadratic would take minutes.
func TestLinear(t *testing.T) {
	const size, turns = 1 << 16, 5
	texts := longTexts(size)
	i := 0
	specs := readKinds(t)
	for _, name := range slices.Sorted(maps.Keys(specs)) {
		tok, err := Parse(specs[name])
		if err != nil {
			t.Fatal(err)
		}
		for range turns { // the texts in turns: all with all would take a minute
			text := texts[i%len(texts)]
			i++
			e, err := tok.Encode(text)
			if err != nil {
				t.Errorf("%s: %q: %v", name, text[:12], err)
				continue
			}
			checkAnyRanges(t, text, e)
		}
	}
}

// TestStepsAreLinear counts the steps that patterns take: they must not grow faster than the text.
func TestStepsAreLinear(t *testing.T) {
	for _, pre := range ggufPres() {
		for _, pattern := range pre.patterns {
			re, err := compileRegex(pattern)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(pattern, "(?=") {
				continue // these count digits to the end of the number, in every engine; errSteps bounds them
			}
			for _, text := range longTexts(1 << 12) {
				short, long := stepsOf(t, re, text), stepsOf(t, re, strings.Repeat(text, 4))
				if long > 6*short+1000 {
					t.Errorf("%s on %q: %d steps, for four times the text %d", pattern, text[:8], short, long)
				}
			}
		}
	}
}

// stepsOf counts the steps that finding all matches takes.
func stepsOf(t *testing.T, re *regex, text string) int {
	t.Helper()
	const plenty = 1 << 40
	m := &matcher{re: re, text: text, steps: plenty, marks: make([]int, re.marks)}
	for at := 0; at < len(text); {
		start, end, err := m.find(at)
		if err != nil {
			t.Fatal(err)
		}
		if start < 0 {
			break
		}
		if at = end; start == end {
			_, size := character(text, at)
			at += max(size, 1)
			if at >= len(text) {
				break
			}
		}
	}
	return plenty - m.steps
}

// TestUnigramVisits counts the tokens that a Unigram looks at: at most one per byte of the longest token, for
// every character.
func TestUnigramVisits(t *testing.T) {
	tok, err := Parse(readKinds(t)["t5"])
	if err != nil {
		t.Fatal(err)
	}
	m := tok.model.(*unigram)
	longest := 0
	for token := range m.vocab.all() {
		longest = max(longest, len(token))
	}
	text := strings.Repeat("theandfor", 1000)
	visits := 0
	for at := range text {
		m.known.each(text[at:], func(length int, _ int32) {
			if visits++; length > longest {
				t.Fatalf("a token of %d bytes", length)
			}
		})
	}
	if visits == 0 || visits > longest*len(text) {
		t.Errorf("%d visits for %d bytes", visits, len(text))
	}
}

// checkAnyRanges checks what must hold for the ranges of any tokenizer: they lie in the text.
func checkAnyRanges(t interface{ Errorf(string, ...any) }, text string, e Encoding) {
	for i, token := range e.Tokens {
		if token.Start < 0 || token.End < token.Start || token.End > len(text) {
			t.Errorf("%q: token %d has the range %d..%d", quote(text), i, token.Start, token.End)
			return
		}
	}
}

// FuzzKinds encodes any text with every kind: nothing panics, ranges lie in the text, ids decode, and where a
// kind changes no text, it comes back.
func FuzzKinds(f *testing.F) {
	toks := map[string]*Tokenizer{}
	for name, spec := range readKinds(f) {
		tok, err := Parse(spec)
		if err != nil {
			f.Fatal(err)
		}
		toks[name] = tok
	}
	for _, text := range []string{"", "a fluffy blue creature", "it's  <unk>\n", "\xc3\x28\xff", "é 中 😀 ﬁ①\u0301", "▁▁ \u200b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, tok := range toks {
			e, err := tok.Encode(text)
			if err != nil {
				t.Fatalf("%s: %q: %v", name, text, err)
			}
			checkAnyRanges(t, text, e)
			inner, err := tok.EncodeWith(text, Options{})
			if err != nil {
				t.Fatal(err)
			}
			back, err := tok.Decode(inner.IDs())
			if err != nil {
				t.Fatalf("%s: %q: %v", name, text, err)
			}
			if tok.raw && tok.normalizer == nil && name != "roberta" && back != text {
				t.Errorf("%s: %q came back as %q", name, text, back)
			}
			if !tok.post.trim {
				checkSameTokens(t, tok, text, inner)
			}
		}
	})
}

// checkSameTokens checks that Merges gives the same tokens as EncodeWith.
func checkSameTokens(t *testing.T, tok *Tokenizer, text string, e Encoding) {
	t.Helper()
	pieces, err := tok.Merges(text)
	if err != nil {
		t.Fatal(err)
	}
	tokens := []Token{}
	for _, p := range pieces {
		tokens = append(tokens, p.Tokens...)
	}
	if diff := cmp.Diff(e.Tokens, tokens); diff != "" {
		t.Errorf("%q: the pieces' tokens differ (-Encode +Merges):\n%s", text, diff)
	}
}

// FuzzParseKinds parses changed files of every kind.
func FuzzParseKinds(f *testing.F) {
	for _, spec := range readKinds(f) {
		var file map[string]any
		if err := json.Unmarshal(spec, &file); err != nil {
			f.Fatal(err)
		}
		shorten(file["model"].(map[string]any))
		small, err := json.Marshal(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(small)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := Parse(data)
		if err != nil {
			if strings.ContainsRune(err.Error(), '\n') || !strings.HasPrefix(err.Error(), "tokenizer.json: ") {
				t.Errorf("error %q", err)
			}
			return
		}
		const text = "it's <unk>  é①\n\xff 12 ﬁ 中"
		e, err := tok.Encode(text)
		if err != nil {
			return
		}
		checkAnyRanges(t, text, e)
		if _, err := tok.Decode(e.IDs()); err != nil && !strings.Contains(err.Error(), "regular expression") {
			t.Error(err)
		}
	})
}

// shorten leaves only the first few tokens of a vocabulary, so that the fuzzer changes the rest.
func shorten(model map[string]any) {
	const few = 40
	if list, ok := model["vocab"].([]any); ok {
		model["vocab"] = list[:min(len(list), few)]
		return
	}
	vocab := map[string]any{}
	for token, id := range model["vocab"].(map[string]any) {
		if id.(float64) < few || token == model["unk_token"] {
			vocab[token] = id
		}
	}
	model["vocab"] = vocab
	if _, ok := model["merges"]; ok {
		model["merges"] = []any{}
	}
}
