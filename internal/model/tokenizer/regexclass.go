package tokenizer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// charSet is a set of characters. A byte outside valid UTF-8 is in no set but the negated ones.
type charSet struct {
	ascii  [2]uint64 // the answers for ASCII, filled in when the set is complete
	done   bool
	items  []setItem
	and    []*charSet // && further sets
	negate bool
}

// setItem is one of the things a set consists of.
type setItem struct {
	low, high rune
	is        func(rune) bool // instead of a range
	sub       *charSet        // instead of both
}

// has says whether a character is in the set.
func (s *charSet) has(r rune) bool {
	if s.done && r >= 0 && r < utf8.RuneSelf {
		return s.ascii[r>>6]>>(r&63)&1 == 1
	}
	return s.contains(r)
}

// contains is has without the table.
func (s *charSet) contains(r rune) bool {
	in := false
	for i := range s.items {
		if s.items[i].has(r) {
			in = true
			break
		}
	}
	for _, other := range s.and {
		in = in && other.contains(r)
	}
	return in != s.negate
}

// has says whether a character is this item, or one of it.
func (i *setItem) has(r rune) bool {
	switch {
	case i.sub != nil:
		return i.sub.contains(r)
	case i.is != nil:
		return i.is(r)
	}
	return r >= i.low && r <= i.high
}

// complete fills in the table.
func (s *charSet) complete() *charSet {
	for r := range rune(utf8.RuneSelf) {
		if s.contains(r) {
			s.ascii[r>>6] |= 1 << (r & 63)
		}
	}
	s.done = true
	return s
}

// setOf is the set of one character, and of those that differ from it in case only.
func setOf(fold bool, r rune) *charSet {
	s := &charSet{}
	s.add(fold, r, r)
	return s.complete()
}

// anyCharacter is the dot.
func anyCharacter(newlines bool) *charSet {
	s := &charSet{negate: true}
	if !newlines {
		s.add(false, '\n', '\n')
	}
	return s.complete()
}

// add adds a range.
func (s *charSet) add(fold bool, low, high rune) {
	s.items = append(s.items, setItem{low: low, high: high})
	if !fold {
		return
	}
	if low == high {
		for r := unicode.SimpleFold(low); r != low; r = unicode.SimpleFold(r) {
			s.items = append(s.items, setItem{low: r, high: r})
		}
		return
	}
	s.items = append(s.items, setItem{is: func(r rune) bool {
		for f := unicode.SimpleFold(r); f != r && r >= 0; f = unicode.SimpleFold(f) {
			if f >= low && f <= high {
				return true
			}
		}
		return false
	}})
}

// class reads what follows an opening bracket, up to the closing one.
func (c *regexParser) class() (*charSet, error) {
	if c.depth++; c.depth > maxRegexNesting {
		return nil, fmt.Errorf("nested more than %d levels deep", maxRegexNesting)
	}
	defer func() { c.depth-- }()
	s := &charSet{negate: c.accept("^")}
	whole := s
	for first := true; ; first = false {
		switch {
		case !c.more():
			return nil, errors.New("a [ without its ]")
		case !first && c.accept("]"):
			return whole.complete(), nil
		case c.accept("&&"):
			further := &charSet{}
			whole.and = append(whole.and, further)
			s = further
		default:
			if err := c.classItem(s); err != nil {
				return nil, err
			}
		}
	}
}

// classItem reads a character, a range, a named class or a class within the class.
func (c *regexParser) classItem(s *charSet) error {
	if strings.HasPrefix(c.source[c.at:], "[:") {
		if ok, err := c.posix(s); ok || err != nil {
			return err
		}
	}
	if c.accept("[") {
		sub, err := c.class()
		s.items = append(s.items, setItem{sub: sub})
		return err
	}
	set, low, err := c.classCharacter()
	switch {
	case err != nil:
		return err
	case set != nil:
		s.items = append(s.items, setItem{sub: set})
		return nil
	}
	high := low
	if rest := c.source[c.at:]; len(rest) >= 2 && rest[0] == '-' && rest[1] != ']' && rest[1] != '[' {
		back := c.at
		c.at++
		if set, high, err = c.classCharacter(); err != nil {
			return err
		}
		if set != nil { // [a-\d]: the minus stands for itself
			c.at, high = back, low
		}
	}
	if high < low {
		return fmt.Errorf("the range %s-%s is empty", visibleRune(low), visibleRune(high))
	}
	s.add(c.fold, low, high)
	return nil
}

