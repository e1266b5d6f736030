package tokenizer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds how deeply arrays and objects may nest: the real ones stay below ten, and the reader recurses.
const maxDepth = 64

// reader walks a JSON text once, from front to back, and knows at every moment where it is. It exists because
// a vocabulary is one object with up to 250,000 members: decoding that through reflection takes several times
// longer, cannot reject a key given twice, and names a byte offset where a person wants "model.merges[17]".
type reader struct {
	data  []byte
	pos   int
	depth int
	path  []step

	buffer []byte // the string read last, if it has escapes
}

// step is one level of the path to the value being read: a member's key, or an element's index when it is not absent.
type step struct {
	key   string
	index int
}

// where spells the path: model.vocab["Ġthe"], added_tokens[3].id.
func (r *reader) where() string {
	var b strings.Builder
	for _, s := range r.path {
		switch {
		case s.index >= 0:
			fmt.Fprintf(&b, "[%d]", s.index)
		case !plainKey(s.key):
			fmt.Fprintf(&b, "[%s]", quote(s.key))
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.key)
		}
	}
	return b.String()
}

// plainKey says whether a key can stand after a dot.
func plainKey(key string) bool {
	for i := range len(key) {
		c := key[i]
		if c != '_' && (c < 'a' || c > 'z') {
			return false
		}
	}
	return key != ""
}

// quote makes a string from the file fit for an error line: on one line, and short.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		return strconv.Quote(s[:cut]) + "..."
	}
	return strconv.Quote(s)
}

// fail reports something wrong with the value at the present path.
func (r *reader) fail(format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	if place := r.where(); place != "" {
		return fmt.Errorf("tokenizer.json: %s: %s", place, message)
	}
	return errors.New("tokenizer.json: " + message)
}

// unsupported reports a component of a kind that there is no code for.
func (r *reader) unsupported(kind, supported string) error {
	if kind == "" {
		return r.fail("it has no type (supported: %s)", supported)
	}
	return r.fail("%s is not supported (supported: %s)", quote(kind), supported)
}

// broken reports text that is not JSON.
func (r *reader) broken(want string) error {
	if r.pos >= len(r.data) {
		return r.fail("invalid JSON: the file ends where %s should be", want)
	}
	c, _ := utf8.DecodeRune(r.data[r.pos:])
	return r.fail("invalid JSON at byte %d: %q where %s should be", r.pos, c, want)
}

// peek skips white space and returns the next byte, 0 at the end.
func (r *reader) peek() byte {
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; c {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return c
		}
	}
	return 0
}

// accept consumes the next byte if it is c.
func (r *reader) accept(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.pos++
	return true
}

// word consumes a literal such as null.
func (r *reader) word(w string) bool {
	r.peek()
	if string(r.data[r.pos:min(len(r.data), r.pos+len(w))]) != w {
		return false
	}
	r.pos += len(w)
	return true
}

// null consumes a null, if one comes next.
func (r *reader) null() bool { return r.peek() == 'n' && r.word("null") }

// end checks that nothing follows the value.
func (r *reader) end() error {
	if r.peek(); r.pos < len(r.data) {
		return r.broken("the end of the file")
	}
	return nil
}

// enter and leave keep count of the nesting.
func (r *reader) enter() error {
	r.depth++
	if r.depth > maxDepth {
		return r.fail("nested more than %d levels deep", maxDepth)
	}
	return nil
}

// object reads an object; member is called at each value with its key, and must consume the value.
func (r *reader) object(member func(key string) error) error {
	if !r.accept('{') {
		return r.broken("an object")
	}
	if err := r.enter(); err != nil {
		return err
	}
	for first := true; !r.accept('}'); first = false {
		if !first && !r.accept(',') {
			return r.broken("a comma or }")
		}
		key, err := r.text()
		if err != nil {
			return err
		}
		if !r.accept(':') {
			return r.broken("a colon")
		}
		r.path = append(r.path, step{key: key, index: absent})
		if err := member(key); err != nil {
			return err
		}
		r.path = r.path[:len(r.path)-1]
	}
	r.depth--
	return nil
}

