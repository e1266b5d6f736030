package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// What Ollama puts in place of the parts that a name leaves out
// (ollama, types/model/name.go).
const (
	ollamaHost      = "registry.ollama.ai"
	ollamaNamespace = "library"
	ollamaTag       = "latest"
)

// ollamaFolders are where Ollama keeps models (envconfig/config.go), or its
// service on Linux, which has a user of its own (scripts/install.sh).
func ollamaFolders(getenv func(string) string) []string {
	if dir := getenv("OLLAMA_MODELS"); dir != "" {
		return []string{underHome(dir, getenv)}
	}
	var folders []string
	if user := home(getenv); user != "" {
		folders = append(folders, filepath.Join(user, ".ollama", "models"))
	}
	if runtime.GOOS == "linux" {
		folders = append(folders, "/usr/share/ollama/.ollama/models")
	}
	return folders
}

// ollamaName is [[HOST/]NAMESPACE/]MODEL[:TAG] in its four parts.
type ollamaName struct{ host, namespace, model, tag string }

// parseOllama takes a name apart, and refuses what Ollama would, and hosts with
// a port besides, which no file of Windows can be called.
func parseOllama(name string) (ollamaName, error) {
	n := ollamaName{host: ollamaHost, namespace: ollamaNamespace, tag: ollamaTag}
	rest := name
	if at := strings.LastIndex(name, ":"); at > strings.LastIndex(name, "/") {
		rest, n.tag = name[:at], name[at+1:]
	}
	parts := strings.Split(rest, "/")
	switch len(parts) {
	case 3:
		n.host, n.namespace, n.model = parts[0], parts[1], parts[2]
	case 2:
		n.namespace, n.model = parts[0], parts[1]
	case 1:
		n.model = parts[0]
	}
	for _, part := range []string{n.host, n.namespace, n.model, n.tag} {
		if !ollamaPart().MatchString(part) {
			return n, refuse("not a name of Ollama's: ollama:%s", name).advise("a name is MODEL:TAG, such as ollama:gemma3:270m")
		}
	}
	return n, nil
}

func ollamaPart() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}$`) }

// String is the name as Ollama lists it: without what goes without saying.
func (n ollamaName) String() string {
	switch {
	case n.host != ollamaHost:
		return fmt.Sprintf("%s/%s/%s:%s", n.host, n.namespace, n.model, n.tag)
	case n.namespace != ollamaNamespace:
		return fmt.Sprintf("%s/%s:%s", n.namespace, n.model, n.tag)
	}
	return n.model + ":" + n.tag
}

// manifest is the file that says what a model consists of.
func (n ollamaName) manifest(store string) string {
	return filepath.Join(store, "manifests", n.host, n.namespace, n.model, n.tag)
}

// findOllama follows a name's manifest to the blob with the weights.
func (p Places) findOllama(name string) (Model, error) {
	n, err := parseOllama(name)
	if err != nil {
		return Model{}, err
	}
	var looked []string
	for _, store := range p.Ollama {
		m, err := openOllama(store, n)
		if err == nil {
			return m, nil
		}
		if _, missing := os.Lstat(n.manifest(store)); !errors.Is(missing, fs.ErrNotExist) {
			return Model{}, err
		}
		looked = append(looked, n.manifest(store))
	}
	return Model{}, refuse("not in Ollama's store: %s: looked in %s", n, strings.Join(looked, ", ")).
		advise("%s", offer("the store", p.ListOllama()))
}

// openOllama reads a model's manifest and looks for the blob that it names.
func openOllama(store string, n ollamaName) (Model, error) {
	path := n.manifest(store)
	text, err := readSmall(path, MaxManifest)
	if err != nil {
		return Model{}, err
	}
	layer, err := ParseManifest(text)
	if err != nil {
		return Model{}, refuse("%s: %w", path, err)
	}
	blob := filepath.Join(store, "blobs", "sha256-"+layer.SHA256)
	info, err := os.Stat(blob)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Model{}, refuse("the model's blob is not there: %s", blob).advise("ollama pull %s fetches it again", n)
	case err != nil:
		return Model{}, err
	case !info.Mode().IsRegular():
		return Model{}, refuse("not a regular file: %s", blob)
	case info.Size() != layer.Bytes:
		return Model{}, refuse("%d bytes, its manifest says %d: %s", info.Size(), layer.Bytes, blob).advise("ollama pull %s fetches it again", n)
	}
	return Model{Name: ollamaScheme + ":" + n.String(), Path: blob, GGUF: true, Bytes: info.Size()}, nil
}

// ListOllama lists the models of Ollama's store that are there in full and
// have a GGUF file.
func (p Places) ListOllama() []Model {
	var models []Model
	for _, store := range p.Ollama {
		for _, n := range ollamaNames(filepath.Join(store, "manifests")) {
			if m, err := openOllama(store, n); err == nil {
				models = append(models, m)
			}
		}
	}
	return byName(models)
}

// ollamaNames walks the four levels of a store's manifests.
func ollamaNames(manifests string) []ollamaName {
	paths := [][]string{nil}
	for range 4 {
		var deeper [][]string
		for _, path := range paths {
			entries, err := entriesOf(filepath.Join(append([]string{manifests}, path...)...))
			if err != nil {
				continue // a file where a folder should be, or one that may not be read
			}
			for _, entry := range entries {
				if ollamaPart().MatchString(entry.Name()) && len(deeper) < maxEntries {
					deeper = append(deeper, append(append([]string{}, path...), entry.Name()))
				}
			}
		}
		paths = deeper
	}
	var names []ollamaName
	for _, path := range paths {
		names = append(names, ollamaName{path[0], path[1], path[2], path[3]})
	}
	return names
}
