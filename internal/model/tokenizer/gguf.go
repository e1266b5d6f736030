package tokenizer

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// GGUFMeta is the tokenizer inside a GGUF file: its metadata under tokenizer.ggml. Pointers are nil where the
// file does not say; the defaults are llama.cpp's.
type GGUFMeta struct {
	Model  string // "llama", "gpt2", "bert", "t5", "gemma4"
	Pre    string // how a "gpt2" cuts its text into pieces: "llama-bpe", "qwen2"
	Tokens []string
	Scores []float32
	Types  []int32 // GGUFNormal and so on; may be missing
	Merges []string

	BOS, EOS, Unknown, Separator *int32 // ids

	AddBOS, AddEOS, AddSeparator *bool
	AddSpacePrefix               *bool
	RemoveExtraWhitespaces       *bool
	Lowercase                    *bool // "bert" only
	StripAccents                 *bool // "bert" only

	PrecompiledCharsmap []byte // "t5" only
}

// The types of tokens in a GGUF file.
const (
	GGUFNormal      = 1
	GGUFUnknown     = 2
	GGUFControl     = 3
	GGUFUserDefined = 4
	GGUFUnused      = 5
	GGUFByte        = 6
)

// FromGGUF makes the tokenizer that a GGUF file describes. Where llama.cpp and the model's own tokenizer
// differ, it is the model's own as far as the file tells: special tokens are found in the text, and text for
// Qwen2 and its like is normalised.
func FromGGUF(meta GGUFMeta) (*Tokenizer, error) {
	g := &ggufReader{GGUFMeta: meta, t: &Tokenizer{}}
	if err := g.read(); err != nil {
		return nil, fmt.Errorf("tokenizer.ggml: %w", err)
	}
	return g.t, nil
}

// ggufReader builds a tokenizer from metadata.
type ggufReader struct {
	GGUFMeta
	t     *Tokenizer
	vocab *vocabulary
}

// read builds all parts.
func (g *ggufReader) read() error {
	if err := g.check(); err != nil {
		return err
	}
	g.vocab = newVocabulary(len(g.Tokens))
	for _, token := range g.Tokens {
		g.vocab.put(token)
	}
	g.t.post = postProcessor{}
	var err error
	switch g.Model {
	case "llama":
		err = g.sentencePieceBPE()
	case "gpt2":
		err = g.byteBPE()
	case "gemma4":
		err = g.gemmaBPE()
	case "bert":
		err = g.wordPiece()
	case "t5":
		err = g.unigram()
	default:
		err = fmt.Errorf("model: %s is not supported (supported: llama, gpt2, gemma4, bert, t5)", quote(g.Model))
	}
	if err != nil {
		return err
	}
	return g.finish()
}

// check checks the lists' lengths and the ids.
func (g *ggufReader) check() error {
	n := len(g.Tokens)
	switch {
	case n == 0:
		return errors.New("tokens: there are none")
	case n > maxIDs:
		return fmt.Errorf("tokens: %d of them (at most %d)", n, maxIDs)
	case len(g.Scores) != 0 && len(g.Scores) != n:
		return fmt.Errorf("scores: %d of them for %d tokens", len(g.Scores), n)
	case len(g.Types) != 0 && len(g.Types) != n:
		return fmt.Errorf("token_type: %d of them for %d tokens", len(g.Types), n)
	}
	for name, id := range map[string]*int32{
		"bos_token_id": g.BOS, "eos_token_id": g.EOS, "unknown_token_id": g.Unknown, "seperator_token_id": g.Separator,
	} {
		if id != nil && (*id < 0 || int(*id) >= n) {
			return fmt.Errorf("%s: no token has the id %d", name, *id)
		}
	}
	return nil
}

// typeOf returns the type of a token.
func (g *ggufReader) typeOf(id int) int32 {
	if len(g.Types) == 0 {
		return GGUFNormal
	}
	return g.Types[id]
}

// or returns what a flag says, or else its default.
func or[T any](given *T, otherwise T) T {
	if given != nil {
		return *given
	}
	return otherwise
}

// finish adds the added tokens and links the parts.
func (g *ggufReader) finish() error {
	t := g.t
	t.added = addedTokens{byID: map[int32]*addedToken{}, byContent: map[string]*addedToken{}}
	r := &reader{}
	for i, content := range g.Tokens {
		kind := g.typeOf(i)
		id := int32(i)
		if content == "" || kind != GGUFControl && kind != GGUFUserDefined && kind != GGUFUnknown {
			continue
		}
		if last, _ := g.vocab.find(content); last != id { // it is given twice
			continue
		}
		added := &addedToken{id: id, content: content, special: kind != GGUFUserDefined}
		if len(content) > maxAddedBytes {
			return fmt.Errorf("tokens: token %d is %d bytes long (at most %d)", i, len(content), maxAddedBytes)
		}
		if err := t.added.add(r, added); err != nil {
			return err
		}
	}
	if err := t.link(); err != nil {
		return err
	}
	t.size = len(g.Tokens)
	return nil
}

