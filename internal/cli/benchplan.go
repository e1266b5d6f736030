package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"attn/internal/bench"
	"attn/internal/hub"
	"attn/internal/kernels"
	"attn/internal/kernels/all"
	"attn/internal/kernels/cpu"
	"attn/internal/kernels/cuda"
	"attn/internal/model"
	"attn/internal/params"
	"attn/internal/probe"
	"attn/internal/render/escape"
	"attn/internal/tensor"
)

// benchPlan is the rows to measure.
type benchPlan struct {
	steps []benchStep
	model *model.Model // that passes run; nil without any
	notes []string
}

// benchStep is one row to be: its case, and what makes its work ready.
type benchStep struct {
	bench.Case
	make func(kernels.Backend) bench.Work
}

// rows are the cases alone, before any is measured.
func (p *benchPlan) rows() []bench.Row {
	rows := make([]bench.Row, len(p.steps))
	for i, s := range p.steps {
		rows[i].Case = s.Case
	}
	return rows
}

func (p *benchPlan) close() {
	if p.model != nil {
		_ = p.model.Close() // only reads
	}
}

// task is what a row computes, whatever computes it.
type task struct {
	bench.Case
	memory float64 // bytes that it takes
	flag   string  // that asks for it
	make   func(kernels.Backend) bench.Work
}

// plan lists the rows, and refuses those that cannot be, before anything runs.
func (o *benchOptions) plan() (*benchPlan, error) {
	p := &benchPlan{}
	if err := o.fill(p); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// fill adds a row for each task on each device.
func (o *benchOptions) fill(p *benchPlan) error {
	tasks, err := o.tasks(p)
	if err != nil {
		return err
	}
	places, err := o.places(p)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		if limit := float64(o.memory) * (1 << 30); t.memory > limit {
			return usagef("%s takes %s, --memory allows %s: %s", benchName(t.Case), inBytes(t.memory), inBytes(limit), t.flag)
		}
		for _, on := range places {
			s := benchStep{Case: t.Case, make: t.make}
			s.Device, s.Threads, s.Set = on.device, on.threads, on.set
			p.steps = append(p.steps, s)
		}
	}
	if len(p.steps) > maxBenchRows {
		return usagef("%d rows, the limit is %d: attn bench", len(p.steps), maxBenchRows)
	}
	return nil
}

// benchPlace is a device, how many of its threads compute, and in the words of
// which instruction set.
type benchPlace struct {
	device  string
	threads int
	set     string // of the CPU; "" of other devices
}

// places are the devices, each with its numbers of threads. Each is opened once,
// so that one that is not there is told before others have worked for minutes,
// and to learn what auto stands for: not for a GPU that the passes' model does not
// fit into.
func (o *benchOptions) places(p *benchPlan) ([]benchPlace, error) {
	threads := o.threads
	if len(threads) == 0 {
		threads = []int{runtime.GOMAXPROCS(0)}
	}
	var places []benchPlace
	for _, device := range o.devices {
		be, err := openDevice(benchPlace{device: device, threads: threads[0]}, p.room())
		if err != nil {
			return nil, err
		}
		name := be.Name()
		_ = be.Close() // nothing was computed
		sets := o.sets
		if name != "cpu" || len(sets) == 0 {
			sets = []string{""}
		}
		for _, n := range threads {
			if name == "ref" || name == "cuda" {
				n = 1 // it has no more, or no use for them
			}
			for _, set := range sets {
				if on := (benchPlace{name, n, set}); !slices.Contains(places, on) {
					places = append(places, on)
				}
			}
		}
	}
	return places, nil
}

// room is what auto has to know of the model, if there is one.
func (p *benchPlan) room() all.Options {
	if p.model == nil {
		return all.Options{}
	}
	return all.Options{Weights: p.model.Size(), Passed: func(why error) {
		p.notes = append(p.notes, fmt.Sprintf("The CPU computes, and not the GPU: %s.", escape.Text(why.Error())))
	}}
}

