package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/cpu"
	"attn/internal/kernels/ref"
	"attn/internal/model"
	"attn/internal/tensor"
)

func TestCounts(t *testing.T) {
	p := Product{M: 2, N: 3, K: 32, DType: tensor.Q4_0}
	if p.FLOPs() != 2*2*3*32 || p.Bytes() != 4*2*32+3*18+4*2*3 {
		t.Errorf("product: %v operations, %v bytes", p.FLOPs(), p.Bytes())
	}
	h := Heads{N: 10, Heads: 3, DHead: 5}
	if h.FLOPs() != 4*3*10*10*5 || h.Bytes() != 4*4*10*3*5 {
		t.Errorf("attention: %v operations, %v bytes", h.FLOPs(), h.Bytes())
	}
	h.Causal = true
	if h.FLOPs() != 2*3*10*10*5 {
		t.Errorf("causal attention: %v operations", h.FLOPs())
	}
}

// TestMemoryOfHugeSizes: what nobody could ever have is still a number.
func TestMemoryOfHugeSizes(t *testing.T) {
	const n = 1 << 20
	for what, bytes := range map[string]float64{
		"product":   Product{M: n, N: n, K: n, DType: tensor.F32}.Memory(),
		"attention": Heads{N: n, Heads: 1 << 14, DHead: n}.Memory(),
	} {
		if !(bytes > 1<<42) {
			t.Errorf("%s: %v bytes", what, bytes)
		}
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		count, n int
		want     []int
	}{
		{1, 5, []int{0}},
		{2, 5, []int{0, 4}},
		{3, 9, []int{0, 4, 8}},
		{9, 3, []int{0, 1, 2}},
	} {
		if got := spread(c.count, c.n); !slices.Equal(got, c.want) {
			t.Errorf("%d of %d: %v, want %v", c.count, c.n, got, c.want)
		}
	}
	if n := affordable(10, 1e12); n != 4 {
		t.Errorf("of huge parts %d are checked, want 4", n)
	}
	if n := affordable(10, 1); n != 10 {
		t.Errorf("of small parts %d are checked, want all", n)
	}
}

// works are small works of each kind, on a device.
func works(t *testing.T, be kernels.Backend) map[string]Work {
	t.Helper()
	m, err := model.Random(model.Shape{Layers: 2, DVocab: 50, Seed: 3}, nil)
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]Work{
		"causal":            Attention(be, Heads{N: 19, Heads: 3, DHead: 7, Causal: true}),
		"full":              Attention(be, Heads{N: 19, Heads: 3, DHead: 7}),
		"forward":           Forward(be, Pass{Model: m, N: 9, FLOPs: 1e6}),
		"trace":             Forward(be, Pass{Model: m, N: 9, FLOPs: 1e6, Record: true}),
		"patterns":          Forward(be, Pass{Model: m, N: 9, FLOPs: 1e6, Record: true, Only: []string{"*hook_pattern", "*hook_resid_pre", "blocks.1.hook_resid_post"}}),
		"patterns, sampled": Forward(be, Pass{Model: m, N: 30, FLOPs: 1e12, Record: true, Only: []string{"*hook_pattern", "ln_final.hook_normalized"}}),
		// so much work that package ref reads only the first four tokens
		"forward, sampled": Forward(be, Pass{Model: m, N: 30, FLOPs: 1e12}),
		"trace, sampled":   Forward(be, Pass{Model: m, N: 30, FLOPs: 1e12, Record: true}),
	}
	for _, d := range tensor.DTypes() {
		list["matmul "+d.String()] = MatMul(be, Product{M: 5, N: 17, K: 512, DType: d})
	}
	return list
}

func TestWorksAreRight(t *testing.T) {
	for _, be := range []kernels.Backend{cpu.New(cpu.Options{Threads: 2}), ref.New()} {
		for name, w := range works(t, be) {
			c, err := w.Check(context.Background())
			if err != nil || !c.OK() || c.What == "" {
				t.Errorf("%s on %s: %+v, %v", name, be.Name(), c, err)
			}
			fused := name == "causal" || name == "full" // checked step by step
			if be.Name() == "ref" && c.Error != 0 && !fused {
				t.Errorf("%s: ref lies %v from itself", name, c.Error)
			}
			if sampled := strings.Contains(name, "sampled"); sampled != (c.What == "the first 4 of 30 tokens") {
				t.Errorf("%s: compared %s", name, c.What)
			}
			if err := w.Run(context.Background()); err != nil {
				t.Errorf("%s on %s: %v", name, be.Name(), err)
			}
		}
		be.Close()
	}
}

// wrongFused adds 1 to the last number of what attention makes.
type wrongFused struct{ *ref.Backend }

func (w wrongFused) Attention(q, k, v kernels.Array, o kernels.AttentionOpts) (kernels.Array, kernels.AttentionStats) {
	out, stats := w.Backend.Attention(q, k, v, o)
	t := w.Get(out)
	t.Data[len(t.Data)-1]++
	return w.Put(t), stats
}

func TestFusedMistakeIsSeen(t *testing.T) {
	c, err := Attention(wrongFused{ref.New()}, Heads{N: 19, Heads: 3, DHead: 7}).Check(context.Background())
	if err != nil || c.OK() {
		t.Errorf("%+v, %v", c, err)
	}
}

// wrong is a backend that makes one kind of mistake.
type wrong struct {
	kernels.Backend
	mistake string
}