// around puts the special tokens around the text.
func (g *ggufReader) around(bos, eos *int32, addBOS, addEOS bool) error {
	if addBOS {
		if bos == nil {
			return errors.New("bos_token_id: missing, though add_bos_token asks for it")
		}
		if !g.named(*bos) {
			return fmt.Errorf("bos_token_id: token %d is empty", *bos)
		}
		g.t.post.before = []int32{*bos}
	}
	if addEOS {
		if eos == nil {
			return errors.New("eos_token_id: missing, though add_eos_token asks for it")
		}
		if !g.named(*eos) {
			return fmt.Errorf("eos_token_id: token %d is empty", *eos)
		}
		g.t.post.after = []int32{*eos}
	}
	return nil
}

// named reports whether a token has a text.
func (g *ggufReader) named(id int32) bool {
	_, ok := g.vocab.token(id)
	return ok
}

// unknownOr returns the unknown token, by its id, its type or its default id.
func (g *ggufReader) unknownOr(id int32) int32 {
	if g.Unknown != nil {
		id = *g.Unknown
	} else if i := slices.Index(g.Types, GGUFUnknown); i >= 0 {
		id = int32(i)
	}
	if !g.named(id) {
		return absent
	}
	return id
}

// sentencePieceBPE builds the tokenizer of Llama 2 and Gemma.
func (g *ggufReader) sentencePieceBPE() error {
	if len(g.Scores) == 0 {
		return errors.New("scores: there are none")
	}
	prefix := or(g.AddSpacePrefix, true)
	spaces := &replace{pattern: literal(" "), content: "▁"}
	g.t.normalizer = spaces
	decode := decoders{&replace{pattern: literal("▁"), content: " "}, byteFallback{}, fuse{}}
	if prefix {
		g.t.normalizer = normalizers{prepend("▁"), spaces}
		decode = append(decode, &stripDecoder{content: " ", start: 1})
	}
	g.t.decoder = decode
	m := newScored(g.vocab, g.Scores)
	m.unknown = g.unknownOr(0)
	g.t.model = m
	return g.around(idOr(g.BOS, 1, g), idOr(g.EOS, 2, g), or(g.AddBOS, true), or(g.AddEOS, false))
}

// idOr returns an id, or its default if there is such a token.
func idOr(id *int32, otherwise int32, g *ggufReader) *int32 {
	if id == nil && int(otherwise) < len(g.Tokens) {
		return &otherwise
	}
	return id
}

// byteBPE builds the tokenizer of GPT-2 and most models since.
func (g *ggufReader) byteBPE() error {
	pre, ok := ggufPre(g.Pre)
	if !ok {
		return fmt.Errorf("pre: %s is not supported", quote(g.Pre))
	}
	m, err := g.merged()
	if err != nil {
		return err
	}
	m.ignoreMerges = pre.ignoreMerges
	var steps preTokenizers
	for _, pattern := range pre.patterns {
		re, err := compileRegex(pattern)
		if err != nil {
			return err
		}
		steps = append(steps, &splitter{pattern: re, treatment: isolated})
	}
	if pre.nfc {
		g.t.normalizer = formNamed("NFC")
	}
	steps = append(steps, &byteLevel{useRegex: pre.gpt2, addPrefixSpace: or(g.AddSpacePrefix, false), spell: spelled(m.alphabet)})
	g.t.pre = steps
	g.t.decoder = newAlphabet()
	g.t.model = m
	for b, letter := range m.alphabet.letter {
		m.base[b] = absent
		if id, ok := m.vocab.find(string(letter)); ok {
			m.base[b] = id
		}
	}
	if err := g.around(g.BOS, g.EOS, or(g.AddBOS, pre.addBOS), or(g.AddEOS, false)); err != nil {
		return err
	}
	if or(g.AddSeparator, pre.addSeparator) && g.Separator != nil && len(g.t.post.after) == 0 {
		g.t.post.after = []int32{*g.Separator}
	}
	return nil
}

