package params

import (
	"errors"
	"strconv"
	"strings"
	"testing"
)

// published is a model's totals, worked out tensor by tensor from its config
// and, where a public source has them, found there too
// (transformers' models; keras-hub's presets; the checkpoints' own totals).
// Attention has the latents' norms and the sinks; other is what the rest of
// the row leaves.
type published struct {
	name                                                            string
	total, attention, mlp, embedding, positions, norms, unembedding int64
	other                                                           string
}

func publishedTotals() []published {
	return []published{
		{"distilgpt2", 81912576, 14174208, 28334592, 38597376, 786432, 19968, 0, ""},
		{"gpt2", 124439808, 28348416, 56669184, 38597376, 786432, 38400, 0, ""},
		{"gpt2-medium", 354823168, 100761600, 201449472, 51463168, 1048576, 100352, 0, ""},
		{"gpt2-large", 774030080, 236113920, 472089600, 64328960, 1310720, 186880, 0, ""},
		{"gpt2-xl", 1557611200, 491827200, 983424000, 80411200, 1638400, 310400, 0, ""},
		{"llama-2-7b", 6738415616, 2147483648, 4328521728, 131072000, 0, 266240, 131072000, ""},
		{"llama-2-13b", 13015864320, 4194304000, 8493465600, 163840000, 0, 414720, 163840000, ""},
		{"llama-2-70b", 68976648192, 12079595520, 56371445760, 262144000, 0, 1318912, 262144000, ""},
		{"llama-3-8b", 8030261248, 1342177280, 5637144576, 525336576, 0, 266240, 525336576, ""},
		{"llama-3.1-8b", 8030261248, 1342177280, 5637144576, 525336576, 0, 266240, 525336576, ""},
		{"llama-3-70b", 70553706496, 12079595520, 56371445760, 1050673152, 0, 1318912, 1050673152, ""},
		{"llama-3.1-70b", 70553706496, 12079595520, 56371445760, 1050673152, 0, 1318912, 1050673152, ""},
		{"llama-3.3-70b", 70553706496, 12079595520, 56371445760, 1050673152, 0, 1318912, 1050673152, ""},
		{"llama-3.1-405b", 405853388800, 71873593344, 329772957696, 2101346304, 0, 4145152, 2101346304, ""},
		{"llama-3.2-1b", 1235814400, 167772160, 805306368, 262668288, 0, 67584, 0, ""},
		{"mistral-7b-v0.1", 7241732096, 1342177280, 5637144576, 131072000, 0, 266240, 131072000, ""},
		{"mistral-7b-v0.2", 7241732096, 1342177280, 5637144576, 131072000, 0, 266240, 131072000, ""},
		{"tinyllama-1.1b", 1100048384, 207618048, 761266176, 65536000, 0, 92160, 65536000, ""},
		{"smollm2-135m", 134515008, 26542080, 79626240, 28311552, 0, 35136, 0, ""},
		{"smollm2-1.7b", 1711376384, 402653184, 1207959552, 100663296, 0, 100352, 0, ""},
		{"qwen2.5-0.5b", 494032768, 44067840, 313786368, 136134656, 0, 43904, 0, ""},
		{"qwen2.5-1.5b", 1543714304, 154198016, 1156055040, 233373696, 0, 87552, 0, ""},
		{"qwen2.5-3b", 3085938688, 339830784, 2434793472, 311164928, 0, 149504, 0, ""},
		{"qwen2.5-7b", 7615616512, 822212608, 5703204864, 544997376, 0, 204288, 544997376, ""},
		{"qwen2.5-32b", 32763876352, 4026990592, 27179089920, 778567680, 0, 660480, 778567680, ""},
		{"qwen2.5-72b", 72706203648, 12080414720, 58133053440, 1245708288, 0, 1318912, 1245708288, ""},
		{"qwen3-0.6b", 596049920, 176160768, 264241152, 155582464, 0, 65536, 0, ""},
		{"qwen3-1.7b", 1720574976, 352321536, 1056964608, 311164928, 0, 123904, 0, ""},
		{"qwen3-8b", 8190735360, 1509949440, 5435817984, 622329856, 0, 308224, 622329856, ""},
		{"qwen3-14b", 14768307200, 2516582400, 10695475200, 777912320, 0, 424960, 777912320, ""},
		{"qwen3-32b", 32762123264, 6039797760, 25165824000, 777912320, 0, 676864, 777912320, ""},
		{"gemma-2b", 2506172416, 169869312, 1811939328, 524288000, 0, 75776, 0, ""},
		{"gemma-7b", 8537680896, 1409286144, 6341787648, 786432000, 0, 175104, 0, ""},
		{"gemma-2-2b", 2614341888, 368050176, 1656225792, 589824000, 0, 241920, 0, ""},
		{"gemma-2-27b", 27227128320, 2604662784, 23441965056, 1179648000, 0, 852480, 0, ""},
		{"gemma-3-270m", 268098176, 29491200, 70778880, 167772160, 0, 55936, 0, ""},
		{"gemma-3-1b", 999885952, 76677120, 621084672, 301989888, 0, 134272, 0, ""},
		{"gemma-3-4b", 3880263168, 534773760, 2673868800, 671252480, 0, 368128, 0, ""},
		{"gemma-3-27b", 27009346304, 4095737856, 21502623744, 1409630208, 0, 1354496, 0, ""},
		{"phi-3-mini", 3821079552, 1207959552, 2415919104, 98500608, 0, 199680, 98500608, ""},
		{"mixtral-8x7b", 46702792704, 1342177280, 45097156608, 131072000, 0, 266240, 131072000, "router 1,048,576"},
		{"qwen3-30b-a3b", 30532122624, 905969664, 28991029248, 311164928, 0, 210944, 311164928, "router 12,582,912"},
		{"qwen3-235b-a22b", 235093634560, 6702497792, 227096395776, 622329856, 0, 798208, 622329856, "router 49,283,072"},
		{"gpt-oss-120b", 116829156672, 955805184, 114701598720, 579133440, 0, 210240, 579133440, "router 13,275,648"},
		{"deepseek-v3", 671026419200, 11413547008, 657652187136, 926679040, 0, 881664, 926679040, "router 106,445,312"},
		{"deepseek-v2", 235741434880, 8953651200, 225690255360, 524288000, 0, 619520, 524288000, "router 48,332,800"},
		{"pythia-14m", 14067712, 396288, 790272, 6438912, 0, 3328, 6438912, ""},
		{"pythia-31m", 30494720, 1579008, 3153408, 12877824, 0, 6656, 12877824, ""},
		{"pythia-70m", 70426624, 6303744, 12598272, 25755648, 0, 13312, 25755648, ""},
		{"pythia-160m", 162322944, 28348416, 56669184, 38633472, 0, 38400, 38633472, ""},
		{"pythia-410m", 405334016, 100761600, 201449472, 51511296, 0, 100352, 51511296, ""},
		{"pythia-1b", 1011781632, 268566528, 537034752, 103022592, 0, 135168, 103022592, ""},
		{"pythia-2.8b", 2775208960, 839188480, 1678131200, 128778240, 0, 332800, 128778240, ""},
		{"pythia-6.9b", 6857302016, 2148007936, 4295622656, 206569472, 0, 532480, 206569472, ""},
		{"pythia-12b", 11846072320, 3775610880, 7550668800, 259522560, 0, 747520, 259522560, ""},
		{"opt-125m", 125239296, 28348416, 56669184, 38608896, 1574400, 38400, 0, ""},
		{"opt-350m", 331196416, 100761600, 201449472, 25739264, 2099200, 98304, 0, "project in/out 1,048,576"},
		{"bert-base-uncased", 109482240, 28348416, 56669184, 23440896, 393216, 38400, 0, "token types 1,536; pooler 590,592"},
		{"bert-large-uncased", 335141888, 100761600, 201449472, 31254528, 524288, 100352, 0, "token types 2,048; pooler 1,049,600"},
		{"all-minilm-l6-v2", 22713216, 3548160, 7089408, 11720448, 196608, 9984, 0, "token types 768; pooler 147,840"},
		{"distilbert-base-uncased", 66362880, 14174208, 28334592, 23440896, 393216, 19968, 0, ""},
		{"t5-small", 60506624, 18874368, 25165824, 16449536, 0, 16384, 0, "relative bias 512"},
		{"t5-large", 737668096, 301989888, 402653184, 32899072, 0, 124928, 0, "relative bias 1,024"},
		{"whisper-tiny", 37760640, 7091712, 9452544, 19916160, 0, 16896, 0, "conv 535,296; enc positions 576,000; dec positions 172,032"},
		{"whisper-tiny.en", 37760256, 7091712, 9452544, 19915776, 0, 16896, 0, "conv 535,296; enc positions 576,000; dec positions 172,032"},
		{"whisper-small", 241734912, 85017600, 113338368, 39832320, 0, 95232, 0, "conv 1,955,328; enc positions 1,152,000; dec positions 344,064"},
		{"whisper-medium", 763857920, 302211072, 402898944, 53109760, 0, 249856, 0, "conv 3,393,536; enc positions 1,536,000; dec positions 458,752"},
		{"whisper-large", 1543304960, 629514240, 839270400, 66387200, 0, 414720, 0, "conv 5,224,960; enc positions 1,920,000; dec positions 573,440"},
		{"whisper-large-v3", 1543490560, 629514240, 839270400, 66388480, 0, 414720, 0, "conv 5,409,280; enc positions 1,920,000; dec positions 573,440"},
		{"whisper-large-v3-turbo", 808878080, 262297600, 472089600, 66388480, 0, 199680, 0, "conv 5,409,280; enc positions 1,920,000; dec positions 573,440"},
		{"opus-mt-en-de", 74410496, 18911232, 25196544, 29747712, 0, 30720, 0, "sinusoidal tables 524,288"},
	}
}