func (w wrong) slip(a kernels.Array, mistake string) kernels.Array {
	if w.mistake != mistake {
		return a
	}
	t := w.Get(a)
	t.Data[len(t.Data)-1]++
	return w.Put(t)
}

func (w wrong) MatMul(x kernels.Array, weight kernels.Weight, o kernels.MatMulOpts) kernels.Array {
	return w.slip(w.Backend.MatMul(x, weight, o), "matmul")
}

func (w wrong) Mix(pattern, v kernels.Array) kernels.Array {
	return w.slip(w.Backend.Mix(pattern, v), "mix")
}

func (w wrong) Mask(x kernels.Array, m kernels.Mask) kernels.Array {
	if w.mistake == "mask" {
		m.Causal = !m.Causal
	}
	return w.Backend.Mask(x, m)
}

// TestMistakesAreFound: what is wrong is not timed.
func TestMistakesAreFound(t *testing.T) {
	for mistake, found := range map[string][]string{
		"matmul": {"matmul F32", "matmul F16", "matmul BF16", "forward", "trace"},
		"mix":    {"causal", "full", "trace", "patterns"},
		"mask":   {"causal", "full", "trace", "patterns", "forward", "trace, sampled", "forward, sampled"},
	} {
		be := cpu.New(cpu.Options{Threads: 1})
		list := works(t, wrong{be, mistake})
		for _, name := range found {
			c, err := list[name].Check(context.Background())
			if err != nil || c.OK() {
				t.Errorf("%s with a wrong %s: %+v, %v", name, mistake, c, err)
			}
		}
		be.Close()
	}
}

func TestChecksStop(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, w := range works(t, ref.New()) {
		if _, err := w.Check(ctx); err == nil {
			t.Errorf("%s: the check did not stop", name)
		}
	}
}

// TestPassMemory: at least what the steps of the tiny model take.
func TestPassMemory(t *testing.T) {
	m, err := model.Random(model.Shape{Layers: 2, Heads: 3, DHead: 4, DVocab: 50}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := Pass{Model: m, N: 10, Record: true}
	steps, err := p.run(context.Background(), ref.New(), p.ids(), func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	bytes := 0
	for _, s := range steps {
		bytes += 4 * len(s.Value.Data)
	}
	if got := 4 * p.kept(true); got < float64(bytes) || got > 1.4*float64(bytes) {
		t.Errorf("%d bytes are recorded, %v were expected", bytes, got)
	}
	if p.Memory() < 2*float64(bytes) {
		t.Errorf("%v bytes of memory for %d recorded twice", p.Memory(), bytes)
	}
}

// TestPassesUseTheSameMemory: the third takes less anew than the logits are, which
// are most of it.
func TestPassesUseTheSameMemory(t *testing.T) {
	m, err := model.Random(model.Shape{Layers: 1, Heads: 2, DHead: 8, DVocab: 20_000}, nil)
	if err != nil {
		t.Fatal(err)
	}
	be := cpu.New(cpu.Options{})
	defer be.Close()
	p := Pass{Model: m, N: 40, Record: true}
	work := Forward(be, p)
	var before, after runtime.MemStats
	for range 3 {
		runtime.ReadMemStats(&before)
		if err := work.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
	}
	if got, logits := after.TotalAlloc-before.TotalAlloc, uint64(4*p.N*m.Config.DVocab); got > logits/2 {
		t.Errorf("%d bytes anew, logits are %d", got, logits)
	}
}

// TestPassKeepsWhatIsNamed: nothing else is recorded, counted or computed.
func TestPassKeepsWhatIsNamed(t *testing.T) {
	m, err := model.Random(model.Shape{Layers: 2, Heads: 3, DHead: 4, DVocab: 50}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		only  string
		steps string
		kept  float64
		maps  bool
	}{
		{"*hook_pattern", "blocks.0.attn.hook_pattern blocks.1.attn.hook_pattern unembed.hook_out", 2 * 3 * 10 * 10, true},
		{"*hook_resid_pre", "blocks.0.hook_resid_pre blocks.1.hook_resid_pre unembed.hook_out", 2 * 10 * 12, false},
		{"unembed.hook_out", "unembed.hook_out", 10 * 50, false},
	} {
		p := Pass{Model: m, N: 10, Record: true, Only: []string{c.only}}
		steps, err := p.run(t.Context(), ref.New(), p.ids(), p.wants)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, s := range steps {
			names = append(names, s.Name)
		}
		logits := 1
		if c.only == "unembed.hook_out" {
			logits = p.N
		}
		if got := strings.Join(names, " "); got != c.steps || p.kept(false) != c.kept || p.maps() != c.maps || p.Logits() != logits {
			t.Errorf("%s: %s, %v numbers, maps %v, logits of %d", c.only, got, p.kept(false), p.maps(), p.Logits())
		}
	}
	if p := (Pass{Model: m, N: 10}); p.maps() || p.kept(false) != 0 || p.Logits() != 1 {
		t.Error("a pass without a record keeps something")
	}
}

func TestValid(t *testing.T) {
	if err := (Product{M: 1, N: 1, K: 100, DType: tensor.Q4_K}).Valid(); err == nil || !strings.Contains(fmt.Sprint(err), "blocks of 256") {
		t.Errorf("got %v", err)
	}
	if err := (Product{M: 1, N: 1, K: 512, DType: tensor.Q4_K}).Valid(); err != nil {
		t.Error(err)
	}
}
