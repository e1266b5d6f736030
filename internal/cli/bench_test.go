package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"attn/internal/bench"
	"attn/internal/kernels"
	"attn/internal/kernels/all"
	"attn/internal/render/text"
	"attn/internal/tensor"
	"attn/internal/view"
)

func TestBenchOptions(t *testing.T) {
	var got *benchOptions
	cmd := newBenchCmd(NewApp(&bytes.Buffer{}, &bytes.Buffer{}), func(_ context.Context, _ *App, o *benchOptions) error { got = o; return nil })
	cmd.SetArgs(strings.Fields("--op matmul,attention --device cpu,ref --n 512,2048 --shape 8x768X2304 --heads 3 --d-head 7 --dtype f32,q4_k " +
		"--causal=false --threads 1,2 --time 3s --memory 9 --format csv"))
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	switch {
	case !slices.Equal(got.ops, []string{"matmul", "attention"}),
		!slices.Equal(got.devices, []string{"cpu", "ref"}),
		!slices.Equal(got.sizes, []int{512, 2048}),
		!slices.Equal(got.shapes, [][3]int{{8, 768, 2304}}),
		!slices.Equal(got.dtypes, []tensor.DType{tensor.F32, tensor.Q4_K}),
		!slices.Equal(got.threads, []int{1, 2}),
		got.shape.Heads != 3, got.shape.DHead != 7, got.causal, got.time != 3*time.Second, got.memory != 9, got.output.Format != formatCSV:
		t.Errorf("%+v", got)
	}
}