func openDevice(on benchPlace, o all.Options) (kernels.Backend, error) {
	o.Threads, o.Set = on.threads, on.set
	be, err := all.Open(on.device, o)
	switch {
	case errors.Is(err, kernels.ErrNoDevice):
		return nil, failf("%w", err).advise("it needs an NVIDIA driver (libcuda.so.1) and a device, as attn version lists them; --device cpu needs neither")
	case err != nil:
		return nil, failf("%w", err)
	}
	return be, nil
}

// tasks lists what is computed.
func (o *benchOptions) tasks(p *benchPlan) ([]task, error) {
	var tasks []task
	for _, op := range o.ops {
		var more []task
		var err error
		switch op {
		case opMatMul:
			more, err = o.products()
		case opAttention:
			more = o.attentions()
		default:
			more, err = o.passes(p, op == opTrace)
		}
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, more...)
	}
	return tasks, nil
}

// sizesOr are those of --n, or else one.
func (o *benchOptions) sizesOr(n int) []int {
	if o.sizes == nil {
		return []int{n}
	}
	return o.sizes
}

func (o *benchOptions) products() ([]task, error) {
	var products []bench.Product
	if o.sizes != nil || o.shapes == nil {
		for _, n := range o.sizesOr(benchSize) {
			products = append(products, bench.Product{M: n, N: n, K: n})
		}
	}
	squares := len(products)
	for _, s := range o.shapes {
		products = append(products, bench.Product{M: s[0], N: s[1], K: s[2]})
	}
	var tasks []task
	for i, product := range products {
		flag := fmt.Sprintf("--n %d", product.N)
		if i >= squares {
			flag = fmt.Sprintf("--shape %dx%dx%d", product.M, product.N, product.K)
		}
		for _, d := range o.dtypes {
			product.DType = d
			if err := product.Valid(); err != nil {
				return nil, usagef("%w: --dtype %s", err, strings.ToLower(d.String()))
			}
			tasks = append(tasks, task{
				Case:   bench.Case{Op: opMatMul, DType: strings.ToLower(d.String()), M: product.M, N: product.N, K: product.K},
				memory: product.Memory(), flag: flag,
				make: func(be kernels.Backend) bench.Work { return bench.MatMul(be, product) },
			})
		}
	}
	return tasks, nil
}

func (o *benchOptions) attentions() []task {
	var tasks []task
	for _, n := range o.sizesOr(benchSize) {
		h := bench.Heads{N: n, Heads: benchHeads, DHead: benchDHead, Causal: o.causal}
		if o.shape.Heads > 0 {
			h.Heads = o.shape.Heads
		}
		if o.shape.DHead > 0 {
			h.DHead = o.shape.DHead
		}
		tasks = append(tasks, task{
			Case:   bench.Case{Op: opAttention, DType: "f32", N: n, Heads: h.Heads, DHead: h.DHead, Causal: &h.Causal},
			memory: h.Memory(), flag: fmt.Sprintf("--n %d", n),
			make: func(be kernels.Backend) bench.Work { return bench.Attention(be, h) },
		})
	}
	return tasks
}

// passes runs the model, which is opened once for all of them.
func (o *benchOptions) passes(p *benchPlan, record bool) ([]task, error) {
	if p.model == nil {
		var err error
		if p.model, err = o.open(p); err != nil {
			return nil, err
		}
	}
	m := p.model
	shape, err := o.paramsOf(m)
	if err != nil {
		return nil, err
	}
	op, kept := opForward, []string(nil)
	if record {
		op = opTrace
		if kept, err = o.kept(m.Config.Layers); err != nil {
			return nil, err
		}
	}
	var tasks []task
	for _, n := range o.sizesOr(min(benchSize, m.Config.Context)) {
		if n > m.Config.Context {
			return nil, usagef("model %s reads at most %d tokens: --n %d", m.Config.Name, m.Config.Context, n)
		}
		pass := bench.Pass{Model: m, N: n, Record: record, Only: kept}
		if pass.FLOPs, pass.Bytes, err = o.work(m, shape, pass); err != nil {
			return nil, err
		}
		tasks = append(tasks, task{
			Case: bench.Case{
				Op: op, DType: storedIn(m), N: n, Model: m.Config.Name, Record: strings.Join(kept, ","), Shape: bench.ShapeOf(&m.Config),
			},
			memory: pass.Memory(), flag: fmt.Sprintf("--n %d", n),
			make: func(be kernels.Backend) bench.Work { return bench.Forward(be, pass) },
		})
	}
	return tasks, nil
}

