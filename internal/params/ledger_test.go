package params

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestLedger is Llama 3 8B at its full context, worked out by hand.
func TestLedger(t *testing.T) {
	l := mustLedger(t, "llama-3-8b", 8192, 1, "bf16")
	const matrices = 6979321856 + 525336576 // of attention and MLP, and the unembedding
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"weights", l.Weights, 8030261248 * 2},
		{"cache: 32 layers, 8 heads", l.Cache, 32 * 8 * (128 + 128) * 8192 * 2},
		{"scores: 32 heads", l.Scores, 32 * 8192 * 8192 * 2},
		{"scores of all layers", l.AllScores, 32 * 32 * 8192 * 8192 * 2},
		{"matrices, one token", l.PerToken.Matrices, 2 * matrices},
		{"attention, one token", l.PerToken.Attention, 32 * 4 * 32 * 128 * 8192},
		{"matrices, prompt", l.Prompt.Matrices, 2 * matrices * 8192},
		{"attention, prompt", l.Prompt.Attention, 32 * 4 * 32 * 128 * (8192 * 8193 / 2)},
		{"together", l.PerToken.Total, 2*matrices + 32*4*32*128*8192},
	} {
		if c.got != c.want {
			t.Errorf("%s: %.0f, want %.0f", c.what, c.got, c.want)
		}
	}
	if share := l.PerToken.Share(); share < 0.222 || share > 0.223 {
		t.Errorf("attention's share %v", share)
	}
	if diff := cmp.Diff([]Cache{{Whole, 32, 2048, 8192}}, l.Caches); diff != "" {
		t.Error(diff)
	}
	if (l.Grid != Grid{Heads: 32, Queries: 8192, Keys: 8192}) {
		t.Errorf("scores %+v", l.Grid)
	}
	if l.CacheDType != "bf16" || l.DType != "bf16" || l.Source != 0 {
		t.Errorf("%s, %s, source %d", l.DType, l.CacheDType, l.Source)
	}
}

// TestCaches: what is kept of each family's tokens.
func TestCaches(t *testing.T) {
	for _, c := range []struct {
		model   string
		context int
		want    []Cache
	}{
		{"gpt2", 1024, []Cache{{Whole, 12, 2 * 12 * 64, 1024}}},
		{"gemma-2b", 100, []Cache{{Whole, 18, 2 * 256, 100}}},               // one key and value head
		{"mistral-7b-v0.1", 9000, []Cache{{Window, 32, 2 * 8 * 128, 4096}}}, // all layers keep to the window
		{"mistral-7b-v0.1", 400, []Cache{{Window, 32, 2 * 8 * 128, 400}}},
		{"gemma-3-270m", 32768, []Cache{{Window, 15, 2 * 256, 512}, {Whole, 3, 2 * 256, 32768}}},
		{"gpt-oss-120b", 1000, []Cache{{Window, 18, 2 * 8 * 64, 128}, {Whole, 18, 2 * 8 * 64, 1000}}},
		{"deepseek-v3", 4096, []Cache{{Whole, 61, 512 + 64, 4096}}},
		{"t5-small", 100, []Cache{{Whole, 6, 2 * 8 * 64, 100}, {Cross, 6, 2 * 8 * 64, 100}}},
		{"whisper-large-v3-turbo", 448, []Cache{{Whole, 4, 2 * 20 * 64, 448}, {Cross, 4, 2 * 20 * 64, 1500}}},
		{"bert-base-uncased", 512, []Cache{}},
	} {
		l := mustLedger(t, c.model, c.context, 3, "f32")
		if diff := cmp.Diff(c.want, l.Caches); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.model, diff)
		}
		bytes := 0.0
		for _, kept := range c.want {
			bytes += float64(3 * 4 * kept.Layers * kept.Numbers * kept.Tokens)
		}
		if l.Cache != bytes {
			t.Errorf("%s: %.0f bytes, want %.0f", c.model, l.Cache, bytes)
		}
	}
}

