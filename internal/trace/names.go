package trace

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"attn/internal/tensor"
)

// Hook is one step of the forward pass that can be recorded: what it is
// called, what its axes count, and how it follows from the steps before it.
//
// The names are TransformerLens's (its hook points), with the stages it does
// not expose added: hook_qk, hook_scaled, hook_v_up and b_O. With grouped-query
// attention hook_k and hook_v have fewer heads than hook_q.
type Hook struct {
	Name     string        // without the block's prefix: "attn.hook_pattern"
	Block    bool          // recorded once per block, as blocks.L.<Name>
	Axes     []tensor.Axis // outermost first
	Op       string        // the operation that makes it
	Inputs   []string      // the hooks it follows from; "<" is the block before, "a|b" is a where the family has it, else b
	Some     bool          // only some families have it
	Formula  string        // in the field's symbols
	Doc      string        // in plain words
	HF       string        // where Hugging Face's GPT-2 has it
	LlamaCPP string        // what llama.cpp's graph calls it
}

// The names that code refers to. Those of a block stand without its prefix;
// see InBlock.
const (
	Embed        = "hook_embed"
	PosEmbed     = "hook_pos_embed"
	ResidPre     = "hook_resid_pre"
	LN1Scale     = "ln1.hook_scale"
	LN1          = "ln1.hook_normalized"
	Q            = "attn.hook_q"
	QNorm        = "attn.q_norm.hook_normalized"
	KNorm        = "attn.k_norm.hook_normalized"
	RotQ         = "attn.hook_rot_q"
	RotK         = "attn.hook_rot_k"
	QDown        = "attn.hook_q_down"
	QLatent      = "attn.hook_q_latent"
	KVDown       = "attn.hook_kv_down"
	KVLatent     = "attn.hook_kv_latent"
	KRope        = "attn.hook_k_rope"
	K            = "attn.hook_k"
	V            = "attn.hook_v"
	QK           = "attn.hook_qk"
	Scaled       = "attn.hook_scaled"
	Softcapped   = "attn.hook_softcapped"
	Biased       = "attn.hook_biased"
	AttnScores   = "attn.hook_attn_scores"
	Pattern      = "attn.hook_pattern"
	Sink         = "attn.hook_sink"
	LSE          = "attn.hook_lse"
	Entropy      = "attn.hook_entropy"
	FirstMass    = "attn.hook_first_mass"
	NearMass     = "attn.hook_near_mass"
	TopKeys      = "attn.hook_topk_keys"
	TopWeights   = "attn.hook_topk_weights"
	TopRest      = "attn.hook_topk_rest"
	Received     = "attn.hook_received"
	Pooled       = "attn.hook_pooled"
	TileScores   = "attn.hook_tile_scores"
	TilePattern  = "attn.hook_tile_pattern"
	Z            = "attn.hook_z"
	VUp          = "attn.hook_v_up"
	Result       = "attn.hook_result"
	OutputBias   = "attn.b_O"
	HeadsOut     = "attn.hook_out"
	AttnOut      = "hook_attn_out"
	ResidMid     = "hook_resid_mid"
	LN2Scale     = "ln2.hook_scale"
	LN2          = "ln2.hook_normalized"
	MLPPre       = "mlp.hook_pre"
	MLPLinear    = "mlp.hook_pre_linear"
	MLPPost      = "mlp.hook_post"
	Router       = "mlp.hook_router"
	Experts      = "mlp.hook_expert_weights"
	Shared       = "mlp.hook_shared"
	MLPRaw       = "mlp.hook_out"
	MLPOut       = "hook_mlp_out"
	ResidPost    = "hook_resid_post"
	LNFinalScale = "ln_final.hook_scale"
	LNFinal      = "ln_final.hook_normalized"
	Logits       = "unembed.hook_out"
)

type axes = []tensor.Axis