// open opens the model. What nobody named is a built-in one: a random model of
// its shape reads texts that are too long for it.
func (o *benchOptions) open(p *benchPlan) (*model.Model, error) {
	longest := 0
	for _, n := range o.sizes {
		longest = max(longest, n)
	}
	if o.model.Model == randomModel {
		o.shape.Context = max(longest, o.shape.Complete().Context)
		return o.model.open(o.shape)
	}
	m, err := o.model.open(model.Shape{})
	if err != nil || o.givenModel || longest <= m.Config.Context {
		return m, err
	}
	c := m.Config
	_ = m.Close() // only reads
	p.notes = append(p.notes, fmt.Sprintf("Model %s reads at most %d tokens: a random model of its shape stands for it.", c.Name, c.Context))
	o.model.Model = randomModel
	return o.model.open(model.Shape{
		Layers: c.Layers, Heads: c.Heads, KVHeads: c.KVHeads, DModel: c.DModel, DHead: c.DHead, DMLP: c.DMLP,
		DVocab: c.DVocab, Context: longest,
	})
}

// paramsOf is the model's shape as its operations are counted.
func (o *benchOptions) paramsOf(m *model.Model) (params.Shape, error) {
	if o.model.Model == randomModel {
		return randomShape(m.Config), nil
	}
	return findModelShape(hub.FromEnv(o.model.getenv), o.model.Model)
}

// work is what a pass takes: operations, and bytes of the weights. The ledger
// counts the logits of every token; a pass that does not record them computes
// the last one's.
func (o *benchOptions) work(m *model.Model, s params.Shape, pass bench.Pass) (flops, bytes float64, err error) {
	f32, err := params.ParseDType("f32")
	if err != nil {
		return 0, 0, failf("%w", err)
	}
	ledger, err := s.Ledger(params.Use{Context: pass.N, Batch: 1, DType: f32})
	if err != nil {
		return 0, 0, failf("cannot count: %w: %s", err, s.Name)
	}
	flops, bytes = ledger.Prompt.Total, ledger.Weights
	flops -= 2 * float64(pass.N-pass.Logits()) * float64(m.Config.DVocab) * float64(m.Config.DModel)
	if files := m.Files(); files != nil {
		bytes = float64(files.Size())
	}
	return flops, bytes, nil
}

// storedIn is the type of the model's weights, or "mixed".
func storedIn(m *model.Model) string {
	files := m.Files()
	if files == nil {
		return "f32"
	}
	var kinds []string
	for _, name := range files.Names() {
		t, _ := files.Get(name)
		if kind := strings.ToLower(t.DType.String()); !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) != 1 {
		return "mixed"
	}
	return kinds[0]
}

// run measures the machine and then each row. Where one fails the others are measured
// all the same; the error is the first one's.
func (p *benchPlan) run(ctx context.Context, a *App, o *benchOptions) (bench.Document, error) {
	d := bench.Document{Schema: bench.Schema, Machine: bench.Machine{
		CPU: cmp.Or(probe.CPU(), runtime.GOARCH), Features: cpuFeatures(), Threads: runtime.GOMAXPROCS(0), OS: runtime.GOOS, Arch: runtime.GOARCH,
	}}
	peaks, err := p.peaks(ctx, a, o)
	if err != nil {
		return d, err
	}
	d.Machine.Peaks = peaks
	if i := slices.IndexFunc(peaks, func(k bench.Peak) bool { return k.Device == "cuda" }); i >= 0 {
		d.Machine.GPU = &peaks[i].FMA
	}
	var failed error
	for i, s := range p.steps {
		stop := a.progress(o.look.Quiet, fmt.Sprintf("timing %s on %s (%d of %d)", benchName(s.Case), s.Device, i+1, len(p.steps)))
		row, err := s.measure(ctx, o.time, s.peak(peaks))
		stop()
		switch {
		case ctx.Err() != nil:
			return bench.Document{}, ctx.Err()
		case err != nil:
			p.notes = append(p.notes, "Failed: "+escape.Text(err.Error())+".")
			failed = cmp.Or(failed, err)
			continue
		}
		d.Rows = append(d.Rows, row)
	}
	return d, failed
}

