package tokenizer

import (
	"strings"
)

// fuse joins all tokens to one.
type fuse struct{}

// tokenText implements decoder.
func (fuse) tokenText(token string) string { return token }

// spellings implements decoder.
func (fuse) spellings(text string) []string { return []string{text} }

// decode implements decoder.
func (fuse) decode(tokens []string) ([]string, error) { return []string{strings.Join(tokens, "")}, nil }

// byteFallback turns <0x0A> into the byte.
type byteFallback struct{}

// tokenText implements decoder.
func (byteFallback) tokenText(token string) string {
	if b, ok := byteOfToken(token); ok {
		return string([]byte{b})
	}
	return token
}

// spellings implements decoder.
func (byteFallback) spellings(text string) []string {
	if len(text) == 1 {
		return []string{text, byteToken(text[0])}
	}
	return []string{text}
}

// decode implements decoder. Bytes in a row become one token, so that what comes after sees characters.
func (d byteFallback) decode(tokens []string) ([]string, error) {
	out := make([]string, 0, len(tokens))
	var bytes []byte
	flush := func() {
		if len(bytes) > 0 {
			out = append(out, string(bytes))
		}
		bytes = bytes[:0]
	}
	for _, token := range tokens {
		if b, ok := byteOfToken(token); ok {
			bytes = append(bytes, b)
			continue
		}
		flush()
		out = append(out, token)
	}
	flush()
	return out, nil
}

// tokenText implements decoder.
func (n *replace) tokenText(token string) string {
	text, err := n.text(token)
	if err != nil {
		return token
	}
	return text
}

// spellings implements decoder: the replacement undone, if it can be.
func (n *replace) spellings(text string) []string {
	old, ok := n.pattern.(literal)
	if !ok || n.content == "" {
		return []string{text}
	}
	return []string{strings.ReplaceAll(text, n.content, string(old)), text}
}

