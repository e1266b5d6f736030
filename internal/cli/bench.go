package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"attn/internal/bench"
	"attn/internal/kernels/all"
	"attn/internal/model"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// What attn bench can time.
const (
	opMatMul    = "matmul"
	opAttention = "attention"
	opForward   = "forward"
	opTrace     = "trace"
)

func benchOps() []string { return []string{opMatMul, opAttention, opForward, opTrace} }

// benchOptions is what attn bench was asked for.
type benchOptions struct {
	model  modelFlags
	shape  model.Shape // of a random model; its heads and their width are attention's too
	output outputFlags
	look   lookFlags

	ops, devices []string
	sets         []string // instruction sets of the CPU
	sizes        []int    // --n; nil when not given
	shapes       [][3]int // --shape: m, n, k
	dtypes       []tensor.DType
	threads      []int
	causal       bool
	time         time.Duration // that each row is timed
	memory       int           // GiB that a row may take
	chart        bool
	record       []string // --record: patterns of hook names; nil is every step
	earlier      string   // --compare

	givenModel bool // --model or the shape of a random one
}

// The sizes that are timed when nobody says which.
const (
	benchSize  = 512
	benchHeads = 12
	benchDHead = 64
)

// Bounds on what can be asked for, far above what any machine has memory for.
const (
	maxBenchSize  = 1 << 20
	maxBenchHeads = 1 << 14
	maxBenchTime  = time.Hour
	maxBenchGiB   = 1 << 20
	maxBenchRows  = 4096
)

func newBenchCmd(a *App, runF func(context.Context, *App, *benchOptions) error) *cobra.Command {
	o := &benchOptions{}
	standard := a.Getenv("ATTN_CPU")
	var shapes, dtypes []string
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "time what attn computes, beside this machine's best",
		Long: `Time what attn computes, and hold it against the best that this machine can do:
matrix products, attention, forward passes, and passes with every step recorded.

Every row's result is compared with the reference backend's before it is timed;
where that would take long, a sample of its rows or queries is, spread over all
of them, or the first tokens of a pass. A result that rounding does not explain is an error, with exit
code 3; the other rows are measured all the same. Then the work is run until --time is over, and at least 3 times: ms is
the fastest run and the median, and GFLOP/s and GB/s are the median's.

Operations: 2 m n k for a product; 4 heads n² d_head for attention, half of that
when causal; for a pass what attn params --context counts, less the logits that
nobody asked for. What recording computes beside it does not count. Bytes are
those of operands, weights and results, each once.

The peak is measured at the start, on each number of threads: float32
multiply-adds in registers, bfloat16 ones in tiles where the CPU has them, and a
copy of memory too large for the caches. What else the machine does meanwhile
lowers them. A product in tiles (set amx) takes 3 to 6 of bfloat16, by the type of
its weights: its peak is that share of theirs.

--n is the size of matmul's square matrices and the number of tokens of the
others. A pass reads a built-in model's limit at most; without --model, a random
model of its shape reads longer texts.

--record says which steps a trace keeps, as in attn trace; without it, all.

--compare FILE reads what --format json wrote, and says for each row whether it
changed, by the Mann-Whitney U-test over all runs. --compare torch times PyTorch
at the same products of float32 and the same attention (its math path), on the
same device, if python3 can import it. Beside a trace of a model like GPT-2 it
runs an eager pass of the same shape; both then keep attentions and hidden states,
and bring them to the CPU. Where it fails, the rows are written all the same, and
the exit code is 1.

A GPU's rows are timed by its own clock, each run with caches that hold nothing
of it; its peaks, of multiply-adds and of memory copied, are measured by kernels
made for that, and stand beside those that its clocks and units make (sheet).`,
		Example: `attn bench
attn bench --op matmul --n 512,2048 --dtype f32,bf16,q4_k --threads 1,2 --chart
attn bench --op matmul --shape 8x768x3072,512x768x2304 --set all
attn bench --op attention --n 1024 --heads 8 --d-head 128 --causal=false
attn bench --op trace --layers 12 --heads 12 --d-model 768 --n 64,512
attn bench --format json -o before.json; attn bench --compare before.json
attn bench --op matmul,attention --compare torch
attn bench --op trace --layers 12 --heads 12 --d-model 768 --d-vocab 50257 --n 1024 --compare torch`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(cmd, shapes, dtypes, standard); err != nil {
				return err
			}
			return runF(cmd.Context(), a, o)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.ops, "op", benchOps(), "`names` of what to time: "+strings.Join(benchOps(), ", ")+" (default: all)")
	f.StringSliceVar(&o.devices, "device", []string{"auto"}, "`names` of what computes: "+strings.Join(all.Names(), ", ")+" (default: auto)")
	f.StringSliceVar(&o.sets, "set", nil, "instruction `sets` of the CPU, or all: "+strings.Join(all.Sets(), ", ")+" (default: the best)")
	f.IntSliceVar(&o.sizes, "n", nil, "`sizes`: of square matrices, and tokens (default: 512, or what the model reads)")
	f.StringSliceVar(&shapes, "shape", nil, "`MxNxK` of other matrix products, [M, K] by [K, N]")
	f.StringSliceVar(&dtypes, "dtype", []string{"f32"}, "`types` that matmul's weights are stored in: "+strings.Join(benchDTypes(), ", ")+" (default: f32)")
	f.BoolVar(&o.causal, "causal", true, "attention sees no later token")
	f.IntSliceVar(&o.threads, "threads", nil, "CPU `threads` (default: as many as this process may use)")
	f.DurationVar(&o.time, "time", time.Second, "how `long` each row is timed")
	f.IntVar(&o.memory, "memory", 4, "the most that a row may take, in `GiB`")
	f.StringSliceVar(&o.record, "record", nil, "hook `names` that a trace keeps, with * for any part, or all (default: all; with --compare torch what PyTorch hands out)")
	f.BoolVar(&o.chart, "chart", false, "draw a roofline chart as well")
	f.StringVar(&o.earlier, "compare", "", "an earlier run's JSON `file` to compare with, or torch: PyTorch, timed beside")
	o.model.add(a, cmd)
	addShape(cmd, &o.shape)
	f.IntVar(&o.shape.DVocab, "d-vocab", 0, "random model: `N` words in its vocabulary")
	f.Lookup("heads").Usage = "`N` heads of attention, and of a random model's layers (default: 12, and 4)"
	f.Lookup("d-head").Usage = "`N` numbers in a query, key or value, of both (default: 64, and 16)"
	complete(cmd, "op", benchOps()...)
	complete(cmd, "device", all.Names()...)
	complete(cmd, "set", append(all.Sets(), allSets)...)
	complete(cmd, "dtype", benchDTypes()...)
	complete(cmd, "record", "all")
	o.output.add(cmd, formatText, formatJSON, formatCSV)
	o.look.add(cmd)
	return cmd
}

