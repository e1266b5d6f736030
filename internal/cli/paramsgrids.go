package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"attn/internal/params"
	"attn/internal/view"
)

// paramsGrids are the tables of a convention; of the chapter's and all
// parameters, how one leads to the other, and all conventions side by side,
// where none is asked for.
//
// symbols asks for the column that names what is multiplied.
func paramsGrids(s params.Shape, c params.Convention, symbols bool) ([]view.Grid, error) {
	if c != "" && c != params.Chapter {
		count, err := countShape(s, c)
		grid := groupGrid(count, symbols, s.Name+": "+headings()[c].title, headings()[c].formula)
		return []view.Grid{doubted(grid, s)}, err
	}
	chapter, err := countShape(s, params.Chapter)
	if err != nil {
		return nil, err
	}
	groups := groupGrid(chapter, symbols, s.Name+": parameters, as the chapter counts them", "matrices only")
	groups.Notes = append(groups.Notes, matricesNote(s, chapter))
	grids := []view.Grid{doubted(groups, s), attentionGrid(s, chapter)}
	if !s.Latent() {
		grids = append(grids, valueMapGrid(s, chapter))
	}
	if c == params.Chapter {
		return grids, nil
	}
	full, err := countShape(s, params.Parameters)
	if err != nil {
		return nil, err
	}
	side, err := conventionGrid(s)
	return append(grids, bridgeGrid(chapter, full), side), err
}

// doubted adds why the shape may not be right.
func doubted(g view.Grid, s params.Shape) view.Grid {
	if s.Doubt != "" {
		g.Notes = append(g.Notes, s.Doubt)
	}
	return g
}

// heading is what is counted under a convention that has one table.
type heading struct{ title, formula string }

func headings() map[params.Convention]heading {
	return map[params.Convention]heading{
		params.Parameters:      {"every trained parameter", "a tied matrix once"},
		params.File:            {"every number in its file", "buffers and copies included"},
		params.TransformerLens: {"as TransformerLens counts", "n_params"},
	}
}

// matricesNote counts the matrices, and says which they are where that is
// said in a line.
func matricesNote(s params.Shape, c params.Count) string {
	note := params.Digits(c.Matrices) + " matrices: query, key and value (down) of each head, one output (up) per layer, in which its heads are joined, "
	if s.Stacked() || s.Latent() || s.MLP().Experts.Routed > 0 || s.Unembedding == params.None || len(s.Stacks[0].Blocks) > 1 {
		return note + "and the others as they stand above"
	}
	mlp := "two"
	if s.MLP().Gated {
		mlp = "three"
	}
	return note + mlp + " per MLP, embedding and unembedding"
}

// groupRow is how a group is shown: the chapter's name for it, and what its
// shape counts.
type groupRow struct {
	group, name, symbols string
	role                 view.Role
}

// groupRows lists the groups in the chapter's order.
func groupRows() []groupRow {
	return []groupRow{
		{params.Embedding, "embedding", "d_model × n_vocab", view.Plain},
		{params.Position, "positions", "d_model × n_context", view.Plain},
		{params.Key, "key", "d_head × d_model", view.Key},
		{params.Query, "query", "d_head × d_model", view.Query},
		{params.Value, "value (down)", "d_head × d_model", view.Value},
		{params.Output, "output (up)", "d_model × d_head", view.Value},
		{params.Up, "up-projection", "d_mlp × d_model", view.Plain},
		{params.Gate, "gate", "d_mlp × d_model", view.Plain},
		{params.Down, "down-projection", "d_model × d_mlp", view.Plain},
		{params.Router, "router", "n_experts × d_model", view.Plain},
		{params.Bias, "biases", "one layer's", view.Plain},
		{params.Norm, "norms", "d_model", view.Plain},
		{params.Unembedding, "unembedding", "n_vocab × d_model", view.Plain},
		{params.Other, "other", "", view.Plain},
	}
}

// longestProduct is GPT-3's: beside a longer one symbols find no room in wide
// columns.
const longestProduct = 36

// groupGrid is the chapter's table: each group with its product, the parts of
// one that has several. symbols asks for the column that names what is
// multiplied; where there is no room for it, there is none either for the
// units in the products of parts, whose names are long.
func groupGrid(c params.Count, symbols bool, title, formula string) view.Grid {
	t := newCounts("product", "in symbols")
	parts := slices.ContainsFunc(c.Groups, func(g params.Group) bool { return len(g.Parts) > 0 })
	for _, row := range groupRows() {
		g, ok := c.Find(row.group)
		if !ok {
			continue
		}
		for _, part := range g.Rows() {
			t.add(view.Label{Text: partName(row, part), Role: row.role}, part.Count, product(part, symbols || !parts), row.symbols)
		}
	}
	t.add(view.Label{Text: "total"}, c.Total, "", "")
	tooLong := func(product string) bool { return utf8.RuneCountInString(product) > longestProduct }
	if !symbols || parts || slices.ContainsFunc(t.columns[0].Words, tooLong) {
		t.columns = t.columns[:1]
	}
	grid := view.Grid{View: "params", Title: title, Formula: formula, Table: t.table(c.Total, true)}
	for _, f := range c.Flags {
		grid.Notes = append(grid.Notes, "flagged: "+f.Text)
	}
	return grid
}