// decode implements decoder.
func (n *replace) decode(tokens []string) ([]string, error) {
	out := make([]string, len(tokens))
	for i, token := range tokens {
		var err error
		if out[i], err = n.text(token); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// spellings implements decoder.
func (m *metaspace) spellings(text string) []string {
	return []string{strings.ReplaceAll(text, " ", m.replacement)}
}

// stripDecoder takes a character away from the ends of each token, at most so many times.
type stripDecoder struct {
	content     string
	start, stop int
}

// readStripDecoder reads a Strip.
func readStripDecoder(r *reader) (*stripDecoder, error) {
	d := &stripDecoder{}
	var content rune
	err := r.fields(map[string]func() error{
		"type": r.skip, "content": r.character(&content), "start": r.int(&d.start), "stop": r.int(&d.stop),
	})
	d.content = string(content)
	return d, err
}

// tokenText implements decoder.
func (d *stripDecoder) tokenText(token string) string {
	for i := 0; i < d.start && strings.HasPrefix(token, d.content); i++ {
		token = token[len(d.content):]
	}
	for i := 0; i < d.stop && strings.HasSuffix(token, d.content); i++ {
		token = token[:len(token)-len(d.content)]
	}
	return token
}

// spellings implements decoder.
func (d *stripDecoder) spellings(text string) []string { return []string{text} }

// decode implements decoder.
func (d *stripDecoder) decode(tokens []string) ([]string, error) {
	return each(tokens, d.tokenText), nil
}

// each applies a function to all tokens.
func each(tokens []string, change func(string) string) []string {
	out := make([]string, len(tokens))
	for i, token := range tokens {
		out[i] = change(token)
	}
	return out
}

// wordPieceDecoder joins the parts of words and puts spaces between words.
type wordPieceDecoder struct {
	prefix  string
	cleanup bool // no space in front of punctuation
}

// readWordPieceDecoder reads a WordPiece decoder.
func readWordPieceDecoder(r *reader) (*wordPieceDecoder, error) {
	d := &wordPieceDecoder{prefix: "##", cleanup: true}
	err := r.fields(map[string]func() error{
		"type": r.skip, "prefix": r.string(&d.prefix), "cleanup": r.bool(&d.cleanup),
	})
	return d, err
}

// tokenText implements decoder.
func (d *wordPieceDecoder) tokenText(token string) string { return strings.TrimPrefix(token, d.prefix) }

// spellings implements decoder.
func (d *wordPieceDecoder) spellings(text string) []string { return []string{text, d.prefix + text} }

// decode implements decoder.
func (d *wordPieceDecoder) decode(tokens []string) ([]string, error) {
	out := make([]string, len(tokens))
	for i, token := range tokens {
		if i > 0 {
			rest, ok := strings.CutPrefix(token, d.prefix)
			if !ok {
				rest = " " + token
			}
			token = rest
		}
		if d.cleanup {
			token = cleanedUp(token)
		}
		out[i] = token
	}
	return out, nil
}

// cleanedUp removes the spaces that splitting put into English text.
func cleanedUp(s string) string {
	for _, pair := range [...][2]string{
		{" .", "."},
		{" ?", "?"},
		{" !", "!"},
		{" ,", ","},
		{" ' ", "'"},
		{" n't", "n't"},
		{" 'm", "'m"},
		{" do not", " don't"},
		{" 's", "'s"},
		{" 've", "'ve"},
		{" 're", "'re"},
	} {
		s = strings.ReplaceAll(s, pair[0], pair[1])
	}
	return s
}

// suffixDecoder puts a space in the place of the suffix that ends words.
type suffixDecoder string

// readSuffixDecoder reads a BPEDecoder.
func readSuffixDecoder(r *reader) (suffixDecoder, error) {
	suffix := "</w>"
	err := r.fields(map[string]func() error{"type": r.skip, "suffix": r.string(&suffix)})
	if err == nil && suffix == "" {
		err = r.fail("an empty suffix is not supported")
	}
	return suffixDecoder(suffix), err
}

// tokenText implements decoder.
func (d suffixDecoder) tokenText(token string) string {
	return strings.ReplaceAll(token, string(d), "")
}

// spellings implements decoder.
func (d suffixDecoder) spellings(text string) []string { return []string{text + string(d), text} }

// decode implements decoder. The last word is not followed by a space.
func (d suffixDecoder) decode(tokens []string) ([]string, error) {
	out := make([]string, len(tokens))
	for i, token := range tokens {
		space := " "
		if i == len(tokens)-1 {
			space = ""
		}
		out[i] = strings.ReplaceAll(token, string(d), space)
	}
	return out, nil
}

// ctc reads the output of a model that gives a token for every moment of speech: repeats and pads go.
type ctc struct {
	pad, delimiter string
	cleanup        bool
}

// readCTC reads a CTC.
func readCTC(r *reader) (*ctc, error) {
	d := &ctc{pad: "<pad>", delimiter: "|", cleanup: true}
	err := r.fields(map[string]func() error{
		"type": r.skip, "pad_token": r.string(&d.pad), "word_delimiter_token": r.string(&d.delimiter),
		"cleanup": r.bool(&d.cleanup),
	})
	if err == nil && (d.pad == "" || d.delimiter == "") {
		err = r.fail("an empty pad_token or word_delimiter_token is not supported")
	}
	return d, err
}

// tokenText implements decoder.
func (d *ctc) tokenText(token string) string {
	token = strings.ReplaceAll(token, d.pad, "")
	if d.cleanup {
		token = strings.ReplaceAll(cleanedUp(token), d.delimiter, " ")
	}
	return token
}

// spellings implements decoder.
func (d *ctc) spellings(text string) []string {
	return []string{strings.ReplaceAll(text, " ", d.delimiter)}
}

// decode implements decoder.
func (d *ctc) decode(tokens []string) ([]string, error) {
	var out []string
	for i, token := range tokens {
		if i > 0 && token == tokens[i-1] {
			continue
		}
		if text := d.tokenText(token); text != "" {
			out = append(out, text)
		}
	}
	return out, nil
}
