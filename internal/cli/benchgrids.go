package cli

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"attn/internal/bench"
	"attn/internal/render/escape"
	"attn/internal/render/text"
	"attn/internal/view"
)

func (o *benchOptions) write(a *App, d bench.Document, notes []string, earlier bench.Document) error {
	switch o.output.Format {
	case formatJSON:
		return a.Write(o.output.Output, func(w io.Writer) error { return writeJSON(w, d) })
	case formatCSV:
		return a.writeCSV([]view.Grid{benchList(d.Rows, o.earlier != "" && !o.besideTorch())}, &o.output)
	}
	times := benchGrid(d.Rows, o.chart)
	times.Notes = append(benchNotes(d), notes...)
	grids := []view.Grid{times}
	if o.look.Verbose {
		grids = append(grids, checkedGrid(d.Rows))
	}
	if o.chart {
		grids = append(grids, rooflineGrid(d, a.Width()))
	}
	switch {
	case o.besideTorch():
		grids = append(grids, torchGrid(d.Rows))
	case o.earlier != "":
		grids = append(grids, changesGrid(d, o.earlier, earlier))
	}
	options := text.Options{MaxRows: maxBenchRows}
	if !o.look.Quiet {
		options.Header, options.Aside = d.Machine.CPU, fmt.Sprintf("%s/%s · %d CPUs", d.Machine.OS, d.Machine.Arch, d.Machine.Threads)
	}
	return a.draw(grids, &o.output, &o.look, options)
}

// benchColumn is one column of the tables: how it is called in the list for
// programs and in the table for people, and what it says of a row.
type benchColumn struct {
	exact, shown string
	word         func(bench.Row) string
	number       func(bench.Row) float64
	round        func(float64) string // in the table for people
}

// benchColumns are the columns of both tables; an empty name leaves it out.
func benchColumns() []benchColumn {
	whole := func(of func(bench.Row) int) func(bench.Row) float64 {
		return func(r bench.Row) float64 {
			if n := of(r); n > 0 {
				return float64(n)
			}
			return math.NaN()
		}
	}
	return []benchColumn{
		{exact: "op", word: func(r bench.Row) string { return r.Op }},
		{exact: "device", word: func(r bench.Row) string { return r.Device }},
		{shown: "device", word: func(r bench.Row) string { return where(r.Case) }},
		{exact: "dtype", shown: "weights", word: func(r bench.Row) string { return r.DType }},
		{exact: "n", number: whole(func(r bench.Row) int { return r.N })},
		{exact: "m", number: whole(func(r bench.Row) int { return r.M })},
		{exact: "k", number: whole(func(r bench.Row) int { return r.K })},
		{exact: "heads", number: whole(func(r bench.Row) int { return r.Heads })},
		{exact: "d_head", number: whole(func(r bench.Row) int { return r.DHead })},
		{exact: "causal", word: func(r bench.Row) string {
			if r.Causal == nil {
				return ""
			}
			return fmt.Sprint(*r.Causal)
		}},
		{exact: "model", word: func(r bench.Row) string { return r.Model }},
		{exact: "threads", shown: "threads", number: whole(func(r bench.Row) int { return r.Threads }), round: short},
		{exact: "ms_min", shown: "best ms", number: func(r bench.Row) float64 { return r.Min }, round: threeDigits},
		{exact: "ms_median", shown: "median", number: func(r bench.Row) float64 { return r.Median }, round: threeDigits},
		{exact: "runs", number: func(r bench.Row) float64 { return float64(len(r.Samples)) }},
		{exact: "gflops", shown: "GFLOP/s", number: func(r bench.Row) float64 { return r.GFLOPS }, round: threeDigits},
		{exact: "peak_gflops", number: func(r bench.Row) float64 { return r.PeakGFLOPS }},
		{exact: "of_peak", shown: "of peak", number: func(r bench.Row) float64 { return r.OfPeak }, round: perCent},
		{exact: "sheet_gflops", number: func(r bench.Row) float64 { return orNaN(r.SheetGFLOPS) }},
		{exact: "of_sheet", shown: "sheet", number: func(r bench.Row) float64 { return orNaN(r.OfSheet) }, round: perCentOrNone},
		{exact: "gbytes_s", shown: "GB/s", number: func(r bench.Row) float64 { return r.GBytes }, round: threeDigits},
		{exact: "peak_gbytes_s", number: func(r bench.Row) float64 { return r.PeakGBytes }},
		{exact: "of_copy", number: func(r bench.Row) float64 { return r.OfCopy }},
		{shown: "of copy", number: ofGPUsCopy, round: perCentOrNone},
		{exact: "sheet_gbytes_s", number: func(r bench.Row) float64 { return orNaN(r.SheetGBytes) }},
		{exact: "of_sheet_copy", shown: "sheet", number: func(r bench.Row) float64 { return orNaN(r.OfSheetCopy) }, round: perCentOrNone},
		{exact: "torch_ms_median", number: torchMedian},
		{exact: "max_abs_error", shown: "error", number: func(r bench.Row) float64 { return r.Error }, round: rough},
		{exact: "error_share", number: func(r bench.Row) float64 { return r.ErrorShare }},
		{exact: "checked", word: func(r bench.Row) string { return r.Checked }},
		{exact: "record", word: func(r bench.Row) string { return r.Record }},
		{exact: "set", word: func(r bench.Row) string { return r.Set }},
	}
}

