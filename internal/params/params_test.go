package params

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// TestGPT3 holds every row of table 2.1 to the counts worked out by hand. The
// full totals are GPT-2 style, with attention as wide as d_model and as wide
// as the heads; where those differ the row is flagged.
func TestGPT3(t *testing.T) {
	for _, want := range []struct {
		name                            string
		attention, mlp, vocabulary      int64
		chapter, fullSquare, fullPrints int64
	}{
		{"gpt3-small", 28311552, 56623104, 77194752, 162129408, 125226240, 125226240},
		{"gpt3-medium", 100663296, 201326592, 102926336, 404916224, 355871744, 355871744},
		{"gpt3-large", 226492416, 452984832, 154389504, 833866752, 760300032, 760300032},
		{"gpt3-xl", 603979776, 805306368, 205852672, 1615138816, 1315723264, 1517123584},
		{"gpt3-2.7b", 838860800, 1677721600, 257315840, 2773898240, 2651553280, 2651553280},
		{"gpt3-6.7b", 2147483648, 4294967296, 411705344, 6854156288, 6658404352, 6658404352},
		{"gpt3-13b", 4210688000, 8454272000, 516641960, 13181601960, 12952938780, 12936488380},
		{"gpt3-175b", 57982058496, 115964116992, 1235116032, 175181291520, 174604259328, 174604259328},
	} {
		t.Run(want.name, func(t *testing.T) {
			chapter, full := mustCount(t, want.name, Chapter), mustCount(t, want.name, Parameters)
			equal(t, "attention", chapter.Attention, want.attention)
			equal(t, "mlp", chapter.MLP, want.mlp)
			equal(t, "embedding and unembedding", of(chapter, Embedding)+of(chapter, Unembedding), want.vocabulary)
			equal(t, "chapter's total", chapter.Total, want.chapter)
			equal(t, "full total", full.Total, want.fullPrints)
			if want.fullSquare == want.fullPrints {
				equal(t, "flags", int64(len(chapter.Flags)+len(full.Flags)), 0)
				return
			}
			if len(chapter.Flags) != 1 || len(full.Flags) != 1 {
				t.Fatalf("flags %v and %v, want one each", chapter.Flags, full.Flags)
			}
			equal(t, "the other reading", full.Flags[0].Total, want.fullSquare)
		})
	}
}

// TestFlagSaysBothReadings pins the two rows that do not multiply out.
func TestFlagSaysBothReadings(t *testing.T) {
	for name, parts := range map[string][]string{
		"gpt3-xl":  {"24 heads of 128", "3,072", "d_model of 2,048", "1,517,123,584", "1,315,723,264", "1.3B"},
		"gpt3-13b": {"40 heads of 128", "5,120", "d_model of 5,140", "12,936,488,380", "12,952,938,780", "13.0B"},
	} {
		flag := mustCount(t, name, Parameters).Flags[0]
		for _, part := range parts {
			if !strings.Contains(flag.Text, part) {
				t.Errorf("%s: %q does not say %q", name, flag.Text, part)
			}
		}
	}
}

// TestChapter is the chapter's own table, number by number.
func TestChapter(t *testing.T) {
	c := mustCount(t, GPT3, Chapter)
	want := []Group{
		{Name: Embedding, Shape: []int{12288, 50257}, Copies: 1, Count: 617558016},
		{Name: Query, Shape: []int{128, 12288}, Copies: 9216, Count: 14495514624},
		{Name: Key, Shape: []int{128, 12288}, Copies: 9216, Count: 14495514624},
		{Name: Value, Shape: []int{128, 12288}, Copies: 9216, Count: 14495514624},
		{Name: Output, Shape: []int{12288, 128}, Copies: 9216, Count: 14495514624},
		{Name: Up, Shape: []int{49152, 12288}, Copies: 96, Count: 57982058496},
		{Name: Down, Shape: []int{12288, 49152}, Copies: 96, Count: 57982058496},
		{Name: Unembedding, Shape: []int{50257, 12288}, Copies: 1, Count: 617558016},
	}
	if diff := cmp.Diff(want, c.Groups, cmpopts.IgnoreUnexported(Group{})); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	equal(t, "one matrix", c.PerMatrix, 1572864)
	equal(t, "one head", c.PerHead, 6291456)
	equal(t, "one layer", c.PerLayerAttention, 603979776)
	equal(t, "matrices", c.Matrices, 27938)
	values := ValueMap{
		Full: 150994944, Factored: 3145728,
		AllFull: 150994944 * 9216, AllFactored: 3145728 * 9216,
	}
	if c.ValueMap != values {
		t.Errorf("value map %+v, want %+v", c.ValueMap, values)
	}
}