// peaks measures the machine on each number of threads that a row has.
func (p *benchPlan) peaks(ctx context.Context, a *App, o *benchOptions) ([]bench.Peak, error) {
	defer a.progress(o.look.Quiet, "measuring the machine's peak")()
	options := probe.Thorough()
	options.Time = min(options.Time, o.time)
	var peaks []bench.Peak
	for _, s := range p.steps {
		if slices.ContainsFunc(peaks, s.isPeak) {
			continue
		}
		k, err := s.measurePeak(ctx, options)
		if err != nil {
			return nil, err
		}
		peaks = append(peaks, k)
	}
	return peaks, nil
}

// isPeak reports whether a peak is that of the step's device and threads.
func (s *benchStep) isPeak(k bench.Peak) bool {
	if s.Device == "cuda" {
		return k.Device == s.Device
	}
	return k.Device == "" && k.Threads == s.Threads
}

// measurePeak finds what a step's device can do.
func (s *benchStep) measurePeak(ctx context.Context, options probe.Options) (bench.Peak, error) {
	if s.Device != "cuda" {
		k, err := probe.Measure(ctx, s.Threads, options)
		return bench.Peak{Threads: k.Threads, GFLOPS: k.GFLOPS, GBytes: k.GBytes, FMA: k.FMA, Tiles: k.Tiles}, err
	}
	be, err := openDevice(benchPlace{device: s.Device}, all.Options{})
	if err != nil {
		return bench.Peak{}, err
	}
	defer be.Close() // nothing is lost
	gpu, ok := be.(interface {
		Device() cuda.Device
		Measure() (cuda.Peak, error)
	})
	if !ok {
		return bench.Peak{}, failf("it cannot be measured: --device %s", s.Device)
	}
	k, err := gpu.Measure()
	if err != nil {
		return bench.Peak{}, failf("%w", err)
	}
	device, sheet := gpu.Device(), gpu.Device().Sheet()
	return bench.Peak{
		Device: s.Device, Threads: s.Threads, GFLOPS: k.GFLOPS, GBytes: k.GBytes, FMA: device.Name, SheetGFLOPS: sheet.GFLOPS, SheetGBytes: sheet.GBytes,
	}, nil
}

// peak is the best that the machine can do for a row, on its device and threads: in
// tiles where its set has them, as package ref's has not. Attention has no weights;
// its products are of float32 on both sides.
func (s *benchStep) peak(peaks []bench.Peak) bench.Peak {
	p := peaks[slices.IndexFunc(peaks, s.isPeak)]
	if s.Device != "cpu" {
		return p
	}
	d, err := tensor.ParseDType(strings.ToUpper(s.DType))
	if err != nil {
		d = tensor.F32 // of mixed types
	}
	return p.ByTiles(cpu.TileProducts(s.Set, d))
}

// measure checks and times one row.
func (s *benchStep) measure(ctx context.Context, budget time.Duration, peak bench.Peak) (bench.Row, error) {
	fail := func(err error) (bench.Row, error) {
		if ctx.Err() != nil {
			return bench.Row{}, err
		}
		return bench.Row{}, failf("%s on %s: %w", benchName(s.Case), s.Device, err)
	}
	be, err := openDevice(benchPlace{s.Device, s.Threads, s.Set}, all.Options{})
	if err != nil {
		return bench.Row{}, err
	}
	defer be.Close() // its errors are the work's
	w := s.make(be)
	check, err := w.Check(ctx)
	if err != nil {
		return fail(err)
	}
	if !check.OK() {
		return bench.Row{}, checkf("%s on %s is wrong: it lies %s from ref, %s times what rounding explains (%s)",
			benchName(s.Case), s.Device, short(check.Error), short(check.Share), check.What)
	}
	samples, err := bench.TimeOn(ctx, budget, w)
	if err != nil {
		return fail(err)
	}
	return bench.Measured(s.Case, w, check, samples, peak), nil
}
