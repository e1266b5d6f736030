package escape_test

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"attn/internal/render/escape"
)

func TestText(t *testing.T) {
	for name, tt := range map[string]struct{ in, want string }{
		"empty":                      {"", ""},
		"plain":                      {"creature", "creature"},
		"leading space stays":        {" creature", " creature"},
		"backslash stays":            {`\n`, `\n`},
		"newline":                    {"a\nb", "a␊b"},
		"carriage return, tab, bell": {"\r\t\a", "␍␉␇"},
		"nul":                        {"\x00", "␀"},
		"delete":                     {"\x7f", "␡"},
		"colour sequence":            {"\x1b[31mred\x1b[0m", "␛[31mred␛[0m"},
		"terminal title":             {"\x1b]0;owned\x07", "␛]0;owned␇"},
		"C1 control":                 {"\u009b31m", `\u009b31m`},
		"C1 as a raw byte":           {"\x9b31m", `\x9b31m`},
		"next line":                  {"a\u0085b", `a\u0085b`},
		"line separator":             {"a\u2028b\u2029", `a\u2028b\u2029`},
		"bidi override":              {"a\u202eb\u202c", `a\u202eb\u202c`},
		"bidi isolate":               {"\u2066a\u2069", `\u2066a\u2069`},
		"bidi mark":                  {"\u200e\u200f\u061c", `\u200e\u200f\u061c`},
		"zero-width space":           {"a\u200bb", `a\u200bb`},
		"byte order mark":            {"\ufeffa", `\ufeffa`},
		"soft hyphen":                {"a\u00adb", `a\u00adb`},
		"no-break space":             {"a\u00a0b", `a\u00a0b`},
		"Hangul filler":              {"\u3164", `\u3164`},
		"empty Braille":              {"\u2800", `\u2800`},
		"private use":                {"\ue000", `\ue000`},
		"tag letters outside a flag": {"a\U000e0041", `a\U000e0041`},
		"hidden variation selector":  {"a\U000e0100", `a\U000e0100`},
		"broken UTF-8":               {"a\xffb", `a\xffb`},
		"half a character":           {"\xe4\xb8", `\xe4\xb8`},
		"surrogate":                  {"\xed\xa0\x80", `\xed\xa0\x80`},
		"replacement character":      {"\ufffd", "\ufffd"},
		"Chinese":                    {"注意力", "注意力"},
		"Arabic, Hebrew":             {"انتباه קשב", "انتباه קשב"},
		"accent":                     {"e\u0301", "e\u0301"},
		"accent without a letter":    {"\u0301a", "\u25cc\u0301a"},
		"accent after a space":       {" \u0301", " \u25cc\u0301"},
		"accent after an escape":     {"\n\u0301", "␊\u0301"},
		"pile of accents":            {"e\u0301\u0301\u0301\u0301\u0301\u0301\u0301", "e\u0301\u0301\u0301\u0301\u0301\u0301" + `\u0301`},
		"family":                     {"👩‍👩‍👧", "👩‍👩‍👧"},
		"heart on fire":              {"❤️‍🔥", "❤️‍🔥"},
		"skin tone":                  {"👍🏽", "👍🏽"},
		"woman with skin tone":       {"👩🏽‍🚀", "👩🏽‍🚀"},
		"flag":                       {"🇫🇷", "🇫🇷"},
		"flag of Scotland":           {"🏴\U000e0067\U000e0062\U000e007f", "🏴\U000e0067\U000e0062\U000e007f"},
		"joiner alone":               {"\u200d", `\u200d`},
		"joiner between letters":     {"a\u200db", `a\u200db`},
		"joiner at the end":          {"👩\u200d", `👩\u200d`},
		"two joiners":                {"👩\u200d\u200d👧", `👩\u200d\u200d👧`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := escape.Text(tt.in); got != tt.want {
				t.Errorf("Text(%+q) = %+q, want %+q", tt.in, got, tt.want)
			}
		})
	}
}

func TestQuote(t *testing.T) {
	if got, want := escape.Quote("a\x1b"), `"a␛"`; got != want {
		t.Errorf("Quote = %s, want %s", got, want)
	}
}

// Nothing that a terminal acts on comes through, whatever goes in; and what
// has been escaped once stays as it is.
func TestTextIsHarmless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(
			rapid.String(),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
			rapid.StringOf(rapid.SampledFrom([]rune("a \n\x1b\u200d\u0301👩❤\ufe0f🏴\U000e0067\u202e注\u0600"))),
		).Draw(t, "in")
		out := escape.Text(in)
		if !utf8.ValidString(out) {
			t.Fatalf("not UTF-8: %q", out)
		}
		for _, r := range out {
			allowed := r == '\u200d' || r >= 0xe0020 && r <= 0xe007f
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && !allowed || unicode.Is(unicode.Z, r) && r != ' ' {
				t.Fatalf("%U came through: %+q", r, out)
			}
		}
		if again := escape.Text(out); again != out {
			t.Fatalf("not stable: %+q became %+q", out, again)
		}
	})
}