// array reads an array; element is called at each value and must consume it.
func (r *reader) array(element func(i int) error) error {
	if !r.accept('[') {
		return r.broken("an array")
	}
	if err := r.enter(); err != nil {
		return err
	}
	for i := 0; !r.accept(']'); i++ {
		if i > 0 && !r.accept(',') {
			return r.broken("a comma or ]")
		}
		r.path = append(r.path, step{index: i})
		if err := element(i); err != nil {
			return err
		}
		r.path = r.path[:len(r.path)-1]
	}
	r.depth--
	return nil
}

// fields reads an object of which every member is known. A member that is not in the table is an error: it
// may change what the tokenizer does, and running without it would give quietly different tokens.
func (r *reader) fields(known map[string]func() error) error {
	seen := make(map[string]bool, len(known))
	return r.object(func(key string) error {
		read, ok := known[key]
		if !ok {
			return r.fail("this member is not known here")
		}
		if seen[key] {
			return r.fail("given twice")
		}
		seen[key] = true
		return read()
	})
}

// errFound stops the search for a member.
var errFound = errors.New("found")

// kind returns the "type" of the object that comes next, "" if it has none, and leaves the reader in front of
// it.
func (r *reader) kind() (string, error) {
	back := *r
	found := ""
	err := r.object(func(key string) (err error) {
		if key != "type" {
			return r.skip()
		}
		if found, err = r.text(); err == nil {
			err = errFound
		}
		return err
	})
	if err != nil && !errors.Is(err, errFound) {
		return "", err
	}
	*r = back
	return found, nil
}

// at reads the value of a member that was skipped, at byte pos, and comes back.
func (r *reader) at(pos int, key string, read func(*reader) error) error {
	back := *r
	r.pos = pos
	r.path = append(r.path, step{key: key, index: absent})
	err := read(r)
	if err == nil {
		*r = back
	}
	return err
}

// bool returns a function that reads true, false or null (which leaves the default) into dst.
func (r *reader) bool(dst *bool) func() error {
	return func() error {
		switch {
		case r.null():
		case r.word("true"):
			*dst = true
		case r.word("false"):
			*dst = false
		default:
			return r.broken("true or false")
		}
		return nil
	}
}

// string returns a function that reads a string or null (which leaves the default) into dst.
func (r *reader) string(dst *string) func() error {
	return func() (err error) {
		if !r.null() {
			*dst, err = r.text()
		}
		return err
	}
}

// id reads a token id.
func (r *reader) id() (int32, error) {
	literal, err := r.number()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(literal, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		return 0, r.fail("the id %s is not a whole number", literal)
	case n < 0:
		return 0, r.fail("the id %s is negative", literal)
	case err != nil || n >= maxIDs:
		return 0, r.fail("the id %s is too large (the largest allowed is %d)", literal, maxIDs-1)
	}
	return int32(n), nil
}

// number reads a number and returns it as written.
func (r *reader) number() (string, error) {
	r.peek()
	start := r.pos
	r.one("-")
	if !r.one("0") && r.digits() == 0 {
		return "", r.broken("a number")
	}
	if r.one(".") && r.digits() == 0 {
		return "", r.broken("a digit")
	}
	if r.one("eE") {
		r.one("+-")
		if r.digits() == 0 {
			return "", r.broken("a digit")
		}
	}
	return string(r.data[start:r.pos]), nil
}

// one consumes the next byte if it is one of set.
func (r *reader) one(set string) bool {
	if r.pos >= len(r.data) || strings.IndexByte(set, r.next()) < 0 {
		return false
	}
	r.pos++
	return true
}

// digits consumes a run of digits and returns its length.
func (r *reader) digits() int {
	start := r.pos
	for r.next() >= '0' && r.next() <= '9' {
		r.pos++
	}
	return r.pos - start
}

