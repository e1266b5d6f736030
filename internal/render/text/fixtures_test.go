package text_test

import (
	"fmt"
	"math"
	"strings"

	"attn/internal/tensor"
	"attn/internal/view"
)

// The pictures that the goldens show. Their numbers are invented, but they are
// what such numbers are: patterns sum to 1 and masks are causal.

var chapterWords = strings.Fields("a fluffy blue creature roamed the verdant forest")

var inf = math.Inf(1)

func labels(words []string, role view.Role, focus int) []view.Label {
	list := make([]view.Label, len(words))
	for i, w := range words {
		list[i] = view.Label{Text: w, Pos: i, Role: role, Focus: i == focus}
	}
	return list
}

func numbered(n int) []string {
	words := make([]string, n)
	for i := range words {
		words[i] = chapterWords[i%len(chapterWords)]
	}
	return words
}

// noise is a number between -1 and 1 that depends on its arguments alone.
func noise(a, b int) float64 {
	x := math.Sin(float64(a)*12.9898+float64(b)*78.233+1) * 43758.5453
	return 2*(x-math.Floor(x)) - 1
}

// scores invents k·q for every key (row) and query (column): neighbours and a
// few pairs of words are close, and the first token draws what is left.
func scores(n int, masked bool) tensor.Tensor {
	s := tensor.New(tensor.D(tensor.KeyPos, n), tensor.D(tensor.QueryPos, n))
	for k := range n {
		for q := range n {
			v := 1.4*noise(k, q) - 0.4
			switch {
			case masked && k > q:
				v = -inf
			case k%8 == 1 && q == k+2, k%8 == 2 && q == k+1, k%8 == 6 && q == k+1:
				v += 4
			case k == 0:
				v += 1.5
			}
			s.Data[k*n+q] = float32(v)
		}
	}
	return s
}

// pattern is the softmax of masked scores, down each column.
func pattern(n int) tensor.Tensor {
	s := scores(n, true)
	for q := range n {
		sum := 0.0
		for k := range n {
			sum += math.Exp(float64(s.Data[k*n+q]))
		}
		for k := range n {
			if v := s.Data[k*n+q]; !math.IsInf(float64(v), -1) {
				s.Data[k*n+q] = float32(math.Exp(float64(v)) / sum)
			}
		}
	}
	return s
}

func square(words []string, scale view.Scale, cells tensor.Tensor, focus int) *view.Matrix {
	return &view.Matrix{
		RowAxis: "keys", ColAxis: "queries",
		Rows: labels(words, view.Key, focus), Cols: labels(words, view.Query, focus),
		Cells: cells, Scale: scale, MaskedBlank: scale == view.Weight,
	}
}

func patternGrid(words []string, focus int) view.Grid {
	return view.Grid{
		View: "pattern", Title: "Pattern", Formula: "softmax down each column: each column sums to 1", Step: "blocks.2.attn.hook_pattern",
		Matrix: square(words, view.Weight, pattern(len(words)), focus),
	}
}

func scoresGrid(words []string, masked bool, focus int) view.Grid {
	g := view.Grid{
		View: "scores", Title: "Scores", Formula: "q·k / √d_head", Step: "blocks.2.attn.hook_scaled",
		Matrix: square(words, view.Score, scores(len(words), masked), focus),
	}
	if masked {
		g.View, g.Title, g.Formula, g.Step = "mask", "Mask", "", "blocks.2.attn.hook_attn_scores"
		g.Notes = []string{"A key may not be later than its query: 28 of 64 scores become -inf, so their weight is exactly 0."}
	}
	return g
}

func vector(seed, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(2.5 * noise(seed, i))
	}
	return v
}

func tokensGrid(words []string, focus int) view.Grid {
	ids := make([]float64, len(words))
	for i := range ids {
		ids[i] = float64((i*i*37 + 64) % 2048)
	}
	return view.Grid{
		View: "tokens", Title: "Tokens", Formula: "each word is one entry of the vocabulary of 2,048",
		Table: &view.Table{
			Rows: labels(words, view.Embedding, focus), Across: true,
			Columns: []view.Column{{Title: "id", Kind: view.Integer, Numbers: ids}},
		},
	}
}

