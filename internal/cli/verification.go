package cli

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"attn/internal/analyze"
	"attn/internal/model"
	"attn/internal/model/tokenizer"
	"attn/internal/render/text"
	"attn/internal/trace"
	"attn/internal/view"
)

// verifyShare is what a step may lie off, as a share of max(1, its largest
// number).
const verifyShare = 1e-4

// verification is what attn verify found.
type verification struct {
	model   *model.Model
	text    string
	tokens  []trace.Token
	absent  []string // why devices are not here
	checks  []check
	passes  []pass              // float64's first
	against []analyze.Agreement // of every other pass with float64's
	pairs   []pair
}

// check is one thing that holds or does not.
type check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// pass is one device's trace.
type pass struct {
	name  string
	trace *trace.Trace
}

// pair is how far two passes lie apart where they do most.
type pair struct {
	a, b string
	analyze.Distance
}

func agreeWith(got, want *trace.Trace) analyze.Agreement {
	return analyze.Agree(got, want, func(scale float64) float64 { return verifyShare * max(1, scale) })
}

// err is the error of the first check that does not hold.
func (v *verification) err() error {
	failed := 0
	for _, c := range v.checks {
		if !c.OK {
			failed++
		}
	}
	for _, c := range v.checks {
		if !c.OK {
			return checkf("%d of %d checks failed, first: %s: %s", failed, len(v.checks), c.Name, c.Detail)
		}
	}
	return nil
}

// checkWeights tells what the model's files hold, and whether all of it is
// numbers.
func checkWeights(m *model.Model) check {
	c := check{Name: "weights", OK: true}
	files := m.Files()
	if files == nil {
		c.Detail = fmt.Sprintf("%d parameters, drawn at random", m.Parameters)
		return c
	}
	types := map[string]int{}
	for _, name := range files.Names() {
		t, _ := files.Get(name)
		types[t.Stored()]++
	}
	var kinds []string
	for _, name := range slices.Sorted(maps.Keys(types)) {
		kinds = append(kinds, fmt.Sprintf("%d %s", types[name], name))
	}
	c.Detail = fmt.Sprintf("%d parameters in %d tensors (%s); no NaN, no infinity", m.Parameters, len(files.Names()), strings.Join(kinds, ", "))
	if err := files.CheckFinite(); err != nil {
		c.OK, c.Detail = false, err.Error()
	}
	return c
}

// checkTokenizer turns the text into tokens and back.
func checkTokenizer(m *model.Model, text string) check {
	c := check{Name: "tokenizer", OK: true}
	switch {
	case m.Tokenizer == nil:
		c.Detail = "the model has none"
	case text == "":
		c.Detail = m.Tokenizer.Kind() + "; not used: the tokens were given as ids"
	default:
		c.Detail, c.OK = roundTrip(m.Tokenizer, text)
	}
	return c
}

// roundTrip encodes and decodes. Where the tokens' own texts, put together, are
// the text, so must be what they decode to; other tokenizers spell a text anew,
// and what came of it is told.
func roundTrip(t *tokenizer.Tokenizer, text string) (detail string, ok bool) {
	first, err := t.EncodeWith(text, tokenizer.Options{})
	if err != nil {
		return err.Error(), false
	}
	back, err := t.Decode(first.IDs())
	if err != nil {
		return err.Error(), false
	}
	counted := fmt.Sprintf("%s: %d tokens, which decode to ", t.Kind(), len(first.Tokens))
	if back == text {
		return counted + "the text", true
	}
	again, err := t.EncodeWith(back, tokenizer.Options{})
	switch {
	case err != nil:
		return err.Error(), false
	case slices.Equal(again.IDs(), first.IDs()):
		return fmt.Sprintf("%s“%s”: another spelling with the same tokens", counted, back), true
	case !keepsText(first, text):
		return fmt.Sprintf("%s“%s”: it does not keep all of a text", counted, back), true
	}
	return fmt.Sprintf("%s“%s”, though they hold all of the text", counted, back), false
}

// keepsText reports whether the tokens' own texts are the text.
func keepsText(e tokenizer.Encoding, text string) bool {
	var b strings.Builder
	for _, t := range e.Tokens {
		b.WriteString(t.Text)
	}
	return b.String() == text
}