// TestPublished holds every model to its published totals, group by group.
func TestPublished(t *testing.T) {
	for _, want := range publishedTotals() {
		t.Run(want.name, func(t *testing.T) {
			c := mustCount(t, want.name, Parameters)
			equal(t, "total", c.Total, want.total)
			equal(t, "attention", c.Attention, want.attention)
			equal(t, "mlp", c.MLP, want.mlp)
			equal(t, "embedding", of(c, Embedding), want.embedding)
			equal(t, "norms", of(c, Norm), want.norms)
			equal(t, "unembedding", of(c, Unembedding), want.unembedding)
			// The sources call tables that are not learned, and those of two
			// stacks, something else than positions.
			other, fixed := int64(0), int64(0)
			for _, part := range strings.Split(want.other, "; ") {
				count := trailingCount(t, part)
				other += count
				if strings.Contains(part, "positions") || strings.Contains(part, "sinusoidal") {
					fixed += count
				}
				if strings.HasPrefix(part, "router") {
					equal(t, "router", of(c, Router), count)
				}
			}
			equal(t, "positions", of(c, Position), want.positions+fixed)
			rest := c.Total - c.Attention - c.MLP - of(c, Embedding) - of(c, Norm) - of(c, Unembedding) - of(c, Position)
			equal(t, "other", rest, other-fixed)
		})
	}
}