// TestLeftOut pins what the chapter does not count.
func TestLeftOut(t *testing.T) {
	c := mustCount(t, GPT3, Parameters)
	equal(t, "positions", of(c, Position), 25165824)
	equal(t, "biases", of(c, Bias), 10616832)
	equal(t, "norms", of(c, Norm), 4743168)
	equal(t, "unembedding", of(c, Unembedding), 0)
	equal(t, "total", c.Total, 174604259328)
}

// TestGPT2 holds the released models to their published totals.
func TestGPT2(t *testing.T) {
	for _, want := range []struct {
		name                                               string
		total, attention, mlp, embedding, positions, norms int64
	}{
		{"distilgpt2", 81912576, 14174208, 28334592, 38597376, 786432, 19968},
		{"gpt2", 124439808, 28348416, 56669184, 38597376, 786432, 38400},
		{"gpt2-medium", 354823168, 100761600, 201449472, 51463168, 1048576, 100352},
		{"gpt2-large", 774030080, 236113920, 472089600, 64328960, 1310720, 186880},
		{"gpt2-xl", 1557611200, 491827200, 983424000, 80411200, 1638400, 310400},
	} {
		c := mustCount(t, want.name, Parameters)
		equal(t, want.name+" total", c.Total, want.total)
		equal(t, want.name+" attention", c.Attention, want.attention)
		equal(t, want.name+" mlp", c.MLP, want.mlp)
		equal(t, want.name+" embedding", of(c, Embedding), want.embedding)
		equal(t, want.name+" positions", of(c, Position), want.positions)
		equal(t, want.name+" norms", of(c, Norm), want.norms)
	}
	c := mustCount(t, "gpt2", Parameters)
	equal(t, "one head: 4 · 64 · 768 and 3 biases of 64", c.PerHead, 196800)
	equal(t, "one layer: 12 heads and b_O of 768", c.PerLayerAttention, 12*196800+768)
}

// TestSums holds for every shape and convention: the groups are their shapes
// times their copies and the sum of their parts, they sum to the total, and
// attention and MLP are inside. big.Int stands beside the checked arithmetic.
func TestSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawShape(t)
		for _, convention := range []Convention{Chapter, Parameters, File} {
			pieces, err := s.counted(convention)
			if err != nil {
				t.Fatal(err)
			}
			want := big.NewInt(0)
			for _, p := range pieces {
				product := big.NewInt(1)
				for _, f := range p.of {
					product.Mul(product, big.NewInt(int64(f.N)))
				}
				for _, size := range p.shape {
					product.Mul(product, big.NewInt(int64(size)))
				}
				want.Add(want, product)
			}
			c, err := s.Count(convention)
			if err != nil {
				if want.Cmp(big.NewInt(limit>>20)) < 0 {
					t.Fatalf("%s numbers: %v", want, err)
				}
				continue
			}
			if want.Cmp(big.NewInt(c.Total)) != 0 {
				t.Fatalf("total %d, the pieces make it %s", c.Total, want)
			}
			checkGroups(t, c)
			if c.PerLayerAttention*int64(s.Layers()) != c.Attention {
				t.Fatalf("%d layers of %d are not %d", s.Layers(), c.PerLayerAttention, c.Attention)
			}
		}
	})
}

func checkGroups(t *rapid.T, c Count) {
	total, inside := int64(0), c.Attention+c.MLP
	for _, g := range c.Groups {
		var n checked
		parts := int64(0)
		for _, p := range g.Rows() {
			of := n.product(p.Shape...)
			for _, f := range p.Of {
				of = n.times(of, f.N)
			}
			if of != p.Count {
				t.Fatalf("%s, %s is %d, its factors make it %d", g.Name, p.What, p.Count, of)
			}
			parts += p.Count
		}
		if product := n.times(g.Copies, g.Shape...); product != g.Count || parts != g.Count {
			t.Fatalf("%s is %d, its shape and copies make it %d, its parts %d", g.Name, g.Count, product, parts)
		}
		total += g.Count
		switch g.Name {
		case Query, Key, Value, Output, Up, Gate, Down, Bias:
			inside -= g.Count
		}
	}
	if total != c.Total || inside != 0 {
		t.Fatalf("groups sum to %d of %d; %d outside attention and MLP", total, c.Total, inside)
	}
}

