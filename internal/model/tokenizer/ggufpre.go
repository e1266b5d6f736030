package tokenizer

import (
	"slices"
	"strings"
)

// preName is what the name of a pre-tokenizer in a GGUF file stands for.
type preName struct {
	names        string
	patterns     []string // each cuts the pieces of the one before
	gpt2         bool     // and GPT-2's pattern after them
	nfc          bool     // the model's own tokenizer normalises, which the file does not say
	ignoreMerges bool
	addBOS       bool
	addSeparator bool
}

// The patterns are those of the models' own tokenizer files, from which llama.cpp's are adapted.
const (
	wordEndings = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
	wordsOnly   = `[^\r\n\p{L}\p{N}]?\p{L}+`
	wordTails   = ` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	casedTails  = ` ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`

	llama3Pattern = wordEndings + `|` + wordsOnly + `|\p{N}{1,3}|` + wordTails
	qwen2Pattern  = wordEndings + `|` + wordsOnly + `|\p{N}|` + wordTails
	qwen35Pattern = wordEndings + `|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

	capitalised    = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`
	capitals       = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*`
	gpt4oPattern   = capitalised + wordEndings + `?|` + capitals + wordEndings + `?|\p{N}{1,3}|` + casedTails
	tekkenPattern  = capitalised + `|` + capitals + `|\p{N}|` + casedTails
	bloomPattern   = ` ?[^(\s|[.,!?…。，、।۔،])]+`
	deepseekWords  = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
	deepseekHan    = `[一-龥぀-ゟ゠-ヿ]+`
	bailingPattern = `'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`
	seedPattern    = wordEndings + `|` + wordsOnly + `|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+`
	gpt2Pattern    = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)`
	kimiPattern    = `[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+` +
		wordEndings + `?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*` +
		wordEndings + `?|\p{N}{1,3}|` + wordTails
	exaoneMoePattern = wordEndings + `|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+`
	mathPunctuation  = "[\\p{P}\\$\\+<=>\\^~\\|`]+"
)

// ggufPres lists the names that are known.
func ggufPres() []preName {
	return []preName{
		{names: "gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum exaone4 jais trillion granite-docling", gpt2: true},
		{names: "mpt olmo modern-bert", gpt2: true, nfc: true},
		{names: "jina-v1-en jina-v2-code roberta-bpe", gpt2: true, addSeparator: true},
		{names: "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano", patterns: []string{llama3Pattern}, ignoreMerges: true, addBOS: true},
		{names: "dbrx smaug-bpe glm4 chatglm-bpe", patterns: []string{llama3Pattern}},
		{names: "qwen2 deepseek-r1-qwen kormo f2llmv2 stablelm2 megrez", patterns: []string{qwen2Pattern}, nfc: true},
		{names: "hunyuan solar-open grok-2", patterns: []string{qwen2Pattern}},
		{names: "qwen35", patterns: []string{qwen35Pattern}, nfc: true},
		{names: "starcoder refact command-r smollm codeshell exaone minerva-7b mellum2", patterns: []string{`\p{N}`}, gpt2: true},
		{names: "falcon", patterns: []string{mathPunctuation, gpt2Pattern, "[0-9][0-9][0-9]"}},
		{names: "deepseek-v3 hunyuan-dense joyai-llm hy_v4", patterns: []string{`\p{N}{1,3}`, deepseekHan, deepseekWords}},
		{names: "deepseek-coder", patterns: []string{`[\r\n]`, `\s?\p{L}+`, `\s?\p{P}+`, `[一-龥ࠀ-一가-퟿]+`, `\p{N}`}},
		{names: "bloom gpt3-finnish poro-chat", patterns: []string{bloomPattern}},
		{names: "viking", patterns: []string{bloomPattern, `\p{N}`}},
		{names: "tekken", patterns: []string{tekkenPattern}, ignoreMerges: true, addBOS: true},
		{names: "gpt-4o llama4 kanana2 talkie minimax-m2", patterns: []string{gpt4oPattern}},
		{names: "tiny_aya cohere2moe", patterns: []string{`\d{1,3}(?=(?:\d{3})*\b)`, gpt4oPattern}},
		{names: "kimi-k2", patterns: []string{kimiPattern}},
		{names: "superbpe", patterns: []string{`\p{N}+`, `(?=(\d{3})+(?!\d))`}},
		{names: "bailingmoe bailingmoe2 llada-moe", patterns: []string{bailingPattern}},
		{names: "seed-coder", patterns: []string{seedPattern}},
		{names: "exaone-moe", patterns: []string{exaoneMoePattern}},
		{names: "minicpm5", patterns: []string{`\p{N}{1,3}`, wordEndings + `|` + wordsOnly + `|\p{N}+|` + wordTails}, ignoreMerges: true},
		{names: "laguna", patterns: []string{`[^\n]+|[\n]+`, qwen2Pattern}},
		{names: "ufakzeka", patterns: []string{wordsOnly + `|\p{N}|` + wordTails}},
		{names: "chameleon", patterns: []string{`<sentinel:[0-9]+>`, `(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z`, `([\t\n]|    |  )`, `\p{N}`, "[\\p{P}!-/:-@\\[-`{-~]"}, gpt2: true, addBOS: true},
		{names: "default", patterns: []string{`[\p{P}\$\+<=>\^~\|]+`, gpt2Pattern, `\p{N}+`, "[0-9][0-9][0-9]"}},
	}
}

// ggufPre finds a name; a file without one has llama.cpp's default.
func ggufPre(name string) (preName, bool) {
	if name == "" {
		name = "default"
	}
	for _, pre := range ggufPres() {
		if slices.Contains(strings.Fields(pre.names), name) {
			return pre, true
		}
	}
	return preName{}, false
}