func qkGrid() view.Grid {
	return view.Grid{
		View: "qkv", Title: `Layer 2, head 1 (picked: it writes the most into "creature")`, Formula: "q = W_Q e, k = W_K e", Step: "blocks.2.attn.hook_q",
		Table: &view.Table{
			Rows: []view.Label{
				{Text: "creature", Pos: 3, Role: view.Query, Focus: true},
				{Text: "blue", Pos: 2, Role: view.Key},
				{Text: "fluffy", Pos: 1, Role: view.Key},
			},
			Columns: []view.Column{
				{Title: "", Kind: view.Word, Role: view.Muted, Words: []string{"asks", "answers", "answers"}},
				{Title: "components", Kind: view.Strip, Vectors: [][]float32{vector(1, 32), vector(2, 32), vector(3, 32)}},
				{Title: "q·k", Kind: view.Number, Decimals: 2, Numbers: []float64{math.NaN(), 14.2, 10.86}},
				{Title: "÷ √32", Kind: view.Number, Decimals: 2, Numbers: []float64{math.NaN(), 2.51, 1.92}},
			},
		},
	}
}

func valuesGrid() view.Grid {
	return view.Grid{
		View: "values", Title: "Values and Δe", Formula: `what "creature" takes from each word: weight × value, through the output matrix`,
		Step: "blocks.2.attn.hook_result",
		Table: &view.Table{
			Total: true,
			Rows: []view.Label{
				{Text: "blue", Pos: 2, Role: view.Key},
				{Text: "fluffy", Pos: 1, Role: view.Key},
				{Text: "2 others", Pos: -1, Role: view.Muted},
				{Text: "Δe", Pos: -1, Role: view.Delta},
			},
			Columns: []view.Column{
				{Title: "weight", Kind: view.Number, Decimals: 2, Numbers: []float64{0.51, 0.44, 0.05, 1}},
				{Title: "|value|", Role: view.Value, Kind: view.Number, Decimals: 2, Numbers: []float64{2.94, 3.1, 1.02, 3.1}},
				{Title: "along Δe", Role: view.Delta, Kind: view.Percent, Max: 0.5, Numbers: []float64{0.48, 0.47, 0.05, 1}},
			},
		},
		Notes: []string{"The parts sum to Δe within 2e-7."},
	}
}

func headsGrid() view.Grid {
	const layers, heads = 4, 4
	rows, cols := make([]view.Label, layers), make([]view.Label, heads)
	words := make([][]string, layers)
	cells := tensor.New(tensor.D("layer", layers), tensor.D(tensor.Head, heads))
	for l := range layers {
		rows[l] = view.Label{Text: fmt.Sprintf("layer %d", l), Pos: -1, Focus: l == 2}
		words[l] = make([]string, heads)
		for h := range heads {
			cols[h] = view.Label{Text: fmt.Sprintf("head %d", h), Pos: -1, Focus: h == 1}
			cells.Data[l*heads+h] = float32(math.Abs(noise(l+5, h+3)))
			words[l][h] = chapterWords[(l*3+h)%4]
		}
	}
	return view.Grid{
		View: "heads", Title: "All heads", Formula: `how strongly each looks back from "creature", and at which word most`,
		Matrix: &view.Matrix{Rows: rows, Cols: cols, Cells: cells, Words: words, Scale: view.Weight},
	}
}

func predictGrid() view.Grid {
	return view.Grid{
		View: "predict", Title: `Next word after "forest"`, Formula: "softmax(logits)", Step: "unembed.hook_out",
		Table: &view.Table{
			Columns: []view.Column{
				{Kind: view.Word, Role: view.Embedding, Words: []string{".", "and", ",", "where"}},
				{Title: "probability", Kind: view.Bar, Decimals: 2, Max: 1, Role: view.Embedding, Numbers: []float64{0.62, 0.11, 0.08, 0.004}},
				{Title: "logit", Kind: view.Number, Decimals: 2, Numbers: []float64{7.21, 5.48, 5.16, -2.17}},
				{Title: "id", Kind: view.Integer, Numbers: []float64{13, 290, 11, 50256}},
			},
		},
	}
}