// skip consumes any one value.
func (r *reader) skip() error {
	switch c := r.peek(); {
	case c == '{':
		return r.object(func(string) error { return r.skip() })
	case c == '[':
		return r.array(func(int) error { return r.skip() })
	case c == '"':
		_, err := r.text()
		return err
	case c == '-' || c >= '0' && c <= '9':
		_, err := r.number()
		return err
	case r.word("null") || r.word("true") || r.word("false"):
		return nil
	}
	return r.broken("a value")
}

// text reads a string.
func (r *reader) text() (string, error) {
	b, err := r.bytes()
	return string(b), err
}

// bytes reads a string into memory that the next call uses again: merges are looked up, not kept.
func (r *reader) bytes() ([]byte, error) {
	if !r.accept('"') {
		return nil, r.broken("a string")
	}
	b := r.unescaped()
	if r.next() == '\\' {
		r.buffer = append(r.buffer[:0], b...)
		for r.next() == '\\' {
			if err := r.escape(); err != nil {
				return nil, err
			}
			r.buffer = append(r.buffer, r.unescaped()...)
		}
		b = r.buffer
	}
	if r.next() != '"' {
		return nil, r.broken("the rest of a string")
	}
	r.pos++
	if !utf8.Valid(b) {
		return nil, r.fail("the string %s is not valid UTF-8", quote(string(b)))
	}
	return b, nil
}

// unescaped consumes the bytes of a string that stand for themselves.
func (r *reader) unescaped() []byte {
	start := r.pos
	for r.pos < len(r.data) {
		if c := r.data[r.pos]; c == '"' || c == '\\' || c < ' ' {
			break
		}
		r.pos++
	}
	return r.data[start:r.pos]
}

// next returns the next byte, 0 at the end.
func (r *reader) next() byte {
	if r.pos >= len(r.data) {
		return 0
	}
	return r.data[r.pos]
}

// escape consumes one escape sequence and appends what it stands for to the buffer.
func (r *reader) escape() error {
	const short, means = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	r.pos++
	if i := strings.IndexByte(short, r.next()); i >= 0 {
		r.pos++
		r.buffer = append(r.buffer, means[i])
		return nil
	}
	c, err := r.codeUnit()
	if err != nil {
		return err
	}
	if utf16.IsSurrogate(c) {
		if c, err = r.otherHalf(c); err != nil {
			return err
		}
	}
	r.buffer = utf8.AppendRune(r.buffer, c)
	return nil
}

// otherHalf reads the escape sequence that must follow the first half of a surrogate pair.
func (r *reader) otherHalf(high rune) (rune, error) {
	if r.one(`\`) {
		low, err := r.codeUnit()
		if err != nil {
			return 0, err
		}
		if pair := utf16.DecodeRune(high, low); pair != utf8.RuneError {
			return pair, nil
		}
	}
	return 0, r.fail(`the escape \u%04x is half of a pair without its other half`, high)
}

// codeUnit reads u and four digits, what follows the backslash of an escape sequence.
func (r *reader) codeUnit() (rune, error) {
	if !r.one("u") {
		return 0, r.broken("an escape sequence")
	}
	end := min(r.pos+4, len(r.data))
	n, err := strconv.ParseUint(string(r.data[r.pos:end]), 16, 16)
	if err != nil || end-r.pos < 4 {
		return 0, r.broken("four hexadecimal digits")
	}
	r.pos = end
	return rune(n), nil
}

// int returns a function that reads a small whole number into dst.
func (r *reader) int(dst *int) func() error {
	return func() error {
		literal, err := r.number()
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(literal, 10, 32)
		if err != nil {
			return r.fail("%s is not a whole number that is supported here", literal)
		}
		*dst = int(n)
		return nil
	}
}

// float returns a function that reads a number into dst.
func (r *reader) float(dst *float64) func() error {
	return func() error {
		literal, err := r.number()
		if err != nil {
			return err
		}
		if *dst, err = strconv.ParseFloat(literal, 64); err != nil {
			return r.fail("%s is too large a number", literal)
		}
		return nil
	}
}

// optionalID returns a function that reads a token id or null (which leaves the default) into dst.
func (r *reader) optionalID(dst *int32) func() error {
	return func() (err error) {
		if !r.null() {
			*dst, err = r.id()
		}
		return err
	}
}
