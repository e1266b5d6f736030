package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestAssert(t *testing.T) {
	file := savedTrace(t, "--record", "all", "--model", "story", "the blue cat saw the 3 cats")
	for expression, code := range map[string]int{
		"pattern[2,1][cat,the#1+blue+cat] ~= 1 +- 1e-6":              exitDone,
		"pattern[2,1][Cat,the#1+blue+cat] < .99":                     exitCheck,
		"sum(pattern[0,0,cat]) ~= 1 +- 1e-6":                         exitDone,
		"scores[0,0][blue,the#2] == -inf":                            exitDone,
		"scores[0,0][the#2,blue] == -inf":                            exitCheck,
		`pattern[0,0]["3",the#2] > 0`:                                exitDone,  // the word
		"pattern[0,0][3,the#2] == 0":                                 exitDone,  // the place, before the second the
		"blocks.0.attn.hook_pattern[0,0] == 1":                       exitUsage, // 8 numbers
		"max(abs(resid_post[0] - resid_mid[0] - mlp_out[0])) < 1e-5": exitDone,
		"max(abs(resid_post[0] - resid_mid[0])) < 1e-5":              exitCheck,
		"norm(result[1,2][saw]) > 0":                                 exitDone,
		"pattern[0,0][dog,cat] > 0":                                  exitUsage,
		"pattern[0,0][the,cat] > 0":                                  exitUsage, // it occurs twice
		"pattern[0,0][the#3,cat] > 0":                                exitUsage,
		"pattern[9,0][cat,cat] > 0":                                  exitUsage,
		"pattern[0,0][cat,cat] >":                                    exitUsage,
		"q[0,0,cat,cat] > 0":                                         exitUsage,
		`logits[-1,"no such word at all"] > 0`:                       exitUsage,
		"blocks.0.attn.q_norm.hook_normalized[0,0,0] > 0":            exitFailed, // story has none
	} {
		got, out, errs := attn(t, "assert", file, expression)
		if got != code {
			t.Errorf("%s: exit %d, want %d: %s", expression, got, code, errs)
		}
		if told := strings.Contains(out, expression[:8]); told != (code == exitDone || code == exitCheck) {
			t.Errorf("%s: it wrote %s", expression, out)
		}
		if strings.Count(errs, "\n") > 2 || (errs == "") != (code == exitDone) {
			t.Errorf("%s: the error is %q", expression, errs)
		}
	}
}

// TestAssertTellsAll: one failure does not hide the others, and the error names
// the first.
func TestAssertTellsAll(t *testing.T) {
	file := savedTrace(t, tinyShape("the cat")...)
	code, out, errs := attn(t, "assert", file, "1 > 2", "embed[cat,0] == embed[1,0]", "2 ~= 3 +- .5", "--format", "json")
	if code != exitCheck || errs != "attn: 2 of 3 expressions failed, first: 1 > 2 (it is 1, wanted > 2)\n" {
		t.Errorf("exit %d: %s", code, errs)
	}
	var d struct {
		Schema, Trace string
		OK            bool
		Expressions   []struct {
			Expression, Op string
			OK             bool
			Left, Right    float64
			Tolerance      *float64
		}
	}
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatal(err)
	}
	if d.Schema != "attn.assert/1" || d.Trace != file || d.OK || len(d.Expressions) != 3 {
		t.Fatalf("got %+v", d)
	}
	e := d.Expressions
	if e[0].OK || !e[1].OK || e[2].OK || e[0].Left != 1 || e[0].Right != 2 || e[0].Op != ">" || e[0].Tolerance != nil || *e[2].Tolerance != .5 || e[1].Left != e[1].Right {
		t.Errorf("got %+v", e)
	}
	if out := mustRun(t, "assert", file, "1 < 2", "--format", "csv"); out != "verdict,expression,is,wanted\nok,1 < 2,1,< 2\n" {
		t.Errorf("as csv: %q", out)
	}
}

func TestAssertRefuses(t *testing.T) {
	file := savedTrace(t, tinyShape("the cat")...)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{nil, exitUsage, "at least one expression"},
		{[]string{file}, exitUsage, "at least one expression"},
		{[]string{file, "1 < 2", "1 <"}, exitUsage, "column 4: a number, a step or a ( is wanted, the expression ends: 1 <"},
		{[]string{"nowhere", "1 <"}, exitUsage, "column 4"}, // before the file is looked for
		{[]string{"nowhere", "1 < 2"}, exitFailed, "no such file: nowhere"},
		{[]string{file, "pattern[0,0][dog,cat] > 0"}, exitUsage, "column 14: the text has no word “dog”; it has the cat"},
		{[]string{file, "1 < 2", "--format", "html"}, exitUsage, "text, json, csv"},
	} {
		code, out, errs := attn(t, append([]string{"assert"}, c.args...)...)
		if code != c.code || !strings.Contains(errs, c.says) || out != "" {
			t.Errorf("attn assert %v: exit %d, %q and %q; want exit %d and %q", c.args, code, out, errs, c.code, c.says)
		}
	}
}

// TestAssertWordsOfTheVocabulary: a candidate for the next word goes by its text.
func TestAssertWordsOfTheVocabulary(t *testing.T) {
	sentence := "a fluffy blue creature roamed the verdant forest"
	file := savedTrace(t, "--steps", "predict", "--model", "story", sentence)
	best := traceJSON(t, "--steps", "predict", "--model", "story", sentence).Predictions[0].Text
	mustRun(t, "assert", file, fmt.Sprintf(`logits[-1,"%s"] == max(logits[-1])`, best))
	mustRun(t, "assert", file, fmt.Sprintf("logits[-1,%s] == max(logits[-1])", strings.TrimSpace(best)))
}
