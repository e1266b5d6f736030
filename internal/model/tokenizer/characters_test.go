package tokenizer

import (
	"encoding/json"
	"strconv"
	"testing"
	"unicode"
	"unicode/utf8"
)

// characterGolden is what the reference implementation knows about every code point.
type characterGolden struct {
	Classes                                           map[string][][2]rune
	Mark, Control, Accent, Punctuation, Number, White [][2]rune
	Word                                              [][2]rune
	Lowercase, NFC, NFD, NFKC, NFKD                   map[string]string
}

// readCharacters reads the golden.
func readCharacters(t *testing.T) characterGolden {
	t.Helper()
	var g characterGolden
	readLines(t, "characters.json.gz", func(d *json.Decoder) error { return d.Decode(&g) })
	return g
}

// checkSet compares a set for every code point.
func checkSet(t *testing.T, name string, want [][2]rune, has func(rune) bool) {
	t.Helper()
	in := make([]bool, unicode.MaxRune+1)
	for _, r := range want {
		for point := r[0]; point <= r[1]; point++ {
			in[point] = true
		}
	}
	wrong := 0
	for point := range rune(unicode.MaxRune + 1) {
		if utf8.ValidRune(point) && has(point) != in[point] {
			if wrong++; wrong < 5 {
				t.Errorf("%s: U+%04X: %v, want %v", name, point, !in[point], in[point])
			}
		}
	}
}

// TestCharacters compares what every code point is taken for.
func TestCharacters(t *testing.T) {
	g := readCharacters(t)
	if len(g.Classes) < 40 {
		t.Fatalf("only %d classes", len(g.Classes))
	}
	for name, want := range g.Classes {
		if name == "word outside" {
			checkSet(t, name, want, isRubyWord)
			continue
		}
		has := classNamed(name)
		if has == nil {
			t.Errorf("no class %s", name)
			continue
		}
		checkSet(t, name, want, has)
	}
	checkSet(t, "mark", g.Mark, isOldMark)
	checkSet(t, "control", g.Control, func(r rune) bool { return r == 0 || r == unicode.ReplacementChar || isOldOther(r) })
	checkSet(t, "accent", g.Accent, isOldNonspacing)
	checkSet(t, "punctuation", g.Punctuation, isPunctuation)
	checkSet(t, "number", g.Number, isNumber)
	checkSet(t, "white", g.White, unicode.IsSpace)
	checkSet(t, "word", g.Word, isWord)
}

// TestCharacterForms compares the small letter and the normal forms of every code point.
func TestCharacterForms(t *testing.T) {
	const hangul, hanja = 0xAC00, 0xD7A4 // the golden leaves out these syllables, which follow a rule
	g := readCharacters(t)
	for name, want := range map[string]map[string]string{
		"Lowercase": g.Lowercase, "NFC": g.NFC, "NFD": g.NFD, "NFKC": g.NFKC, "NFKD": g.NFKD,
	} {
		var n normalizer = simpleNormalizer(lowercase)
		if name != "Lowercase" {
			n = formNamed(name)
		}
		for point := range rune(unicode.MaxRune + 1) {
			if !utf8.ValidRune(point) || point >= hangul && point < hanja {
				continue
			}
			expected, ok := want[uppercaseHex(point)]
			if !ok {
				expected = string(point)
			}
			if p, err := n.normalize(piece{text: string(point)}); err != nil || p.text != expected {
				t.Errorf("%s: U+%04X: %q, %v, want %q", name, point, p.text, err, expected)
			}
		}
	}
}

// uppercaseHex writes a code point as the golden does.
func uppercaseHex(r rune) string {
	b := []byte(strconv.FormatInt(int64(r), 16))
	for i, c := range b {
		if c >= 'a' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}
