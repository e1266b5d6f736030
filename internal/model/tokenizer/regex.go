package tokenizer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Patterns in tokenizer files are written for Oniguruma, in its Ruby syntax, and Go's regexp can't carry them
// out: they look ahead, take possessively, and intersect classes. What follows is a small backtracking matcher
// for the part of that syntax that tokenizers use; anything else (groups that are referred to, recursion,
// conditions) is refused by name. It counts its steps, so that no pattern and no text can make it hang.

const (
	maxRegexBytes   = 1 << 16
	maxRegexProgram = 1 << 14 // instructions
	maxRegexNesting = 64
	maxRepeat       = 1000
)

// regex is a compiled pattern.
type regex struct {
	source  string
	program []instruction
	marks   int // how many registers the loops over possibly empty patterns need
}

// operation is what an instruction does.
type operation uint8

const (
	opMatch      operation = iota
	opSet                  // one character of a set
	opSplit                // try x, then y
	opJump                 // go on at x
	opLook                 // the program from the next instruction to its opMatch must match here (or must not); then x
	opBehind               // the same, so many characters before here
	opAtomic               // the same, and its first way to match is the only one
	opAssert               // a condition on the place
	opMark                 // remember the place in register x
	opProgress             // fail unless the place has moved since register x
	opImpossible           // fail
)

// instruction is one step of a program.
type instruction struct {
	op     operation
	x, y   int
	negate bool
	set    *charSet
	assert assertion
}

// assertion is a condition on a place in the text.
type assertion uint8

const (
	lineStart assertion = iota
	lineEnd
	textStart
	textEnd
	textEndOrNewline
	wordBoundary
	noWordBoundary
)

// errRegex is wrapped by every complaint about a pattern.
var errRegex = errors.New("regular expression")

// compileRegex compiles a pattern.
func compileRegex(source string) (*regex, error) {
	fail := func(format string, args ...any) (*regex, error) {
		return nil, fmt.Errorf("%w %s: %s", errRegex, quote(source), fmt.Sprintf(format, args...))
	}
	if len(source) > maxRegexBytes {
		return fail("more than %d bytes", maxRegexBytes)
	}
	c := &regexParser{source: source}
	root, err := c.alternatives()
	if err == nil && c.at < len(source) {
		err = errors.New("a ) without its (")
	}
	if err != nil {
		return fail("%v", err)
	}
	re := &regex{source: source}
	if err := re.emit(root); err != nil {
		return fail("%v", err)
	}
	if err := re.add(instruction{op: opMatch}); err != nil {
		return fail("%v", err)
	}
	return re, nil
}

// node is a part of a pattern.
type node struct {
	kind     nodeKind
	children []*node
	set      *charSet
	assert   assertion
	min, max int // of a repeat; max is absent for no bound
	lazy     bool
	negate   bool // of a look
}

// nodeKind says what a node is.
type nodeKind uint8

const (
	nodeEmpty nodeKind = iota
	nodeSet
	nodeSequence
	nodeEither
	nodeRepeat
	nodeAtomic
	nodeAhead
	nodeBehind
	nodeBehindOne // an alternative of a look-behind; min is its length
	nodeAssert
)

// regexParser reads a pattern.
type regexParser struct {
	source   string
	at       int
	depth    int
	fold     bool // (?i)
	dotAll   bool // (?m)
	extended bool // (?x)
}

// more says whether there is more to read.
func (c *regexParser) more() bool { return c.at < len(c.source) }

// accept consumes a text if it comes next.
func (c *regexParser) accept(text string) bool {
	if !strings.HasPrefix(c.source[c.at:], text) {
		return false
	}
	c.at += len(text)
	return true
}

// next consumes a character.
func (c *regexParser) next() rune {
	r, size := utf8.DecodeRuneInString(c.source[c.at:])
	c.at += size
	return r
}

