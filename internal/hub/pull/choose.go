package pull

import (
	"maps"
	"os"
	"slices"
	"strings"

	"attn/internal/hub"
	"attn/internal/safetensors"
)

// What the small files of a model may weigh: attn reads no larger ones.
const (
	maxConfig    = 4 << 20
	maxTokenizer = 256 << 20
	maxCard      = 1 << 20
)

// cardFile is what attn models show prints.
const cardFile = "README.md"

// choose picks from what a server lists the files that attn needs: a GGUF file
// alone, or config.json and the safetensors, with the tokenizer and the card
// where there are some. Of a sharded model it is the index, and shards says the
// rest.
func choose(repo hub.Repo, all map[string]listed) ([]listed, error) {
	weights, single := all[hub.WeightsFile]
	if !single {
		weights = all[hub.IndexFile]
	}
	ggufs := hub.GGUFNames(slices.Sorted(maps.Keys(all)))
	switch {
	case repo.File != "" || weights.name == "" && len(ggufs) > 0:
		name, err := hub.ChooseGGUF(repo.ID, ggufs, repo.File)
		if err != nil {
			return nil, err
		}
		return []listed{all[name]}, nil
	case weights.name == "":
		return nil, noWeights(repo, all)
	}
	config, ok := all[hub.ConfigFile]
	if !ok {
		return nil, refuse("the model has no %s: %s", hub.ConfigFile, repo.ID)
	}
	files := []listed{config}
	if tokenizer, ok := all[hub.TokenizerFile]; ok {
		files = append(files, tokenizer)
	}
	if card, ok := all[cardFile]; ok && card.size <= maxCard {
		files = append(files, card)
	}
	return bounded(append(files, weights))
}

// bounded refuses small files that are larger than attn reads.
func bounded(files []listed) ([]listed, error) {
	limits := map[string]int64{hub.ConfigFile: maxConfig, hub.TokenizerFile: maxTokenizer, hub.IndexFile: safetensors.MaxIndex}
	for _, f := range files {
		if limit, ok := limits[f.name]; ok && f.size > limit {
			return nil, refuse("%s has %d bytes, the limit is %d", f.name, f.size, limit)
		}
	}
	return files, nil
}

// noWeights says which weights there are instead.
func noWeights(repo hub.Repo, all map[string]listed) error {
	err := refuse("the model has weights neither in safetensors nor in GGUF: %s", repo.ID)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if strings.HasSuffix(name, ".bin") || strings.HasSuffix(name, ".pth") || strings.HasSuffix(name, ".safetensors") {
			return advise(err, "it has %.100s, which attn does not read", name)
		}
	}
	return err
}

// shards returns the files that a sharded model's index names, of those that
// the server lists: a name that leads elsewhere is none of them.
func (p *pulling) shards(index listed, all map[string]listed) ([]listed, error) {
	path := p.blob(index)
	if !isWhole(path, index.size) {
		path = p.pointer(index) // where links cannot be made
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	places, err := safetensors.ParseIndex(text)
	if err != nil {
		return nil, refuse("%s: %w", hub.IndexFile, err)
	}
	var files []listed
	for _, name := range slices.Compact(slices.Sorted(maps.Values(places))) {
		f, ok := all[name]
		if !ok || strings.Contains(name, "/") || !strings.HasSuffix(name, ".safetensors") {
			return nil, refuse("%s names %.100q, which is no file of the model: %s", hub.IndexFile, name, p.repo.ID)
		}
		files = append(files, f)
	}
	return files, nil
}
