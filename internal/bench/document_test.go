package bench

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMeasured(t *testing.T) {
	r := Measured(Case{Op: "matmul"}, Work{FLOPs: 6e9, Bytes: 3e6}, Check{Error: 1e-7, Share: 0.5, What: "every number"},
		[]float64{30, 20, 40}, Peak{GFLOPS: 300, GBytes: 0.05})
	if r.Min != 20 || r.Median != 30 || r.GFLOPS != 200 || r.GBytes != 0.1 || r.Error != 1e-7 {
		t.Errorf("%+v", r)
	}
	if r.Intensity() != 2000 {
		t.Errorf("%v operations a byte", r.Intensity())
	}
}

// TestDocument: the names of the fields are fixed.
func TestDocument(t *testing.T) {
	causal := true
	d := Document{Schema: Schema, Machine: Machine{CPU: "c", Features: []string{"avx2"}, Threads: 2}, Rows: []Row{{
		Case: Case{Op: "attention", Device: "cpu", DType: "f32", N: 2048, Heads: 12, DHead: 64, Causal: &causal, Threads: 2},
		Min:  32.1, Median: 33, GFLOPS: 212, PeakGFLOPS: 390, Error: 8e-7,
	}}}
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Schema  string
		Machine map[string]any
		Rows    []map[string]any
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"op": "attention", "device": "cpu", "dtype": "f32", "n": 2048.0, "heads": 12.0, "d_head": 64.0, "causal": true, "threads": 2.0,
		"ms_min": 32.1, "ms_median": 33.0, "gflops": 212.0, "peak_gflops": 390.0, "max_abs_error": 8e-7,
	}
	for name, value := range want {
		if got.Rows[0][name] != value {
			t.Errorf("%s is %v, want %v", name, got.Rows[0][name], value)
		}
	}
	for _, name := range []string{"cpu", "features", "threads", "gpu"} {
		if _, ok := got.Machine[name]; !ok {
			t.Errorf("the machine has no %s", name)
		}
	}
	back, err := Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, back); diff != "" {
		t.Error(diff)
	}
}

// TestReadTheContract reads the example that the command line's contract gives.
func TestReadTheContract(t *testing.T) {
	const example = `{"schema":"attn.bench/1","machine":{"cpu":"...","features":["avx512f","amx_bf16"],"threads":2,"gpu":null},
	 "rows":[{"op":"attention","device":"cpu","dtype":"f32","n":2048,"heads":12,"d_head":64,"causal":true,"threads":2,
	          "ms_min":32.1,"ms_median":33.0,"gflops":212.0,"peak_gflops":390.0,"max_abs_error":8e-7}]}`
	if d, err := Read(strings.NewReader(example)); err != nil || d.Rows[0].Median != 33 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestReadRefuses(t *testing.T) {
	row := func(fields string) string {
		return `{"schema":"attn.bench/1","rows":[{"op":"matmul","device":"cpu",` + fields + `}]}`
	}
	for _, c := range []struct{ data, says string }{
		{"", "not JSON: it ends after 0 bytes"},
		{"{", "not JSON: it ends after 1 bytes"},
		{"go test", "not JSON: invalid character"},
		{"{}", `the schema is ""`},
		{`{"schema":"attn.trace/1"}`, "attn.trace/1"},
		{`{"schema":5}`, "schema is a JSON number"},
		{`{"schema":"attn.bench/1","rows":{}}`, "rows is a JSON object"},
		{`{"schema":"attn.bench/1"} 1`, "more after"},
		{`{"schema":"attn.bench/1","rows":[{}]}`, "no op"},
		{row(`"ms_min":1,"ms_median":0`), "took 0 ms"},
		{row(`"ms_min":-1,"ms_median":2`), "took -1 ms"},
		{row(`"ms_min":1,"ms_median":2,"samples_ms":[1,0]`), "took 0 ms"},
		{row(`"ms_min":1,"ms_median":2,"samples_ms":[1` + strings.Repeat(",1", mostRuns) + `]`), "1001 samples"},
		{row(`"n":1e99,"ms_min":1,"ms_median":2`), "n is a JSON number"},
	} {
		if _, err := Read(strings.NewReader(c.data)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.60s: %v, want %q", c.data, err, c.says)
		}
	}
}

// FuzzRead: whatever is read can be compared, and written again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"schema":"attn.bench/1","machine":{"gpu":null},"rows":[{"op":"a","device":"b","causal":true,"ms_min":1,"ms_median":2,"samples_ms":[1,2]}]}`))
	f.Add([]byte(`{"schema":"attn.bench/1","rows":[{"op":"a","device":"b","ms_min":1e300,"ms_median":1e-300,"samples_ms":[5e-324]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		again := append([]Row(nil), d.Rows...)
		if found := Compare(again, d.Rows); found != len(d.Rows) {
			t.Errorf("%d of %d rows found themselves", found, len(d.Rows))
		}
		written, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(bytes.NewReader(written)); err != nil {
			t.Errorf("what was read cannot be read again: %v", err)
		}
	})
}
