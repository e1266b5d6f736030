package cli

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"attn/internal/params"
	"attn/internal/view"
)

// ledgerOptions is what the model is to be run with: --context, --batch,
// --dtype.
type ledgerOptions struct {
	asked          bool // any of them was given
	context, batch int  // context 0: the model's own
	dtype          string
}

// defaultDType is what weights are taken to be in when nobody says.
const defaultDType = "bf16"

// longestContext bounds --context and --batch: above it not even operations
// can be told apart.
const longestContext = 1 << 28

func (l *ledgerOptions) add(cmd *cobra.Command) {
	var names []string
	for _, t := range params.DTypes() {
		names = append(names, t.Name)
	}
	f := cmd.Flags()
	f.IntVar(&l.context, "context", 0, "what running takes with so many `tokens` (default: the model's limit)")
	f.IntVar(&l.batch, "batch", 1, "with so many `sequences` at once")
	f.StringVar(&l.dtype, "dtype", "", "with weights in this `type`: "+strings.Join(names, ", ")+" (default: the file's, the config's, or "+defaultDType+")")
	complete(cmd, "dtype", names...)
}

func (l *ledgerOptions) complete(cmd *cobra.Command) error {
	for _, flag := range []struct {
		name  string
		value int
	}{{"context", l.context}, {"batch", l.batch}} {
		given := cmd.Flags().Changed(flag.name)
		l.asked = l.asked || given
		if given && (flag.value < 1 || flag.value > longestContext) {
			return usagef("not 1 to %d: --%s %d", longestContext, flag.name, flag.value)
		}
	}
	if !cmd.Flags().Changed("dtype") {
		return nil
	}
	l.asked = true
	if _, err := params.ParseDType(l.dtype); err != nil {
		return usagef("no such type: --dtype %s", l.dtype).advise("it is one of %s", dtypeNames())
	}
	return nil
}

