package safetensors

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// checkText refuses a document that is not text; it begins at offset start of
// its file. The JSON decoder would put a replacement character where text is
// broken, and so give two different names the same spelling.
func checkText(doc what, start int64, text []byte) error {
	if at := firstInvalidUTF8(text); at >= 0 {
		return fmt.Errorf("%v is not UTF-8: byte %#x at offset %d", doc, text[at], start+int64(at))
	}
	if at := firstLoneSurrogate(text); at >= 0 {
		return fmt.Errorf("%v has half of a surrogate pair, %s, at offset %d", doc, text[at:at+escapeSize], start+int64(at))
	}
	return nil
}

// firstInvalidUTF8 returns where text stops being UTF-8, or -1.
func firstInvalidUTF8(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	at := 0
	for at < len(text) {
		r, n := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return at
}

// escapeSize is the length of an escape such as \u00e9.
const escapeSize = 6

// firstLoneSurrogate returns where an escape stands for half of a character,
// without its other half, or -1. Backslashes outside strings are left to the
// JSON decoder to refuse.
func firstLoneSurrogate(text []byte) int {
	for at := 0; ; {
		next := bytes.IndexByte(text[at:], '\\')
		if next < 0 {
			return -1
		}
		at += next
		first, ok := escape(text[at:])
		switch {
		case !ok:
			at = min(at+2, len(text)) // the backslash and what it escapes
		case !utf16.IsSurrogate(first):
			at += escapeSize
		default:
			second, _ := escape(text[at+escapeSize:])
			if utf16.DecodeRune(first, second) == utf8.RuneError {
				return at
			}
			at += 2 * escapeSize
		}
	}
}

// escape reads an escape such as \u00e9 at the start of p.
func escape(p []byte) (rune, bool) {
	if len(p) < escapeSize || p[0] != '\\' || p[1] != 'u' {
		return 0, false
	}
	code, err := strconv.ParseUint(string(p[2:escapeSize]), 16, 16)
	return rune(code), err == nil
}
