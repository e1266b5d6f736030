package main_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// hubCommit is the one commit of every model on the test's hub.
const hubCommit = "0123456789abcdef0123456789abcdef01234567"

// scriptHub starts a server that answers as the Hugging Face hub does, with the
// folders OWNER/NAME of a folder as models, and lets HF_ENDPOINT name it. Of
// weights it can break off the first answer, or never finish it.
func scriptHub(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: hub FOLDER [breaks|hangs|lies|gated]")
	}
	h := &testHub{dir: ts.MkAbs(args[0])}
	if len(args) == 2 {
		h.manner = args[1]
	}
	s := httptest.NewServer(h)
	ts.Defer(func() {
		s.CloseClientConnections()
		s.Close()
	})
	ts.Setenv("HF_ENDPOINT", s.URL)
}

// testHub answers requests.
type testHub struct {
	dir, manner string

	mu     sync.Mutex
	misled bool
}

// ServeHTTP implements http.Handler.
func (h *testHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case h.manner == "gated" && r.Header.Get("Authorization") != "Bearer hf_right":
		w.Header().Set("X-Error-Code", "GatedRepo")
		w.WriteHeader(http.StatusUnauthorized)
	case len(parts) == 6 && parts[4] == "revision":
		fmt.Fprintf(w, `{"sha":%q}`, hubCommit)
	case len(parts) == 6 && parts[4] == "tree":
		h.list(w, path.Join(parts[2], parts[3]))
	case len(parts) == 5 && parts[2] == "resolve":
		h.file(w, r, path.Join(parts[0], parts[1], parts[4]))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (h *testHub) list(w http.ResponseWriter, model string) {
	entries, err := os.ReadDir(filepath.Join(h.dir, filepath.FromSlash(model)))
	if err != nil {
		w.Header().Set("X-Error-Code", "RepoNotFound")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	list := []any{}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(h.dir, filepath.FromSlash(model), entry.Name()))
		if err != nil {
			continue
		}
		sum := sha256.Sum256(data)
		list = append(list, map[string]any{
			"type": "file", "path": entry.Name(), "size": len(data), "oid": strings.Repeat("0", 40),
			"lfs": map[string]any{"oid": hex.EncodeToString(sum[:]), "size": len(data)},
		})
	}
	_ = json.NewEncoder(w).Encode(list)
}

func (h *testHub) file(w http.ResponseWriter, r *http.Request, name string) {
	full := filepath.Join(h.dir, filepath.FromSlash(name))
	data, err := os.ReadFile(full)
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	h.mu.Lock()
	first := !h.misled && path.Base(name) == "model.safetensors"
	h.misled = h.misled || first
	h.mu.Unlock()
	switch {
	case first && (h.manner == "breaks" || h.manner == "hangs"):
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		_, _ = w.Write(data[:len(data)/2])
		w.(http.Flusher).Flush()
		if h.manner == "hangs" {
			<-r.Context().Done()
		}
		panic(http.ErrAbortHandler)
	case h.manner == "lies" && path.Base(name) == "model.safetensors":
		data[len(data)-1] ^= 1
		_, _ = w.Write(data)
		return
	}
	http.ServeFile(w, r, full)
}

// scriptWaitFor waits until a file has grown to a size.
func scriptWaitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfor BYTES GLOB")
	}
	size, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	grown := func() bool {
		for _, path := range glob(ts, ts.MkAbs(args[1])) {
			if info, err := os.Stat(path); err == nil && info.Size() >= size {
				return true
			}
		}
		return false
	}
	if !eventually(grown) {
		ts.Fatalf("there is no %s of %d bytes", args[1], size)
	}
}