// alternatives reads a|b|c up to a ) or the end. Options set in one of them last until the group ends.
func (c *regexParser) alternatives() (*node, error) {
	if c.depth++; c.depth > maxRegexNesting {
		return nil, fmt.Errorf("nested more than %d levels deep", maxRegexNesting)
	}
	defer func(fold, dotAll, extended bool) {
		c.fold, c.dotAll, c.extended, c.depth = fold, dotAll, extended, c.depth-1
	}(c.fold, c.dotAll, c.extended)
	either := &node{kind: nodeEither}
	for {
		sequence, err := c.sequence()
		if err != nil {
			return nil, err
		}
		either.children = append(either.children, sequence)
		if !c.accept("|") {
			return either, nil
		}
	}
}

// sequence reads items up to a |, a ) or the end.
func (c *regexParser) sequence() (*node, error) {
	sequence := &node{kind: nodeSequence}
	for c.more() && c.source[c.at] != '|' && c.source[c.at] != ')' {
		if c.skipExtended() {
			continue
		}
		item, err := c.item()
		if err != nil {
			return nil, err
		}
		if item, err = c.repeats(item); err != nil {
			return nil, err
		}
		sequence.children = append(sequence.children, item)
	}
	return sequence, nil
}

// skipExtended passes over white space and comments after (?x).
func (c *regexParser) skipExtended() bool {
	if !c.extended || !strings.ContainsRune(" \t\r\n\f\v#", rune(c.source[c.at])) {
		return false
	}
	if c.source[c.at] == '#' {
		for c.more() && c.source[c.at] != '\n' {
			c.at++
		}
		return true
	}
	c.at++
	return true
}

// item reads one thing that can be repeated.
func (c *regexParser) item() (*node, error) {
	switch r := c.next(); r {
	case '(':
		return c.group()
	case '[':
		set, err := c.class()
		return &node{kind: nodeSet, set: set}, err
	case '.':
		return &node{kind: nodeSet, set: anyCharacter(c.dotAll)}, nil
	case '^':
		return &node{kind: nodeAssert, assert: lineStart}, nil
	case '$':
		return &node{kind: nodeAssert, assert: lineEnd}, nil
	case '\\':
		return c.escape()
	case '*', '+', '?':
		return nil, fmt.Errorf("nothing before %c", r)
	default:
		return c.literal(r), nil
	}
}

// literal is one character.
func (c *regexParser) literal(r rune) *node {
	return &node{kind: nodeSet, set: setOf(c.fold, r)}
}

// group reads what follows an opening parenthesis.
func (c *regexParser) group() (*node, error) {
	n := &node{kind: nodeSequence}
	switch {
	case c.accept("?:"):
	case c.accept("?="):
		n.kind = nodeAhead
	case c.accept("?!"):
		n.kind, n.negate = nodeAhead, true
	case c.accept("?<="):
		n.kind = nodeBehind
	case c.accept("?<!"):
		n.kind, n.negate = nodeBehind, true
	case c.accept("?>"):
		n.kind = nodeAtomic
	case c.accept("?#"):
		end := strings.IndexByte(c.source[c.at:], ')')
		if end < 0 {
			return nil, errors.New("a ( without its )")
		}
		c.at += end + 1
		return &node{kind: nodeEmpty}, nil
	case strings.HasPrefix(c.source[c.at:], "?<"):
		end := strings.IndexByte(c.source[c.at:], '>')
		if end < 0 {
			return nil, errors.New("a group's name has no end")
		}
		c.at += end + 1
	case c.accept("?"):
		return c.options()
	}
	return n, c.closeGroup(n)
}

// closeGroup reads the inside of a group and its closing parenthesis.
func (c *regexParser) closeGroup(n *node) error {
	inside, err := c.alternatives()
	if err != nil {
		return err
	}
	if !c.accept(")") {
		return errors.New("a ( without its )")
	}
	n.children = append(n.children, inside)
	return nil
}

