package hub

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestCacheFolder(t *testing.T) {
	for _, c := range []struct {
		pairs []string
		want  string
	}{
		{[]string{"HF_HUB_CACHE", "/a", "HF_HOME", "/b", "HOME", "/c"}, "/a"},
		{[]string{"HUGGINGFACE_HUB_CACHE", "/o", "HF_HOME", "/b"}, "/o"},
		{[]string{"HF_HOME", "/b", "HOME", "/c"}, "/b/hub"},
		{[]string{"HF_HOME", "~/b", "HOME", "/c"}, "/c/b/hub"},
		{[]string{"XDG_CACHE_HOME", "/x", "HOME", "/c"}, "/x/huggingface/hub"},
		{[]string{"HOME", "/c"}, "/c/.cache/huggingface/hub"},
		{nil, ""},
	} {
		if got := filepath.ToSlash(cacheFolder(env(c.pairs...))); got != c.want {
			t.Errorf("%v is %q, want %q", c.pairs, got, c.want)
		}
	}
}

// write writes a file and the folders above it.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		t.Skipf("this system makes no links: %v", err)
	}
}

const commit = "0123456789abcdef0123456789abcdef01234567"

// fillCache puts a model into a cache as huggingface_hub lays it out: the files
// are links to blobs.
func fillCache(t *testing.T, p Places, id string, files ...string) {
	t.Helper()
	root := p.Folder(id)
	write(t, filepath.Join(root, "refs", "main"), commit)
	for _, name := range files {
		write(t, filepath.Join(root, "blobs", "blob-"+name), "of "+name)
		link(t, filepath.Join("..", "..", "blobs", "blob-"+name), filepath.Join(root, "snapshots", commit, name))
	}
}

func cacheIn(t *testing.T) Places {
	t.Helper()
	return FromEnv(env("HF_HUB_CACHE", t.TempDir()))
}

// complaint is what Find says of a name.
func complaint(t *testing.T, p Places, name string) string {
	t.Helper()
	m, err := p.Find(name)
	if err == nil {
		t.Fatalf("%s was found at %s", name, m.Path)
	}
	return err.Error()
}