var (
	stream = axes{tensor.Pos, tensor.DModel}
	scale  = axes{tensor.Pos, tensor.One}
	scores = axes{tensor.Head, tensor.QueryPos, tensor.KeyPos}
	heads  = axes{tensor.Pos, tensor.Head, tensor.DHead}
	writes = axes{tensor.Pos, tensor.Head, tensor.DModel}
	mlp    = axes{tensor.Pos, tensor.DMLP}
	latent = axes{tensor.Pos, tensor.DLatent}

	queries = axes{tensor.Head, tensor.QueryPos}
	listed  = axes{tensor.Head, tensor.QueryPos, tensor.Rank}
	blocks  = axes{tensor.Head, tensor.QueryBlock, tensor.KeyBlock}
	tiles   = axes{tensor.Head, tensor.TileQuery, tensor.TileKey}

	rotated = []string{RotQ + "|" + QNorm + "|" + Q, RotK + "|" + KNorm + "|" + K}
)

// Hooks is the one table of every step, in the order of the forward pass.
func Hooks() []Hook {
	return []Hook{
		{Embed, false, stream, "gather", nil, false, "W_E[token]", "each token's own vector", "transformer.wte", "inp_embd"},
		{PosEmbed, false, stream, "gather", nil, true, "W_pos[position]", "each place's own vector", "transformer.wpe", "pos_embd"},

		{ResidPre, true, stream, "add", []string{Embed, PosEmbed, "<" + ResidPost}, false, "W_E[token] + W_pos[position], or the block before", "the residual stream as the block receives it", "hidden_states[L]", "l_out (block before)"},
		{LN1Scale, true, scale, "norm", []string{ResidPre}, true, "√(var(x) + ε)", "what the norm divides by", "", ""},
		{LN1, true, stream, "norm", []string{ResidPre}, true, "γ (x − mean) / √(var + ε) + β", "what the attention reads", "transformer.h.L.ln_1", "attn_norm"},
		{QDown, true, latent, "matmul", []string{LN1 + "|" + ResidPre}, true, "W_DQ e", "each token, narrowed: what all its queries come out of", "transformers: q_a_proj", "q"},
		{QLatent, true, latent, "norm", []string{QDown}, true, "γ c / √(mean(c²) + ε)", "the same, brought to one size", "transformers: q_a_layernorm", "q"},
		{KVDown, true, latent, "matmul", []string{LN1 + "|" + ResidPre}, true, "W_DKV e", "each token, narrowed: what all its keys and values come out of", "transformers: kv_a_proj_with_mqa [0:kv_lora_rank]", "kv_cmpr"},
		{KVLatent, true, latent, "norm", []string{KVDown}, true, "γ c / √(mean(c²) + ε)", "the same, brought to one size: what a cache holds", "transformers: kv_a_layernorm", "kv_cmpr"},
		{KRope, true, axes{tensor.Pos, tensor.DRope}, "matmul", []string{LN1 + "|" + ResidPre}, true, "W_KR e", "the part of each key that turns, the same for all heads", "transformers: kv_a_proj_with_mqa [kv_lora_rank:]", "k_pe"},
		{Q, true, heads, "matmul", []string{QLatent + "|" + LN1 + "|" + ResidPre}, false, "q = W_Q e + b_Q", "what each token asks for", "transformer.h.L.attn.c_attn [0:d]", "Qcur"},
		{K, true, heads, "matmul", []string{KVLatent + "|" + LN1 + "|" + ResidPre, KRope}, false, "k = W_K e + b_K", "how each token answers", "transformer.h.L.attn.c_attn [d:2d]", "Kcur"},
		{V, true, heads, "matmul", []string{KVLatent + "|" + LN1 + "|" + ResidPre}, false, "v = W_V e + b_V", "what each token passes on", "transformer.h.L.attn.c_attn [2d:3d]", "Vcur"},
		{QNorm, true, heads, "norm", []string{Q}, true, "γ q / √(mean(q²) + ε)", "the queries, each head's brought to one size", "transformers: q_norm", "Qcur_normed"},
		{KNorm, true, heads, "norm", []string{K}, true, "γ k / √(mean(k²) + ε)", "the keys, each head's brought to one size", "transformers: k_norm", "Kcur_normed"},
		{RotQ, true, heads, "rotate", []string{QNorm + "|" + Q}, true, "R(position) q", "the queries, turned by their places", "", "Qcur"},
		{RotK, true, heads, "rotate", []string{KNorm + "|" + K}, true, "R(position) k", "the keys, turned by their places", "", "Kcur"},
		{QK, true, scores, "scores", rotated, false, "q·k", "how well each key answers each query", "", "kq"},
		{Scaled, true, scores, "scale", []string{QK}, false, "q·k / √d_head", "the same, kept small", "", "kq_scaled"},
		{Softcapped, true, scores, "softcap", []string{Scaled}, true, "c tanh(scaled / c)", "the same, bent so that none is larger than c", "", ""},
		{Biased, true, scores, "alibi", []string{Scaled}, true, "scaled + slope · position", "the same, keys further back marked down", "", ""},
		{AttnScores, true, scores, "mask", []string{Biased + "|" + Softcapped + "|" + Scaled}, false, "−∞ where key > query", "later tokens hidden", "", "kq_masked"},
		{Pattern, true, scores, "softmax", []string{AttnScores}, false, "softmax(masked)", "how much each query takes from each key", "attentions[L]", "kq_soft_max"},
		{Sink, true, queries, "softmax", []string{AttnScores}, true, "e^sink / Σ", "the weight that no key gets", "", ""},

		// what fused attention tells of a pattern that it never holds whole
		{LSE, true, queries, "attention", rotated, true, "log Σ_keys e^score", "the logarithm of what the softmax divides by", "", ""},
		{Entropy, true, queries, "attention", rotated, true, "−Σ_keys p log p", "how widely each query looks, in nats: log n for n keys alike", "", ""},
		{FirstMass, true, queries, "attention", rotated, true, "p(query, 0)", "how much each query takes from the first token", "", ""},
		{NearMass, true, queries, "attention", rotated, true, "Σ p(query, key), |query − key| < 64", "how much each query takes from the 64 tokens nearest to it on each side, itself among them", "", ""},
		{TopKeys, true, listed, "attention", rotated, true, "argsort p, the first 8", "the keys that each query takes most from; −1 where there is none", "", ""},
		{TopWeights, true, listed, "attention", rotated, true, "sort p, the first 8", "how much it takes from each of them", "", ""},
		{TopRest, true, queries, "attention", rotated, true, "Σ_keys p beyond the first 8", "how much it takes from all other keys together", "", ""},
		{Received, true, axes{tensor.Head, tensor.KeyPos}, "attention", rotated, true, "Σ_queries p", "how much each key gives to all queries together", "", ""},
		{Pooled, true, blocks, "attention", rotated, true, "mean over queries of Σ_keys p, block by block", "the pattern from afar, at most 128 × 128 blocks of tokens", "", ""},
		{TileScores, true, tiles, "attention", rotated, true, "masked scores", "a part of the masked scores as it is", "", ""},
		{TilePattern, true, tiles, "attention", []string{TileScores, LSE}, true, "e^(score − lse)", "a part of the pattern as it is", "", ""},
		{Z, true, heads, "mix", []string{Pattern, V}, false, "z = Σ pattern · v", "the values, weighted and summed", "transformer.h.L.attn.c_proj (input)", "kqv_merged"},
		{VUp, true, writes, "heads", []string{V}, false, "W_O v", "each token's value in the stream's own space: the chapter's value vector", "", ""},
		{Result, true, writes, "heads", []string{Z}, false, "Δe = W_O z", "what each head writes into the stream", "", ""},
		{OutputBias, true, axes{tensor.DModel}, "parameter", nil, false, "b_O", "the bias that all heads share", "transformer.h.L.attn.c_proj.bias", "attn_output.bias"},
		{HeadsOut, true, stream, "matmul", []string{Z, OutputBias}, true, "Σ_heads Δe + b_O", "what the heads write, before the norm after them", "", "kqv_out"},
		{AttnOut, true, stream, "matmul", []string{HeadsOut + "|" + Z, OutputBias}, false, "Σ_heads Δe + b_O", "what the attention writes into the stream", "transformer.h.L.attn", "kqv_out"},
		{ResidMid, true, stream, "add", []string{ResidPre, AttnOut}, true, "e + Δe", "the stream after attention", "", "ffn_inp"},
		{LN2Scale, true, scale, "norm", []string{ResidMid + "|" + ResidPre}, true, "√(var(x) + ε)", "what the norm divides by", "", ""},
		{LN2, true, stream, "norm", []string{ResidMid + "|" + ResidPre}, true, "γ (x − mean) / √(var + ε) + β", "what the MLP reads", "transformer.h.L.ln_2", "ffn_norm"},
		{MLPPre, true, mlp, "matmul", []string{LN2 + "|" + LN1 + "|" + ResidMid}, true, "W_up x + b_up", "the questions an MLP asks", "transformer.h.L.mlp.c_fc", "ffn_up"},
		{MLPLinear, true, mlp, "matmul", []string{LN2 + "|" + LN1 + "|" + ResidMid}, true, "W_up x", "what the gate lets through or not", "", "ffn_up"},
		{MLPPost, true, mlp, "activate", []string{MLPPre, MLPLinear + "|" + MLPPre}, true, "f(pre)", "how far each is answered yes", "transformer.h.L.mlp.act", "ffn_gelu"},
		{Router, true, axes{tensor.Pos, tensor.Expert}, "matmul", []string{LN2 + "|" + LN1 + "|" + ResidMid}, true, "W_router x", "how well each expert suits each token", "", "ffn_moe_logits"},
		{Experts, true, axes{tensor.Pos, tensor.Expert}, "route", []string{Router}, true, "top-k", "each chosen expert's share of the result", "", "ffn_moe_weights"},
		{Shared, true, stream, "matmul", []string{LN2 + "|" + LN1 + "|" + ResidMid}, true, "W_down (f(W_gate x) · W_up x)", "what the experts that work on every token add", "transformers: shared_experts", "ffn_shexp"},
		{MLPRaw, true, stream, "matmul", []string{Experts + "|" + MLPPost}, true, "W_down post", "what the MLP writes, before the norm after it", "", ""},
		{MLPOut, true, stream, "matmul", []string{MLPRaw + "|" + Experts + "|" + MLPPost, Shared}, false, "W_down post + b_down", "what the MLP writes into the stream", "transformer.h.L.mlp", "ffn_out"},
		{ResidPost, true, stream, "add", []string{ResidMid + "|" + ResidPre, MLPOut}, false, "e + Δe + mlp", "the stream as the block leaves it", "hidden_states[L+1]", "l_out"},

		{LNFinalScale, false, scale, "norm", []string{"<" + ResidPost}, true, "√(var(x) + ε)", "what the last norm divides by", "", ""},
		{LNFinal, false, stream, "norm", []string{"<" + ResidPost}, true, "γ (x − mean) / √(var + ε) + β", "what the unembedding reads", "transformer.ln_f", "result_norm"},
		{Logits, false, axes{tensor.Pos, tensor.DVocab}, "matmul", []string{LNFinal + "|<" + ResidPost}, false, "W_U x", "a score for every word of the vocabulary", "lm_head", "result_output"},
	}
}

