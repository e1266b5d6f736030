package tokenizer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkParse reads the built-in model's tokenizer, which every run of the program does.
func BenchmarkParse(b *testing.B) {
	data, err := os.ReadFile(filepath.FromSlash(storyFile))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParseReflection decodes the same file with encoding/json, without checking or linking anything:
// the reason for the reader of our own.
func BenchmarkParseReflection(b *testing.B) {
	data, err := os.ReadFile(filepath.FromSlash(storyFile))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		var file struct {
			Model struct {
				Vocab  map[string]int32
				Merges [][2]string
			}
		}
		if err := json.Unmarshal(data, &file); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParseLarge reads a vocabulary of the size of today's large models.
func BenchmarkParseLarge(b *testing.B) {
	data := largeFile(200_000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

// largeFile makes a tokenizer.json with about this many tokens: the 256 bytes, then every merge of two of the
// tokens before, as long as that makes a new one.
func largeFile(size int) []byte {
	a := newAlphabet()
	var tokens []string
	have := map[string]bool{}
	for _, letter := range a.letter {
		tokens = append(tokens, string(letter))
		have[string(letter)] = true
	}
	var merges [][2]string
	for i := 0; len(tokens) < size; i++ {
		left, right := tokens[i%len(tokens)], tokens[(i*7919)%min(len(tokens), 5000)]
		if made := left + right; len(made) < 24 && !have[made] {
			have[made] = true
			tokens = append(tokens, made)
			merges = append(merges, [2]string{left, right})
		}
	}
	vocab := make(map[string]int, len(tokens))
	for id, token := range tokens {
		vocab[token] = id
	}
	v, _ := json.Marshal(vocab)
	m, _ := json.Marshal(merges)
	return fmt.Appendf(nil, `{"version":"1.0","pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},`+
		`"decoder":{"type":"ByteLevel"},"model":{"type":"BPE","vocab":%s,"merges":%s}}`, v, m)
}

// BenchmarkEncode encodes about a megabyte: English stories, text in all scripts, and one word without end.
func BenchmarkEncode(b *testing.B) {
	const size = 1 << 20
	var scripts strings.Builder
	for _, g := range readGoldens(b, "multi.jsonl.gz", multiFile, "--all testdata/tokenizer") {
		scripts.WriteString(g.Text)
	}
	stories := "Once upon a time there was a little girl who lived in a village near the forest. \"It's cold\", she said.\n"
	for _, test := range []struct{ name, file, text string }{
		{"stories", storyFile, strings.Repeat(stories, size/len(stories))},
		{"scripts", multiFile, strings.Repeat(scripts.String(), 1+size/scripts.Len())},
		{"one word", storyFile, strings.Repeat("the", size/3)},
	} {
		b.Run(test.name, func(b *testing.B) {
			tok := parseFile(b, test.file)
			b.SetBytes(int64(len(test.text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tok.Encode(test.text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncodeSentence encodes what a person types.
func BenchmarkEncodeSentence(b *testing.B) {
	tok := parseFile(b, storyFile)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tok.Encode("a fluffy blue creature roamed the verdant forest"); err != nil {
			b.Fatal(err)
		}
	}
}