func cosineGrid() view.Grid {
	n := 4
	cells := tensor.New(tensor.D(tensor.Pos, n), tensor.D(tensor.Pos, n))
	for r := range n {
		for c := range n {
			cells.Data[r*n+c] = float32(noise(min(r, c), max(r, c)))
		}
		cells.Data[r*n+r] = 1
	}
	m := square(chapterWords[:n], view.Cosine, cells, -1)
	m.RowAxis, m.ColAxis = "layers", "layers"
	return view.Grid{View: "compare", Title: "Cosines", Formula: "how alike two embeddings are", Matrix: m}
}

func chapterGrids() []view.Grid {
	return []view.Grid{
		tokensGrid(chapterWords, 3), qkGrid(), scoresGrid(chapterWords, false, 3), scoresGrid(chapterWords, true, 3),
		patternGrid(chapterWords, 3), valuesGrid(), headsGrid(), cosineGrid(), predictGrid(),
	}
}

// sentence is what a trace shows first, for n tokens.
func sentence(n int) []view.Grid {
	words := numbered(n)
	return []view.Grid{tokensGrid(words, n-5), scoresGrid(words, false, n-5), patternGrid(words, n-5)}
}

// mapGrid is a pattern from afar: blocks whose shares are small, and one corner
// that takes all.
func mapGrid(n int) view.Grid {
	cells := tensor.New(tensor.D(tensor.KeyBlock, n), tensor.D(tensor.QueryBlock, n))
	for k := range n {
		for q := range n {
			v := (1 + 2*max(0, noise(k, q))) / float64(q+1)
			switch {
			case k > q:
				v = math.NaN()
			case k == q:
				v = 4 / float64(q+4)
			}
			cells.Data[k*n+q] = float32(v)
		}
	}
	m := square(numbered(n), view.Weight, cells, n-2)
	m.Full = .08
	for i := range m.Rows {
		m.Rows[i].Pos, m.Cols[i].Pos = 64*i, 64*i
	}
	return view.Grid{View: "pattern", Title: "Pattern from afar", Formula: "what a query of one block of 64 tokens gives, on average, to a block of keys", Matrix: m}
}

// paperGrid has queries as rows: each row sums to 1.
func paperGrid() view.Grid {
	n := len(chapterWords)
	columns := pattern(n)
	rows := tensor.New(tensor.D(tensor.QueryPos, n), tensor.D(tensor.KeyPos, n))
	for k := range n {
		for q := range n {
			rows.Data[q*n+k] = columns.Data[k*n+q]
		}
	}
	g := patternGrid(chapterWords, 3)
	g.Formula = "softmax along each row: each row sums to 1 (paper layout)"
	g.Matrix.Cells = rows
	g.Matrix.RowAxis, g.Matrix.ColAxis = "queries", "keys"
	g.Matrix.Rows, g.Matrix.Cols = g.Matrix.Cols, g.Matrix.Rows
	return g
}

func wordGrids(words []string) []view.Grid {
	return []view.Grid{
		tokensGrid(words, 2), scoresGrid(words, false, 2), patternGrid(words, 2),
		{Title: "Neighbours", Table: &view.Table{
			Rows: labels(words, view.Embedding, 2),
			Columns: []view.Column{
				{Title: "nearest", Kind: view.Word, Words: append(words[1:len(words):len(words)], words[0])},
				{Title: "cosine", Kind: view.Bar, Decimals: 2, Max: 1, Numbers: ramp(len(words))},
			},
		}},
	}
}

func ramp(n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = float64(i+1) / float64(n)
	}
	return list
}

func scriptGrids() []view.Grid {
	return wordGrids([]string{"注意力", "cafe\u0301", "👩‍👩‍👧", "🇫🇷", "مخلوق", "יצור", "क्षि", "ไทย", "한국어", "❤️‍🔥"})
}

func controlGrids() []view.Grid {
	return wordGrids([]string{
		"\n", "\x1b[31mred", "a\u202eb", "\xff\xfe", "\u200b", "\t ", "\u0301", "\x7f", "\u2028", "\x1b]0;title\x07", "line\r\nline",
	})
}