// TestTotals holds presets of which only the total is published to that, as
// their repositories state it.
func TestTotals(t *testing.T) {
	for name, want := range map[string]int64{
		"llama-3.2-3b": 3212749824, "mistral-7b-v0.3": 7248023552, "smollm2-360m": 361821120, "qwen2.5-14b": 14770033664,
		"qwen3-4b": 4022468096, "gemma-2-9b": 9241705984, "phi-4": 14659507200, "phi-3-mini-128k": 3821079552,
		"pythia-1.4b": 1414647808, "deepseek-v2-lite": 15706484224, "gpt-oss-20b": 20914757184, "t5-base": 222903552,
		"whisper-base": 72593920,
		"gemma-3-12b":  11765788416 + 64*3840, // which has 64 rows more of the embedding in Hugging Face's config
	} {
		equal(t, name, mustCount(t, name, Parameters).Total, want)
	}
}

// trailingCount is the number at the end of "token types 1,536", 0 for nothing.
func trailingCount(t *testing.T, part string) int64 {
	t.Helper()
	if part == "" {
		return 0
	}
	words := strings.Fields(part)
	return number(t, words[len(words)-1])
}

// TestOtherParts holds what stands aside to its parts.
func TestOtherParts(t *testing.T) {
	for name, want := range map[string]map[string]int64{
		"opt-350m":          {"projection in": 524288, "projection out": 524288},
		"bert-base-uncased": {"token types": 1536, "pooler": 589824, "pooler's bias": 768},
		"t5-small":          {"encoder, distances": 256, "decoder, distances": 256},
		"whisper-tiny":      {"convolution 1": 92160, "convolution 2": 442368, "convolutions' biases": 768},
		"gpt-oss-120b":      {"sinks": 2304},
	} {
		g, _ := mustCount(t, name, Parameters).Find(Other)
		for _, part := range g.Rows() {
			equal(t, name+" "+part.What, part.Count, want[part.What])
			delete(want, part.What)
		}
		if len(want) > 0 {
			t.Errorf("%s has no %v", name, want)
		}
	}
}

