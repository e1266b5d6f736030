package model

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"attn/internal/kernels"
	"attn/internal/model/tokenizer"
	"attn/internal/model/weights"
)

// What the small files of a model folder may weigh.
const (
	maxConfigBytes    = 4 << 20
	maxTokenizerBytes = 256 << 20
)

// Open reads a model: a GGUF file, or a Hugging Face folder with config.json,
// model.safetensors (or the shards that its index names) and, unless there is
// none, tokenizer.json.
func Open(path string) (*Model, error) {
	if isGGUF(path) {
		return openGGUF(path)
	}
	return openFolder(path)
}

// isGGUF reports whether a path is meant as a GGUF file: any that is no folder,
// since Ollama keeps its files without an ending.
func isGGUF(path string) bool {
	info, err := os.Stat(path)
	return strings.EqualFold(filepath.Ext(path), ".gguf") || err == nil && info.Mode().IsRegular()
}

func openFolder(dir string) (*Model, error) {
	config, err := readFile(dir, "config.json", maxConfigBytes)
	if err != nil {
		return nil, err
	}
	tokens, err := readFile(dir, "tokenizer.json", maxTokenizerBytes)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	files, err := weights.OpenDir(dir)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(filepath.Clean(dir))
	m, err := Assemble(name, dir+string(filepath.Separator), config, tokens, files)
	if err != nil {
		_ = files.Close() // the model is refused already, for a better reason
		return nil, err
	}
	return m, nil
}

// OpenTokenizer reads a folder's tokenizer.json, or a GGUF file's tokenizer,
// alone.
func OpenTokenizer(dir string) (*tokenizer.Tokenizer, error) {
	if isGGUF(dir) {
		return openGGUFTokenizer(dir)
	}
	path := filepath.Join(dir, "tokenizer.json")
	data, err := readFile(dir, "tokenizer.json", maxTokenizerBytes)
	if err != nil {
		return nil, err
	}
	t, err := tokenizer.Parse(data)
	if err != nil {
		return nil, within(path, err)
	}
	return t, nil
}

// Assemble builds a model from its files' contents. where stands before the
// file names in errors; tokens may be nil.
func Assemble(name, where string, config, tokens []byte, files *weights.Set) (*Model, error) {
	c, names, err := ParseConfig(config)
	if err != nil {
		return nil, fmt.Errorf("%sconfig.json: %w", where, err)
	}
	c.Name = name
	m := &Model{Config: c, files: files}
	if tokens != nil {
		if m.Tokenizer, err = tokenizer.Parse(tokens); err != nil {
			return nil, within(where+"tokenizer.json", err)
		}
		if m.Tokenizer.Size() > c.DVocab {
			return nil, fmt.Errorf("%stokenizer.json: it has %d tokens, config.json's vocab_size is %d", where, m.Tokenizer.Size(), c.DVocab)
		}
	}
	if err := files.Guard(func() error { return m.bind(names, files) }); err != nil {
		return nil, fmt.Errorf("%smodel.safetensors: %w", where, err)
	}
	if err := files.CheckFinite(); err != nil {
		return nil, err
	}
	return m, nil
}

// within names the file in an error, unless it names itself as the tokenizer's
// errors do.
func within(path string, err error) error {
	return fmt.Errorf("%s: %s", path, strings.TrimPrefix(err.Error(), "tokenizer.json: "))
}

// readFile reads a whole regular file of a model's folder, of at most limit
// bytes.
func readFile(dir, name string, limit int64) ([]byte, error) {
	path := filepath.Join(dir, name)
	target, err := weights.Resolve(dir, name)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(target)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s: %d bytes, the limit is %d", path, info.Size(), limit)
	}
	return os.ReadFile(target)
}

// contiguous is the weight of a matrix stored [out, in].
func contiguous(t weights.Tensor, out, in int) kernels.Weight {
	return kernels.Weight{Name: t.Name, Type: t.DType, Shape: [2]int{out, in}, Stride: [2]int{in, 1}, Bytes: t.Bytes}
}
