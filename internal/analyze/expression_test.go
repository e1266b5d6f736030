package analyze_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"attn/internal/analyze"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// small is a trace with a pattern in layer 1, the queries of layer 0, and
// logits. Its tokens are a and b, its vocabulary w to z.
func small() analyze.Scope {
	t := blank(2)
	put(t, trace.InBlock(0, trace.Q), []int{2, 2, 1}, 1, 2, 3, 4) // head 0: 1 and 3; head 1: 2 and 4
	put(t, trace.InBlock(0, trace.AttnScores), []int{1, 2, 2}, 3, float32(math.Inf(-1)), 5, 6)
	put(t, trace.InBlock(1, trace.Pattern), []int{2, 2, 2}, 1, 0, .25, .75, 1, 0, .5, .5)
	put(t, trace.Logits, []int{2, 4}, 1, 2, 3, 4, 5, 6, 7, -8)
	words := map[tensor.Axis]string{tensor.QueryPos: "ab", tensor.KeyPos: "ab", tensor.Pos: "ab", tensor.DVocab: "wxyz"}
	return analyze.Scope{Trace: t, Place: func(axis tensor.Axis, word string) (int, error) {
		if n := strings.Index(words[axis], word); n >= 0 && len(word) == 1 {
			return n, nil
		}
		return 0, fmt.Errorf("no such word: %s", word)
	}}
}

func TestExpressionValues(t *testing.T) {
	scope := small()
	for expression, want := range map[string]float64{
		"1":                                 1,
		"-2 + 3*4 - 8/2/2":                  8,
		"-(1 - 3) * .5e1":                   10,
		"2 - -1":                            3,
		"-inf":                              math.Inf(-1),
		"pattern[1,0][b,a]":                 .25,
		"pattern[1,0,b,a]":                  .25,
		"pattern [ 1 , 0 ] [ b , a + b ]":   1,
		`pattern[1,0]["b","a"+b]`:           1,
		"attn.hook_pattern[1][0][1][1]":     .75,
		"attn.pattern[1,0,-1,-2]":           .25,
		"blocks.1.attn.hook_pattern[1,b,0]": .5,
		"pattern[1,0+1][b,b]":               1.25,
		"sum(pattern[1])":                   4,
		"mean(pattern[1,*,b,a])":            .375,
		"max(pattern[1,0][*,b])":            .75,
		"min(pattern[1,0][b])":              .25,
		"q[0,1,b]":                          4, // the head first, though q is [pos, head, d_head]
		"sum(q[0,1])":                       6,
		"norm(q[0,0,b] - q[0,0,b] + 3) ":    3,
		"norm(q[0,*,b] * 0 + 4 - 1)":        math.Sqrt(18),
		"sum(q[0] * q[0])":                  30,
		"max(abs(logits[b]))":               8,
		"logits[b,y]":                       7,
		"unembed.hook_out[1][2]":            7,
		"scores[0,0,a,b]":                   math.Inf(-1),
		"scores[0,0,a,a+b]":                 math.Inf(-1),
		strings.Repeat("(", 40) + "1" + strings.Repeat(")", 40): 1,
	} {
		e, err := analyze.ParseExpression(expression + " == 0")
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if o, err := e.Eval(scope); err != nil || math.Abs(o.Left-want) > 1e-12 && o.Left != want {
			t.Errorf("%s is %v, want %v; error %v", expression, o.Left, want, err)
		}
	}
}