func emptyGrids() []view.Grid {
	return []view.Grid{
		{},
		{Title: "A title alone"},
		{Title: "A matrix of nothing", Matrix: &view.Matrix{RowAxis: "keys", ColAxis: "queries", Scale: view.Weight}},
		{Title: "No columns", Matrix: &view.Matrix{Rows: labels([]string{"a"}, view.Key, -1), Scale: view.Score}},
		{Title: "A table of nothing", Table: &view.Table{}},
		{Title: "No rows", Table: &view.Table{Total: true, Columns: []view.Column{{Title: "weight", Kind: view.Number}}}},
		{Title: "No rows, across", Table: &view.Table{Across: true, Columns: []view.Column{{Title: "id", Kind: view.Integer}}}},
		{Title: "Words alone", Table: &view.Table{Rows: labels([]string{"a", ""}, view.Key, -1)}},
		{Title: "Vectors of nothing", Table: &view.Table{
			Rows:    labels([]string{"a", "b"}, view.Key, -1),
			Columns: []view.Column{{Title: "v", Kind: view.Strip, Vectors: [][]float32{nil, {}}}},
		}},
		{Title: "Notes alone", Notes: []string{"One.", "", "Two."}},
	}
}

func oddNumbers() []view.Grid {
	values := []float64{math.NaN(), inf, -inf, 0, -1e-9, 1e-9, 1234567, -1e30, math.MaxFloat64}
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	cells := func(keep func(float64) bool) tensor.Tensor {
		t := tensor.New(tensor.D(tensor.KeyPos, len(values)), tensor.D(tensor.QueryPos, len(values)))
		for i := range t.Data {
			v := values[(i+i/len(values))%len(values)]
			if !keep(v) {
				v = 0.5
			}
			t.Data[i] = float32(v)
		}
		return t
	}
	small := func(v float64) bool { return !(math.Abs(v) > 1) || math.IsInf(v, 0) }
	grids := []view.Grid{
		{Title: "Scores", Matrix: square(words, view.Score, cells(func(float64) bool { return true }), -1)},
		{Title: "Weights", Matrix: square(words, view.Weight, cells(small), -1)},
		{Title: "Cosines", Matrix: square(words, view.Cosine, cells(small), -1)},
		{Title: "A table", Table: &view.Table{Rows: labels(words, view.Plain, -1)}},
		{Title: "A strip", Table: &view.Table{Columns: []view.Column{
			{Title: "components", Kind: view.Strip, Vectors: [][]float32{{float32(math.NaN()), float32(inf), float32(-inf), 0, -1, 1}}},
		}}},
	}
	for _, kind := range []view.Kind{view.Integer, view.Number, view.Bar, view.Percent} {
		grids[3].Table.Columns = append(grids[3].Table.Columns, view.Column{Title: string(kind), Kind: kind, Decimals: 2, Max: 1, Numbers: values})
	}
	return grids
}

func longWords() []view.Grid {
	words := []string{"a", strings.Repeat("pneumono", 12), strings.Repeat("注意", 30), "b"}
	grids := wordGrids(words)
	grids[0].Title = strings.Repeat("title", 40)
	grids[0].Formula = strings.Repeat("formula", 40)
	grids[0].Notes = []string{strings.Repeat("note", 60) + " and more"}
	return grids
}

func wideTable() view.Grid {
	g := view.Grid{Title: "Many columns", Table: &view.Table{Rows: labels(chapterWords, view.Key, 3)}}
	for i := range 12 {
		g.Table.Columns = append(g.Table.Columns, view.Column{
			Title: fmt.Sprintf("column %d", i), Kind: view.Number, Decimals: 2, Numbers: ramp(len(chapterWords)),
		})
	}
	return g
}

// untitled takes the titles of a table's columns away.
func untitled(g view.Grid) view.Grid {
	for i := range g.Table.Columns {
		g.Table.Columns[i].Title = ""
	}
	return g
}

func longTable() view.Grid {
	return view.Grid{Title: "Many rows", Table: &view.Table{
		Rows: labels(numbered(90), view.Key, 60), Total: true,
		Columns: []view.Column{{Title: "share", Kind: view.Percent, Decimals: 1, Max: 1, Numbers: ramp(90)}},
	}}
}
