package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"attn/internal/model"
)

// Schema is the version of the document's form.
const Schema = "attn.bench/1"

// Document is what attn bench --format json writes, and what --compare reads.
type Document struct {
	Schema  string  `json:"schema"`
	Machine Machine `json:"machine"`
	Rows    []Row   `json:"rows"`
}

// Machine is where it was measured.
type Machine struct {
	CPU      string   `json:"cpu"` // as the system calls it
	Features []string `json:"features"`
	Threads  int      `json:"threads"` // as many as the process may use
	GPU      *string  `json:"gpu"`     // null: none was used
	OS       string   `json:"os"`
	Arch     string   `json:"arch"`
	Peaks    []Peak   `json:"peaks"`
}

// Peak is what the probes reached on a number of threads.
type Peak struct {
	Threads int     `json:"threads"`
	GFLOPS  float64 `json:"gflops"`
	GBytes  float64 `json:"gbytes_s"`
	FMA     string  `json:"fma"`                        // the instructions
	Tiles   float64 `json:"bf16_tile_gflops,omitempty"` // of bfloat16 products in tiles, where there are such

	// Of a GPU, whose rows have no threads: its name on the command line, and
	// what its clocks and units make.
	Device      string  `json:"device,omitempty"`
	SheetGFLOPS float64 `json:"sheet_gflops,omitempty"`
	SheetGBytes float64 `json:"sheet_gbytes_s,omitempty"`
}

// ByTiles is the peak of float32 products each of which takes so many of bfloat16
// in tiles, if that is more.
func (p Peak) ByTiles(products int) Peak {
	if products > 0 {
		p.GFLOPS = max(p.GFLOPS, p.Tiles/float64(products))
	}
	return p
}

// Case says what a row computes.
type Case struct {
	Op      string `json:"op"` // matmul, attention, forward, trace
	Device  string `json:"device"`
	DType   string `json:"dtype"` // of the weights
	N       int    `json:"n"`     // columns of a product, or tokens
	M       int    `json:"m,omitempty"`
	K       int    `json:"k,omitempty"`
	Heads   int    `json:"heads,omitempty"`
	DHead   int    `json:"d_head,omitempty"`
	Causal  *bool  `json:"causal,omitempty"`
	Model   string `json:"model,omitempty"`
	Threads int    `json:"threads"`
	Set     string `json:"set,omitempty"`    // the CPU's instruction set
	Record  string `json:"record,omitempty"` // the steps that a trace keeps, as --record takes them; "" is all
	Shape   Shape  `json:"shape,omitzero"`   // of the model that a pass runs
}

// Shape is a model's, as far as it says how long a pass takes.
type Shape struct {
	Family  string `json:"family"`
	Layers  int    `json:"layers"`
	Heads   int    `json:"heads"`
	KVHeads int    `json:"kv_heads"`
	DModel  int    `json:"d_model"`
	DHead   int    `json:"d_head"`
	DMLP    int    `json:"d_mlp"`
	DVocab  int    `json:"d_vocab"`
}

// ShapeOf is a model's.
func ShapeOf(c *model.Config) Shape {
	return Shape{c.Family, c.Layers, c.Heads, c.KVHeads, c.DModel, c.DHead, c.DMLP, c.DVocab}
}

// Row is a case and what came of it.
type Row struct {
	Case
	Min        float64 `json:"ms_min"`
	Median     float64 `json:"ms_median"`
	GFLOPS     float64 `json:"gflops"` // at the median
	PeakGFLOPS float64 `json:"peak_gflops"`
	Error      float64 `json:"max_abs_error"` // against package ref

	ErrorShare float64 `json:"error_share"` // of what rounding explains
	Checked    string  `json:"checked"`     // how much of the result was compared
	FLOPs      float64 `json:"flops"`
	Bytes      float64 `json:"bytes"`
	GBytes     float64 `json:"gbytes_s"`
	PeakGBytes float64 `json:"peak_gbytes_s"`
	// The datasheet's peaks of a GPU; 0 where they are not known.
	SheetGFLOPS float64 `json:"sheet_gflops,omitempty"`
	SheetGBytes float64 `json:"sheet_gbytes_s,omitempty"`
	// Shares of those peaks that the median reaches.
	OfPeak      float64   `json:"of_peak"`
	OfCopy      float64   `json:"of_copy"`
	OfSheet     float64   `json:"of_sheet,omitempty"`
	OfSheetCopy float64   `json:"of_sheet_copy,omitempty"`
	Samples     []float64 `json:"samples_ms"` // each run

	Before *Change `json:"before,omitempty"` // with --compare FILE
	Torch  *Torch  `json:"torch,omitempty"`  // with --compare torch

	TorchError string `json:"torch_error,omitempty"` // what PyTorch said where it failed
}

