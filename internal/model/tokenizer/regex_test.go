package tokenizer

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// matches returns all matches of a pattern.
func matches(t testing.TB, source, text string) []string {
	t.Helper()
	re, err := compileRegex(source)
	if err != nil {
		t.Fatal(err)
	}
	found := []string{}
	for search := re.search(text); ; {
		start, end, err := search.next()
		if err != nil {
			t.Fatal(err)
		}
		if start < 0 {
			return found
		}
		found = append(found, text[start:end])
	}
}

func TestRegex(t *testing.T) {
	for _, test := range []struct {
		source, text string
		want         []string
	}{
		{`a|ab`, "ab", []string{"a"}},
		{`a*?b`, "aab", []string{"aab"}},
		{`(?:a|b)*+b`, "aab", []string{}},
		{`a{2}`, "aaaaa", []string{"aa", "aa"}},
		{`a{2}+`, "aaaaa", []string{"aaaa"}}, // Ruby: the count is repeated
		{`a{,2}`, "aaa", []string{"aa", "a"}},
		{`a{x}`, "a{x}", []string{"a{x}"}},
		{`(?<=a|bc)x|(?<!x)y`, "axbcxxyzy", []string{"x", "x", "y"}},
		{`(?=b)|c`, "abc", []string{"", "c"}},
		{`^b|a$`, "a\nb", []string{"a", "b"}},
		{`(?i)é|k`, "ÉK\u212a", []string{"É", "K", "\u212a"}},
		{`(?i:a)b(?-i:c)`, "AbcAbC", []string{"Abc"}},
		{`a(?i)b|c`, "aBC", []string{"aB"}},
		{`[^a]`, "a\xffb", []string{"\xff", "b"}},
		{`.`, "\xff\n", []string{"\xff"}},
		{`[a-c&&[^b]]+`, "abcab", []string{"a", "ca"}},
		{`[[:^digit:][5-6]]`, "456", []string{"5", "6"}},
		{`[]-]+`, "]-", []string{"]-"}},
		{`\x41\x{1F600}\u0042`, "A😀B", []string{"A😀B"}},
		{`\Aa|a\Z|b\z`, "aba\n", []string{"a", "a"}},
		{`(a|b)*c|(a|ab)*c`, "abac", []string{"abac"}},
		{`(?:a?)*?b`, "aab", []string{"aab"}},
		{`(?x) a b # c`, "ab", []string{"ab"}},
		{`(?<name>a)(?#note)b`, "ab", []string{"ab"}},
		{``, "ab", []string{"", "", ""}},
	} {
		if got := matches(t, test.source, test.text); !slices.Equal(got, test.want) {
			t.Errorf("%s on %q: %q, want %q", test.source, test.text, got, test.want)
		}
	}
}

func TestRegexErrors(t *testing.T) {
	for source, want := range map[string]string{
		`(`:                        `a ( without its )`,
		`)`:                        `a ) without its (`,
		`[a`:                       `a [ without its ]`,
		`*`:                        `nothing before *`,
		`a\`:                       `a backslash at the end`,
		`(a)\1`:                    `\1 is not supported`,
		`\y`:                       `\y is not supported`,
		`(?P<n>a)`:                 `(?P is not supported`,
		`\p{Klingon}`:              `no characters are called "Klingon"`,
		`\pL`:                      `\p without its {}`,
		`[b-a]`:                    `the range b-a is empty`,
		`a{2000}`:                  `the count {2000} is not supported (at most 1000, the smaller first)`,
		`(?<=a*)b`:                 `a look-behind of no fixed length is not supported`,
		`((a{1000}){1000}){1000}`:  `it needs more than 16384 instructions`,
		strings.Repeat("(", 100):   `nested more than 64 levels deep`,
		strings.Repeat("a", 1<<17): `more than 65536 bytes`,
	} {
		_, err := compileRegex(source)
		if !errors.Is(err, errRegex) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", quote(source), err, want)
		}
	}
}

// TestHostileRegex runs patterns that would go back and forth for ever: they end, most of them by giving up.
func TestHostileRegex(t *testing.T) {
	for source, want := range map[string]error{
		`(a+)+$b`: nil, `(a|a)*$b`: nil, `(?:a?){200}a{200}b`: errSteps, `\s*\S+b`: nil,
		`(a*)*$b`: errSteps, `(?=(a+)+b)`: errSteps, `(.*)*(.*)*(.*)*x`: errSteps,
	} {
		re, err := compileRegex(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		s := &splitter{pattern: re, treatment: isolated}
		if err := s.split(piece{text: strings.Repeat("a", 3000)}, func(piece) error { return nil }); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", source, err, want)
		}
	}
}

// TestHostileRegexInFile checks that such a pattern ends as an error of Encode.
func TestHostileRegexInFile(t *testing.T) {
	f := tiny().with("pre_tokenizer", object{"type": "Sequence", "pretokenizers": []any{
		object{"type": "Split", "pattern": object{"Regex": `(a*)*$b`}, "behavior": "Isolated", "invert": false}, //nolint:misspell // the format's word
		object{"type": "ByteLevel", "add_prefix_space": false},
	}})
	_, err := f.parse(t).Encode(strings.Repeat("a", 3000))
	if !errors.Is(err, errSteps) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

// FuzzRegex compares with Go's regexp where it accepts the pattern and means the same, and otherwise asks only
// that a pattern ends.
func FuzzRegex(f *testing.F) {
	for _, source := range []string{`a|b*c`, `[^a-c]+?`, `(?:x|yz){2,3}`, `\s+(?!\S)|\p{L}`, `((a*)*)*`, `(?<!a)b`, `[[:alpha:]&&[^x]]`} {
		f.Add(source, "abcxyz yzx 12é\xff")
	}
	f.Fuzz(func(t *testing.T, source, text string) {
		if len(source) > 200 || len(text) > 200 {
			return
		}
		re, err := compileRegex(source)
		if err != nil {
			if !errors.Is(err, errRegex) {
				t.Errorf("error %v", err)
			}
			return
		}
		at := 0
		for search := re.search(text); ; {
			start, end, err := search.next()
			if err != nil || start < 0 {
				break
			}
			if start < at || end < start || end > len(text) {
				t.Fatalf("%q on %q: a match from %d to %d after %d", source, text, start, end, at)
			}
			at = end
		}
		compareWithGo(t, source, text)
	})
}

// compareWithGo compares the first match of a simple pattern.
func compareWithGo(t *testing.T, source, text string) {
	t.Helper()
	if !regexp.MustCompile(`^[a-z|().]+$`).MatchString(source) || !regexp.MustCompile(`^[a-z ]*$`).MatchString(text) {
		return
	}
	other, err := regexp.Compile(source)
	if err != nil {
		return
	}
	want := other.FindString(text)
	if got := matches(t, source, text); other.MatchString(text) && (len(got) == 0 || got[0] != want) {
		t.Errorf("%q on %q: %q, want %q", source, text, got, want)
	}
}