func benchDTypes() []string {
	var names []string
	for _, d := range tensor.DTypes() {
		names = append(names, strings.ToLower(d.String()))
	}
	return names
}

// complete checks the flags and settles what follows from them.
func (o *benchOptions) complete(cmd *cobra.Command, shapes, dtypes []string, standard string) error {
	given := cmd.Flags().Changed
	if given("shape") && !given("op") {
		o.ops = []string{opMatMul}
	}
	for _, list := range []struct {
		flag          string
		asked, values []string
	}{{"op", o.ops, benchOps()}, {"device", o.devices, all.Names()}} {
		if err := checkList(list.flag, list.asked, list.values); err != nil {
			return err
		}
	}
	for _, check := range []func() error{
		func() error { return o.readSets(given("set"), standard) },
		func() error { return o.readDTypes(dtypes, given("dtype")) },
		func() error { return o.readShapes(shapes) },
		func() error { return o.checkNumbers(cmd) },
		func() error { return o.settleModel(cmd) },
		func() error { return o.checkRecord(given("record")) },
		o.output.resolve,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if o.chart && o.output.Format != formatText {
		return usagef("the chart is text, not %s: --chart", o.output.Format)
	}
	return nil
}

// times reports whether an op is among those that are asked for.
func (o *benchOptions) times(op string) bool { return slices.Contains(o.ops, op) }

// checkList holds the values of a flag to those that there are.
func checkList(flag string, asked, values []string) error {
	if len(asked) == 0 {
		return usagef("the list is empty: --%s", flag).advise("it takes %s", strings.Join(values, ", "))
	}
	for _, value := range asked {
		if !slices.Contains(values, value) {
			return usagef("not one of %s: --%s %s", strings.Join(values, ", "), flag, value)
		}
	}
	return nil
}

// allSets stands for every instruction set that this machine runs.
const allSets = "all"

// readSets settles which instruction sets the CPU's rows are for: without --set,
// the standard one, which is the best unless ATTN_CPU names another.
func (o *benchOptions) readSets(given bool, standard string) error {
	have := all.Sets()
	switch {
	case !given && standard == "":
		o.sets = have[:1]
	case !given:
		if !slices.Contains(have, standard) {
			return usagef("this machine runs no such instruction set: ATTN_CPU=%s", standard).advise("it runs %s", strings.Join(have, ", "))
		}
		o.sets = []string{standard}
	case slices.Equal(o.sets, []string{allSets}):
		o.sets = have
	default:
		return checkList("set", o.sets, append(have, allSets))
	}
	return nil
}

func (o *benchOptions) readDTypes(names []string, given bool) error {
	if err := checkList("dtype", names, benchDTypes()); err != nil {
		return err
	}
	if given && !o.times(opMatMul) {
		return usagef("only matmul has weights of a chosen type, and it is not among --op %s: --dtype", strings.Join(o.ops, ","))
	}
	o.dtypes = nil
	for _, name := range names {
		d, err := tensor.ParseDType(strings.ToUpper(name))
		if err != nil {
			return usagef("%w: --dtype", err)
		}
		o.dtypes = append(o.dtypes, d)
	}
	return nil
}

// readShapes reads MxNxK.
func (o *benchOptions) readShapes(words []string) error {
	o.shapes = nil
	if len(words) > 0 && !o.times(opMatMul) {
		return usagef("it is matmul's, which is not among --op %s: --shape", strings.Join(o.ops, ","))
	}
	for _, word := range words {
		parts := strings.Split(strings.ToLower(word), "x")
		var shape [3]int
		for i := range shape {
			n, err := 0, error(nil)
			if len(parts) == len(shape) {
				n, err = strconv.Atoi(parts[i])
			}
			if err != nil || n < 1 || n > maxBenchSize {
				return usagef("not MxNxK, three numbers from 1 to %d: --shape %s", maxBenchSize, word)
			}
			shape[i] = n
		}
		o.shapes = append(o.shapes, shape)
	}
	return nil
}

func (o *benchOptions) checkNumbers(cmd *cobra.Command) error {
	given := cmd.Flags().Changed
	for _, list := range []struct {
		flag   string
		values []int
		most   int
	}{{"n", o.sizes, maxBenchSize}, {"threads", o.threads, maxThreads}} {
		if given(list.flag) && len(list.values) == 0 {
			return usagef("the list is empty: --%s", list.flag)
		}
		for _, n := range list.values {
			if n < 1 || n > list.most {
				return usagef("not 1 to %d: --%s %d", list.most, list.flag, n)
			}
		}
	}
	switch {
	case o.time <= 0 || o.time > maxBenchTime:
		return usagef("not more than 0 and at most %v: --time %v", maxBenchTime, o.time)
	case o.memory < 1 || o.memory > maxBenchGiB:
		return usagef("not 1 to %d: --memory %d", maxBenchGiB, o.memory)
	}
	return nil
}

// settleModel says what the shape flags are about: a random model, and --heads
// and --d-head attention as well.
func (o *benchOptions) settleModel(cmd *cobra.Command) error {
	given := cmd.Flags().Changed
	passes := o.times(opForward) || o.times(opTrace)
	o.givenModel = given("model")
	if given("model") && !passes {
		return usagef("only forward and trace run a model, and neither is among --op %s: --model", strings.Join(o.ops, ","))
	}
	for _, name := range []string{"layers", "heads", "kv-heads", "d-model", "d-head", "d-mlp", "d-vocab", "seed"} {
		if !given(name) {
			continue
		}
		both := (name == "heads" || name == "d-head") && o.times(opAttention)
		switch value := cmd.Flags().Lookup(name).Value.String(); {
		case name != "seed" && (value == "0" || strings.HasPrefix(value, "-")):
			return usagef("it must be 1 or more: --%s %s", name, value)
		case both:
			continue
		case !passes:
			return usagef("it is the shape of a random model, which none of --op %s runs: --%s", strings.Join(o.ops, ","), name)
		case given("model") && o.model.Model != randomModel:
			return usagef("--%s is the shape of a random model, but: --model %s", name, o.model.Model)
		}
		o.model.Model, o.givenModel = randomModel, true
	}
	if o.shape.Heads > maxBenchHeads || o.shape.DHead > maxBenchSize {
		return usagef("not 1 to %d heads of at most %d numbers: --heads %d, --d-head %d", maxBenchHeads, maxBenchSize, o.shape.Heads, o.shape.DHead)
	}
	return nil
}

func (o *benchOptions) checkRecord(given bool) error {
	switch {
	case given && !o.times(opTrace):
		return usagef("only trace keeps steps, and it is not among --op %s: --record", strings.Join(o.ops, ","))
	case given && len(o.record) == 0:
		return usagef("the list is empty: --record").advise("it takes hook names, with * for any part, or all")
	}
	return nil
}

// kept are the steps that traces keep; nil is all. Beside PyTorch they are those that
// it hands out, unless others are asked for: all of them would be no comparison.
func (o *benchOptions) kept(layers int) ([]string, error) {
	switch {
	case slices.Contains(o.record, "all"):
		return nil, nil
	case o.record == nil && o.besideTorch():
		return bench.TorchRecord(layers), nil
	}
	for _, pattern := range o.record {
		if err := trace.CheckPattern(pattern, layers); err != nil {
			return nil, usagef("--record: %w", err)
		}
	}
	return o.record, nil
}

// runBench plans the rows, measures the machine, and then each of them.
func runBench(ctx context.Context, a *App, o *benchOptions) error {
	p, err := o.plan()
	if err != nil {
		return err
	}
	defer p.close()
	var earlier bench.Document
	switch {
	case o.besideTorch():
		if err := bench.HasTorch(ctx, python); err != nil {
			return failf("%w", err).advise("--compare torch needs a python3 that can import it; any other word is a file of an earlier run")
		}
	case o.earlier != "":
		if earlier, err = readBench(o.earlier); err != nil {
			return err
		}
		if bench.Compare(p.rows(), earlier.Rows) == 0 {
			return failf("none of its %d rows computes what is to be timed: %s", len(earlier.Rows), o.earlier).
				advise("give the same --op, --n, --dtype, --device and --threads as then")
		}
	}
	d, failed := p.run(ctx, a, o)
	if len(d.Rows) == 0 {
		return failed
	}
	switch {
	case o.besideTorch():
		stop := a.progress(o.look.Quiet, "timing PyTorch")
		err := bench.BesideTorch(ctx, python, d.Rows, o.time)
		stop()
		if err != nil {
			return err
		}
	case o.earlier != "":
		bench.Compare(d.Rows, earlier.Rows)
	}
	if err := o.write(a, d, p.notes, earlier); err != nil {
		return err
	}
	return cmp.Or(failed, torchFailures(d.Rows))
}

// torchFailures says at which rows PyTorch failed, and what it said at the first.
func torchFailures(rows []bench.Row) error {
	var failed []bench.Row
	for _, r := range rows {
		if r.TorchError != "" {
			failed = append(failed, r)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	first := failed[0]
	return failf("PyTorch failed at %d of %d rows: %s on %s: %s", len(failed), len(rows), benchName(first.Case), first.Device, first.TorchError)
}

// python runs PyTorch.
const python = "python3"

// besideTorch: the word is no file's name, unless it says so (./torch).
func (o *benchOptions) besideTorch() bool { return o.earlier == "torch" }

// readBench reads an earlier run's document.
func readBench(path string) (bench.Document, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return bench.Document{}, failf("not a regular file: %s", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return bench.Document{}, failf("%w", err)
	}
	defer f.Close()
	d, err := bench.Read(f)
	if err != nil {
		return d, failf("%w: %s", err, path).advise("attn bench --format json -o %s writes one", "FILE")
	}
	return d, nil
}

// benchName is what a row computes, in words.
func benchName(c bench.Case) string {
	switch c.Op {
	case opMatMul:
		if c.M == c.N && c.N == c.K {
			return fmt.Sprintf("matmul %d", c.N)
		}
		return fmt.Sprintf("matmul %d×%d×%d", c.M, c.N, c.K)
	case opAttention:
		name := fmt.Sprintf("attention %d, %d×%d", c.N, c.Heads, c.DHead)
		if c.Causal == nil || !*c.Causal {
			name += " full"
		}
		return name
	}
	return fmt.Sprintf("%s %d, %s", c.Op, c.N, c.Model)
}
