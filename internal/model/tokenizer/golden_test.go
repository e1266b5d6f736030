package tokenizer

// The goldens are what the Hugging Face tokenizers package makes of the same texts. After the built-in model
// has been trained again, this one command, from the top of the repository, writes its goldens anew:
//
//	python tools/reference/tokenizer_goldens.py --tokenizer internal/model/builtin/story/tokenizer.json --out testdata/tokenizer/story.jsonl.gz
//
// and with --all testdata/tokenizer the other files there.

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	testdata  = "../../../testdata/tokenizer"
	storyFile = "../builtin/story/tokenizer.json"
	multiFile = testdata + "/multi/tokenizer.json"
	script    = "python tools/reference/tokenizer_goldens.py "
)

// golden is a text with the reference implementation's ids and tokens, the latter in the vocabulary's
// spelling.
type golden struct {
	Text   string   `json:"text"`
	IDs    []int32  `json:"ids"`
	Tokens []string `json:"tokens"`
}

// parseFile parses a tokenizer.json of the repository.
func parseFile(t testing.TB, path string) *Tokenizer {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	tok, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// readLines calls line with a decoder at each value of a compressed file of JSON.
func readLines(t testing.TB, name string, line func(*json.Decoder) error) {
	t.Helper()
	f, err := os.Open(filepath.Join(testdata, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(z); ; {
		if err := line(d); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// readGoldens reads the goldens of one tokenizer and checks that they were made from this file.
func readGoldens(t testing.TB, name, file, command string) []golden {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	var header struct {
		SHA256 string `json:"sha256"`
		Texts  int    `json:"texts"`
	}
	var all []golden
	readLines(t, name, func(d *json.Decoder) error {
		if header.SHA256 == "" {
			return d.Decode(&header)
		}
		var g golden
		err := d.Decode(&g)
		if err == nil {
			all = append(all, g)
		}
		return err
	})
	if header.SHA256 != hex.EncodeToString(sum[:]) {
		t.Fatalf("%s was made from another %s; regenerate it with: %s%s", name, file, script, command)
	}
	if len(all) != header.Texts || len(all) < 500 {
		t.Fatalf("%s has %d texts, want %d and at least 500", name, len(all), header.Texts)
	}
	return all
}

// checkGolden compares one text with its golden, and checks what must hold for the tokens of any text.
func checkGolden(t *testing.T, tok *Tokenizer, g golden) {
	t.Helper()
	e, err := tok.Encode(g.Text)
	if err != nil {
		t.Errorf("%q: %v", g.Text, err)
		return
	}
	if diff := cmp.Diff(g.IDs, e.IDs(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%q: ids (-reference +attn):\n%s\nreference tokens: %q", g.Text, diff, g.Tokens)
		return
	}
	if checkAnyRanges(t, g.Text, e); !tok.post.trim {
		checkRanges(t, g.Text, e)
	}
	for i, token := range e.Tokens {
		spelled, ok := tok.vocab.token(token.ID)
		if ok && spelled != g.Tokens[i] {
			t.Errorf("%q: token %d is spelled %q, want %q", g.Text, i, spelled, g.Tokens[i])
		}
		if text, _ := tok.TokenText(token.ID); token.Text != text {
			t.Errorf("%q: token %d has the text %q, but its id says %q", g.Text, i, token.Text, text)
		}
	}
}

// checkRanges checks that the tokens' ranges follow each other, but for parts of one character and a space that
// is put in front of it, which share its range, and cover the text.
func checkRanges(t interface{ Errorf(string, ...any) }, text string, e Encoding) {
	at := 0
	for i, token := range e.Tokens {
		if token.Special && token.End == 0 {
			continue // it is not in the text
		}
		_, size := utf8.DecodeRuneInString(text[token.Start:])
		shared := token.Start+size == at
		if token.Start != at && !shared || token.End < at {
			t.Errorf("%q: token %d covers %d..%d, want it to begin at %d", text, i, token.Start, token.End, at)
			return
		}
		at = token.End
	}
	if at != len(text) {
		t.Errorf("%q: the tokens cover %d of %d bytes", text, at, len(text))
	}
}

func TestGoldens(t *testing.T) {
	for _, test := range []struct{ name, file, command string }{
		{"story.jsonl.gz", storyFile, "--tokenizer internal/model/builtin/story/tokenizer.json --out testdata/tokenizer/story.jsonl.gz"},
		{"multi.jsonl.gz", multiFile, "--all testdata/tokenizer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tok := parseFile(t, test.file)
			for _, g := range readGoldens(t, test.name, test.file, test.command) {
				checkGolden(t, tok, g)
				e, _ := tok.Encode(g.Text)
				if back, err := tok.Decode(e.IDs()); err != nil || back != g.Text {
					t.Errorf("%q decodes to %q, %v", g.Text, back, err)
				}
			}
		})
	}
}

// TestVariantGoldens runs small tokenizers with unusual options: a prefix space, no splitting, added tokens
// of all kinds, unknown bytes, merges in random order, templates.
func TestVariantGoldens(t *testing.T) {
	variants := 0
	readLines(t, "variants.jsonl.gz", func(d *json.Decoder) error {
		var v struct {
			Name      string          `json:"name"`
			Tokenizer json.RawMessage `json:"tokenizer"`
			Texts     []golden        `json:"texts"`
		}
		if err := d.Decode(&v); err != nil {
			return err
		}
		variants++
		t.Run(v.Name, func(t *testing.T) {
			tok, err := Parse(v.Tokenizer)
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range v.Texts {
				checkGolden(t, tok, g)
			}
		})
		return nil
	})
	if variants < 20 {
		t.Errorf("only %d variants", variants)
	}
}

// TestClasses compares the class of every code point with the reference implementation, which knows Unicode
// 16.0. A Go that knows more than that may see letters where the reference sees unassigned code points.
func TestClasses(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testdata, "classes.json"))
	if err != nil {
		t.Fatal(err)
	}
	var ranges struct{ Letter, Number, Space [][2]rune }
	if err := json.Unmarshal(data, &ranges); err != nil {
		t.Fatal(err)
	}
	want := make([]class, unicode.MaxRune+1)
	for c, list := range map[class][][2]rune{letter: ranges.Letter, number: ranges.Number, space: ranges.Space} {
		for _, r := range list {
			for point := r[0]; point <= r[1]; point++ {
				want[point] = c
			}
		}
	}
	for point := range rune(unicode.MaxRune + 1) {
		if !utf8.ValidRune(point) {
			continue
		}
		got, size := classAt(string(point), 0)
		newer := want[point] == other && unicode.Version > "16.0.0"
		if size != utf8.RuneLen(point) || got != want[point] && !newer {
			t.Errorf("U+%04X has class %d and size %d, want class %d", point, got, size, want[point])
		}
	}
}