func drawShape(t *rapid.T) Shape {
	size := func(name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }
	yes := func(name string) bool { return rapid.Bool().Draw(t, name) }
	d := Sizes{
		Layers: size("layers", 1<<12), Heads: size("heads", 1<<14), KVHeads: size("kv", 1<<14),
		DModel: size("d_model", 1<<20), DHead: size("d_head", 1<<20), DMLP: size("d_mlp", 1<<20),
		Vocab: size("vocab", 1<<24), Context: size("context", 1<<28), Unembedding: Own,
	}
	if yes("small") {
		d = Sizes{size("layers", 8), size("d_model", 64), size("heads", 8), size("kv", 8), size("d_head", 32), size("d_mlp", 64), size("vocab", 99), 9, Tied}
	}
	b := d.gatedBlock()
	b.Self.Biases = Biases{yes("b_Q"), yes("b_K"), yes("b_V"), yes("b_O")}
	b.MLP.Gated, b.MLP.Biases = yes("gated"), yes("MLP biases")
	b.Self.QNorm, b.Self.KNorm = rapid.IntRange(0, 2).Draw(t, "q norm"), rapid.IntRange(0, 2).Draw(t, "k norm")
	if yes("experts") {
		b.MLP.Experts = Experts{Routed: 1 + size("experts", 64), Active: 1, Shared: rapid.IntRange(0, 2).Draw(t, "shared"), RouterBias: yes("router bias")}
	}
	s := d.decoder("drawn", rapid.IntRange(0, 2).Draw(t, "norm vectors"), b)
	s.StoredKnown, s.Stored = true, []Array{masks(2, 3)}
	if yes("positions") {
		s.Tables = []Array{positions("", d.DModel, d.Context)}
	}
	return s
}

// TestOverflow counts what no 64-bit number holds.
func TestOverflow(t *testing.T) {
	huge := GPT2(gptSizes(1<<12, 1<<20, 1<<14, 1<<20, 1<<28))
	for _, c := range []Convention{Chapter, Parameters, TransformerLens} {
		if count, err := huge.Count(c); err == nil || !strings.Contains(err.Error(), "9,007,199,254,740,992") {
			t.Errorf("%s: %d parameters, error %v", c, count.Total, err)
		}
	}
	var n checked
	if got := n.times(limit/2, 2); got != limit || n.sum(limit-1, 1) != limit || n.err() != nil {
		t.Errorf("the largest number: %d, %v", got, n.err())
	}
	if n.times(limit/2, 3); n.err() == nil {
		t.Error("a product past the largest number goes unnoticed")
	}
	if n = (checked{}); n.sum(limit, 1) != 0 || n.err() == nil {
		t.Error("a sum past the largest number goes unnoticed")
	}
}

// TestSizesThatCannotBe are refused by name.
func TestSizesThatCannotBe(t *testing.T) {
	block := func(s *Shape) *Block { return &s.Stacks[0].Blocks[0] }
	for name, spoil := range map[string]func(*Shape){
		"layers":         func(s *Shape) { s.Stacks = nil },
		"d_model":        func(s *Shape) { s.DModel = -1 },
		"norm":           func(s *Shape) { s.NormVectors = -1 },
		"d_head":         func(s *Shape) { block(s).Self.DHead = 0 },
		"active experts": func(s *Shape) { block(s).MLP.Experts.Routed = 2 },
		"idle experts":   func(s *Shape) { block(s).MLP.Experts.Active = 2 },
		"window":         func(s *Shape) { block(s).Windowed = 3 },
	} {
		s := GPT2(gptSizes(2, 8, 2, 4, 16))
		spoil(&s)
		if _, err := s.Count(Chapter); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestFind(t *testing.T) {
	for name, want := range map[string]string{
		"gpt2": "gpt2", "GPT2-XL": "gpt2-xl", "openai-community/gpt2": "gpt2", "OpenAI/GPT3-175B": "gpt3-175b",
		"distilbert/distilgpt2": "distilgpt2",
		"gpt":                   "", "": "", "somebody/gpt2": "", "/gpt2": "", "openai/": "", "a/openai/gpt2": "",
	} {
		if s, ok := Find(name); s.Name != want || ok != (want != "") {
			t.Errorf("%q finds %q, want %q", name, s.Name, want)
		}
	}
}

func TestParseConvention(t *testing.T) {
	for _, want := range Conventions() {
		if got, err := ParseConvention(string(want)); got != want || err != nil {
			t.Errorf("%q is %q, %v", want, got, err)
		}
	}
	if _, err := ParseConvention("Chapter "); err == nil || !strings.Contains(err.Error(), "chapter, parameters, file, transformerlens") {
		t.Errorf("error %v", err)
	}
}

func TestDigits(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 175181291520: "175,181,291,520", -100: "-100", -1234: "-1,234",
		math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		if got := Digits(n); got != want {
			t.Errorf("%d is written %s, want %s", n, got, want)
		}
	}
}

func mustCount(t *testing.T, preset string, c Convention) Count {
	t.Helper()
	s, ok := Find(preset)
	if !ok {
		t.Fatalf("no preset %q", preset)
	}
	count, err := s.Count(c)
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// of is a group's count, 0 where there is none.
func of(c Count, name string) int64 {
	g, _ := c.Find(name)
	return g.Count
}

func equal(t *testing.T, what string, got, want int64) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s, want %s", what, Digits(got), Digits(want))
	}
}