func TestCachedModel(t *testing.T) {
	p := cacheIn(t)
	fillCache(t, p, "someone/odd", "config.json", "model.safetensors", "odd-Q4_0.gguf")
	fillCache(t, p, "alone", "config.json", "model.safetensors.index.json")
	fillCache(t, p, "someone/one-gguf", "one-Q8_0.gguf", "mmproj-f16.gguf")
	fillCache(t, p, "someone/ggufs", "many-Q4_K.gguf", "many-Q4_K_M.gguf", "big-00001-of-00002.gguf", "big-00002-of-00002.gguf")
	if err := os.Mkdir(filepath.Join(p.HuggingFace, "models--someone--unfinished"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"someone/odd":                         "",
		"someone/odd@main":                    "",
		"someone/odd@" + commit:               "",
		"alone":                               "",
		"someone/odd:q4_0":                    "odd-Q4_0.gguf",
		"someone/one-gguf":                    "one-Q8_0.gguf",
		"someone/ggufs:Q4_K":                  "many-Q4_K.gguf",
		"someone/ggufs:q4_k_m":                "many-Q4_K_M.gguf",
		"someone/ggufs@main:many-Q4_K_M.gguf": "many-Q4_K_M.gguf",
	} {
		m, err := p.Find(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		id, _, _ := strings.Cut(strings.ReplaceAll(name, "@", ":"), ":")
		dir := filepath.Join(p.Folder(id), "snapshots", commit)
		if m.Path != filepath.Join(dir, want) || m.GGUF != (want != "") {
			t.Errorf("%s is %+v", name, m)
		}
	}
	want := []string{"alone", "someone/ggufs:many-Q4_K.gguf", "someone/ggufs:many-Q4_K_M.gguf", "someone/odd", "someone/one-gguf"}
	var got []string
	for _, m := range p.ListHuggingFace() {
		got = append(got, m.Name)
		if found, err := p.Find(m.Name); err != nil || found.Path != m.Path {
			t.Errorf("%s is listed, and found as %+v, %v", m.Name, found, err)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the cache holds %v", got)
	}
	for name, want := range map[string]string{
		"someone/unfinished":                    "not in the Hugging Face cache",
		"someone/none":                          "not in the Hugging Face cache",
		"someone/odd@v2":                        "not in the Hugging Face cache",
		"someone/ggufs":                         "4 .gguf files fit",
		"someone/ggufs:Q5_0":                    "no .gguf file is called that",
		"someone/ggufs:big":                     "split into several GGUF files",
		"someone/ggufs:big-00001-of-00002.gguf": "split into several GGUF files",
		"../someone/odd":                        "not the name of a model",
		"someone/../odd":                        "not the name of a model",
		"someone--odd":                          "not the name of a model",
		"/someone/odd":                          "not the name of a model",
		"a/b/c":                                 "not the name of a model",
		"":                                      "not the name of a model",
		"someone/odd@../main":                   "not the name of a revision",
		"someone/odd@":                          "not the name of a revision",
		"someone/odd:../x":                      "not the name of a file",
		"someone/odd:":                          "not the name of a file",
		"someone/odd:a\x1b[2J":                  "not the name of a file",
	} {
		if got := complaint(t, p, name); !strings.HasPrefix(got, want) && !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

// TestRefThatLeadsOut: what a cache's ref holds cannot name another folder.
func TestRefThatLeadsOut(t *testing.T) {
	p := cacheIn(t)
	fillCache(t, p, "someone/odd", "config.json")
	for _, text := range []string{"..", "../../x", "", strings.Repeat("a", 1000), commit + "/.."} {
		write(t, filepath.Join(p.Folder("someone/odd"), "refs", "main"), text)
		complaint(t, p, "someone/odd")
	}
}

// TestLinksThatLeadOut: a snapshot's files are in its own folder of the cache.
func TestLinksThatLeadOut(t *testing.T) {
	p := cacheIn(t)
	outside := filepath.Join(t.TempDir(), "secret.json")
	write(t, outside, "{}")
	for _, name := range []string{"config.json", "tokenizer.json", "README.md"} {
		fillCache(t, p, "someone/odd", "model.safetensors")
		path := filepath.Join(p.Folder("someone/odd"), "snapshots", commit, name)
		link(t, outside, path)
		if got := complaint(t, p, "someone/odd"); !strings.HasPrefix(got, "a link out of its folder") {
			t.Errorf("%s: %s", name, got)
		}
		if got := p.ListHuggingFace(); len(got) > 0 {
			t.Errorf("%s: it is listed: %v", name, got)
		}
		if err := os.RemoveAll(p.Folder("someone/odd")); err != nil {
			t.Fatal(err)
		}
	}
	// The whole snapshot elsewhere.
	fillCache(t, p, "someone/other", "config.json")
	write(t, filepath.Join(p.Folder("someone/odd"), "refs", "main"), commit)
	link(t, filepath.Join(p.Folder("someone/other"), "snapshots", commit), filepath.Join(p.Folder("someone/odd"), "snapshots", commit))
	if got := complaint(t, p, "someone/odd"); !strings.HasPrefix(got, "a link out of its folder") {
		t.Error(got)
	}
}

func TestSaysType(t *testing.T) {
	for _, c := range []struct {
		file, want string
		is         bool
	}{
		{"model-Q4_K_M.gguf", "Q4_K_M", true},
		{"model-Q4_K_M.gguf", "Q4_K", false},
		{"model.q8_0.gguf", "Q8_0", true},
		{"f16.gguf", "F16", true},
		{"model-bf16.gguf", "f16", false},
		{"Q4_0x-Q4_0.gguf", "q4_0", true},
		{"model.GGUF", "gguf", false},
	} {
		if got := saysType(c.file, c.want); got != c.is {
			t.Errorf("%s says %s: %v", c.file, c.want, got)
		}
	}
}
