package cli

import (
	"bytes"
	"context"
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

func TestHubFolder(t *testing.T) {
	for _, c := range []struct {
		pairs []string
		want  string
	}{
		{[]string{"HF_HUB_CACHE", "/a", "HF_HOME", "/b", "HOME", "/c"}, "/a"},
		{[]string{"HF_HOME", "/b", "HOME", "/c"}, "/b/hub"},
		{[]string{"XDG_CACHE_HOME", "/x", "HOME", "/c"}, "/x/huggingface/hub"},
		{[]string{"HOME", "/c"}, "/c/.cache/huggingface/hub"},
		{nil, ""},
	} {
		if got := filepath.ToSlash(hubFolder(env(c.pairs...))); got != c.want {
			t.Errorf("%v is %q, want %q", c.pairs, got, c.want)
		}
	}
}

// fillCache puts a tiny model into a cache as huggingface_hub lays it out: the
// files are links to blobs.
func fillCache(t *testing.T, hub, repo string) {
	t.Helper()
	root := filepath.Join(hub, "models--"+strings.ReplaceAll(repo, "/", "--"))
	snapshot := filepath.Join(root, "snapshots", "0123abcd")
	for _, dir := range []string{snapshot, filepath.Join(root, "refs"), filepath.Join(root, "blobs")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "refs", "main"), []byte("0123abcd"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"config.json", "model.safetensors"} {
		data, err := os.ReadFile(filepath.Join("../../testdata/tiny/gpt2-odd", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "blobs", "blob-"+name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join("..", "..", "blobs", "blob-"+name), filepath.Join(snapshot, name)); err != nil {
			t.Skipf("this system makes no links: %v", err)
		}
	}
}

func TestCachedModel(t *testing.T) {
	hub := t.TempDir()
	fillCache(t, hub, "someone/odd")
	fillCache(t, hub, "alone")
	if err := os.Mkdir(filepath.Join(hub, "models--someone--unfinished"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := cachedModels(env("HF_HUB_CACHE", hub)); !slices.Equal(got, []string{"alone", "someone/odd"}) {
		t.Errorf("the cache holds %v", got)
	}
	for _, name := range []string{"someone/odd", "alone"} {
		var out, errs bytes.Buffer
		a := NewApp(&out, &errs)
		a.Env = []string{"HF_HUB_CACHE=" + hub}
		if code := a.Run(context.Background(), []string{"trace", "--model", name, "--ids", "1,2,3", "--steps", "predict"}); code != 0 {
			t.Errorf("%s: exit %d, %s", name, code, errs.String())
		}
		if !strings.Contains(out.String(), name) {
			t.Errorf("the model is not called %s:\n%s", name, out.String())
		}
	}
	for _, name := range []string{"someone/unfinished", "../someone/odd", "someone/../odd", "someone--odd", "a/b/c", "someone/none"} {
		if dir, ok := findCached(env("HF_HUB_CACHE", hub), name); ok {
			t.Errorf("%s was found at %s", name, dir)
		}
	}
}

// TestRefThatLeadsOut: what a cache's ref holds cannot name another folder.
func TestRefThatLeadsOut(t *testing.T) {
	hub := t.TempDir()
	fillCache(t, hub, "someone/odd")
	ref := filepath.Join(hub, "models--someone--odd", "refs", "main")
	for _, text := range []string{"..", "../../x", "", strings.Repeat("a", 1000), "0123abcd/.."} {
		if err := os.WriteFile(ref, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if dir, ok := findCached(env("HF_HUB_CACHE", hub), "someone/odd"); ok {
			t.Errorf("the ref %.20q leads to %s", text, dir)
		}
	}
}
