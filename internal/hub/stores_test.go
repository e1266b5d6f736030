package hub

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func names(models []Model) []string {
	var list []string
	for _, m := range models {
		list = append(list, m.Name)
	}
	return list
}

func TestOllamaFolders(t *testing.T) {
	if got := ollamaFolders(env("OLLAMA_MODELS", "/o", "HOME", "/h")); !slices.Equal(got, []string{"/o"}) {
		t.Errorf("%v", got)
	}
	want := []string{filepath.Join("/h", ".ollama", "models")}
	if runtime.GOOS == "linux" {
		want = append(want, "/usr/share/ollama/.ollama/models")
	}
	if got := ollamaFolders(env("HOME", "/h")); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

var digest = strings.Repeat("0123456789abcdef", 4)

func manifestOf(hash string, size int) string {
	return fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",
"config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"sha256:%[1]s","size":3},
"layers":[{"mediaType":"application/vnd.ollama.image.template","digest":"sha256:%[1]s","size":5},
{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:%[1]s","size":%[2]d}]}`, hash, size)
}

func TestOllama(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	p := Places{Ollama: []string{first, second}}
	blob := filepath.Join(second, "blobs", "sha256-"+digest)
	write(t, blob, "GGUF")
	for _, path := range []string{"registry.ollama.ai/library/gemma3/270m", "registry.ollama.ai/library/gemma3/latest", "registry.ollama.ai/me/mine/v1", "hf.co/someone/one-GGUF/Q4_0"} {
		write(t, filepath.Join(second, "manifests", filepath.FromSlash(path)), manifestOf(digest, 4))
	}
	library := filepath.Join(second, "manifests", "registry.ollama.ai", "library")
	write(t, filepath.Join(library, "short", "latest"), manifestOf(digest, 5))
	write(t, filepath.Join(library, "lost", "latest"), manifestOf(strings.Repeat("a", 64), 4))
	write(t, filepath.Join(library, "broken", "latest"), "{")
	write(t, filepath.Join(library, "huge", "latest"), strings.Repeat(" ", MaxManifest+1))
	for _, name := range []string{"gemma3:270m", "gemma3", "gemma3:latest", "library/gemma3:270m", "me/mine:v1", "hf.co/someone/one-GGUF:Q4_0", "registry.ollama.ai/library/gemma3"} {
		m, err := p.Find("ollama:" + name)
		if err != nil || m.Path != blob || !m.GGUF || m.Bytes != 4 {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	want := []string{"ollama:gemma3:270m", "ollama:gemma3:latest", "ollama:hf.co/someone/one-GGUF:Q4_0", "ollama:me/mine:v1"}
	if got := names(p.ListOllama()); !slices.Equal(got, want) {
		t.Errorf("the store holds %v", got)
	}
	for name, want := range map[string]string{
		"ollama:gemma3:1b":               "not in Ollama's store: gemma3:1b: looked in " + first,
		"ollama:short":                   "4 bytes, its manifest says 5",
		"ollama:lost":                    "the model's blob is not there",
		"ollama:broken":                  "the manifest is not as Ollama writes it",
		"ollama:huge":                    "more than 1048576 bytes",
		"ollama:":                        "not a name of Ollama's",
		"ollama:../gemma3":               "not a name of Ollama's",
		"ollama:gemma3:../270m":          "not a name of Ollama's",
		"ollama:/gemma3":                 "not a name of Ollama's",
		"ollama:a/b/c/d":                 "not a name of Ollama's",
		"ollama:localhost:5000/me/x:tag": "not a name of Ollama's",
		`ollama:a\b`:                     "not a name of Ollama's",
	} {
		if got := complaint(t, p, name); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestParseManifest(t *testing.T) {
	layer, err := ParseManifest([]byte(manifestOf(digest, 7)))
	if err != nil || layer.SHA256 != digest || layer.Bytes != 7 {
		t.Fatalf("%+v, %v", layer, err)
	}
	model := func(digest, size string) string {
		return `{"mediaType":"application/vnd.ollama.image.model","digest":"` + digest + `","size":` + size + `}`
	}
	list := func(layers ...string) string {
		return `{"schemaVersion":2,"layers":[` + strings.Join(layers, ",") + `]}`
	}
	good := model("sha256:"+digest, "4")
	for text, want := range map[string]string{
		"":                                     "not as Ollama writes it",
		"null":                                 "schemaVersion is 0",
		"[]":                                   "not as Ollama writes it",
		"{\"a\xff\":1}":                        "not UTF-8",
		`{"schemaVersion":1,"layers":[]}`:      "schemaVersion is 1",
		list():                                 "0 layers of type",
		list(good, good):                       "2 layers of type",
		list(good) + "{}":                      "goes on after its end",
		list(model("sha256:"+digest, "-4")):    "has -4 bytes",
		list(model("sha256:"+digest, "1.5")):   "not as Ollama writes it",
		list(model("sha256:"+digest, `"4"`)):   "not as Ollama writes it",
		list(model("sha256:../../x", "4")):     "no SHA-256",
		list(model("sha512:"+digest, "4")):     "no SHA-256",
		list(model("sha256:"+digest+"0", "4")): "no SHA-256",
		list(model("sha256:"+strings.ToUpper(digest), "4")): "no SHA-256",
		list(strings.Repeat("{},", maxLayers) + good):       "the limit is",
	} {
		if _, err := ParseManifest([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %s", text, err, want)
		}
	}
}

// FuzzParseManifest: what is accepted names a file that lies in blobs.
func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(manifestOf(digest, 7)))
	f.Add([]byte(`{"schemaVersion":2,"layers":[{}]}`))
	f.Add([]byte(`{"schemaVersion":2,"SCHEMAVERSION":1,"layers":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		layer, err := ParseManifest(text)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %q", err)
			}
			return
		}
		if !filepath.IsLocal("sha256-"+layer.SHA256) || len(layer.SHA256) != 64 || layer.Bytes <= 0 {
			t.Errorf("%+v", layer)
		}
	})
}

func TestLMStudio(t *testing.T) {
	user := t.TempDir()
	p := FromEnv(env("HOME", user))
	usual := filepath.Join(user, ".lmstudio", "models")
	older := filepath.Join(user, ".cache", "lm-studio", "models")
	if !slices.Equal(p.LMStudio, []string{usual, older}) {
		t.Fatalf("%v", p.LMStudio)
	}
	write(t, filepath.Join(usual, "google", "gemma", "gemma-Q4_0.gguf"), "GGUF")
	write(t, filepath.Join(usual, "google", "gemma", "mmproj-gemma.gguf"), "GGUF")
	write(t, filepath.Join(usual, "mlx", "small", "config.json"), "{}")
	write(t, filepath.Join(usual, "mlx", "small", "model.safetensors"), "12345")
	write(t, filepath.Join(older, "someone", "two", "two-Q4_0.gguf"), "GGUF")
	write(t, filepath.Join(older, "someone", "two", "two-Q8_0.gguf"), "GGUF")
	write(t, filepath.Join(usual, "stray.gguf"), "GGUF")
	elsewhere := filepath.Join(t.TempDir(), "linked.gguf")
	write(t, elsewhere, "GGUF")
	link(t, elsewhere, filepath.Join(usual, "someone", "linked", "linked.gguf")) // as lms import makes them
	for name, want := range map[string]string{
		"lmstudio:google/gemma":                 filepath.Join(usual, "google", "gemma", "gemma-Q4_0.gguf"),
		"lmstudio:google/gemma/gemma-Q4_0.gguf": filepath.Join(usual, "google", "gemma", "gemma-Q4_0.gguf"),
		"lmstudio:google/gemma:q4_0":            filepath.Join(usual, "google", "gemma", "gemma-Q4_0.gguf"),
		"lmstudio:mlx/small":                    filepath.Join(usual, "mlx", "small"),
		"lmstudio:someone/two/two-Q8_0.gguf":    filepath.Join(older, "someone", "two", "two-Q8_0.gguf"),
		"lmstudio:someone/linked":               filepath.Join(usual, "someone", "linked", "linked.gguf"),
	} {
		if m, err := p.Find(name); err != nil || m.Path != want {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	want := []string{"lmstudio:google/gemma", "lmstudio:mlx/small", "lmstudio:someone/linked", "lmstudio:someone/two/two-Q4_0.gguf", "lmstudio:someone/two/two-Q8_0.gguf"}
	if got := names(p.ListLMStudio()); !slices.Equal(got, want) {
		t.Errorf("the folder holds %v", got)
	}
	for name, want := range map[string]string{
		"lmstudio:google/none":          "not in LM Studio's folder: google/none: looked in " + filepath.Join(usual, "google", "none") + ", " + older,
		"lmstudio:someone/two":          "2 .gguf files fit",
		"lmstudio:google/gemma/no.gguf": "no .gguf file is called that",
		"lmstudio:gemma":                "not a name of LM Studio's",
		"lmstudio:../models/google":     "not a name of LM Studio's",
		"lmstudio:google/..":            "not a name of LM Studio's",
		"lmstudio:/google/gemma":        "not a name of LM Studio's",
		"lmstudio:google/gemma/../x":    "not a name of LM Studio's",
		`lmstudio:google\gemma`:         "not a name of LM Studio's",
		"lmstudio:a/b/c.gguf:d":         "not a name of LM Studio's",
	} {
		if got := complaint(t, p, name); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// TestLMStudioElsewhere: its pointer names the folder.
func TestLMStudioElsewhere(t *testing.T) {
	user, other := t.TempDir(), t.TempDir()
	write(t, filepath.Join(user, ".lmstudio-home-pointer"), other+"\n")
	if got := lmStudioFolders(env("HOME", user)); got[0] != filepath.Join(other, "models") || len(got) != 3 {
		t.Errorf("%v", got)
	}
	write(t, filepath.Join(user, ".lmstudio-home-pointer"), "../relative")
	if got := lmStudioFolders(env("HOME", user)); len(got) != 2 {
		t.Errorf("%v", got)
	}
}
