package analyze

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"attn/internal/trace"
)

// Expression is a comparison that a trace meets or not, such as
//
//	pattern[2,1][creature,fluffy+blue] > 0.5
//
// The whole grammar:
//
//	comparison = sum op sum | sum "~=" sum "+-" sum
//	op         = "<" | "<=" | ">" | ">=" | "=="
//	sum        = product { ("+" | "-") product }
//	product    = factor { ("*" | "/") factor }
//	factor     = "-" factor | number | "inf" | "(" sum ")" | function "(" sum ")" | step
//	function   = "sum" | "mean" | "max" | "min" | "norm" | "abs"
//	step       = name { "[" index { "," index } "]" }
//	index      = "*" | place { "+" place }
//	place      = whole number | word | `"` any text `"`
//
// Arithmetic on several numbers goes number by number; both sides of a
// comparison are one number.
type Expression struct {
	Text                string
	Op                  string
	left, right, margin node // margin with ~= alone
}

// Bounds on an expression, so that a hostile one costs nothing.
const (
	maxExpression = 2000 // bytes
	maxDepth      = 50   // brackets and signs within each other
)

// ExpressionError says what is wrong with an expression, and at which
// character, counted from 1.
type ExpressionError struct {
	Column int
	What   string
}

func (e *ExpressionError) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.What) }

// ParseExpression reads a comparison. It knows the steps that there are, not
// those that a trace has.
func ParseExpression(text string) (*Expression, error) {
	if len(text) > maxExpression {
		return nil, &ExpressionError{Column: 1, What: fmt.Sprintf("%d bytes, the limit is %d", len(text), maxExpression)}
	}
	p := &parser{text: text}
	e, err := p.comparison()
	if err != nil {
		return nil, err
	}
	e.Text = text
	return e, nil
}

// parser walks over the text once. Its methods return the first error.
type parser struct {
	text  string
	at    int // in bytes
	depth int
}

// fail is an error at a byte of the text.
func (p *parser) fail(at int, format string, args ...any) error {
	return failAt(p.text, at, format, args...)
}

func failAt(text string, at int, format string, args ...any) error {
	return &ExpressionError{Column: utf8.RuneCountInString(text[:at]) + 1, What: fmt.Sprintf(format, args...)}
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// take passes over one of the words, the first that fits.
func (p *parser) take(words ...string) (string, bool) {
	p.space()
	for _, word := range words {
		if strings.HasPrefix(p.text[p.at:], word) {
			p.at += len(word)
			return word, true
		}
	}
	return "", false
}

// here describes what stands at the parser's place, for an error.
func (p *parser) here() string {
	if p.at >= len(p.text) {
		return "the expression ends"
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.at:])
	return fmt.Sprintf("there is %q", r)
}

func (p *parser) comparison() (*Expression, error) {
	e := &Expression{}
	var err error
	if e.left, err = p.sum(); err != nil {
		return nil, err
	}
	op, ok := p.take("<=", ">=", "==", "~=", "<", ">")
	if !ok {
		return nil, p.fail(p.at, "a comparison (< <= > >= == ~=) is wanted, %s", p.here())
	}
	e.Op = op
	if e.right, err = p.sum(); err != nil {
		return nil, err
	}
	if op == "~=" {
		if _, ok := p.take("+-", "±"); !ok {
			return nil, p.fail(p.at, "~= wants a tolerance: a ~= b +- 0.01; %s", p.here())
		}
		if e.margin, err = p.sum(); err != nil {
			return nil, err
		}
	}
	if p.space(); p.at < len(p.text) {
		return nil, p.fail(p.at, "the end is wanted, %s", p.here())
	}
	return e, nil
}

func (p *parser) sum() (node, error) {
	left, err := p.product()
	for err == nil {
		p.space()
		at := p.at
		if strings.HasPrefix(p.text[at:], "+-") { // the tolerance of ~=
			break
		}
		op, ok := p.take("+", "-")
		if !ok {
			break
		}
		var right node
		right, err = p.product()
		left = &binary{at, op, left, right}
	}
	return left, err
}

func (p *parser) product() (node, error) {
	left, err := p.factor()
	for err == nil {
		p.space()
		at := p.at
		op, ok := p.take("*", "/")
		if !ok {
			break
		}
		var right node
		right, err = p.factor()
		left = &binary{at, op, left, right}
	}
	return left, err
}

func (p *parser) factor() (node, error) {
	p.space()
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(p.at, "more than %d brackets and signs within each other", maxDepth)
	}
	defer func() { p.depth-- }()
	start := p.at
	if _, ok := p.take("-"); ok {
		of, err := p.factor()
		return &binary{start, "-", number(0), of}, err
	}
	if _, ok := p.take("("); ok {
		return p.closed()
	}
	switch name := p.name(); {
	case name == "inf":
		return number(math.Inf(1)), nil
	case name != "":
		return p.named(start, name)
	}
	return p.number()
}

// closed reads what stands in round brackets after the opening one.
func (p *parser) closed() (node, error) {
	of, err := p.sum()
	if err != nil {
		return nil, err
	}
	if _, ok := p.take(")"); !ok {
		return nil, p.fail(p.at, "a ) is wanted, %s", p.here())
	}
	return of, nil
}

// name passes over a step's or function's name, if one stands here.
func (p *parser) name() string {
	start := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (p.at == start || c != '.' && (c < '0' || c > '9')) {
			break
		}
		p.at++
	}
	return p.text[start:p.at]
}