// in is the hook as a trace of that kind has it: with norms after each sum, what
// they make is what the next step reads.
func (h Hook) in(meta Meta) Hook {
	if inputs, ok := postNormInputs()[h.Name]; ok && meta.PostNorm {
		h.Inputs = inputs
	}
	return h
}

func postNormInputs() map[string][]string {
	return map[string][]string{
		ResidPre: {Embed, PosEmbed, "<" + LN2},
		Q:        {ResidPre}, K: {ResidPre}, V: {ResidPre},
		LN1Scale: {ResidMid}, LN1: {ResidMid},
		MLPPre: {LN1}, MLPLinear: {LN1},
		ResidPost: {LN1, MLPOut},
		LN2Scale:  {ResidPost}, LN2: {ResidPost},
		Logits: {"<" + LN2},
	}
}

// What fused attention tells of each query: how many keys it lists, and how near
// a key must be to be near. The map that it pools has at most so many blocks to
// a side. The table above says these numbers, too.
const (
	KeysListed = 8
	NearKeys   = 64
	MapBlocks  = 128
)

// WholeMaps lists a block's steps that hold a number for every query and key:
// what a long text has no room for.
func WholeMaps() []string {
	return []string{QK, Scaled, Softcapped, Biased, AttnScores, Pattern}
}

