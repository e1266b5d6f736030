package hub

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// cacheFolder is where Hugging Face's tools keep what they download
// (huggingface_hub constants.py).
func cacheFolder(getenv func(string) string) string {
	for _, name := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"} {
		if dir := getenv(name); dir != "" {
			return underHome(dir, getenv)
		}
	}
	if dir := HuggingFaceHome(getenv); dir != "" {
		return filepath.Join(dir, "hub")
	}
	return ""
}

// HuggingFaceHome is the folder in which Hugging Face's tools keep the cache,
// the token and more; empty when no home is known.
func HuggingFaceHome(getenv func(string) string) string {
	if dir := getenv("HF_HOME"); dir != "" {
		return underHome(dir, getenv)
	}
	cache := getenv("XDG_CACHE_HOME")
	if cache == "" {
		user := home(getenv)
		if user == "" {
			return ""
		}
		cache = filepath.Join(user, ".cache")
	}
	return filepath.Join(underHome(cache, getenv), "huggingface")
}

// maxRef is more than a commit's name takes.
const maxRef = 256

// modelsPrefix begins the folder of a model in the cache; data sets have others.
const modelsPrefix = "models--"

// Folder is where the cache keeps a model: blobs by their hash, refs from a
// branch to a commit, and for each commit a snapshot of links to blobs.
func (p Places) Folder(id string) string {
	return filepath.Join(p.HuggingFace, modelsPrefix+strings.ReplaceAll(id, "/", "--"))
}

// findCached returns a model of the Hugging Face cache, such as Qwen/Qwen3-0.6B:
// the snapshot that its main branch was at when it was fetched.
func (p Places) findCached(name string) (Model, error) {
	r, err := ParseRepo(name)
	if err != nil {
		return Model{}, err
	}
	if p.HuggingFace == "" {
		return Model{}, refuse("neither HF_HOME nor HOME says where the Hugging Face cache is: %s: %w", name, fs.ErrNotExist)
	}
	m, err := p.snapshot(r)
	if errors.Is(err, fs.ErrNotExist) {
		return m, p.notCached(r)
	}
	return m, err
}

func (p Places) snapshot(r Repo) (Model, error) {
	repo := p.Folder(r.ID)
	commit, err := readRef(repo, r.Revision)
	if err != nil {
		return Model{}, err
	}
	dir := filepath.Join(repo, "snapshots", commit)
	if err := checkLinks(repo, dir); err != nil {
		return Model{}, err
	}
	return pick(r.String(), dir, r.File)
}

// readRef returns the commit that a branch is at; a commit that has a snapshot
// stands for itself.
func readRef(repo, revision string) (string, error) {
	if IsCommit(revision) {
		return revision, nil
	}
	path := filepath.Join(repo, "refs", filepath.FromSlash(revision))
	text, err := readSmall(path, maxRef)
	if err != nil {
		return "", err
	}
	commit := strings.TrimSpace(string(text))
	if !isPlain(commit) {
		return "", refuse("it does not name a commit: %s", path)
	}
	return commit, nil
}

// checkLinks refuses a snapshot with a link that leads out of the model's own
// folder of the cache: what was downloaded could so name any file.
func checkLinks(repo, dir string) error {
	root, err := filepath.EvalSymlinks(repo)
	if err != nil {
		return err
	}
	if err := checkLink(root, dir); err != nil {
		return err
	}
	entries, err := entriesOf(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Type()&fs.ModeSymlink == 0 {
			continue
		}
		err := checkLink(root, filepath.Join(dir, entry.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // as good as not there, and missed where it is needed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkLink(root, path string) error {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	if relative, err := filepath.Rel(root, target); err != nil || !filepath.IsLocal(relative) {
		return refuse("a link out of its folder, to %s: %s", target, path)
	}
	return nil
}

// notCached says what the cache has instead of a model.
func (p Places) notCached(r Repo) error {
	folder := p.Folder(r.ID)
	err := refuse("not in the Hugging Face cache: %s: looked in %s: %w", r, folder, fs.ErrNotExist)
	if revisions := refsOf(folder); len(revisions) > 0 && !slices.Contains(revisions, r.Revision) {
		return err.advise("of this model it has the revisions %s: %s@%s", few(revisions), r.ID, revisions[0])
	}
	return err.advise("attn pull %s downloads it", r)
}

// refsOf lists the branches of a model that the cache has.
func refsOf(repo string) []string {
	entries, err := entriesOf(filepath.Join(repo, "refs"))
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		if !entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}

// ListHuggingFace lists the models of the Hugging Face cache, as its main
// branches have them.
func (p Places) ListHuggingFace() []Model {
	entries, err := entriesOf(p.HuggingFace)
	if p.HuggingFace == "" || err != nil {
		return nil // no cache, no models
	}
	var models []Model
	for _, entry := range entries {
		repo, isModel := strings.CutPrefix(entry.Name(), modelsPrefix)
		id := strings.Replace(repo, "--", "/", 1)
		if !isModel || !IsRepoID(id) {
			continue
		}
		models = append(models, p.listRepo(id)...)
	}
	return byName(models)
}

// listRepo lists what a model's main branch holds: itself, or each of its GGUF
// files when there are several.
func (p Places) listRepo(id string) []Model {
	r := Repo{ID: id, Revision: MainRevision}
	m, err := p.snapshot(r)
	if err == nil {
		return []Model{m}
	}
	commit, err := readRef(p.Folder(id), r.Revision)
	if err != nil {
		return nil
	}
	dir := filepath.Join(p.Folder(id), "snapshots", commit)
	if checkLinks(p.Folder(id), dir) != nil {
		return nil
	}
	return listGGUFs(dir, func(file string) string { return id + ":" + file })
}

// listGGUFs lists each GGUF file of a folder as a model of its own.
func listGGUFs(dir string, name func(file string) string) []Model {
	files, err := filesOf(dir)
	if err != nil {
		return nil
	}
	var models []Model
	for _, file := range GGUFNames(sortedKeys(files)) {
		if isWhole(file) {
			models = append(models, Model{Name: name(file), Path: filepath.Join(dir, file), GGUF: true, Bytes: files[file]})
		}
	}
	return models
}

func sortedKeys(files map[string]int64) []string { return slices.Sorted(maps.Keys(files)) }

// isFolder reports whether a folder is there; links are followed.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