// named reads what follows a name: a function's argument or a step's indices.
func (p *parser) named(start int, name string) (node, error) {
	if _, ok := p.take("("); ok {
		if !isFunction(name) {
			return nil, p.fail(start, "no function is called %s: there are sum, mean, max, min, norm and abs", name)
		}
		of, err := p.closed()
		return &call{name, of}, err
	}
	hook, layer, problem := findStep(name)
	if problem != "" {
		return nil, p.fail(start, "%s", problem)
	}
	s := &step{at: start, hook: hook, layer: layer}
	for {
		if _, ok := p.take("["); !ok {
			return s, p.takeLayer(s)
		}
		if err := p.indices(s); err != nil {
			return nil, err
		}
	}
}

// takeLayer lets the first index of a block's step be its layer, unless the
// name says it.
func (p *parser) takeLayer(s *step) error {
	if s.hook.Block && s.layer < 0 {
		switch {
		case len(s.indices) == 0:
			return p.fail(s.at, "%s wants its layer first: %s[0]", s.hook.Name, strings.TrimSpace(p.text[s.at:p.at]))
		case len(s.indices[0].places) != 1 || s.indices[0].places[0].word != "":
			return p.fail(s.indices[0].at, "a layer's number is wanted first")
		}
		s.layer, s.layerAt, s.indices = s.indices[0].places[0].number, s.indices[0].at, s.indices[1:]
		if s.layer < 0 {
			return p.fail(s.layerAt, "a layer's number is 0 or more")
		}
	}
	if most := len(s.hook.Axes); len(s.indices) > most {
		return p.fail(s.indices[most].at, "one index too many: %s has %s", s.hook.Name, axisNames(s.order()))
	}
	return nil
}

// indices reads what stands in square brackets after the opening one.
func (p *parser) indices(s *step) error {
	for {
		p.space()
		i := index{at: p.at}
		if _, ok := p.take("*"); !ok {
			var err error
			if i.places, err = p.places(); err != nil {
				return err
			}
		}
		s.indices = append(s.indices, i)
		switch end, ok := p.take(",", "]"); {
		case !ok:
			return p.fail(p.at, "a , or ] is wanted, %s", p.here())
		case end == "]":
			return nil
		}
	}
}

// places reads one index: places whose numbers are added.
func (p *parser) places() ([]place, error) {
	var places []place
	for {
		p.space()
		here, err := p.place()
		if err != nil {
			return nil, err
		}
		places = append(places, here)
		if _, ok := p.take("+"); !ok {
			return places, nil
		}
	}
}

func (p *parser) place() (place, error) {
	start := p.at
	if _, ok := p.take(`"`); ok {
		word, _, closed := strings.Cut(p.text[p.at:], `"`)
		if !closed || word == "" {
			return place{}, p.fail(start, "a word in quotation marks is wanted")
		}
		p.at += len(word) + 1
		return place{at: start, word: word}, nil
	}
	end := strings.IndexAny(p.text[start:], `,+][*"`)
	if end < 0 {
		end = len(p.text) - start
	}
	word := strings.TrimRight(p.text[start:start+end], " \t\r\n")
	if p.at += len(word); word == "" {
		return place{}, p.fail(p.at, "a number or a word is wanted, %s", p.here())
	}
	if strings.Trim(word, "-0123456789") != "" {
		return place{at: start, word: word}, nil
	}
	n, err := strconv.Atoi(word)
	if err != nil {
		return place{}, p.fail(start, "%s is no index", word)
	}
	return place{at: start, number: n}, nil
}

// number reads digits, with a point and an exponent.
func (p *parser) number() (node, error) {
	start := p.at
	digits := func() {
		for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
			p.at++
		}
	}
	digits()
	if p.at < len(p.text) && p.text[p.at] == '.' {
		p.at++
		digits()
	}
	if mantissa := p.at; mantissa > start && mantissa < len(p.text) && p.text[mantissa]|' ' == 'e' {
		p.at++
		if p.at < len(p.text) && (p.text[p.at] == '-' || p.text[p.at] == '+') {
			p.at++
		}
		digits()
	}
	if p.at == start {
		return nil, p.fail(start, "a number, a step or a ( is wanted, %s", p.here())
	}
	v, err := strconv.ParseFloat(p.text[start:p.at], 64)
	if err != nil {
		return nil, p.fail(start, "%s is no number", p.text[start:p.at])
	}
	return number(v), nil
}

// findStep finds the step that a name means: the hook's own name, with or
// without its block and "hook_", or its last part alone where that is one step's.
func findStep(name string) (hook trace.Hook, layer int, problem string) {
	if hook, ok := trace.FindHook(name); ok {
		layer, _ := trace.Split(name)
		return hook, layer, ""
	}
	wanted := alias(name)
	var found []trace.Hook
	for _, h := range trace.Hooks() {
		plain := strings.ReplaceAll(h.Name, "hook_", "")
		if wanted == h.Name || wanted == plain {
			return h, -1, ""
		}
		if wanted == plain[strings.LastIndexByte(plain, '.')+1:] {
			found = append(found, h)
		}
	}
	switch len(found) {
	case 0:
		return hook, -1, fmt.Sprintf("no step is called %s: try pattern, scores, q, k, v, result, resid_post or logits, or a hook's name", name)
	case 1:
		return found[0], -1, ""
	}
	var names []string
	for _, h := range found {
		names = append(names, strings.ReplaceAll(h.Name, "hook_", ""))
	}
	return hook, -1, fmt.Sprintf("%s may be %s", name, strings.Join(names, " or "))
}

// alias is what a step is called in the field rather than in code.
func alias(name string) string {
	switch name {
	case "scores", "masked":
		return trace.AttnScores
	case "raw":
		return trace.QK
	case "delta":
		return trace.Result
	case "logits":
		return trace.Logits
	}
	return name
}