// InBlock names a block's step: InBlock(2, Pattern) is
// "blocks.2.attn.hook_pattern".
func InBlock(layer int, name string) string {
	return "blocks." + strconv.Itoa(layer) + "." + name
}

// Split takes a step's name apart: the layer, or -1 outside the blocks, and
// the name in the table.
func Split(step string) (layer int, name string) {
	rest, ok := strings.CutPrefix(step, "blocks.")
	if !ok {
		return -1, step
	}
	number, name, ok := strings.Cut(rest, ".")
	if !ok {
		return -1, step
	}
	layer, err := strconv.Atoi(number)
	if err != nil || layer < 0 || strconv.Itoa(layer) != number {
		return -1, step
	}
	return layer, name
}

// FindHook returns the table's entry for a step.
func FindHook(step string) (Hook, bool) {
	layer, name := Split(step)
	for _, h := range Hooks() {
		if h.Name == name && h.Block == (layer >= 0) {
			return h, true
		}
	}
	return Hook{}, false
}

// StepNames lists every step of a model with that many blocks, in order: those
// that only some families have among them.
func StepNames(layers int) []string {
	var names []string
	hooks := Hooks()
	first, last := blockRange(hooks)
	for _, h := range hooks[:first] {
		names = append(names, h.Name)
	}
	for layer := range layers {
		for _, h := range hooks[first:last] {
			names = append(names, InBlock(layer, h.Name))
		}
	}
	for _, h := range hooks[last:] {
		names = append(names, h.Name)
	}
	return names
}