// Measured is the row of a case that was checked and timed.
func Measured(c Case, w Work, check Check, samples []float64, peak Peak) Row {
	r := Row{
		Case: c, Min: samples[0], Median: Median(samples), Samples: samples,
		PeakGFLOPS: peak.GFLOPS, PeakGBytes: peak.GBytes, SheetGFLOPS: peak.SheetGFLOPS, SheetGBytes: peak.SheetGBytes,
		Error: check.Error, ErrorShare: check.Share, Checked: check.What,
		FLOPs: w.FLOPs, Bytes: w.Bytes,
	}
	for _, s := range samples {
		r.Min = min(r.Min, s)
	}
	r.GFLOPS, r.GBytes = w.FLOPs/r.Median/1e6, w.Bytes/r.Median/1e6
	r.OfPeak, r.OfCopy = share(r.GFLOPS, peak.GFLOPS), share(r.GBytes, peak.GBytes)
	r.OfSheet, r.OfSheetCopy = share(r.GFLOPS, peak.SheetGFLOPS), share(r.GBytes, peak.SheetGBytes)
	return r
}

// share is how much of a peak is reached; 0 of one that is not known.
func share(reached, peak float64) float64 {
	if peak == 0 {
		return 0
	}
	return reached / peak
}

// Intensity is how many operations a row's work has for each byte.
func (r Row) Intensity() float64 { return r.FLOPs / r.Bytes }

// Bounds on a document that is read.
const (
	maxDocument = 64 << 20
	maxRows     = 1 << 14
)

// Read reads a document that attn bench wrote. It may lack what a later
// version added, but not what a comparison needs.
func Read(in io.Reader) (Document, error) {
	var d Document
	data, err := io.ReadAll(io.LimitReader(in, maxDocument+1))
	switch {
	case err != nil:
		return d, err
	case len(data) > maxDocument:
		return d, fmt.Errorf("more than %d MiB", maxDocument>>20)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&d); err != nil {
		return d, jsonError(err, len(data))
	}
	if _, err := decoder.Token(); err != io.EOF {
		return d, errors.New("there is more after the document")
	}
	return d, d.check()
}

// jsonError says what is wrong in words of its own where the library's name Go's
// types.
func jsonError(err error, size int) error {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind):
		return fmt.Errorf("not a document of %s: %s is a JSON %s: byte %d", Schema, kind.Field, kind.Value, kind.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("not JSON: it ends after %d bytes", size)
	}
	return fmt.Errorf("not JSON: %w", err)
}

func (d Document) check() error {
	switch {
	case d.Schema != Schema:
		return fmt.Errorf("the schema is %.40q, not %s", d.Schema, Schema)
	case len(d.Rows) > maxRows:
		return fmt.Errorf("%d rows, the limit is %d", len(d.Rows), maxRows)
	}
	for i, r := range d.Rows {
		if r.Op == "" || r.Device == "" {
			return fmt.Errorf("row %d has no op, or no device", i)
		}
		for _, ms := range append([]float64{r.Min, r.Median}, r.Samples...) {
			if !(ms > 0) || math.IsInf(ms, 1) {
				return fmt.Errorf("row %d took %v ms", i, ms)
			}
		}
		if len(r.Samples) > mostRuns {
			return fmt.Errorf("row %d has %d samples, the limit is %d", i, len(r.Samples), mostRuns)
		}
	}
	return nil
}