// options reads (?i) and (?i:...), also with m, x and a minus. Options without a group hold for all that
// follows in the enclosing group, alternatives included.
func (c *regexParser) options() (*node, error) {
	fold, dotAll, extended := c.fold, c.dotAll, c.extended
	for on := true; c.more(); {
		switch r := c.next(); r {
		case '-':
			on = false
		case 'i':
			fold = on
		case 'm':
			dotAll = on
		case 'x':
			extended = on
		case ':':
			n := &node{kind: nodeSequence}
			back := *c
			c.fold, c.dotAll, c.extended = fold, dotAll, extended
			err := c.closeGroup(n)
			c.fold, c.dotAll, c.extended = back.fold, back.dotAll, back.extended
			return n, err
		case ')':
			c.fold, c.dotAll, c.extended = fold, dotAll, extended
			n := &node{kind: nodeSequence}
			rest, err := c.alternatives()
			n.children = append(n.children, rest)
			return n, err
		default:
			return nil, fmt.Errorf("(?%s is not supported", visibleRune(r))
		}
	}
	return nil, errors.New("a ( without its )")
}

// escape reads what follows a backslash, outside a class.
func (c *regexParser) escape() (*node, error) {
	if !c.more() {
		return nil, errors.New("a backslash at the end")
	}
	asserts := map[byte]assertion{
		'b': wordBoundary, 'B': noWordBoundary, 'A': textStart, 'z': textEnd, 'Z': textEndOrNewline,
	}
	if a, ok := asserts[c.source[c.at]]; ok {
		c.at++
		return &node{kind: nodeAssert, assert: a}, nil
	}
	if d := c.source[c.at]; d >= '1' && d <= '9' || d == 'k' || d == 'g' || d == 'G' || d == 'K' || d == 'X' || d == 'R' {
		return nil, fmt.Errorf(`\%s is not supported`, visibleRune(rune(d)))
	}
	set, r, err := c.escaped(false)
	if set == nil && err == nil {
		return c.literal(r), nil
	}
	return &node{kind: nodeSet, set: set}, err
}

// repeats reads the quantifiers after an item. A + after * ? or + takes what it gets and gives nothing back;
// after a count it repeats again, as Ruby has it.
func (c *regexParser) repeats(item *node) (*node, error) {
	for c.more() {
		if c.skipExtended() {
			continue
		}
		n := &node{kind: nodeRepeat, children: []*node{item}, max: absent}
		counted := false
		switch c.source[c.at] {
		case '*':
		case '+':
			n.min = 1
		case '?':
			n.max = 1
		case '{':
			width, err := c.counts(n)
			if err != nil {
				return nil, err
			}
			if width == 0 {
				return item, nil
			}
			c.at += width - 1
			counted = true
		default:
			return item, nil
		}
		c.at++
		if c.depth++; c.depth > maxRegexNesting {
			return nil, fmt.Errorf("nested more than %d levels deep", maxRegexNesting)
		}
		item = n
		switch {
		case c.accept("?"):
			n.lazy = true
		case !counted && c.accept("+"):
			item = &node{kind: nodeAtomic, children: []*node{n}}
		}
		c.depth--
	}
	return item, nil
}

// counts reads {n}, {n,}, {n,m} or {,m} into n, and returns its length: 0 when it is none of these and the
// brace stands for itself.
func (c *regexParser) counts(n *node) (int, error) {
	inside, _, ok := strings.Cut(c.source[c.at+1:], "}")
	low, high, ranged := strings.Cut(inside, ",")
	if !ok || low == "" && high == "" {
		return 0, nil
	}
	number := func(s string, empty int) (int, bool) {
		if s == "" {
			return empty, true
		}
		i, err := strconv.Atoi(s)
		return i, err == nil && s[0] != '+' && s[0] != '-'
	}
	var okLow, okHigh bool
	n.min, okLow = number(low, 0)
	n.max, okHigh = n.min, true
	if ranged {
		n.max, okHigh = number(high, absent)
	}
	switch {
	case !okLow || !okHigh:
		return 0, nil
	case n.min > maxRepeat || n.max > maxRepeat || n.max != absent && n.max < n.min:
		return 0, fmt.Errorf("the count {%s} is not supported (at most %d, the smaller first)", inside, maxRepeat)
	}
	return len(inside) + 2, nil
}

// visibleRune writes a character for an error's line: one that is not printed is
// quoted.
func visibleRune(r rune) string {
	if strconv.IsPrint(r) {
		return string(r)
	}
	return strconv.QuoteRune(r)
}
