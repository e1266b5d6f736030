package model

// Family says how one architecture's files are read: its config and where its
// weights are. The forward pass knows nothing of families.
type Family struct {
	Name          string   // config.json's model_type
	Architectures []string // config.json's architectures
	Weights       WeightNames

	parse func(*fields) Config
}

// Families lists the architectures that attn runs.
func Families() []Family {
	return []Family{
		gpt2(),
	}
}

// WeightNames says what a family calls its weights. Linear layers and norms
// stand without their ".weight" and ".bias".
type WeightNames struct {
	Prefixes        []string // any one of them may stand before every name
	Embed, Position string
	Unembed         string // when not tied
	FinalNorm       string
	Block           string // before a block's names; %d is the layer
	Norm1, Norm2    string
	Q, K, V, O      Source
	Up, Down        Source
	Buffers         []string // a block's tensors that are no weights, such as stored masks
}

// Source says where one linear layer lies in the file.
type Source struct {
	Name  string
	InOut bool // stored [in, out], as GPT-2's Conv1D does, not [out, in]
	// A fused matrix holds Parts layers of equal size side by side along its
	// outputs, and this is number Part. Parts 0 means that it is not fused.
	Part, Parts int
}