// partName says which of a group's parts a row is.
func partName(row groupRow, part params.Part) string {
	group := row.group
	switch {
	case part.What == "":
		return row.name
	case group == params.Other:
		return part.What
	case group == params.Bias || group == params.Norm || group == params.Position:
		group = row.name
	}
	return group + ": " + part.What
}

// product writes out what a count is the product of:
// 128 × 12,288 × 96 heads × 96 layers, or without units where they are not
// asked for.
func product(p params.Part, units bool) string {
	factors := make([]string, 0, len(p.Shape)+len(p.Of))
	for _, size := range p.Shape {
		factors = append(factors, digits(size))
	}
	for _, f := range p.Of {
		if !units {
			factors = append(factors, digits(f.N))
			continue
		}
		if strings.HasSuffix(f.Unit, "s") { // "gains and biases" are more than one
			factors = append(factors, digits(f.N)+" "+f.Unit)
			continue
		}
		factors = append(factors, counted(f.N, f.Unit))
	}
	return strings.Join(factors, " × ")
}

func digits(n int) string { return params.Digits(int64(n)) }

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return digits(n) + " " + what + "s"
}

// attentionGrid builds attention up from one matrix.
func attentionGrid(s params.Shape, c params.Count) view.Grid {
	t := newCounts("is")
	if !s.Latent() {
		t.add(view.Label{Text: "one matrix"}, c.PerMatrix, digits(s.DHead())+" × "+digits(s.DModel))
		t.add(view.Label{Text: "one head"}, c.PerHead, "4 matrices: query, key, value, output")
	}
	t.add(view.Label{Text: "one layer"}, c.PerLayerAttention, counted(s.Heads(), "head"))
	all := counted(s.Layers(), "layer")
	if s.Stacked() {
		all = "encoder, decoder, decoder to encoder"
	}
	t.add(view.Label{Text: "all attention"}, c.Attention, all)
	note := fmt.Sprintf("attention has %s of all %s parameters: %s; the MLPs have %s",
		params.Digits(c.Attention), params.Digits(c.Total), inWords(share(c.Attention, c.Total)), params.Digits(c.MLP))
	notes := []string{note}
	if s.KVHeads() != s.Heads() {
		notes = append(notes, fmt.Sprintf("%s share the keys and values of %s", counted(s.Heads(), "query head"), digits(s.KVHeads())))
	}
	return view.Grid{View: "params", Title: "Attention, from one matrix up", Table: t.table(c.Total, false), Notes: notes}
}

// valueMapGrid compares the value map, factored, with a full one.
func valueMapGrid(s params.Shape, c params.Count) view.Grid {
	d, h := digits(s.DModel), digits(s.DHead())
	v := c.ValueMap
	return view.Grid{
		View: "params", Title: "The value map, in two factors", Formula: "W_value-up W_value-down",
		Table: &view.Table{
			Rows: []view.Label{{Text: "as one full matrix"}, {Text: "value down, then value up", Role: view.Value}},
			Columns: []view.Column{
				{Title: "product", Kind: view.Word, Words: []string{d + " × " + d, fmt.Sprintf("%s × %s + %s × %s", h, d, d, h)}},
				{Title: "one head", Kind: view.Integer, Numbers: []float64{float64(v.Full), float64(v.Factored)}},
				{Title: "all heads and layers", Kind: view.Integer, Numbers: []float64{float64(v.AllFull), float64(v.AllFactored)}},
			},
		},
		Notes: []string{fmt.Sprintf("a full map would need %s times as many; the factors can write only %s directions per head",
			strings.TrimSuffix(fmt.Sprintf("%.1f", share(v.Full, v.Factored)), ".0"), h)},
	}
}