// TestBenchPlan: what is asked for becomes rows, once each.
func TestBenchPlan(t *testing.T) {
	o := &benchOptions{
		ops: []string{opMatMul, opAttention}, devices: []string{"auto", "ref", "cpu"}, threads: []int{1, 2},
		sizes: []int{4}, dtypes: []tensor.DType{tensor.F32, tensor.BF16}, memory: 1, causal: true,
	}
	p, err := o.plan()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range p.steps {
		got = append(got, strings.Join([]string{benchName(s.Case), s.Device, s.DType, string(rune('0' + s.Threads))}, "|"))
	}
	want := []string{
		"matmul 4|cpu|f32|1", "matmul 4|cpu|f32|2", "matmul 4|ref|f32|1",
		"matmul 4|cpu|bf16|1", "matmul 4|cpu|bf16|2", "matmul 4|ref|bf16|1",
		"attention 4, 12×64|cpu|f32|1", "attention 4, 12×64|cpu|f32|2", "attention 4, 12×64|ref|f32|1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

// TestBenchPassWork: a pass that records nothing computes one token's logits.
// The model's shape is small enough to count by hand: 2 layers, of which each
// has 4 matrices of 8 × 8 and 2 of 8 × 32, and a table of 50 words.
func TestBenchPassWork(t *testing.T) {
	o := &benchOptions{ops: []string{opForward}, sizes: []int{10}, givenModel: true}
	o.model.Model = randomModel
	o.shape.Layers, o.shape.Heads, o.shape.DModel, o.shape.DVocab = 2, 2, 8, 50
	const (
		matrices  = 2 * (4*8*8 + 2*8*32)
		pairs     = 10 * 11 / 2
		attention = 2 * 2 * 2 * (4 + 4) * pairs // layers, multiply and add, heads, q·k and weight·v
	)
	for _, record := range []bool{false, true} {
		p := &benchPlan{}
		tasks, err := o.passes(p, record)
		if err != nil {
			t.Fatal(err)
		}
		logits := 1
		if record {
			logits = 10
		}
		be, err := openDevice(benchPlace{device: "ref", threads: 1}, all.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := tasks[0].make(be).FLOPs, float64(2*10*matrices+attention+2*logits*50*8); got != want {
			t.Errorf("recorded %v: %v operations, want %v", record, got, want)
		}
		p.close()
	}
}

// TestRoofline: a row that reaches the roof is drawn on it, one that reaches a
// hundredth lies below, and an intensity twice as high lies further right.
func TestRoofline(t *testing.T) {
	row := func(intensity, gflops float64) bench.Row {
		return bench.Row{Case: bench.Case{Op: "matmul"}, FLOPs: intensity, Bytes: 1, GFLOPS: gflops, PeakGFLOPS: 100, PeakGBytes: 10}
	}
	d := bench.Document{
		Machine: bench.Machine{Peaks: []bench.Peak{{Threads: 1, GFLOPS: 100, GBytes: 10}}},
		Rows:    []bench.Row{row(1, 10), row(100, 100), row(100, 1)},
	}
	g := rooflineGrid(d, 80)
	lines := g.Table.Columns[0].Words
	find := func(glyph string) (line, column int) {
		for i, s := range lines {
			if at := slices.Index([]rune(s), []rune(glyph)[0]); at >= 0 {
				return i, at
			}
		}
		t.Fatalf("there is no %s in\n%s", glyph, strings.Join(lines, "\n"))
		return 0, 0
	}
	aLine, aColumn := find("a")
	bLine, bColumn := find("b")
	cLine, cColumn := find("c")
	roofLine, _ := find("─")
	switch {
	case bLine != roofLine, aLine <= bLine, cLine <= aLine:
		t.Errorf("lines %d, %d, %d, the roof in %d", aLine, bLine, cLine, roofLine)
	case bColumn != cColumn, aColumn >= bColumn:
		t.Errorf("columns %d, %d, %d", aColumn, bColumn, cColumn)
	}
	if before := []rune(lines[aLine]); before[aColumn-1] != '∕' && before[aColumn+1] != '∕' {
		t.Errorf("a is not on the slope:\n%s", strings.Join(lines, "\n"))
	}
}

// TestBenchOfGPUFits: a GPU's table has room for whole names in 100 columns.
func TestBenchOfGPUFits(t *testing.T) {
	peak := bench.Peak{Device: "cuda", GFLOPS: 60000, GBytes: 3000, SheetGFLOPS: 66000, SheetGBytes: 3350}
	causal := true
	var rows []bench.Row
	for _, c := range []bench.Case{
		{Op: opMatMul, Device: "cuda", DType: "q8_0", M: 4096, N: 4096, K: 16384, Threads: 1},
		{Op: opAttention, Device: "cuda", DType: "f32", N: 16384, Heads: 12, DHead: 128, Causal: &causal, Threads: 1},
	} {
		rows = append(rows, bench.Measured(c, bench.Work{FLOPs: 4e11, Bytes: 2e10}, bench.Check{Error: 1e-5}, []float64{7}, peak))
	}
	var out bytes.Buffer
	a := NewApp(&out, &out)
	o, err := a.textOptions(&outputFlags{}, &lookFlags{Theme: "3b1b"})
	if err != nil {
		t.Fatal(err)
	}
	if err := text.Draw(&out, []view.Grid{benchGrid(rows, false)}, o); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "matmul 4096×4096×16384 ") || !strings.Contains(got, "attention 16384, 12×128 ") || !strings.Contains(got, "95.2 %  86.6 %") {
		t.Error(got)
	}
	for line := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(line); n > 101 {
			t.Errorf("%d columns: %s", n-1, line)
		}
	}
}

func TestThreeDigits(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.0123456: "0.0123", 1.5: "1.50", 12.34: "12.3", 123.4: "123", 1340: "1340", 1e6: "1000000", math.Inf(1): "+Inf",
	} {
		if got := threeDigits(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

// TestBenchStops: Ctrl-C ends it, whatever it is at.
func TestBenchStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, errs bytes.Buffer
	if code := NewApp(&out, &errs).Run(ctx, strings.Fields("bench --time 1h --n 64")); code != exitInterrupted || out.Len()+errs.Len() > 0 {
		t.Errorf("exit %d, %q, %q", code, out.String(), errs.String())
	}
}

// TestBenchWrongResult: what is wrong is not timed, and the exit code says so.
func TestBenchWrongResult(t *testing.T) {
	s := benchStep{Case: bench.Case{Op: opMatMul, Device: "ref", N: 4, M: 4, K: 4, Threads: 1}, make: func(kernels.Backend) bench.Work {
		return bench.Work{
			Check: func(context.Context) (bench.Check, error) {
				return bench.Check{Error: 0.5, Share: 3, What: "every number"}, nil
			},
			Start: func(context.Context) error {
				t.Error("it was timed")
				return nil
			},
		}
	}}
	_, err := s.measure(t.Context(), time.Second, bench.Peak{})
	var known *Error
	if !errors.As(err, &known) || known.Code != exitCheck || !strings.Contains(err.Error(), "matmul 4 on ref is wrong: it lies 0.5 from ref, 3 times") {
		t.Errorf("got %v", err)
	}
}

// TestBenchGoesOn: a row that fails takes no other with it; its error comes back.
func TestBenchGoesOn(t *testing.T) {
	wrong := errors.New("the device is gone")
	step := func(n int, err error) benchStep {
		return benchStep{Case: bench.Case{Op: opMatMul, Device: "ref", N: n, M: n, K: n, Threads: 1}, make: func(be kernels.Backend) bench.Work {
			w := bench.MatMul(be, bench.Product{M: n, N: n, K: n, DType: tensor.F32})
			if err != nil {
				w.Check = func(context.Context) (bench.Check, error) { return bench.Check{}, err }
			}
			return w
		}}
	}
	p := &benchPlan{steps: []benchStep{step(2, nil), step(3, wrong), step(4, nil)}}
	d, err := p.run(t.Context(), NewApp(&bytes.Buffer{}, &bytes.Buffer{}), &benchOptions{time: time.Millisecond})
	if !errors.Is(err, wrong) || len(d.Rows) != 2 || d.Rows[1].N != 4 {
		t.Errorf("%d rows, %v", len(d.Rows), err)
	}
	if got := strings.Join(p.notes, ""); got != "Failed: matmul 3 on ref: the device is gone." {
		t.Error(got)
	}
}

// TestBenchThreads: without --threads it is as many as there are.
func TestBenchThreads(t *testing.T) {
	places, err := (&benchOptions{devices: []string{"cpu"}, sets: []string{"generic"}}).places(&benchPlan{})
	if err != nil || !slices.Equal(places, []benchPlace{{"cpu", runtime.GOMAXPROCS(0), "generic"}}) {
		t.Errorf("%v, %v", places, err)
	}
}

// TestBenchOfGPU: a GPU's rows are held against its own peak and its datasheet's,
// and the CPU's against theirs.
func TestBenchOfGPU(t *testing.T) {
	peaks := []bench.Peak{
		{Threads: 1, GFLOPS: 100, GBytes: 10, FMA: "AVX2", Tiles: 9e9},
		{Threads: 1, GFLOPS: 8000, GBytes: 500, FMA: "A GPU", Device: "cuda", SheetGFLOPS: 10000, SheetGBytes: 600},
	}
	on := func(device string) bench.Row {
		s := benchStep{Case: bench.Case{Op: opMatMul, Device: device, DType: "bf16", N: 4, M: 4, K: 4, Threads: 1}}
		return bench.Measured(s.Case, bench.Work{FLOPs: 4e9, Bytes: 1e8}, bench.Check{What: "every number"}, []float64{1}, s.peak(peaks))
	}
	gpu, cpu := on("cuda"), on("ref")
	if gpu.PeakGFLOPS != 8000 || gpu.SheetGFLOPS != 10000 || cpu.PeakGBytes != 10 || cpu.SheetGFLOPS != 0 {
		t.Errorf("%+v\n%+v", gpu, cpu)
	}
	gpu.Torch = &bench.Torch{Version: "2.0", What: "a @ b.T", Median: 3}
	titles := func(rows ...bench.Row) string {
		var list []string
		for _, c := range benchGrid(rows, false).Table.Columns {
			list = append(list, c.Title+" "+c.Words[0])
		}
		return strings.Join(list, ", ")
	}
	if got := titles(gpu); !strings.Contains(got, "of peak  50.0 %, sheet 40.0 %, GB/s  100, of copy  20.0 %, sheet 16.7 %,") || strings.Contains(got, "best ms") {
		t.Errorf("a GPU's columns: %s", got)
	}
	if got := titles(cpu); strings.Contains(got, "sheet") || strings.Contains(got, "of copy") || !strings.Contains(got, "best ms") {
		t.Errorf("a CPU's columns: %s", got)
	}
	if got := titles(cpu, gpu); !strings.Contains(got, "of copy        , sheet       ,") {
		t.Errorf("the CPU's columns beside a GPU's: %s", got)
	}
	var list []string
	for _, c := range benchList([]bench.Row{gpu, cpu}, false).Table.Columns {
		if strings.HasPrefix(c.Title, "of_") {
			list = append(list, fmt.Sprintf("%s %.3g", c.Title, c.Numbers))
		}
	}
	if got, want := strings.Join(list, ", "), "of_peak [0.5 40], of_sheet [0.4 NaN], of_copy [0.2 10], of_sheet_copy [0.167 NaN]"; got != want {
		t.Errorf("for programs: %s, want %s", got, want)
	}
	want := "Peak of cuda, A GPU: 8000 GFLOP/s of multiply-adds, 500 GB/s of memory copied (of peak, of copy); its clocks and units make 10000 and 600 (sheet). Its rows are timed by its own clock, with empty caches."
	if got := gpuNote(peaks[1]); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	beside := torchGrid([]bench.Row{gpu, cpu})
	if beside.Table.Columns[2].Words[0] != " 3.00 x" || len(beside.Notes) != 1 {
		t.Errorf("%+v", beside)
	}
}
