// Package view turns a trace into grids: what each step of attention looks
// like as a table, before anybody decides on colours or file formats.
package view

import "attn/internal/tensor"

// Grid is one block of the picture: a title, the formula behind it, and
// either a matrix over tokens or a table with named columns.
type Grid struct {
	View    string // the view that made it: "pattern"
	Title   string // plain words: "Pattern"
	Formula string // the same in symbols: "softmax(q·k / √d_head)"
	Step    string // the hook the numbers come from: "blocks.1.attn.hook_pattern"
	Matrix  *Matrix
	Table   *Table
	Notes   []string // sentences below the numbers
}

// Role is what a label or column stands for; themes give each its colour.
type Role string

// The roles, with the chapter's colours in the 3b1b theme.
const (
	Plain     Role = ""
	Query     Role = "query"     // yellow
	Key       Role = "key"       // teal
	Value     Role = "value"     // red
	Delta     Role = "delta"     // pink
	Embedding Role = "embedding" // the residual stream
	Muted     Role = "muted"     // what matters less
)

// Label names a row or column. Pos is the token's place, or -1 when the label
// is no token; Focus marks the token whose update is told.
type Label struct {
	Text  string
	Pos   int
	Role  Role
	Focus bool
}

// Scale says how a matrix's numbers become colours and glyphs.
type Scale string

// The scales.
const (
	Weight Scale = "weight" // 0 to 1, a share of attention: a dot whose area is the weight
	Score  Scale = "score"  // any sign, -Inf where masked
	Cosine Scale = "cosine" // -1 to 1
)

// Matrix is a grid over two axes, usually tokens by tokens. Cells is
// [rows, cols]; NaN is a cell with nothing in it, -Inf a masked one.
type Matrix struct {
	RowAxis, ColAxis string // "keys", "queries": what runs down and across
	Rows, Cols       []Label
	Cells            tensor.Tensor
	Words            [][]string // optional, beside the number: Words[row][col]
	Scale            Scale
	MaskedBlank      bool // masked cells are shown empty rather than as -inf
	// Full is the weight that is drawn at full strength; 0 is 1. Numbers are
	// written as they are.
	Full float64
}

// Kind is what a table's column holds.
type Kind string

// The kinds of column.
const (
	Word    Kind = "word"    // text
	Integer Kind = "integer" // whole numbers, thousands separated
	Number  Kind = "number"  // Decimals places
	Bar     Kind = "bar"     // a number with a bar; Max is the full bar
	Percent Kind = "percent" // 0..1 shown as per cent, with a bar when Max > 0
	Strip   Kind = "strip"   // a vector, one small glyph per component
)

// Column is one column of a table: exactly one of Words, Numbers and Vectors
// is set, with one entry per row.
type Column struct {
	Title    string
	Role     Role
	Kind     Kind
	Decimals int
	Max      float64
	Words    []string
	Whole    bool        // words are not cut: rather is the column left out
	Numbers  []float64   // NaN: nothing to show
	Vectors  [][]float32 // for Strip
}

// Table is a list of rows with typed columns.
type Table struct {
	Rows    []Label
	Columns []Column
	Total   bool // the last row is the sum of those above it
	// Across lays the rows out from left to right, as the words of a sentence
	// are written: one short column per row.
	Across bool
}
