package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"attn/internal/model/tokenizer"
)

// tokenizeLines answers each line of in, a JSON string, with a line. What is
// ready is written before more input is waited for, so that another program
// can talk to this one.
func (o *tokenizeOptions) tokenizeLines(ctx context.Context, in io.Reader, w io.Writer, t *tokenizer.Tokenizer) error {
	lines := bufio.NewReaderSize(in, 1<<16)
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return failf("%w: standard input, line %d", err, n)
		}
		text, err := jsonString(line)
		if err != nil {
			return failf("%w: standard input, line %d", err, n)
		}
		tokens, err := o.encode(ctx, t, text)
		if err != nil {
			return failf("%w: standard input, line %d", err, n)
		}
		if err := writeTokens(w, tokens); err != nil {
			return err
		}
		if out, ok := w.(*Results); ok && lines.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
}

// readLine returns the next line without its end, or io.EOF after the last.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxTextBytes {
			return nil, errors.New("more than " + strconv.Itoa(maxTextBytes>>20) + " MiB")
		}
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		case err != nil:
			return nil, err
		}
		return bytes.TrimSuffix(line, []byte("\n")), nil
	}
}

// jsonString reads a JSON string strictly: encoding/json would silently change
// what is no Unicode text, and the tokens would be those of another text.
func jsonString(line []byte) (string, error) {
	if !utf8.Valid(line) {
		return "", errors.New("not UTF-8")
	}
	var text *string
	if err := json.Unmarshal(line, &text); err != nil || text == nil {
		return "", errors.New("not a JSON string")
	}
	if halfPair(line) {
		return "", errors.New(`half of a \u surrogate pair, which is no character`)
	}
	return *text, nil
}

// halfPair reports whether a valid JSON string has a surrogate escape, \ud800
// to \udfff, without its other half.
func halfPair(s []byte) bool {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			continue
		}
		r := escapedRune(s[i:])
		if r < 0 {
			i++ // the escaped character may be a backslash
			continue
		}
		i += 5
		switch {
		case r >= 0xdc00 && r <= 0xdfff:
			return true
		case r >= 0xd800 && r < 0xdc00:
			if low := escapedRune(s[i+1:]); low < 0xdc00 || low > 0xdfff {
				return true
			}
			i += 6
		}
	}
	return false
}

// escapedRune is the character of a \uXXXX at the beginning of s, or -1.
func escapedRune(s []byte) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}