func dtypeNames() string {
	var names []string
	for _, t := range params.DTypes() {
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}

// of is the model's ledger.
func (l *ledgerOptions) of(s params.Shape) (*params.Ledger, error) {
	use := params.Use{Context: l.context, Batch: l.batch}
	if use.Context == 0 {
		use.Context = min(s.Context, longestContext)
	}
	if l.dtype == "" {
		use.Weights = s.FileBytes
	}
	var err error
	for _, name := range []string{l.dtype, s.DType, defaultDType} {
		if use.DType, err = params.ParseDType(name); err == nil {
			break
		}
	}
	ledger, counted := s.Ledger(use)
	if err := errors.Join(err, counted); err != nil {
		return nil, failf("cannot count: %w: %s", err, s.Name)
	}
	return &ledger, nil
}

// ledgerGrids show what running the model takes: memory, work, and how both
// grow.
func ledgerGrids(s params.Shape, l params.Ledger) []view.Grid {
	return []view.Grid{memoryGrid(s, l), workGrid(s, l), growthGrid(s, l)}
}

// entries is a table of amounts in the making, each with what it is the
// product of.
type entries struct {
	rows           []view.Label
	products, sums []string
}

func (e *entries) add(name string, role view.Role, sum string, factors ...string) {
	e.rows = append(e.rows, view.Label{Text: name, Pos: -1, Role: role})
	e.products, e.sums = append(e.products, strings.Join(factors, " × ")), append(e.sums, sum)
}

// memoryGrid is bytes of weights, cache and scores.
func memoryGrid(s params.Shape, l params.Ledger) view.Grid {
	width, title := cacheWidth(l), "Memory with "+counted(l.Context, "token")
	var batch []string
	if l.Batch > 1 {
		batch, title = []string{digits(l.Batch)}, title+" in each of "+digits(l.Batch)+" sequences"
	}
	var e entries
	e.add("weights", view.Plain, inBytes(l.Weights), weightProduct(s, l)...)
	for _, c := range l.Caches {
		bytes := float64(c.Layers) * float64(c.Numbers) * float64(c.Tokens) * float64(l.Batch) * width
		e.add(cacheName(c.What), view.Key, inBytes(bytes), append(slices.Clone(batch),
			counted(c.Layers, "layer"), digits(c.Numbers), counted(c.Tokens, "token"), inBytes(width))...)
	}
	if len(l.Caches) > 1 {
		e.add("KV cache together", view.Key, inBytes(l.Cache))
	}
	e.add("scores of one layer", view.Query, inBytes(l.Scores), append(slices.Clone(batch),
		counted(l.Grid.Heads, "head"), digits(l.Grid.Queries), digits(l.Grid.Keys), inBytes(width))...)
	return view.Grid{
		View: "params", Title: title, Formula: ledgerTitle(l),
		Table: &view.Table{Rows: e.rows, Columns: []view.Column{
			{Title: "product", Kind: view.Word, Words: e.products},
			{Title: "is", Kind: view.Word, Words: e.sums},
		}},
		Notes: memoryNotes(s, l),
	}
}

func ledgerTitle(l params.Ledger) string {
	if l.DType == params.InFile {
		return "weights as in their file, the rest in " + l.CacheDType
	}
	if l.DType == l.CacheDType {
		return "numbers in " + l.DType
	}
	return fmt.Sprintf("weights in %s, the rest in %s", l.DType, l.CacheDType)
}

func weightProduct(s params.Shape, l params.Ledger) []string {
	count, err := s.Count(params.Parameters)
	if err != nil {
		return nil
	}
	t, err := params.ParseDType(l.DType)
	switch {
	case err != nil:
		return []string{params.Digits(count.Total) + " numbers", fmt.Sprintf("%.2f bytes, on average", l.Weights/float64(count.Total))}
	case t.Quantised():
		return []string{params.Digits(count.Total) + " numbers", fmt.Sprintf("%d bytes per %d", t.Bytes, t.Block)}
	}
	return []string{params.Digits(count.Total) + " numbers", inBytes(t.Each())}
}

// cacheWidth is the bytes of a number beside the weights.
func cacheWidth(l params.Ledger) float64 {
	t, err := params.ParseDType(l.CacheDType)
	if err != nil {
		return 0
	}
	return t.Each()
}

func cacheName(k params.Kind) string {
	switch k {
	case params.Window:
		return "KV cache, windows"
	case params.Cross:
		return "KV cache, source"
	}
	return "KV cache"
}

func memoryNotes(s params.Shape, l params.Ledger) []string {
	var notes []string
	if l.Context > s.Context {
		notes = append(notes, fmt.Sprintf("the model itself stops at %s: this is what it would take", counted(s.Context, "token")))
	}
	if t, err := params.ParseDType(l.DType); err == nil && t.Quantised() {
		notes = append(notes, "biases and norms stay in f32")
	}
	if l.Source > 0 {
		notes = append(notes, fmt.Sprintf("the encoder reads %s", counted(l.Source, "token")))
	}
	switch {
	case len(l.Caches) == 0:
		notes = append(notes, "an encoder sees its whole text at once and keeps no keys and values")
	case s.Latent():
		notes = append(notes, "keys and values are kept squeezed, all heads' in one latent")
	case s.KVHeads() != s.Heads():
		notes = append(notes, fmt.Sprintf("%s share the keys and values of %s: the cache is %s times smaller",
			counted(s.Heads(), "query head"), digits(s.KVHeads()), ratio(s.Heads(), s.KVHeads())))
	}
	return append(notes, fmt.Sprintf("scores are the grid of every query and key; all layers compute %s of them, one after the other", inBytes(l.AllScores)))
}

func ratio(a, b int) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", share(int64(a), int64(b))), ".0")
}

// workGrid is floating-point operations.
func workGrid(s params.Shape, l params.Ledger) view.Grid {
	rows := []view.Label{{Text: "one more token", Pos: -1}, {Text: "the prompt", Pos: -1}}
	if !s.Generates() {
		rows = []view.Label{{Text: "one token's share", Pos: -1}, {Text: "the text", Pos: -1}}
	}
	work := []params.Work{l.PerToken, l.Prompt}
	column := func(title string, of func(params.Work) float64) view.Column {
		c := view.Column{Title: title, Kind: view.Word}
		for _, w := range work {
			c.Words = append(c.Words, inFLOPs(of(w)))
		}
		return c
	}
	notes := []string{
		"matrices: 2 operations per weight that works on a token, the unembedding included",
		"attention: 4 × heads × d_head for each query and each key that it sees, in every layer",
	}
	if s.Unembedding == params.None {
		notes[0] = "matrices: 2 operations per weight that works on a token"
	}
	if s.Latent() {
		notes[1] = "attention: 2 × heads × (d_head of keys + d_head of values) for each query and key, in every layer, as if keys and values were unpacked from their latents already"
	}
	return view.Grid{
		View: "params", Title: "Work", Formula: "floating-point operations",
		Table: &view.Table{Rows: rows, Columns: []view.Column{
			column("matrices", func(w params.Work) float64 { return w.Matrices }),
			column("attention", func(w params.Work) float64 { return w.Attention }),
			column("together", func(w params.Work) float64 { return w.Total }),
			{Title: "attention's share", Kind: view.Percent, Decimals: 1, Numbers: []float64{l.PerToken.Share(), l.Prompt.Share()}},
		}},
		Notes: notes,
	}
}