// checkShapes saves and loads a pass: loading holds every step's axes and sizes
// to the table of steps and to the model.
func checkShapes(p pass) check {
	c := check{Name: p.name + ", shapes"}
	var file bytes.Buffer
	err := p.trace.Save(&file)
	if err != nil {
		c.Detail = err.Error()
		return c
	}
	loaded, err := trace.Load(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		c.Detail = err.Error()
		return c
	}
	a := analyze.Agree(loaded, p.trace, func(float64) float64 { return 0 })
	if a.First >= 0 || a.OnlyGot != nil || a.OnlyRef != nil {
		c.Detail = "the saved trace is another one"
		return c
	}
	c.OK, c.Detail = true, fmt.Sprintf("%d steps with the axes and sizes they should have, saved and loaded", len(a.Steps))
	return c
}

// checkIdentities holds a pass to the identities of attention.
func checkIdentities(p pass) check {
	c := check{Name: p.name + ", identities", OK: true, Detail: "masks, softmax, mixes and the stream's sums hold in every layer"}
	if err := p.trace.Check(); err != nil {
		broken := strings.Split(err.Error(), "\n")
		c.OK, c.Detail = false, broken[0]
		if len(broken) > 1 {
			c.Detail += fmt.Sprintf(", and %d more", len(broken)-1)
		}
	}
	return c
}

// comparePasses finds where each two of them lie furthest apart.
func (v *verification) comparePasses() {
	for i, a := range v.passes {
		for _, b := range v.passes[i+1:] {
			agreement := agreeWith(b.trace, a.trace)
			if worst := agreement.Worst(); worst >= 0 {
				v.pairs = append(v.pairs, pair{a.name, b.name, agreement.Steps[worst]})
			}
		}
	}
}

func (o *verifyOptions) write(a *App, v *verification) error {
	switch o.output.Format {
	case formatJSON:
		return a.Write(o.output.Output, func(w io.Writer) error { return writeJSON(w, v.json()) })
	case formatCSV:
		return a.writeCSV([]view.Grid{v.checksGrid(), v.pairsGrid(true), v.stepsGrid(math.MaxInt, true)}, &o.output)
	}
	options := text.Options{}
	if !o.look.Quiet {
		c := v.model.Config
		options.Header = fmt.Sprintf("%s: %s, %d layers × %d heads, d_model %d", c.Name, c.Family, c.Layers, c.Heads, c.DModel)
		options.Aside = fmt.Sprintf("%d tokens", len(v.tokens))
	}
	most := 10
	if o.look.Verbose {
		most = math.MaxInt
	}
	return a.draw([]view.Grid{v.checksGrid(), v.pairsGrid(false), v.stepsGrid(most, false)}, &o.output, &o.look, options)
}

func (v *verification) checksGrid() view.Grid {
	var verdicts, names, details []string
	for _, c := range v.checks {
		verdicts = append(verdicts, mark(c.OK, true))
		names = append(names, c.Name)
		details = append(details, c.Detail)
	}
	g := view.Grid{View: "verify", Title: "Checks", Table: &view.Table{Columns: []view.Column{
		{Title: "verdict", Kind: view.Word, Words: verdicts},
		{Title: "check", Kind: view.Word, Words: names},
		{Title: "found", Kind: view.Word, Words: details},
	}}}
	for _, c := range v.checks {
		if !c.OK {
			g.Notes = append(g.Notes, c.Name+": "+c.Detail)
		}
	}
	for _, why := range v.absent {
		g.Notes = append(g.Notes, "Not checked: "+why+".")
	}
	return g
}

// pairsGrid is how far each two passes lie apart.
func (v *verification) pairsGrid(exact bool) view.Grid {
	var names, steps, verdicts []string
	var apart, allowed []float64
	for _, p := range v.pairs {
		names = append(names, p.a+" and "+p.b)
		steps = append(steps, p.Step)
		verdicts = append(verdicts, mark(!p.Beyond, exact))
		apart, allowed = append(apart, p.Max), append(allowed, p.Allowed)
	}
	t := &view.Table{Columns: []view.Column{
		{Title: markTitle(exact), Kind: view.Word, Words: verdicts},
		numbersColumn("apart", apart, exact),
		numbersColumn("allowed", allowed, exact),
		{Title: "in step", Kind: view.Word, Words: steps},
	}}
	nameRows(t, "pair", names, exact)
	return view.Grid{View: "verify", Title: "How far they lie apart at most", Table: t}
}