func blockRange(hooks []Hook) (first, last int) {
	for first < len(hooks) && !hooks[first].Block {
		first++
	}
	for last = first; last < len(hooks) && hooks[last].Block; last++ {
	}
	return first, last
}

// inputsOf resolves a table entry's inputs for one layer of a model that has
// the steps that has says yes to.
func inputsOf(h Hook, layer, layers int, has func(step string) bool) []string {
	var inputs []string
	for _, alternatives := range h.Inputs {
		for name := range strings.SplitSeq(alternatives, "|") {
			step, exists := resolve(h, name, layer, layers)
			if exists && has(step) {
				if !slices.Contains(inputs, step) {
					inputs = append(inputs, step)
				}
				break
			}
		}
	}
	return inputs
}

// resolve names the step that an input stands for; the first block has none
// before it, the others no embedding.
func resolve(h Hook, in string, layer, layers int) (step string, exists bool) {
	before, isBefore := strings.CutPrefix(in, "<")
	switch {
	case isBefore && !h.Block:
		return InBlock(layers-1, before), true
	case isBefore:
		return InBlock(layer-1, before), layer > 0
	case in == Embed || in == PosEmbed:
		return in, layer == 0
	case h.Block:
		return InBlock(layer, in), true
	}
	return in, true
}

// Match reports whether a step's name fits a pattern: the name itself, "all",
// or a glob in which * stands for anything within or across dots.
func Match(pattern, step string) bool {
	if pattern == "all" || pattern == step {
		return true
	}
	ok, err := path.Match(pattern, step)
	return err == nil && ok
}

// CheckPattern reports whether a pattern of Match is well formed and fits at
// least one step of a model with that many blocks.
func CheckPattern(pattern string, layers int) error {
	if pattern == "" {
		return fmt.Errorf("an empty hook name")
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return fmt.Errorf("%q is not a pattern: a [ is not closed, or a \\ stands last", pattern)
	}
	for _, name := range StepNames(layers) {
		if Match(pattern, name) {
			return nil
		}
	}
	return fmt.Errorf("no step is called %q", pattern)
}