// classCharacter reads one character within a class, or one of the sets that a backslash names.
func (c *regexParser) classCharacter() (*charSet, rune, error) {
	if !c.accept(`\`) {
		return nil, c.next(), nil
	}
	if !c.more() {
		return nil, 0, errors.New("a backslash at the end")
	}
	if c.accept("b") {
		return nil, '\b', nil
	}
	return c.escaped(true)
}

// posix reads [:alpha:] and the like.
func (c *regexParser) posix(s *charSet) (bool, error) {
	inside, _, ok := strings.Cut(c.source[c.at+2:], ":]")
	if !ok || strings.ContainsAny(inside, "[]\\") {
		return false, nil
	}
	name, negate := strings.CutPrefix(inside, "^")
	set, err := namedSet(name, negate)
	c.at += len("[::]") + len(inside)
	s.items = append(s.items, setItem{sub: set})
	return true, err
}

// escaped reads what follows a backslash, within a class or without: a set, or one character.
func (c *regexParser) escaped(inClass bool) (*charSet, rune, error) {
	controls := map[rune]rune{'t': '\t', 'n': '\n', 'r': '\r', 'f': '\f', 'v': '\v', 'a': '\a', 'e': 0x1B, '0': 0}
	names := map[rune]string{'d': "digit", 's': "space", 'w': "word", 'h': "xdigit"}
	r := c.next()
	control, isControl := controls[r]
	switch lower := unicode.ToLower(r); {
	case isControl:
		return nil, control, nil
	case lower == 'w' && inClass:
		return (&charSet{items: []setItem{{is: isClassWord}}, negate: r != lower}).complete(), 0, nil
	case names[lower] != "":
		set, err := namedSet(names[lower], r != lower)
		return set, 0, err
	case lower == 'p':
		set, err := c.property(r == 'P')
		return set, 0, err
	case r == 'x':
		code, err := c.hex()
		return nil, code, err
	case r == 'u':
		code, err := c.digits(4)
		return nil, code, err
	case r < utf8.RuneSelf && unicode.IsLetter(r) || unicode.IsDigit(r):
		return nil, 0, fmt.Errorf(`\%s is not supported`, visibleRune(r))
	}
	return nil, r, nil
}

// property reads {L}, {^Han} and the like.
func (c *regexParser) property(negate bool) (*charSet, error) {
	name, _, ok := strings.Cut(c.source[c.at:], "}")
	if !ok || !strings.HasPrefix(name, "{") {
		return nil, errors.New(`\p without its {}`)
	}
	c.at += len(name) + 1
	name, inverted := strings.CutPrefix(name[1:], "^")
	return namedSet(name, negate != inverted)
}

// hex reads what follows \x: two digits, or any number of them in braces.
func (c *regexParser) hex() (rune, error) {
	if !c.accept("{") {
		return c.digits(2)
	}
	end := strings.IndexByte(c.source[c.at:], '}')
	if end < 0 {
		return 0, errors.New(`\x{ without its }`)
	}
	code, err := c.digits(end)
	c.at++
	return code, err
}

// digits reads so many hexadecimal digits.
func (c *regexParser) digits(n int) (rune, error) {
	end := min(c.at+n, len(c.source))
	code, err := strconv.ParseUint(c.source[c.at:end], 16, 32)
	if err != nil || code > unicode.MaxRune {
		return 0, errors.New("an escape that is no character's number")
	}
	c.at = end
	return rune(code), nil
}

// namedSet returns a set by its name: a general category, a script, or one of POSIX's classes.
func namedSet(name string, negate bool) (*charSet, error) {
	is := classNamed(name)
	if is == nil {
		return nil, fmt.Errorf(`no characters are called %s`, quote(name))
	}
	return (&charSet{items: []setItem{{is: is}}, negate: negate}).complete(), nil
}