// orNaN is a number, or none where it is 0.
func orNaN(v float64) float64 {
	if v == 0 {
		return math.NaN()
	}
	return v
}

// ofGPUsCopy is the share of the copy's peak that a GPU's row reaches, or none: what
// the CPU reads may lie in its caches, which no copy's peak bounds.
func ofGPUsCopy(r bench.Row) float64 {
	if r.Device != "cuda" {
		return math.NaN()
	}
	return r.OfCopy
}

// torchMedian is PyTorch's, or none.
func torchMedian(r bench.Row) float64 {
	if r.Torch == nil {
		return math.NaN()
	}
	return r.Torch.Median
}

// torchGrid sets PyTorch's times beside attn's.
func torchGrid(rows []bench.Row) view.Grid {
	t := &view.Table{}
	var ours, theirs, times, what []string
	version, missing := "", 0
	g := view.Grid{View: "bench", Title: "Beside PyTorch", Table: t}
	for _, r := range rows {
		switch {
		case r.TorchError != "":
			g.Notes = append(g.Notes, fmt.Sprintf("PyTorch failed at %s %s: %s", benchName(r.Case), r.Device, escape.Text(r.TorchError)))
			continue
		case r.Torch == nil:
			missing++
			continue
		}
		version = r.Torch.Version
		t.Rows = append(t.Rows, view.Label{Text: benchName(r.Case) + " " + r.Device, Pos: -1})
		ours, theirs = append(ours, threeDigits(r.Median)), append(theirs, threeDigits(r.Torch.Median))
		times, what = append(times, fmt.Sprintf("%.2f x", r.Torch.Median/r.Median)), append(what, r.Torch.What)
	}
	t.Columns = []view.Column{
		{Title: "attn ms", Kind: view.Word, Words: rightAligned(ours, "attn ms", false)},
		{Title: "PyTorch ms", Kind: view.Word, Words: rightAligned(theirs, "PyTorch ms", false)},
		{Title: "attn is", Kind: view.Word, Words: rightAligned(times, "attn is", false)},
		{Title: "", Kind: view.Word, Role: view.Muted, Words: what},
	}
	g.Formula = strings.TrimSpace("medians; PyTorch " + version)
	if missing > 0 {
		g.Notes = append(g.Notes, fmt.Sprintf("%d of %d rows have no counterpart here: it is timed at products of float32, at attention, and at traces of GPT-2's blocks that keep what it hands out (--record).", missing, len(rows)))
	}
	return g
}