// TestStacks splits the attention of encoder-decoders into its three kinds.
func TestStacks(t *testing.T) {
	for _, want := range []struct {
		name                    string
		encoder, decoder, cross int64
	}{
		{"t5-small", 6291456, 6291456, 6291456},
		{"t5-large", 100663296, 100663296, 100663296},
		{"whisper-tiny", 2363904, 2363904, 2363904},
		{"whisper-tiny.en", 2363904, 2363904, 2363904},
		{"whisper-small", 28339200, 28339200, 28339200},
		{"whisper-medium", 100737024, 100737024, 100737024},
		{"whisper-large", 209838080, 209838080, 209838080},
		{"whisper-large-v3", 209838080, 209838080, 209838080},
		{"whisper-large-v3-turbo", 209838080, 26229760, 26229760},
		{"opus-mt-en-de", 6303744, 6303744, 6303744},
	} {
		s, ok := Find(want.name)
		if !ok {
			t.Fatalf("no preset %s", want.name)
		}
		got := map[string]int64{}
		for _, p := range s.trained() {
			if p.in == attention {
				got[p.what] += p.count(&checked{})
			}
		}
		equal(t, want.name+" encoder", got["encoder"], want.encoder)
		equal(t, want.name+" decoder", got["decoder"], want.decoder)
		equal(t, want.name+" cross", got["cross"], want.cross)
	}
}

// TestFiles holds what is known of published files: the totals that their
// repositories or the sources above state.
func TestFiles(t *testing.T) {
	for name, want := range map[string]int64{
		"distilgpt2": 88204032, "gpt2": 137022720, "gpt2-medium": 379988992, "gpt2-large": 811778816, "gpt2-xl": 1607942848,
		"llama-2-7b": 6738417664, "llama-2-13b": 13015866880, "llama-2-70b": 68976653312,
		"llama-3-8b": 8030261248, "llama-3.1-405b": 405853388800,
		"qwen3-0.6b": 751632384, "qwen3-1.7b": 2031739904, "pythia-70m-deduped": 95592496,
		"bert-base-uncased": 110106428, "all-minilm-l6-v2": 22713728, "deepseek-v3": 684531386000,
	} {
		equal(t, name, mustCount(t, name, File).Total, want)
	}
	for _, name := range []string{"gpt3-175b", "whisper-tiny", "pythia-70m"} {
		s, _ := Find(name)
		if c, err := s.Count(File); !errors.Is(err, ErrUncounted) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %d in a file that is not known, error %v", name, c.Total, err)
		}
	}
}