// bridgeGrid leads from the chapter's total to all trained parameters.
func bridgeGrid(chapter, full params.Count) view.Grid {
	t := newCounts()
	t.add(view.Label{Text: "as the chapter counts"}, chapter.Total)
	counts := func(c params.Count, name string) int64 {
		g, _ := c.Find(name)
		return g.Count
	}
	for _, part := range []struct{ group, name string }{
		{params.Unembedding, "unembedding is embedding"},
		{params.Position, "positions"},
		{params.Query, "norms inside the queries"},
		{params.Key, "norms inside the keys"},
		{params.Router, "the router's biases"},
		{params.Bias, "biases"},
		{params.Norm, "norms"},
		{params.Other, "other"},
	} {
		if change := counts(full, part.group) - counts(chapter, part.group); change != 0 {
			t.add(view.Label{Text: part.name}, change)
		}
	}
	t.add(view.Label{Text: "every trained parameter"}, full.Total)
	return view.Grid{View: "params", Title: "From there to every trained parameter", Table: t.table(0, true)}
}

// counts is a table of counts in the making.
type counts struct {
	rows    []view.Label
	columns []view.Column // of words
	numbers []float64
}

func newCounts(titles ...string) *counts {
	c := &counts{}
	for _, title := range titles {
		c.columns = append(c.columns, view.Column{Title: title, Kind: view.Word})
	}
	return c
}

func (c *counts) add(label view.Label, count int64, words ...string) {
	label.Pos = -1
	c.rows, c.numbers = append(c.rows, label), append(c.numbers, float64(count))
	for i, word := range words {
		c.columns[i].Words = append(c.columns[i].Words, word)
	}
}

// table adds the shares of a whole, unless that is 0.
func (c *counts) table(whole int64, total bool) *view.Table {
	columns := append(slices.Clip(c.columns), view.Column{Title: "parameters", Kind: view.Integer, Numbers: c.numbers})
	if whole > 0 {
		shares := make([]float64, len(c.numbers))
		for i, n := range c.numbers {
			shares[i] = n / float64(whole)
		}
		columns = append(columns, view.Column{Title: "share", Kind: view.Percent, Decimals: 1, Numbers: shares})
	}
	return &view.Table{Rows: c.rows, Columns: columns, Total: total}
}

func share(part, whole int64) float64 { return float64(part) / float64(whole) }

// countList is a count as a plain table, for csv.
func countList(c params.Count) view.Grid {
	columns := []view.Column{
		{Title: "model", Kind: view.Word},
		{Title: "convention", Kind: view.Word},
		{Title: "group", Kind: view.Word},
		{Title: "shape", Kind: view.Word},
		{Title: "copies", Kind: view.Integer},
		{Title: "count", Kind: view.Integer},
	}
	for _, g := range c.Groups {
		var sizes []string
		for _, size := range g.Shape {
			sizes = append(sizes, strconv.Itoa(size))
		}
		for i, word := range []string{c.Model, string(c.Convention), g.Name, strings.Join(sizes, "x")} {
			columns[i].Words = append(columns[i].Words, word)
		}
		columns[4].Numbers = append(columns[4].Numbers, float64(g.Copies))
		columns[5].Numbers = append(columns[5].Numbers, float64(g.Count))
	}
	return view.Grid{View: "params", Title: c.Model, Table: &view.Table{Columns: columns}}
}

// presetGrids are the tables of attn params --list, one per family.
func presetGrids(list []presetJSON) []view.Grid {
	var grids []view.Grid
	for from := 0; from < len(list); {
		to := from
		for to < len(list) && list[to].Family == list[from].Family {
			to++
		}
		grid := presetGrid(list[from].Family, list[from:to])
		c := grid.Table.Columns // what gives way on a narrow terminal is the chapter's total
		c[len(c)-2], c[len(c)-1] = c[len(c)-1], c[len(c)-2]
		grids = append(grids, grid)
		from = to
	}
	return grids
}

func presetGrid(title string, list []presetJSON) view.Grid {
	grid := view.Grid{View: "params", Title: title}
	columns := []view.Column{
		{Title: "layers", Kind: view.Integer},
		{Title: "heads", Kind: view.Integer},
		{Title: "d_model", Kind: view.Integer},
		{Title: "d_head", Kind: view.Integer},
		{Title: "context", Kind: view.Integer},
		{Title: "chapter", Kind: view.Integer},
		{Title: "parameters", Kind: view.Integer},
	}
	t := &view.Table{Columns: columns}
	for _, p := range list {
		t.Rows = append(t.Rows, view.Label{Text: p.Name, Pos: -1})
		for i, n := range []int64{
			int64(p.Layers), int64(p.Heads), int64(p.DModel), int64(p.DHead), int64(p.Context), p.Chapter, p.Parameters,
		} {
			columns[i].Numbers = append(columns[i].Numbers, float64(n))
		}
		for _, f := range p.Flags {
			grid.Notes = append(grid.Notes, p.Name+": "+f.Text)
		}
	}
	grid.Table = t
	return grid
}