// stepsGrid is how far each device is from float64 in the steps where one of
// them is furthest off, in execution order.
func (v *verification) stepsGrid(most int, exact bool) view.Grid {
	rows := v.worstSteps(most)
	names, scales, allowed := make([]string, len(rows)), make([]float64, len(rows)), make([]float64, len(rows))
	columns := make([][]float64, len(v.against))
	for i, name := range rows {
		names[i] = name
		for j, a := range v.against {
			columns[j] = append(columns[j], math.NaN())
			if at := slices.IndexFunc(a.Steps, func(d analyze.Distance) bool { return d.Step == name }); at >= 0 {
				columns[j][i], scales[i], allowed[i] = a.Steps[at].Max, a.Steps[at].Scale, a.Steps[at].Allowed
			}
		}
	}
	t := &view.Table{Columns: []view.Column{numbersColumn("largest", scales, exact), numbersColumn("allowed", allowed, exact)}}
	for j, p := range v.passes[1:] {
		t.Columns = append(t.Columns, numbersColumn(p.name+" off", columns[j], exact))
	}
	nameRows(t, "step", names, exact)
	return view.Grid{
		View: "verify", Title: "Steps furthest from float64", Table: t,
		Notes: []string{fmt.Sprintf("float64 is the whole pass once more with no number rounded between two ops; allowed is %g · max(1, the step's largest number).", verifyShare)},
	}
}

// worstSteps names the steps in which a device is furthest off, in execution
// order.
func (v *verification) worstSteps(most int) []string {
	off := map[string]float64{}
	for _, a := range v.against {
		for _, d := range a.Steps {
			off[d.Step] = max(off[d.Step], d.Max/d.Allowed)
		}
	}
	var names []string
	for _, s := range v.passes[0].trace.Steps {
		if _, ok := off[s.Name]; ok {
			names = append(names, s.Name)
		}
	}
	if len(names) <= most {
		return names
	}
	ranked := slices.Clone(names)
	slices.SortStableFunc(ranked, func(a, b string) int {
		switch {
		case off[a] > off[b]:
			return -1
		case off[a] < off[b]:
			return 1
		}
		return 0
	})
	return slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(ranked[:most], name) })
}

// json is the document attn.verify/1.
func (v *verification) json() any {
	type device struct {
		Name  string         `json:"name"`
		First *string        `json:"first"`
		Steps []distanceJSON `json:"steps"`
	}
	type pairJSON struct {
		A          string   `json:"a"`
		B          string   `json:"b"`
		Step       string   `json:"step"`
		OK         bool     `json:"ok"`
		Difference *float64 `json:"max_difference"`
		Allowed    *float64 `json:"allowed"`
	}
	devices, pairs := make([]device, len(v.against)), make([]pairJSON, len(v.pairs))
	for i, a := range v.against {
		devices[i] = device{v.passes[i+1].name, firstName(a), distancesJSON(a, v.passes[0].trace)}
	}
	for i, p := range v.pairs {
		pairs[i] = pairJSON{p.a, p.b, p.Step, !p.Beyond, finite(p.Max), finite(p.Allowed)}
	}
	return struct {
		Schema  string        `json:"schema"`
		Model   trace.Model   `json:"model"`
		Text    string        `json:"text"`
		Tokens  []trace.Token `json:"tokens"`
		OK      bool          `json:"ok"`
		Checks  []check       `json:"checks"`
		Absent  []string      `json:"absent"`
		Devices []device      `json:"devices"`
		Pairs   []pairJSON    `json:"pairs"`
	}{"attn.verify/1", v.passes[0].trace.Meta.Model, v.text, v.tokens, v.err() == nil, v.checks, list(v.absent), devices, pairs}
}
