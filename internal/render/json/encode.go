package json

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// encode is encoding/json's form of a small value, on one line, safe to show:
// what is not to be seen, such as C1 controls and bidirectional overrides, is
// written as \u escapes, which read back as the same text.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return escapeUnseen(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

func escapeUnseen(encoded []byte) []byte {
	if bytes.IndexFunc(encoded, unseen) < 0 {
		return encoded
	}
	safe := make([]byte, 0, len(encoded)+16)
	for len(encoded) > 0 {
		r, size := utf8.DecodeRune(encoded)
		switch {
		case !unseen(r):
			safe = append(safe, encoded[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			safe = fmt.Appendf(safe, `\u%04x\u%04x`, high, low)
		default:
			safe = fmt.Appendf(safe, `\u%04x`, r)
		}
		encoded = encoded[size:]
	}
	return safe
}

// unseen is what is no letter, mark, number, punctuation, symbol or plain
// space. It stands in strings only: the rest of the document is ASCII.
func unseen(r rune) bool { return !unicode.IsPrint(r) }