// growthGrid doubles the context until it is the one asked for.
func growthGrid(s params.Shape, l params.Ledger) view.Grid {
	top := l.Growth[len(l.Growth)-1]
	cacheUnit, cacheName := unit(top.Cache, 1024, byteUnits())
	scoreUnit, scoreName := unit(top.Scores, 1024, byteUnits())
	workUnit, workName := unit(top.PerToken.Total, 1000, flopUnits())
	cache := view.Column{Title: "KV cache, " + cacheName, Kind: view.Number, Decimals: 3}
	work := view.Column{Title: workName + " per token", Kind: view.Number, Decimals: 2}
	part := view.Column{Title: "attention", Kind: view.Percent, Decimals: 1}
	scores := view.Column{Title: "scores, " + scoreName, Kind: view.Bar, Decimals: 3, Role: view.Query}
	var rows []view.Label
	for _, c := range l.Growth {
		rows = append(rows, view.Label{Text: digits(c.Context), Pos: -1})
		cache.Numbers = append(cache.Numbers, c.Cache/cacheUnit)
		work.Numbers = append(work.Numbers, c.PerToken.Total/workUnit)
		part.Numbers = append(part.Numbers, c.PerToken.Share())
		scores.Numbers = append(scores.Numbers, c.Scores/scoreUnit)
	}
	columns := []view.Column{cache, work, part, scores}
	if len(l.Caches) == 0 {
		columns = columns[1:]
	}
	return view.Grid{
		View: "params", Title: "Growth with the context, in tokens", Formula: "scores of one layer: queries × keys",
		Table: &view.Table{Rows: rows, Columns: columns},
		Notes: []string{growthNote(s)},
	}
}

// growthList is the growth in bytes and operations, for csv.
func growthList(l params.Ledger) view.Grid {
	var columns []view.Column
	for _, part := range []struct {
		title string
		of    func(params.Cost) float64
	}{
		{"context", func(c params.Cost) float64 { return float64(c.Context) }},
		{"kv_cache_bytes", func(c params.Cost) float64 { return c.Cache }},
		{"score_bytes", func(c params.Cost) float64 { return c.Scores }},
		{"all_score_bytes", func(c params.Cost) float64 { return c.AllScores }},
		{"flops_per_token", func(c params.Cost) float64 { return c.PerToken.Total }},
		{"flops_per_token_attention", func(c params.Cost) float64 { return c.PerToken.Attention }},
		{"flops_prompt", func(c params.Cost) float64 { return c.Prompt.Total }},
		{"flops_prompt_attention", func(c params.Cost) float64 { return c.Prompt.Attention }},
	} {
		column := view.Column{Title: part.title, Kind: view.Integer}
		for _, c := range l.Growth {
			column.Numbers = append(column.Numbers, part.of(c))
		}
		columns = append(columns, column)
	}
	return view.Grid{View: "params", Title: "Growth", Table: &view.Table{Columns: columns}}
}

func growthNote(s params.Shape) string {
	switch {
	case s.Source > 0:
		return "the encoder always reads the same length, whatever the decoder writes"
	case s.AllWindows():
		return "twice the context is twice the scores once the window is full: no query sees further back"
	}
	return "twice the context is four times the scores: every token is a query and a key"
}

func byteUnits() []string { return []string{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"} }

func flopUnits() []string {
	return []string{"FLOP", "KFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP", "ZFLOP"}
}

// unit is the largest unit that v has at least one of.
func unit(v, step float64, names []string) (size float64, name string) {
	size = 1
	for i, name := range names {
		if v < size*step || i == len(names)-1 {
			return size, name
		}
		size *= step
	}
	return size, ""
}

func inBytes(v float64) string { return inUnits(v, 1024, byteUnits()) }

func inFLOPs(v float64) string { return inUnits(v, 1000, flopUnits()) }

// inUnits writes an amount with three digits or more.
func inUnits(v, step float64, names []string) string {
	size, name := unit(v, step, names)
	v /= size
	decimals := 0
	if v != math.Trunc(v) {
		decimals = max(0, 2-int(math.Log10(max(v, 1))))
	}
	if v == 1 {
		name = strings.TrimSuffix(name, "s")
	}
	return fmt.Sprintf("%.*f %s", decimals, v, name)
}