// TestQuantisedWeights: matrices in blocks, norms in f32, the cache in f16.
func TestQuantisedWeights(t *testing.T) {
	const norms = 266240
	for dtype, perBlock := range map[string]float64{"q4_k": 144.0 / 256, "q8_0": 34.0 / 32, "mxfp4": 17.0 / 32, "q6_k": 210.0 / 256} {
		l := mustLedger(t, "llama-2-7b", 10, 1, dtype)
		if want := (6738415616-norms)*perBlock + 4*norms; l.Weights != want {
			t.Errorf("%s: %.0f bytes, want %.0f", dtype, l.Weights, want)
		}
		if want := 32.0 * 32 * (128 + 128) * 10 * 2; l.Cache != want || l.CacheDType != "f16" {
			t.Errorf("%s: a cache of %.0f bytes in %s, want %.0f in f16", dtype, l.Cache, l.CacheDType, want)
		}
	}
	if l := mustLedger(t, "llama-2-7b", 10, 1, "FP8"); l.Weights != 6738415616 || l.CacheDType != "f16" {
		t.Errorf("8 bits: %.0f bytes, a cache in %s", l.Weights, l.CacheDType)
	}
}

// TestWeightsInFile: where a file is at hand its bytes count, whatever types it
// mixes.
func TestWeightsInFile(t *testing.T) {
	s, _ := Find("gpt2")
	l, err := s.Ledger(Use{Context: 1, Batch: 1, DType: DType{"f16", 2, 1}, Weights: 99})
	if err != nil || l.Weights != 99 || l.DType != InFile || l.CacheDType != "f16" {
		t.Errorf("%+v, %v", l, err)
	}
}

// TestExpertsWork: a token meets the experts that it is sent to, all of which
// must be in memory.
func TestExpertsWork(t *testing.T) {
	s, _ := Find("gpt-oss-120b")
	active := mustCount(t, s.Name, Chapter).Active // of matrices alone
	l := mustLedger(t, s.Name, 1, 1, "f32")
	if want := 2 * float64(active-579133440); l.PerToken.Matrices != want { // the embedding is looked up
		t.Errorf("matrices take %.0f, want %.0f", l.PerToken.Matrices, want)
	}
	if l.Weights != 4*116829156672 {
		t.Errorf("weights take %.0f bytes", l.Weights)
	}
}

// TestEncoderWork: Whisper's encoder runs once, on 1500 places, behind
// convolutions of which the first has twice as many.
func TestEncoderWork(t *testing.T) {
	const (
		layer  = 4*384*384 + 2*384*1536
		front  = 2*384*80*3 + 384*384*3
		writes = 4*(6*384*384+2*384*1536) + 51865*384 // the decoder's, less cross-attention's keys and values
		reads  = 4*layer + front + 4*2*384*384        // which the encoder's tokens are multiplied with
	)
	l := mustLedger(t, "whisper-tiny", 10, 2, "f32")
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"matrices, one token", l.PerToken.Matrices, 2 * writes},
		{"attention, one token", l.PerToken.Attention, 4 * 4 * 6 * 64 * (10 + 1500)},
		{"matrices, prompt", l.Prompt.Matrices, 2 * 2 * (writes*10 + reads*1500)},
		{"attention, prompt", l.Prompt.Attention, 2 * 4 * 4 * 6 * 64 * (1500*1500 + 55 + 10*1500)},
		{"scores: the encoder's", l.Scores, 2 * 6 * 1500 * 1500 * 4},
	} {
		if c.got != c.want {
			t.Errorf("%s: %.0f, want %.0f", c.what, c.got, c.want)
		}
	}
	if l.Source != 1500 {
		t.Errorf("the encoder reads %d", l.Source)
	}
	if l := mustLedger(t, "t5-small", 77, 1, "f32"); l.Source != 77 {
		t.Errorf("T5's encoder reads %d, want as much as the decoder", l.Source)
	}
}

// TestBidirectional: BERT's tokens all see each other.
func TestBidirectional(t *testing.T) {
	l := mustLedger(t, "bert-base-uncased", 512, 1, "f32")
	if want := 12.0 * 4 * 768 * 512 * 512; l.Prompt.Attention != want || l.PerToken.Attention != want/512 {
		t.Errorf("attention takes %.0f, %.0f a token, want %.0f", l.Prompt.Attention, l.PerToken.Attention, want)
	}
}

