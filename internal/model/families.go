package model

// Family says how one architecture's files are read: its config and where its
// weights are. The forward pass knows nothing of families.
type Family struct {
	Name          string   // config.json's model_type
	Architectures []string // config.json's architectures
	Quantised     []string // the quant_methods of config.json that it reads

	// parse reads the config and gathers what is wrong with it in the fields.
	parse func(*fields) (Config, WeightNames)
}

// Families lists the architectures that attn runs.
func Families() []Family {
	return []Family{
		gpt2(),
		llama(), mistral(), mixtral(), qwen2(), qwen3(), qwen3MoE(), gptOSS(), smollm3(), phi3(),
		gemma(), gemma2(), gemma3(),
		gptNeoX(), gptJ(), phi(), stablelm(), starcoder2(), cohere(), olmo2(),
		opt(), bloom(), falcon(), gptBigCode(),
		deepSeekV2(), deepSeekV3(),
	}
}

// WeightNames says what a family calls its weights. Linear layers and norms
// stand without their ".weight" and ".bias"; what a family does not have is
// empty.
type WeightNames struct {
	Prefixes               []string // any one of them may stand before every name
	Embed, Position        string
	EmbedNorm              string
	EmbedUp, UnembedDown   string // from the embedding's width to the stream's, and back; no bias
	Unembed                string // outside the prefix; read when not tied
	UnembedBias            bool
	FinalNorm              string
	NoNormBias             bool
	Block                  string // before a block's names; %d is the layer
	Norm1, Norm2           string
	PostAttention, PostMLP string
	QNorm, KNorm           string // a gain for all heads alike, unless GainByHead
	GainByHead             bool   // [head, d_head], or a tensor for each where the name has a %d
	Q, K, V, O             Source
	Gate, Up, Down         Source
	QDown, KVDown, KRope   Source // latent attention's way down
	QDownNorm, KVDownNorm  string
	Router                 Source
	RouterBias             string // a number per expert, for the choice alone
	Expert                 string // before an expert's names; %d is its number
	ExpertGate             Source
	ExpertUp, ExpertDown   Source
	SharedGate, SharedUp   Source // the experts that work on every token
	SharedDown             Source
	Stacked                bool     // all experts in one tensor each, [experts, in, out], biases beside them
	MXFP4                  bool     // Stacked's matrices are [experts, out, in] in blocks of 4 bits, their scales beside them
	StackedRows            bool     // the same, [experts, out, in], as llama.cpp has them
	Sinks                  string   // a logit per head
	Buffers                []string // a block's tensors that are no weights, such as stored masks
	Ignored                []string // other tensors that are no weights
	SpareBlocks            int      // blocks after the last that nobody reads
}

// Source says where one linear layer lies in the file.
type Source struct {
	Name   string
	InOut  bool // stored [in, out], as GPT-2's Conv1D does, not [out, in]
	NoBias bool
	// A fused matrix holds several layers along its outputs: Total outputs in
	// all (0: ours alone), of which ours begin at First.
	First, Total int
	// Interleaved groups instead: our outputs come Size at a time, the first of
	// them at First, Stride outputs of the fused matrix apart (0: not so).
	Size, Stride int
	// llama.cpp stores the pairs that turn side by side, output 2i and 2i+1 of
	// each head of HalfSplit outputs; ours are i and i + HalfSplit/2 (0: not so).
	HalfSplit int
	// llama.cpp stores DeepSeek's ways up with a matrix for each of Heads, [heads,
	// out/heads, in], or, when Turned, [heads, in, out/heads].
	Heads  int
	Turned bool
}
