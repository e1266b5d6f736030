package pull

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"attn/internal/hub"
)

const (
	theCommit = "0123456789abcdef0123456789abcdef01234567"
	theModel  = "someone/tiny"
)

// server is a hub with one model, whose manners a test can change.
type server struct {
	*httptest.Server
	t     *testing.T
	files map[string][]byte
	large map[string]bool // named by SHA-256, as files in git's large file storage

	list    func() string                                            // what the tree answers, if not the files
	resolve func(w http.ResponseWriter, r *http.Request, n int) bool // has it answered? n counts from 1

	mu   sync.Mutex
	asks []*http.Request
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, large: map[string]bool{"model.safetensors": true}, files: map[string][]byte{
		"config.json": []byte(`{"model_type":"gpt2"}`), "tokenizer.json": []byte(`{}`), "README.md": []byte("# Tiny\n"),
		"model.safetensors": bytes.Repeat([]byte("0123456789"), 300_000), // 3 MB
		"pytorch_model.bin": []byte("not asked for"), "generation_config.json": []byte("{}"),
	}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asks = append(s.asks, r.Clone(context.WithoutCancel(r.Context())))
	n := 0
	for _, ask := range s.asks {
		if ask.URL.Path == r.URL.Path {
			n++
		}
	}
	s.mu.Unlock()
	api, files := "/api/models/"+theModel, "/"+theModel+"/resolve/"+theCommit+"/"
	switch {
	case r.URL.Path == api+"/revision/main" || r.URL.Path == api+"/revision/refs/pr/1":
		fmt.Fprintf(w, `{"id":%q,"sha":%q}`, theModel, theCommit)
	case r.URL.Path == api+"/tree/"+theCommit:
		if s.list != nil {
			fmt.Fprint(w, s.list())
			return
		}
		fmt.Fprint(w, s.tree())
	case strings.HasPrefix(r.URL.Path, files):
		if s.resolve != nil && s.resolve(w, r, n) {
			return
		}
		s.content(w, r, strings.TrimPrefix(r.URL.Path, files))
	default:
		w.Header().Set("X-Error-Code", "RepoNotFound")
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// content serves a file as a good server does: with ranges and an ETag.
func (s *server) content(w http.ResponseWriter, r *http.Request, name string) {
	data, ok := s.files[name]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("ETag", `"`+s.hash(name)+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

func (s *server) hash(name string) string {
	data := s.files[name]
	if s.large[name] {
		sum := sha256.Sum256(data)
		return hex.EncodeToString(sum[:])
	}
	sum := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(data)), data...))
	return hex.EncodeToString(sum[:])
}

func (s *server) tree() string {
	list := []any{map[string]any{"type": "directory", "path": "onnx", "oid": strings.Repeat("a", 40), "size": 0}}
	for name, data := range s.files {
		entry := map[string]any{"type": "file", "path": name, "size": len(data), "oid": strings.Repeat("b", 40)}
		if s.large[name] {
			entry["lfs"] = map[string]any{"oid": s.hash(name), "size": len(data), "pointerSize": 134}
		} else {
			entry["oid"] = s.hash(name)
		}
		list = append(list, entry)
	}
	text, _ := json.Marshal(list)
	return string(text)
}

// requests are those for a file, or for all that is below a path.
func (s *server) requests(end string) []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.asks), func(r *http.Request) bool { return !strings.HasSuffix(r.URL.Path, end) })
}

// client pulls from a server into an empty cache, and is in a hurry.
func (s *server) client() *Client {
	s.t.Helper()
	endpoint, err := ParseEndpoint(s.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	return &Client{
		Endpoint: endpoint, Places: hub.Places{HuggingFace: s.t.TempDir()},
		Timing: Timing{Connect: 5 * time.Second, Answer: 5 * time.Second, Stall: 5 * time.Second, Backoff: time.Millisecond, Tries: 4},
	}
}

func repo() hub.Repo { return hub.Repo{ID: theModel, Revision: hub.MainRevision} }

// pulled is the result of a pull that must work; every file is compared.
func (s *server) pulled(c *Client, r hub.Repo) *Result {
	s.t.Helper()
	result, err := c.Pull(s.t.Context(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range result.Files {
		got, err := os.ReadFile(filepath.Join(result.Path, f.Name))
		if err != nil || !bytes.Equal(got, s.files[f.Name]) || f.Bytes != int64(len(got)) {
			s.t.Errorf("%s is not what the server has: %v", f.Name, err)
		}
	}
	if left := s.incomplete(c); len(left) > 0 {
		s.t.Errorf("left behind: %v", left)
	}
	return result
}

// failed is the error of a pull that must fail, and leave no snapshot and no ref.
func (s *server) failed(c *Client, r hub.Repo) error {
	s.t.Helper()
	_, err := c.Pull(s.t.Context(), r)
	if err == nil {
		s.t.Fatal("it worked")
	}
	s.nothingPublished(c)
	if strings.Contains(err.Error(), "\n") {
		s.t.Errorf("more than one line: %q", err)
	}
	return err
}

func (s *server) nothingPublished(c *Client) {
	s.t.Helper()
	for _, name := range []string{"snapshots", "refs"} {
		if _, err := os.Stat(filepath.Join(c.Places.Folder(theModel), name)); !errors.Is(err, os.ErrNotExist) {
			s.t.Errorf("there is %s: %v", name, err)
		}
	}
}

func (s *server) incomplete(c *Client) []string {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(c.Places.Folder(theModel), "blobs", "*"+incomplete))
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

func stateOf(result *Result, name string) State {
	for _, f := range result.Files {
		if f.Name == name {
			return f.State
		}
	}
	return ""
}
