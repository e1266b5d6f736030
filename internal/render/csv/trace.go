// Package csv writes traces and tables as comma-separated values (RFC 4180),
// for spreadsheets and data frames.
package csv

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"

	"attn/internal/tensor"
	"attn/internal/trace"
)

// Options is what goes into a file. The zero value is every step.
type Options struct {
	Steps func(name string) bool // which steps are written; nil is all
	// Shown says that a terminal shows the text: whatever that would act on is
	// written out visibly.
	Shown bool
}

// header names the columns: one number to a row, and beside it all that says
// which number it is. What a step does not have stays empty. token and
// query_token, key_token are the texts at those positions; component counts
// along d_head, d_model, d_mlp or, then being the token's id, d_vocab.
const header = "step,layer,head,pos,token,query,query_token,key,key_token,component,value\n"

const chunk = 1 << 16 // bytes gathered before they are written

// Trace writes the steps in tidy long form. Masked scores are -inf, as data
// frames read them; any other number that is not finite is an error, found
// before anything is written.
func Trace(w io.Writer, t *trace.Trace, o Options) error {
	var steps []trace.Step
	for _, s := range t.Steps {
		if o.Steps != nil && !o.Steps(s.Name) {
			continue
		}
		if err := checkFinite(s); err != nil {
			return err
		}
		steps = append(steps, s)
	}
	out := bufio.NewWriterSize(w, chunk)
	if _, err := out.WriteString(header); err != nil {
		return err
	}
	tokens := make([]string, len(t.Tokens))
	for i, token := range t.Tokens {
		tokens[i] = quoted(token.Text, o.Shown)
	}
	for _, s := range steps {
		if err := writeStep(out, t, s, tokens); err != nil {
			return err
		}
	}
	return out.Flush()
}

func checkFinite(s trace.Step) error {
	_, name := trace.Split(s.Name)
	for i, v := range s.Whole().Data {
		if v-v == 0 || trace.MayHide(name) && math.IsInf(float64(v), -1) {
			continue
		}
		return fmt.Errorf("%s: value %d is %v", s.Name, i, v)
	}
	return nil
}

// The columns that an axis of a tensor fills.
const (
	head = iota
	pos
	query
	key
	component
	places // how many there are
)

func column(axis tensor.Axis) int {
	switch axis {
	case tensor.Head:
		return head
	case tensor.Pos:
		return pos
	case tensor.QueryPos, tensor.QueryBlock, tensor.TileQuery:
		return query
	case tensor.KeyPos, tensor.KeyBlock, tensor.TileKey:
		return key
	}
	return component
}

// position is the token that an index along an axis stands for: a step may hold
// some rows, a part of a pattern, or blocks, which their first token names.
func position(t *trace.Trace, s trace.Step, axis tensor.Axis, index int) int {
	switch axis {
	case tensor.Pos, tensor.QueryPos:
		if s.Rows != nil {
			return s.Rows[index]
		}
	case tensor.QueryBlock, tensor.KeyBlock:
		return index * trace.BlockSize(len(t.Tokens))
	case tensor.TileQuery:
		return t.Meta.Tile.Queries[0] + index
	case tensor.TileKey:
		return t.Meta.Tile.Keys[0] + index
	}
	return index
}

// writeStep writes a step's numbers in their order in memory: the last axis
// runs fastest.
func writeStep(out *bufio.Writer, t *trace.Trace, s trace.Step, tokens []string) error {
	start := text(s.Name, false) + ","
	if layer, _ := trace.Split(s.Name); layer >= 0 {
		start += strconv.Itoa(layer)
	}
	shape := s.Value.Shape
	index := make([]int, len(shape))
	for _, v := range s.Whole().Data {
		place := [places]int{-1, -1, -1, -1, -1}
		for axis, dim := range shape {
			if dim.Axis != tensor.One {
				place[column(dim.Axis)] = position(t, s, dim.Axis, index[axis])
			}
		}
		if _, err := out.Write(appendLine(out.AvailableBuffer(), start, place, tokens, v)); err != nil {
			return err
		}
		advance(index, shape)
	}
	return nil
}

func appendLine(line []byte, start string, place [places]int, tokens []string, v float32) []byte {
	line = append(line, start...)
	for i, at := range place {
		line = append(line, ',')
		if at >= 0 {
			line = strconv.AppendInt(line, int64(at), 10)
		}
		if i == head || i == component {
			continue
		}
		line = append(line, ',')
		if at >= 0 && at < len(tokens) {
			line = append(line, tokens[at]...)
		}
	}
	line = append(line, ',')
	return append(appendNumber(line, float64(v), 32), '\n')
}

// advance moves an index on by one, the last axis first.
func advance(index []int, shape []tensor.Dim) {
	for axis := len(index) - 1; axis >= 0; axis-- {
		if index[axis]++; index[axis] < shape[axis].Size {
			return
		}
		index[axis] = 0
	}
}