// TestPromptIsItsTokens: for a decoder the work for a prompt is that for its
// tokens one after the other, whatever windows, experts and latents there are;
// the batch multiplies all that is not weights.
func TestPromptIsItsTokens(t *testing.T) {
	presets := Presets()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(presets).Draw(t, "preset").Shape
		if !s.Generates() || s.Stacked() {
			t.Skip("no decoder alone")
		}
		for i := range s.Stacks[0].Blocks {
			if b := &s.Stacks[0].Blocks[i]; b.Windowed > 0 { // small enough to be passed
				b.Self.Window = rapid.IntRange(1, 40).Draw(t, "window")
			}
		}
		u := Use{Context: rapid.IntRange(1, 60).Draw(t, "context"), Batch: 1, DType: DType{"f32", 4, 1}}
		sum, one := 0.0, u
		for one.Context = 1; one.Context <= u.Context; one.Context++ {
			sum += s.cost(one).PerToken.Total
		}
		got := s.cost(u)
		if got.Prompt.Total != sum {
			t.Fatalf("%s: a prompt of %d takes %.0f, its tokens %.0f", s.Name, u.Context, got.Prompt.Total, sum)
		}
		u.Batch = 3
		if more := s.cost(u); more.Prompt.Total != 3*got.Prompt.Total || more.Cache != 3*got.Cache || more.Scores != 3*got.Scores || more.PerToken != got.PerToken {
			t.Fatalf("%s: a batch of 3 takes %+v, one %+v", s.Name, more, got)
		}
	})
}

// TestGrowth: scores grow with the square of the context, the cache with the
// context; what comes before a context of 1 is left out.
func TestGrowth(t *testing.T) {
	l := mustLedger(t, "gpt2", 1024, 1, "f32")
	if len(l.Growth) != doublings+1 || l.Growth[0].Context != 8 || l.Growth[doublings] != l.Cost {
		t.Fatalf("growth %+v", l.Growth)
	}
	for i, c := range l.Growth[1:] {
		before := l.Growth[i]
		if c.Context != 2*before.Context || c.Scores != 4*before.Scores || c.Cache != 2*before.Cache {
			t.Errorf("from %+v to %+v", before, c)
		}
	}
	if l := mustLedger(t, "gpt2", 3, 1, "f32"); len(l.Growth) != 2 || l.Growth[0].Context != 1 {
		t.Errorf("growth %+v", l.Growth)
	}
	if l := mustLedger(t, "mistral-7b-v0.1", 1<<20, 1, "f32"); l.Scores != 2*l.Growth[doublings-1].Scores {
		t.Errorf("scores in a window: %.0f after %.0f", l.Scores, l.Growth[doublings-1].Scores)
	}
}

// TestLedgerErrors: uses and shapes that cannot be.
func TestLedgerErrors(t *testing.T) {
	s, _ := Find("gpt2")
	f32, huge := DType{"f32", 4, 1}, GPT2(gptSizes(1<<12, 1<<20, 1<<14, 1<<20, 1<<28))
	for _, c := range []struct {
		shape Shape
		use   Use
		say   string
	}{
		{s, Use{0, 1, f32, 0}, "context 0"},
		{s, Use{1, 0, f32, 0}, "batch 0"},
		{s, Use{maxContext + 1, 1, f32, 0}, "must be 1 to"},
		{s, Use{1, maxContext + 1, f32, 0}, "must be 1 to"},
		{Shape{}, Use{1, 1, f32, 0}, "layers is 0"},
		{huge, Use{1, 1, f32, 0}, "larger than"},
	} {
		if l, err := c.shape.Ledger(c.use); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%+v: %+v, error %v, want one that says %q", c.use, l, err, c.say)
		}
	}
}

func TestParseDType(t *testing.T) {
	for name, want := range map[string]float64{"F32": 4, "float16": 2, "bfloat16": 2, "q4_0": 0.5625, "Q4_K": 0.5625, "iq4_xs": 0.53125, "f8_e4m3": 1} {
		if d, err := ParseDType(name); err != nil || d.Each() != want {
			t.Errorf("%s takes %v bytes, %v, want %v", name, d.Each(), err, want)
		}
	}
	for _, name := range []string{"", "q4_k_m", "int8"} {
		if d, err := ParseDType(name); err == nil || !strings.Contains(err.Error(), "f32, f16, bf16") {
			t.Errorf("%q: %+v, error %v", name, d, err)
		}
	}
}

func mustLedger(t *testing.T, preset string, context, batch int, dtype string) Ledger {
	t.Helper()
	s, ok := Find(preset)
	if !ok {
		t.Fatalf("no preset %q", preset)
	}
	d, err := ParseDType(dtype)
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Ledger(Use{Context: context, Batch: batch, DType: d})
	if err != nil {
		t.Fatal(err)
	}
	return l
}