// merged reads the merges.
func (g *ggufReader) merged() (*bpe, error) {
	m := &bpe{vocab: g.vocab, alphabet: newAlphabet(), unknown: absent, ranks: make(map[pair]int32, len(g.Merges))}
	for i, merge := range g.Merges {
		middle := strings.IndexByte(merge[min(1, len(merge)):], ' ') + 1
		if middle < 1 {
			return nil, fmt.Errorf("merges: %s is not two tokens with a space between them", quote(merge))
		}
		left, okLeft := g.vocab.find(merge[:middle])
		right, okRight := g.vocab.find(merge[middle+1:])
		made, okMade := g.vocab.find(merge[:middle] + merge[middle+1:])
		if !okLeft || !okRight || !okMade {
			return nil, fmt.Errorf("merges: merge %d: a token of %s is not in the vocabulary", i, quote(merge))
		}
		key := pair{left, right}
		if _, twice := m.ranks[key]; !twice { // the first rank counts here
			m.ranks[key] = int32(i)
		}
		m.results = append(m.results, made)
	}
	return m, nil
}

// gemmaBPE builds the tokenizer of Gemma 4: characters with merges, and bytes for the unknown ones.
func (g *ggufReader) gemmaBPE() error {
	m, err := g.merged()
	if err != nil {
		return err
	}
	m.fallback = newByteTokens(g.vocab)
	m.unknown, m.fuseUnknown = g.unknownOr(absent), true
	g.t.normalizer = &replace{pattern: literal(" "), content: "▁"}
	g.t.decoder = decoders{&replace{pattern: literal("▁"), content: " "}, byteFallback{}, fuse{}}
	g.t.model = m
	return g.around(g.BOS, g.EOS, or(g.AddBOS, false), or(g.AddEOS, false))
}

// wordPiece builds the tokenizer of BERT. In a GGUF file the tokens that begin a word have a mark, not those
// that go on.
func (g *ggufReader) wordPiece() error {
	m := &wordPiece{vocab: g.vocab, unknown: g.unknownOr(100), maxChars: 100}
	begins, goesOn := map[string]int32{}, map[string]int32{}
	for token, id := range g.vocab.all() {
		switch rest, ok := strings.CutPrefix(token, "▁"); {
		case g.typeOf(int(id)) == GGUFControl:
		case ok:
			begins[rest] = id
		default:
			goesOn[token] = id
		}
	}
	m.begins, m.goesOn = newPrefixes(maps.All(begins)), newPrefixes(maps.All(goesOn))
	lower := or(g.Lowercase, true)
	g.t.normalizer = &bertNormalizer{clean: true, chinese: true, lower: lower, accents: or(g.StripAccents, lower)}
	g.t.pre = bertPreTokenizer()
	g.t.decoder = decoders{&replace{pattern: literal("▁"), content: " "}, fuse{}, &stripDecoder{content: " ", start: 1}}
	g.t.model = m
	last := idOr(g.Separator, 102, g)
	return g.around(idOr(g.BOS, 101, g), last, or(g.AddBOS, true), or(g.AddSeparator, true))
}

// unigram builds the tokenizer of T5.
func (g *ggufReader) unigram() error {
	if len(g.Scores) == 0 {
		return errors.New("scores: there are none")
	}
	m := &unigram{vocab: g.vocab, unknown: g.unknownOr(2)}
	known := map[string]int32{}
	least := float64(g.Scores[0])
	for i, score := range g.Scores {
		kind := g.typeOf(i)
		if kind == GGUFUserDefined {
			score = 0
		}
		m.scores = append(m.scores, float64(score))
		if kind == GGUFNormal || kind == GGUFUserDefined || kind == GGUFUnused {
			known[g.Tokens[i]] = int32(i)
		}
		if kind == GGUFNormal {
			least = min(least, float64(score))
		}
	}
	m.link(false, maps.All(known))
	m.worst = least - unknownPenalty
	steps := normalizers{}
	if len(g.PrecompiledCharsmap) > 0 {
		c, err := newCharsmap(g.PrecompiledCharsmap)
		if err != nil {
			return fmt.Errorf("precompiled_charsmap: %w", err)
		}
		steps = append(steps, c)
	}
	scheme := "never"
	merges := or(g.RemoveExtraWhitespaces, false)
	if merges || or(g.AddSpacePrefix, false) { // merging spaces leaves one in front of every word
		scheme = "always"
	}
	if merges {
		re, err := compileRegex(" {2,}")
		if err != nil {
			return err
		}
		steps = append(steps, strip{right: true}, &replace{pattern: re, content: " "})
	}
	g.t.normalizer = steps
	g.t.pre = newMetaspace(scheme)
	g.t.decoder = newMetaspace(scheme)
	g.t.model = m
	return g.around(g.BOS, idOr(g.EOS, 1, g), or(g.AddBOS, false), or(g.AddEOS, true))
}
