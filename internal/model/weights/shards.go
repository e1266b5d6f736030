package weights

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"attn/internal/safetensors"
)

// singleName is the file of a model that is not sharded.
const singleName = "model.safetensors"

// maxShards is how many files a model may be split into: each takes a mapping,
// and the largest models have a few hundred.
const maxShards = 4096

// OpenDir maps the weights of a Hugging Face folder: model.safetensors or, if
// there is none, what model.safetensors.index.json lists. That is the order in
// which transformers looks, and no other file is opened, whatever its name.
//
// If there is neither, the error is one of fs.ErrNotExist.
func OpenDir(dir string) (*Set, error) {
	for _, name := range []string{singleName, safetensors.IndexName} {
		path := filepath.Join(dir, name)
		_, err := os.Lstat(path) // a link that leads nowhere is there, and an error
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, err
		case name == singleName:
			return openSingle(dir)
		}
		return openIndex(dir)
	}
	return nil, fmt.Errorf("%s: neither %s nor %s: %w", dir, singleName, safetensors.IndexName, fs.ErrNotExist)
}

// openSingle maps model.safetensors.
func openSingle(dir string) (*Set, error) {
	s := newSet()
	if err := s.openIn(dir, singleName); err != nil {
		return nil, err
	}
	return s, nil
}

// openIn maps one safetensors file of a folder.
func (s *Set) openIn(dir, name string) error {
	path, err := Resolve(dir, name)
	if err != nil {
		_ = s.Close() // the folder is refused already, for a better reason
		return err
	}
	return s.open(filepath.Join(dir, name), path, s.add)
}

// openIndex maps a sharded model.
func openIndex(dir string) (*Set, error) {
	index := filepath.Join(dir, safetensors.IndexName)
	places, err := readIndex(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", index, err)
	}
	shards := slices.Compact(slices.Sorted(maps.Values(places)))
	if err := checkShards(shards); err != nil {
		return nil, fmt.Errorf("%s: %w", index, err)
	}
	s := newSet()
	for _, shard := range shards {
		if err := s.openIn(dir, shard); err != nil {
			return nil, fmt.Errorf("%s: %w", index, err)
		}
	}
	if err := s.checkIndex(dir, places); err != nil {
		_ = s.Close() // the model is refused already, for a better reason
		return nil, fmt.Errorf("%s: %w", index, err)
	}
	return s, nil
}

// readIndex returns which file each tensor is in.
func readIndex(dir string) (map[string]string, error) {
	path, err := Resolve(dir, safetensors.IndexName)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, safetensors.MaxIndex+1)) // ParseIndex refuses the one more
	if err != nil {
		return nil, err
	}
	return safetensors.ParseIndex(text)
}

// checkShards refuses names that could lead out of the folder, on whatever
// system: transformers joins them to the folder as they are.
func checkShards(shards []string) error {
	if len(shards) > maxShards {
		return fmt.Errorf("%d files, the limit is %d", len(shards), maxShards)
	}
	for _, name := range shards {
		if !isPlainName(name) {
			return fmt.Errorf("weight_map names %s, which is not the plain name of a .safetensors file", quote(name))
		}
	}
	return nil
}

// isPlainName reports whether a file's name is nothing but one: no separator of
// any system, no drive or stream (:), nothing hidden or relative, no character
// that cannot be seen, no device of Windows.
func isPlainName(name string) bool {
	const longest = 255 // on the usual file systems
	stem, ok := strings.CutSuffix(name, ".safetensors")
	if !ok || stem == "" || strings.HasPrefix(stem, ".") || len(name) > longest {
		return false
	}
	for _, r := range name {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`/\:*?"<>|`, r) {
			return false
		}
	}
	return !isDevice(stem)
}

// isDevice reports whether Windows takes a file's name for a device: whatever
// stands after the first dot, and spaces before it, do not count there.
func isDevice(stem string) bool {
	stem, _, _ = strings.Cut(stem, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	number, ok := strings.CutPrefix(stem, "COM")
	if !ok {
		number, ok = strings.CutPrefix(stem, "LPT")
	}
	return ok && slices.Contains([]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³"}, number)
}

// checkIndex compares where the tensors are with where the index says they are.
// A tensor that it does not list is an error too: transformers would load it,
// other readers would not, and the two would show different models.
func (s *Set) checkIndex(dir string, places map[string]string) error {
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(places)) {
		want := filepath.Join(dir, places[name])
		switch t, ok := s.tensors[name]; {
		case !ok:
			wrong = append(wrong, fmt.Sprintf("tensor %s is not in %s", quote(name), quote(places[name])))
		case t.file != want:
			wrong = append(wrong, fmt.Sprintf("tensor %s is not in %s but in %s", quote(name), quote(places[name]), quote(filepath.Base(t.file))))
		}
	}
	for _, name := range s.order {
		if _, listed := places[name]; !listed {
			wrong = append(wrong, fmt.Sprintf("tensor %s of %s is not in weight_map", quote(name), quote(filepath.Base(s.tensors[name].file))))
		}
	}
	return list(wrong)
}

// list makes one error of several, on a dozen lines at most.
func list(wrong []string) error {
	const most = 10
	switch {
	case len(wrong) == 0:
		return nil
	case len(wrong) == 1:
		return errors.New(wrong[0])
	}
	summary := fmt.Sprintf("%d tensors are not where it says", len(wrong))
	if len(wrong) > most {
		wrong = append(wrong[:most], "...")
	}
	return errors.New(summary + "\n" + strings.Join(wrong, "\n"))
}
