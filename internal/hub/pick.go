package hub

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// maxEntries bounds how many entries of a folder are looked at.
const maxEntries = 10_000

// entriesOf lists a folder, sorted; of one that is not there, nothing.
func entriesOf(dir string) ([]fs.DirEntry, error) {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(maxEntries + 1)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	case len(entries) > maxEntries:
		return nil, refuse("more than %d entries: %s", maxEntries, dir)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// readSmall reads a whole regular file of at most limit bytes.
func readSmall(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, refuse("not a regular file: %s", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		return nil, refuse("more than %d bytes: %s", limit, path)
	}
	return data, err
}

// The files of a model as Hugging Face lays it out.
const (
	ConfigFile    = "config.json"
	TokenizerFile = "tokenizer.json"
	WeightsFile   = "model.safetensors"
	IndexFile     = "model.safetensors.index.json"
)

// isWhole reports whether a GGUF file is a model and not a part of one, which
// its name would say (llama.cpp, llama_split_path).
func isWhole(name string) bool {
	return !regexp.MustCompile(`(?i)-[0-9]{5}-of-[0-9]{5}\.gguf$`).MatchString(name)
}

// GGUFNames returns which of a folder's files are models of llama.cpp's format.
// One that turns pictures into vectors (mmproj) is none.
func GGUFNames(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		lower := strings.ToLower(name)
		return !strings.HasSuffix(lower, ".gguf") || !isPlain(name) || strings.Contains(lower, "mmproj")
	})
}

// ChooseGGUF returns the one file that is meant: by its name, or by the types in
// it, such as Q4_K_M in model-Q4_K_M.gguf. When nothing is asked for, there must
// be only one.
func ChooseGGUF(model string, names []string, want string) (string, error) {
	var fit []string
	for _, name := range names {
		if want == "" || strings.EqualFold(name, want) || saysType(name, want) {
			fit = append(fit, name)
		}
	}
	switch {
	case len(names) == 0:
		return "", refuse("no .gguf file: %s", model)
	case len(fit) == 0:
		return "", refuse("no .gguf file is called that: %s", model).advise("there are %s", few(names))
	case !slices.ContainsFunc(fit, isWhole):
		return "", refuse("the model is split into several GGUF files, of which attn reads none: %s", model).
			advise("llama.cpp's llama-gguf-split --merge makes one of them")
	case len(fit) > 1:
		return "", refuse("%d .gguf files fit: %s", len(fit), model).advise("name one of %s", few(fit))
	}
	return fit[0], nil
}

// saysType reports whether a file's name holds a type as a word of its own:
// Q4_K stands in model-Q4_K.gguf and not in model-Q4_K_M.gguf.
func saysType(file, want string) bool {
	stem := strings.ToLower(strings.TrimSuffix(strings.ToLower(file), ".gguf"))
	want = strings.ToLower(want)
	for from := 0; ; {
		at := strings.Index(stem[from:], want)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(want)
		before := at == 0 || strings.ContainsRune("-._", rune(stem[at-1]))
		after := end == len(stem) || strings.ContainsRune("-.", rune(stem[end]))
		if before && after {
			return true
		}
		from = at + 1
	}
}

// few lists the first of many names.
func few(names []string) string {
	const most = 6
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}

// pick finds the model in a folder: safetensors before GGUF, unless want names a
// GGUF file.
func pick(name, dir, want string) (Model, error) {
	files, err := filesOf(dir)
	if err != nil {
		return Model{}, err
	}
	_, single := files[WeightsFile]
	_, sharded := files[IndexFile]
	_, config := files[ConfigFile]
	_, tokens := files[TokenizerFile]
	ggufs := GGUFNames(sortedKeys(files))
	switch {
	case want == "" && (single || sharded || len(ggufs) == 0 && (config || tokens)):
		return Model{Name: name, Path: dir, Bytes: safetensorsBytes(files)}, nil
	case want == "" && len(ggufs) == 0:
		return Model{}, refuse("neither %s nor a .gguf file: %s", ConfigFile, dir)
	}
	file, err := ChooseGGUF(name, ggufs, want)
	if err != nil {
		return Model{}, err
	}
	return Model{Name: name, Path: filepath.Join(dir, file), GGUF: true, Bytes: files[file]}, nil
}

// filesOf returns what the regular files of a folder weigh; links are followed.
func filesOf(dir string) (map[string]int64, error) {
	entries, err := entriesOf(dir)
	if err != nil {
		return nil, err
	}
	files := map[string]int64{}
	for _, entry := range entries {
		if info, err := os.Stat(filepath.Join(dir, entry.Name())); err == nil && info.Mode().IsRegular() {
			files[entry.Name()] = info.Size()
		}
	}
	return files, nil
}

func safetensorsBytes(files map[string]int64) int64 {
	total := int64(0)
	for name, size := range files {
		if strings.HasSuffix(name, ".safetensors") {
			total += size
		}
	}
	return total
}