// threeDigits writes three digits, and all that stand before the point.
func threeDigits(v float64) string {
	decimals := 0
	for scale := v; scale > 0 && scale < 100 && decimals < 9; scale *= 10 {
		decimals++
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

func perCent(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }

// perCentOrNone is perCent, or nothing of what is not known.
func perCentOrNone(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return perCent(v)
}

// rough is enough of an error.
func rough(v float64) string { return fmt.Sprintf("%.1g", v) }

// benchGrid is the table for people. Columns that say the same of every row are
// said once, below it. A GPU's shares take the place of the best run, which its own
// clock hardly tells from the median.
func benchGrid(rows []bench.Row, lettered bool) view.Grid {
	t := &view.Table{}
	for i, r := range rows {
		name := benchName(r.Case)
		if lettered {
			name = letter(i) + " " + name
		}
		t.Rows = append(t.Rows, view.Label{Text: name, Pos: -1})
	}
	var same []string
	onGPU := slices.ContainsFunc(rows, func(r bench.Row) bool { return r.Device == "cuda" })
	for _, c := range benchColumns() {
		if c.shown == "" || onGPU && c.exact == "ms_min" {
			continue
		}
		words := make([]string, len(rows))
		for i, r := range rows {
			if words[i] = ""; c.word != nil {
				words[i] = c.word(r)
			} else {
				words[i] = c.round(c.number(r))
			}
		}
		if allEqual(words) && words[0] == "" { // no row has it
			continue
		}
		if foldable := c.shown == "device" || c.shown == "weights" || c.shown == "threads"; foldable && allEqual(words) {
			same = append(same, c.shown+" "+words[0])
			continue
		}
		t.Columns = append(t.Columns, view.Column{Title: c.shown, Kind: view.Word, Words: rightAligned(words, c.shown, c.word != nil)})
	}
	g := view.Grid{View: "bench", Title: "Times", Table: t}
	if same != nil {
		g.Formula = strings.Join(same, ", ")
	}
	return g
}

// where a row was computed: on a device, by an instruction set.
func where(c bench.Case) string { return strings.TrimSpace(c.Device + " " + c.Set) }

func allEqual(words []string) bool {
	for _, w := range words {
		if w != words[0] {
			return false
		}
	}
	return true
}

// rightAligned pads what stands for numbers, so that digits stand below digits.
func rightAligned(words []string, title string, text bool) []string {
	if text {
		return words
	}
	width := len(title)
	for _, w := range words {
		width = max(width, len(w))
	}
	padded := make([]string, len(words))
	for i, w := range words {
		padded[i] = fmt.Sprintf("%*s", width, w)
	}
	return padded
}

// benchNotes say what the numbers are held against.
func benchNotes(d bench.Document) []string {
	var notes []string
	for _, p := range d.Machine.Peaks {
		if p.Device != "" {
			notes = append(notes, gpuNote(p))
			continue
		}
		threads := "1 thread"
		if p.Threads > 1 {
			threads = fmt.Sprintf("%d threads", p.Threads)
		}
		notes = append(notes, fmt.Sprintf("Peak on %s: %s GFLOP/s (%s), %s GB/s of memory copied.", threads, threeDigits(p.GFLOPS), p.FMA, threeDigits(p.GBytes)))
		if p.Tiles > 0 {
			notes = append(notes, fmt.Sprintf("Tiles of bfloat16 on %s: %s GFLOP/s (AMX); a float32 product takes 3 to 6, by its weights, and set amx is held to that.", threads, threeDigits(p.Tiles)))
		}
	}
	kept, sampled := "", false
	for _, r := range d.Rows {
		kept = cmp.Or(kept, r.Record)
		sampled = sampled || r.Checked != "every number"
	}
	if kept != "" {
		notes = append(notes, "Traces keep "+escape.Text(strings.ReplaceAll(kept, ",", ", "))+" (--record).")
	}
	held := "Every result was held to ref before it was timed"
	if sampled {
		held += ", large ones by a sample (-v says of what)"
	}
	return append(notes, held+"; GFLOP/s and GB/s are the median's.")
}

// gpuNote says what a GPU's rows are held against, and how they were timed.
func gpuNote(p bench.Peak) string {
	note := fmt.Sprintf("Peak of %s, %s: %s GFLOP/s of multiply-adds, %s GB/s of memory copied (of peak, of copy)", p.Device, p.FMA, threeDigits(p.GFLOPS), threeDigits(p.GBytes))
	if p.SheetGFLOPS > 0 {
		note += fmt.Sprintf("; its clocks and units make %s and %s (sheet)", threeDigits(p.SheetGFLOPS), threeDigits(p.SheetGBytes))
	}
	return note + ". Its rows are timed by its own clock, with empty caches."
}

// checkedGrid says what of each result was compared, and how often it was run.
func checkedGrid(rows []bench.Row) view.Grid {
	t := &view.Table{}
	var compared, off, of, runs []string
	for _, r := range rows {
		t.Rows = append(t.Rows, view.Label{Text: benchName(r.Case) + " " + where(r.Case), Pos: -1})
		compared, off, of = append(compared, r.Checked), append(off, rough(r.Error)), append(of, perCent(r.ErrorShare))
		runs = append(runs, fmt.Sprint(len(r.Samples)))
	}
	t.Columns = []view.Column{
		{Title: "compared", Kind: view.Word, Words: compared},
		{Title: "off", Kind: view.Word, Words: rightAligned(off, "off", false)},
		{Title: "of what rounding explains", Kind: view.Word, Words: rightAligned(of, "", false)},
		{Title: "runs", Kind: view.Word, Words: rightAligned(runs, "runs", false)},
	}
	return view.Grid{View: "bench", Title: "Checks", Formula: "each result beside ref's", Table: t}
}

// benchList is the table for programs, with all digits.
func benchList(rows []bench.Row, compared bool) view.Grid {
	columns := benchColumns()
	if compared {
		columns = append(columns, changeColumns()...)
	}
	t := &view.Table{}
	for _, c := range columns {
		if c.exact == "" {
			continue
		}
		column := view.Column{Title: c.exact, Kind: view.Word}
		if c.word == nil {
			column.Kind = view.Number
		}
		for _, r := range rows {
			if c.word != nil {
				column.Words = append(column.Words, c.word(r))
			} else {
				column.Numbers = append(column.Numbers, c.number(r))
			}
		}
		t.Columns = append(t.Columns, column)
	}
	return view.Grid{View: "bench", Title: "Times", Table: t}
}

// changeColumns are what the list has beside, when an earlier run is compared.
func changeColumns() []benchColumn {
	of := func(value func(*bench.Change) float64) func(bench.Row) float64 {
		return func(r bench.Row) float64 {
			if r.Before == nil {
				return math.NaN()
			}
			return value(r.Before)
		}
	}
	return []benchColumn{
		{exact: "before_ms_median", number: of(func(c *bench.Change) float64 { return c.Median })},
		{exact: "change", number: of(func(c *bench.Change) float64 { return c.Change })},
		{exact: "p", number: of(func(c *bench.Change) float64 { return c.P })},
	}
}

// changesGrid tells what became of each row since the earlier run.
func changesGrid(d bench.Document, file string, earlier bench.Document) view.Grid {
	g := view.Grid{View: "bench", Title: "Before and after", Formula: "median ms, and what bounds it with 95 % confidence"}
	t := &view.Table{}
	var before, after, change, p []string
	missing := 0
	for _, r := range d.Rows {
		c := r.Before
		if c == nil {
			missing++
			continue
		}
		t.Rows = append(t.Rows, view.Label{Text: benchName(r.Case) + " " + where(r.Case), Pos: -1})
		low, high := bench.Interval(r.Samples)
		before, after = append(before, bounded(c.Median, c.Low, c.High)), append(after, bounded(r.Median, low, high))
		change = append(change, changed(c))
		p = append(p, fmt.Sprintf("%s, %d and %d runs", likely(c.P), c.Runs, len(r.Samples)))
	}
	t.Columns = []view.Column{
		{Title: "before", Kind: view.Word, Words: before},
		{Title: "after", Kind: view.Word, Words: after},
		{Title: "change", Kind: view.Word, Words: rightAligned(change, "change", false)},
		{Title: "", Kind: view.Word, Role: view.Muted, Words: p},
	}
	g.Table = t
	g.Notes = append(g.Notes, "~ is a change that chance alone may explain (Mann-Whitney U-test, p of 0.05 or more).")
	if missing > 0 {
		g.Notes = append(g.Notes, fmt.Sprintf("%d of %d rows are not in %s.", missing, len(d.Rows), file))
	}
	if earlier.Machine.CPU != d.Machine.CPU {
		g.Notes = append(g.Notes, fmt.Sprintf("%s was measured on another CPU: %s.", file, earlier.Machine.CPU))
	}
	return g
}

// bounded writes a median with half the width of its interval, as a share.
func bounded(median, low, high float64) string {
	if high == 0 {
		return threeDigits(median) + " ± ?"
	}
	return fmt.Sprintf("%s ± %.0f %%", threeDigits(median), 100*max(high/median-1, 1-low/median))
}

func likely(p float64) string {
	if p < 0.001 {
		return "p < 0.001"
	}
	return fmt.Sprintf("p %.3f", p)
}

func changed(c *bench.Change) string {
	if !c.Certain {
		return "~"
	}
	return fmt.Sprintf("%+.1f %%", 100*c.Change)
}