func TestExpressionComparisons(t *testing.T) {
	for expression, want := range map[string]bool{
		"1 < 2": true, "2 < 2": false, "2 <= 2": true, "3 <= 2": false, "2 > 1": true, "2 > 2": false, "2 >= 2": true, "1 >= 2": false,
		"2 == 2": true, "2 == 2.0001": false,
		"1 ~= 1.1 +- 0.11": true, "1 ~= 1.1 +- .09": false, "1 ~= 1.1 ± 0.11": true, "1 ~= .5 + .4 +- .05 * 4": true,
		"inf ~= inf +- 0": true, "inf > 1e308": true, "-inf < 0": true,
		"0/0 == 0/0": false, "0/0 <= 1": false, "0/0 ~= 0 +- inf": false,
	} {
		e, err := analyze.ParseExpression(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if o, err := e.Eval(small()); err != nil || o.OK != want {
			t.Errorf("%s is %v (%+v), want %v; error %v", expression, o.OK, o, want, err)
		}
	}
}

// TestExpressionErrors: every error says at which column, and what is wrong.
func TestExpressionErrors(t *testing.T) {
	for expression, want := range map[string]string{
		"":                                "column 1: a number, a step or a ( is wanted, the expression ends",
		"1":                               "column 2: a comparison (< <= > >= == ~=) is wanted, the expression ends",
		"1 = 2":                           "column 3: a comparison (< <= > >= == ~=) is wanted, there is '='",
		"1 < 2 < 3":                       "column 7: the end is wanted",
		"1 ~= 2":                          "column 7: ~= wants a tolerance",
		"1 +- 2 > 1":                      "column 3: a comparison",
		"(1 < 2":                          "column 4: a ) is wanted",
		"1 < )":                           "column 5: a number",
		". < 1":                           "column 1: . is no number",
		"1e < 1":                          "column 1: 1e is no number",
		"1e999 < 1":                       "column 1: 1e999 is no number",
		"patern[1,0] > 0":                 "column 1: no step is called patern",
		"1 < log(2)":                      "column 5: no function is called log",
		"pattern > 0":                     "column 1: attn.hook_pattern wants its layer first: pattern[0]",
		"pattern[a] > 0":                  "column 9: a layer's number is wanted first",
		"pattern[*] > 0":                  "column 9: a layer's number is wanted first",
		"pattern[0+1] > 0":                "column 9: a layer's number is wanted first",
		"pattern[-1] > 0":                 "column 9: a layer's number is 0 or more",
		"pattern[1,0][a,b,0] > 0":         "column 18: one index too many: attn.hook_pattern has head, query_pos, key_pos",
		"q[0,0,a,0,1] > 0":                "column 11: one index too many: attn.hook_q has head, pos, d_head",
		"pattern[1,0][a b > 0":            "column 21: a , or ] is wanted, the expression ends",
		"pattern[1,0][] > 0":              "column 14: a number or a word is wanted, there is ']'",
		"pattern[1,0][a,+b] > 0":          "column 16: a number or a word is wanted, there is '+'",
		`pattern[1,0]["a,b] > 0`:          "column 14: a word in quotation marks is wanted",
		`pattern[1,0][""] > 0`:            "column 14: a word in quotation marks is wanted",
		"pattern[99999999999999999999] >": "column 9: 99999999999999999999 is no index",
		"pattern[1-2] > 0":                "column 9: 1-2 is no index",
		"hook_scale[0] > 0":               "column 1: no step is called hook_scale",
		"scale[0] > 0":                    "column 1: scale may be ln1.scale or ln2.scale or ln_final.scale",
		"“1” < 2":                         "column 1: a number, a step or a ( is wanted, there is '“'",
		"1 < 2 “":                         "column 7: the end is wanted, there is '“'",
		`pattern[1,0]["ä" 2] > 0`:         "column 18: a , or ] is wanted, there is '2'",
		"\"ä\" > pattern":                 "column 1: a number",
		"1 < ä":                           "column 5: a number",
		strings.Repeat("(", 60):           "column 51: more than 50 brackets",
		strings.Repeat("-", 60):           "column 51: more than 50 brackets",
		strings.Repeat(" ", 2001):         "column 1: 2001 bytes, the limit is 2000",
		// these are found when the trace is there
		"pattern[2] > 0":                      "column 9: there is no layer 2: they are 0 to 1",
		"blocks.7.attn.hook_pattern > 0":      "column 1: there is no layer 7",
		"pattern[0,0,a,a] > 0":                "the trace has no step blocks.0.attn.hook_pattern",
		"pattern[1,2,a,a] > 0":                "column 11: 2 is not on head: its places are 0 to 1",
		"pattern[1,0,a,-3] > 0":               "column 15: -3 is not on key_pos: its places are 0 to 1",
		"pattern[1,0,a,a+cat] > 0":            "column 17: no such word: cat",
		"q[0,0,a,b] > 0":                      "column 9: no such word: b",
		"pattern[1,0] > 0":                    "the left side is 4 numbers: give more indices",
		"0 < pattern[1,0,a]":                  "the right side is 2 numbers",
		"0 ~= 1 +- pattern[1,0,a]":            "the tolerance is 2 numbers",
		"sum(pattern[1,0,a] + logits[a]) > 0": "column 20: + of 2 numbers and 4",
	} {
		e, err := analyze.ParseExpression(expression)
		if err == nil {
			_, err = e.Eval(small())
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", expression, err, want)
		}
	}
}

func TestExpressionNotRecorded(t *testing.T) {
	e, err := analyze.ParseExpression("z[0,0,a,0] > 1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.Eval(small())
	var missing *analyze.NotRecordedError
	if !errors.As(err, &missing) || missing.Step != "blocks.0.attn.hook_z" {
		t.Errorf("got %v", err)
	}
}

// FuzzExpression: no text makes the parser panic, and what it accepts has a
// value or an error; an error's column lies in the text or just behind it.
func FuzzExpression(f *testing.F) {
	for _, seed := range []string{
		"pattern[1,0][b,a+b] > 0.5", "sum(q[0,*]) ~= 10 +- .1", "-(1 - 3) * .5e1 <= inf", `logits["b", y] == 7`, "max(abs(logits[-1]))/2 >= -1",
		"blocks.1.attn.hook_pattern[0] < ±", "((((1", "a[[", "1 +- 1", "\xff[\xc3",
	} {
		f.Add(seed)
	}
	scope := small()
	f.Fuzz(func(t *testing.T, text string) {
		e, err := analyze.ParseExpression(text)
		if err == nil {
			var o analyze.Outcome
			if o, err = e.Eval(scope); err == nil && o.OK && (math.IsNaN(o.Left) || math.IsNaN(o.Right)) {
				t.Errorf("%q holds with %+v", text, o)
			}
		}
		var placed *analyze.ExpressionError
		if errors.As(err, &placed) && (placed.Column < 1 || placed.Column > utf8.RuneCountInString(text)+1) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