// TestWithFile is a file that holds more than the parameters, and one that
// lacks some.
func TestWithFile(t *testing.T) {
	s, _ := Find("llama-3.2-1b")
	const total = 1235814400
	for numbers, want := range map[int64]struct{ missing, other int64 }{
		total: {0, 0}, total + 262668288: {0, 262668288}, total - 5: {5, total - 5}, 0: {total, 0},
	} {
		held, err := s.WithFile(numbers, 77)
		if err != nil {
			t.Fatal(err)
		}
		c, err := held.Count(File)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "total", c.Total, numbers)
		equal(t, "bytes", held.FileBytes, 77)
		equal(t, "missing", held.Missing(), want.missing)
		equal(t, "other", of(c, Other), want.other)
	}
	if _, err := (Shape{}).WithFile(1, 1); err == nil {
		t.Error("a model of nothing has a file")
	}
}

// TestNextTokenModule is the part of DeepSeek-V3's checkpoint beside the model.
func TestNextTokenModule(t *testing.T) {
	s, _ := Find("DeepSeek-V3")
	for i, want := range []int64{11610068224, 1853358080, 41540496} {
		equal(t, s.Stored[i].What, s.Stored[i].piece().count(&checked{}), want)
	}
}

// TestActive holds models with experts to what works on one token, both
// embeddings included.
func TestActive(t *testing.T) {
	for name, want := range map[string]int64{
		"mixtral-8x7b": 12879925248, "qwen3-30b-a3b": 3353032704, "qwen3-235b-a22b": 22190763520, "gpt-oss-120b": 5711982912,
		"deepseek-v3": 37552297472, "deepseek-v2": 21375800320, "llama-3-8b": 0,
	} {
		equal(t, name, mustCount(t, name, Parameters).Active, want)
	}
}

// TestTransformerLens is its formula, written out.
func TestTransformerLens(t *testing.T) {
	for name, want := range map[string]int64{
		"llama-3-8b":   7784628224, // though attention and MLP have 6,979,321,856
		"gpt2":         12 * (4*768*64*12 + 768*3072*2),
		"qwen3-4b":     36 * (4*2560*128*32 + 2560*9728*3),
		"mixtral-8x7b": 32 * (4*4096*128*32 + (4096*14336*3+4096)*8),
		"gpt3-13b":     40 * (4*5140*128*40 + 5140*20560*2),
	} {
		equal(t, name, mustCount(t, name, TransformerLens).Total, want)
	}
	equal(t, "llama-3-8b's chapter", mustCount(t, "llama-3-8b", Chapter).Total, 6979321856+2*525336576)
	for _, name := range []string{"t5-small", "deepseek-v3"} {
		s, _ := Find(name)
		if c, err := s.Count(TransformerLens); !errors.Is(err, ErrUncounted) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %d by a formula for other models, error %v", name, c.Total, err)
		}
	}
}

// TestOtherVocabulary is Gemma 3 4B without the rows that Hugging Face adds.
func TestOtherVocabulary(t *testing.T) {
	s, _ := Find("gemma-3-4b")
	s.Vocab = 262144
	c, err := s.Count(Parameters)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "total", c.Total, 3880099328)
	equal(t, "embedding", of(c, Embedding), 671088640)
}

// TestPresets: every preset can be found by each of its names, in any case,
// with and without its owner, and counted under both of the conventions that
// all models have.
func TestPresets(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Presets() {
		for _, name := range append([]string{p.Name}, p.Aliases...) {
			if seen[name] || name != strings.ToLower(name) {
				t.Errorf("%s: taken, or not in lower case", name)
			}
			seen[name] = true
			for _, as := range []string{name, strings.ToUpper(name), p.Owners[0] + "/" + name, strings.ReplaceAll(name, "-", " ")} {
				if s, ok := Find(as); !ok || s.Name != p.Name {
					t.Errorf("%s finds %q", as, s.Name)
				}
			}
		}
		mustCount(t, p.Name, Chapter)
		mustCount(t, p.Name, Parameters)
	}
	for _, name := range []string{"somebody/qwen3-4b", "qwen3", "llama-3.1-8b-instruct-x", "-instruct", ""} {
		if s, ok := Find(name); ok {
			t.Errorf("%q finds %s", name, s.Name)
		}
	}
}

func number(t *testing.T, digits string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(strings.ReplaceAll(digits, ",", ""), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
