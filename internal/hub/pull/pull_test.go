package pull

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"attn/internal/hub"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const weights = "model.safetensors"

func TestPull(t *testing.T) {
	s := newServer(t)
	c := s.client()
	result := s.pulled(c, repo())
	var names []string
	for _, f := range result.Files {
		names = append(names, f.Name)
	}
	if want := []string{"config.json", "tokenizer.json", "README.md", weights}; !slices.Equal(names, want) {
		t.Errorf("it fetched %v, want %v", names, want)
	}
	folder := c.Places.Folder(theModel)
	if ref, err := os.ReadFile(filepath.Join(folder, "refs", "main")); err != nil || string(ref) != theCommit {
		t.Errorf("the ref is %q, %v", ref, err)
	}
	if target, err := os.Readlink(filepath.Join(result.Path, weights)); runtime.GOOS != "windows" && (err != nil || target != "../../blobs/"+s.hash(weights)) {
		t.Errorf("the weights lead to %s, %v", target, err)
	}
	m, err := c.Places.Find(theModel)
	if err != nil || m.Path != result.Path {
		t.Errorf("found as %+v, %v", m, err)
	}
	// Again: nothing is asked for but the list.
	before := len(s.requests(""))
	if again := s.pulled(c, repo()); stateOf(again, weights) != Present || len(s.requests("")) != before+2 {
		t.Errorf("the second time: %+v, %d requests", again, len(s.requests(""))-before)
	}
}

// TestWithoutLinks: where the system makes none, the blob itself is in the snapshot.
func TestWithoutLinks(t *testing.T) {
	s := newServer(t)
	c := s.client()
	c.symlink = func(string, string) error { return errors.New("a required privilege is not held") }
	result := s.pulled(c, repo())
	if info, err := os.Lstat(filepath.Join(result.Path, weights)); err != nil || !info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
	if m, err := c.Places.Find(theModel); err != nil || m.Path != result.Path {
		t.Errorf("%+v, %v", m, err)
	}
	if again := s.pulled(c, repo()); stateOf(again, weights) != Present {
		t.Errorf("%+v", again)
	}
}

func TestShards(t *testing.T) {
	s := newServer(t)
	delete(s.files, weights)
	s.files["model-00001-of-00002.safetensors"] = []byte("one")
	s.files["model-00002-of-00002.safetensors"] = []byte("two")
	s.files["consolidated.safetensors"] = []byte("the same again")
	s.files[hub.IndexFile] = []byte(`{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}`)
	result := s.pulled(s.client(), repo())
	if len(result.Files) != 6 || stateOf(result, "model-00002-of-00002.safetensors") != Downloaded || stateOf(result, "consolidated.safetensors") != "" {
		t.Errorf("%+v", result.Files)
	}
	for _, name := range []string{"../../secret.safetensors", "config.json", "model-00003.safetensors", "/etc/x.safetensors"} {
		s.files[hub.IndexFile] = []byte(`{"weight_map":{"a":` + strconv.Quote(name) + `}}`)
		if err := s.failed(s.client(), repo()); !strings.Contains(err.Error(), "which is no file of the model") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGGUF(t *testing.T) {
	s := newServer(t)
	s.files["tiny-Q4_0.gguf"], s.files["tiny-Q8_0.gguf"] = []byte("GGUF4"), []byte("GGUF8")
	r := repo()
	r.File = "Q8_0"
	c := s.client()
	if result := s.pulled(c, r); len(result.Files) != 1 || result.Files[0].Name != "tiny-Q8_0.gguf" {
		t.Errorf("%+v", result.Files)
	}
	if m, err := c.Places.Find(r.String()); err != nil || !m.GGUF {
		t.Errorf("%+v, %v", m, err)
	}
	delete(s.files, weights)
	if err := s.failed(s.client(), repo()); !strings.Contains(err.Error(), "2 .gguf files fit") {
		t.Error(err)
	}
	delete(s.files, "tiny-Q4_0.gguf")
	delete(s.files, "tiny-Q8_0.gguf")
	if err := s.failed(s.client(), repo()); !strings.Contains(err.Error(), "neither in safetensors nor in GGUF") {
		t.Error(err)
	}
}

func TestRevisions(t *testing.T) {
	s := newServer(t)
	c := s.client()
	for _, revision := range []string{"refs/pr/1", theCommit} {
		r := repo()
		r.Revision = revision
		result := s.pulled(c, r)
		if m, err := c.Places.Find(r.String()); err != nil || m.Path != result.Path {
			t.Errorf("%s: %+v, %v", revision, m, err)
		}
	}
}

// partly sends the first bytes of a file, says what length is asked for, and
// breaks the connection.
func (s *server) partly(w http.ResponseWriter, name string, from, to, said int) {
	w.Header().Set("ETag", `"`+s.hash(name)+`"`)
	w.Header().Set("Content-Length", strconv.Itoa(said))
	if from > 0 {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(s.files[name])-1, len(s.files[name])))
		w.WriteHeader(http.StatusPartialContent)
	}
	_, _ = w.Write(s.files[name][from:to])
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
	panic(http.ErrAbortHandler)
}

// onlyWeights applies a manner to the weights alone.
func onlyWeights(do func(w http.ResponseWriter, r *http.Request, n int) bool) func(http.ResponseWriter, *http.Request, int) bool {
	return func(w http.ResponseWriter, r *http.Request, n int) bool {
		return strings.HasSuffix(r.URL.Path, weights) && do(w, r, n)
	}
}

// TestBrokenConnections: it goes on where the connection broke, and says so.
func TestBrokenConnections(t *testing.T) {
	s := newServer(t)
	size := len(s.files[weights])
	s.resolve = onlyWeights(func(w http.ResponseWriter, r *http.Request, n int) bool {
		switch n {
		case 1:
			s.partly(w, weights, 0, size/3, size)
		case 2:
			if want := fmt.Sprintf("bytes=%d-", size/3); r.Header.Get("Range") != want || r.Header.Get("If-Range") != `"`+s.hash(weights)+`"` {
				t.Errorf("Range %q, If-Range %q", r.Header.Get("Range"), r.Header.Get("If-Range"))
			}
			s.partly(w, weights, size/3, size/2, size-size/3)
		}
		return false
	})
	s.pulled(s.client(), repo())
	if n := len(s.requests(weights)); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

// TestBrokenForGood: it gives up, keeps what it has, and the next pull goes on.
func TestBrokenForGood(t *testing.T) {
	s := newServer(t)
	size := len(s.files[weights])
	s.resolve = onlyWeights(func(w http.ResponseWriter, r *http.Request, n int) bool {
		if n == 1 {
			s.partly(w, weights, 0, size/2, size)
		}
		s.partly(w, weights, size/2, size/2, size/2)
		return true
	})
	c := s.client()
	err := s.failed(c, repo())
	var advised *hub.AdvisedError
	if !errors.As(err, &advised) || !strings.Contains(advised.Advice, "goes on from there") {
		t.Errorf("%v", err)
	}
	left := s.incomplete(c)
	if len(left) != 1 || !isWhole(left[0], int64(size/2)) {
		t.Fatalf("left: %v", left)
	}
	s.resolve = nil
	if result := s.pulled(c, repo()); stateOf(result, weights) != Resumed || stateOf(result, "config.json") != Present {
		t.Errorf("%+v", result.Files)
	}
	if asks := s.requests(weights); asks[len(asks)-1].Header.Get("Range") != fmt.Sprintf("bytes=%d-", size/2) {
		t.Errorf("it asked for %q", asks[len(asks)-1].Header.Get("Range"))
	}
}

// TestLeftovers: what an earlier pull left may be whole, of something else, or
// too long.
func TestLeftovers(t *testing.T) {
	s := newServer(t)
	data := s.files[weights]
	for name, left := range map[string][]byte{
		"whole": data, "other": []byte("something else"), "longer": append(slices.Clone(data), 'x'), "same length": make([]byte, len(data)), "empty": {},
	} {
		c := s.client()
		path := filepath.Join(c.Places.Folder(theModel), "blobs", s.hash(weights)+incomplete)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, left, 0o600); err != nil {
			t.Fatal(err)
		}
		before := len(s.requests(weights))
		s.pulled(c, repo())
		if asked := len(s.requests(weights)) - before; name == "whole" && asked != 0 || name == "other" && asked != 2 {
			t.Errorf("%s: %d requests", name, asked)
		}
	}
}

func TestLiesAboutLength(t *testing.T) {
	s := newServer(t)
	data := s.files[weights]
	for name, c := range map[string]struct {
		send func(w http.ResponseWriter)
		want string
	}{
		"says less": {func(w http.ResponseWriter) { w.Header().Set("Content-Length", "10"); _, _ = w.Write(data[:10]) }, "sends 10 bytes, its list says 3000000"},
		"says more": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "3000001")
			_, _ = w.Write(append(slices.Clone(data), 'x'))
		}, "sends 3000001 bytes, its list says 3000000"},
		"sends more":     {func(w http.ResponseWriter) { w.(http.Flusher).Flush(); _, _ = w.Write(append(slices.Clone(data), 'x')) }, "sends more than the 3000000 bytes"},
		"always too few": {func(w http.ResponseWriter) { w.(http.Flusher).Flush(); _, _ = w.Write(data[:10]) }, "the connection ended after 10 of 3000000 bytes"},
		"compressed":     {func(w http.ResponseWriter) { w.Header().Set("Content-Encoding", "gzip"); _, _ = w.Write(data) }, "compressed"},
		"a part unasked": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes 10-19/3000000")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(data[10:20])
		}, "another part than was asked for"},
		"never such part": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusRequestedRangeNotSatisfiable) }, "has no such part"},
	} {
		s.resolve = onlyWeights(func(w http.ResponseWriter, _ *http.Request, _ int) bool { c.send(w); return true })
		if err := s.failed(s.client(), repo()); !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// TestWrongBytes: a wrong checksum leaves nothing.
func TestWrongBytes(t *testing.T) {
	for _, name := range []string{weights, "config.json"} {
		s := newServer(t)
		s.resolve = func(w http.ResponseWriter, r *http.Request, _ int) bool {
			if !strings.HasSuffix(r.URL.Path, name) {
				return false
			}
			wrong := slices.Clone(s.files[name])
			wrong[len(wrong)/2] ^= 1
			_, _ = w.Write(wrong)
			return true
		}
		c := s.client()
		if err := s.failed(c, repo()); !strings.Contains(err.Error(), "the checksum of what") {
			t.Error(err)
		}
		if left := s.incomplete(c); len(left) > 0 {
			t.Errorf("%v", left)
		}
		if _, err := os.Stat(filepath.Join(c.Places.Folder(theModel), "blobs", s.hash(name))); err == nil {
			t.Error("there is a blob")
		}
	}
}

// TestIgnoresRange: a server that sends the whole again is read from the start.
func TestIgnoresRange(t *testing.T) {
	s := newServer(t)
	size := len(s.files[weights])
	s.resolve = onlyWeights(func(w http.ResponseWriter, r *http.Request, n int) bool {
		if n == 1 {
			s.partly(w, weights, 0, size/2, size)
		}
		_, _ = w.Write(s.files[weights])
		return true
	})
	s.pulled(s.client(), repo())
}

// TestChangedETag: the rest of another file is not appended.
func TestChangedETag(t *testing.T) {
	s := newServer(t)
	size := len(s.files[weights])
	s.resolve = onlyWeights(func(w http.ResponseWriter, r *http.Request, n int) bool {
		switch n {
		case 1:
			s.partly(w, weights, 0, size/2, size)
		case 2: // and does not mind If-Range
			w.Header().Set("ETag", `"another"`)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", size/2, size-1, size))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(make([]byte, size-size/2))
			return true
		}
		return false
	})
	s.pulled(s.client(), repo())
	if asks := s.requests(weights); len(asks) != 3 || asks[2].Header.Get("Range") != "" {
		t.Errorf("%d requests", len(asks))
	}
}

// TestBusyServers: 429 and 503 are waited for, and not for ever.
func TestBusyServers(t *testing.T) {
	s := newServer(t)
	s.resolve = func(w http.ResponseWriter, _ *http.Request, n int) bool {
		switch n {
		case 1:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return n < 3
	}
	s.pulled(s.client(), repo())

	s.resolve = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		w.Header().Set("Retry-After", "86400")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	before := len(s.requests("config.json"))
	if err := s.failed(s.client(), repo()); !strings.Contains(err.Error(), "fewer requests") || len(s.requests("config.json")) != before+1 {
		t.Errorf("%v", err)
	}
	s.resolve = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	before = len(s.requests("config.json"))
	if err := s.failed(s.client(), repo()); !strings.Contains(err.Error(), "status 502") || len(s.requests("config.json")) != before+4 {
		t.Errorf("%v", err)
	}
}

// TestStatuses: one line each, with advice.
func TestStatuses(t *testing.T) {
	for _, c := range []struct {
		status           int
		code, token      string
		want, wantAdvice string
	}{
		{http.StatusUnauthorized, "RepoNotFound", "", "no such model, or it is private", "OWNER/NAME"},
		{http.StatusUnauthorized, "", "", "no such model, or it is private", "HF_TOKEN"},
		{http.StatusUnauthorized, "", "hf_x", "does not accept the token", "HF_TOKEN"},
		{http.StatusUnauthorized, "GatedRepo", "", "gated", "put a token in HF_TOKEN"},
		{http.StatusForbidden, "GatedRepo", "hf_x", "gated", "the account whose token"},
		{http.StatusForbidden, "", "", "forbids", "HF_TOKEN"},
		{http.StatusNotFound, "", "", "no such file or model", "OWNER/NAME"},
		{http.StatusNotFound, "RepoNotFound", "hf_x", "no such model", "OWNER/NAME"},
		{http.StatusNotFound, "RevisionNotFound", "", "no such revision", "branch"},
		{http.StatusTeapot, "", "", "status 418", ""},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Error-Code", c.code)
			w.WriteHeader(c.status)
			fmt.Fprint(w, strings.Repeat("<html>", 1000))
		}))
		f := newServer(t)
		f.URL = s.URL
		client := f.client()
		client.Token = c.token
		err := f.failed(client, repo())
		var advised *hub.AdvisedError
		if !errors.As(err, &advised) || !strings.Contains(err.Error(), c.want) || !strings.Contains(advised.Advice, c.wantAdvice) || strings.Contains(advised.Advice+err.Error(), "hf_x") {
			t.Errorf("%d %s: %v, %+v", c.status, c.code, err, advised)
		}
		s.Close()
	}
}

// TestToken: it goes to the endpoint alone, not to where a redirect leads.
func TestToken(t *testing.T) {
	s := newServer(t)
	var mu sync.Mutex
	var elsewhere []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		elsewhere = append(elsewhere, r.Header.Get("Authorization")+r.Header.Get("Cookie"))
		mu.Unlock()
		s.content(w, r, weights)
	}))
	defer other.Close()
	size := len(s.files[weights])
	s.resolve = onlyWeights(func(w http.ResponseWriter, r *http.Request, n int) bool {
		if n == 1 {
			s.partly(w, weights, 0, size/2, size)
		}
		http.Redirect(w, r, other.URL+"/signed?X-Signature=secret", http.StatusFound)
		return true
	})
	c := s.client()
	c.Token = "hf_secret"
	s.pulled(c, repo())
	if !slices.Equal(elsewhere, []string{""}) {
		t.Errorf("the other server got %q", elsewhere)
	}
	for _, r := range s.requests("") {
		if r.Header.Get("Authorization") != "Bearer hf_secret" {
			t.Errorf("%s without the token", r.URL.Path)
		}
	}
	// Without encryption, to another machine, it is not sent at all.
	c.Endpoint.Host = "example.org"
	if c.sendsToken() {
		t.Error("a token would go over http")
	}
}

func TestRedirects(t *testing.T) {
	s := newServer(t)
	s.resolve = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
		return true
	}
	before := len(s.requests(""))
	if err := s.failed(s.client(), repo()); !strings.Contains(err.Error(), "more than 10 redirects") || len(s.requests(""))-before > 15 {
		t.Error(err)
	}
	if err := checkRedirect(request(t, "http://b/x"), []*http.Request{request(t, "https://a/x")}); err == nil {
		t.Error("from https to http")
	}
	// A dead end behind a redirect does not show the signature.
	s.resolve = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		http.Redirect(w, r, "http://127.0.0.1:1/x?X-Signature=secret", http.StatusFound)
		return true
	}
	if err := s.failed(s.client(), repo()); strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Error(err)
	}
}

func request(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestCancelled: it stops at once, and keeps what can be resumed and nothing else.
func TestCancelled(t *testing.T) {
	s := newServer(t)
	data := s.files[weights]
	arrived := make(chan struct{})
	s.resolve = onlyWeights(func(w http.ResponseWriter, r *http.Request, n int) bool {
		if n > 1 {
			return false
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		_, _ = w.Write(data[:1000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return true
	})
	c := s.client()
	ctx, cancel := context.WithCancel(t.Context())
	var once sync.Once
	c.Report = func(p Progress) {
		if p.File == weights && p.Done == 1000 {
			once.Do(func() { close(arrived) })
		}
	}
	go func() {
		<-arrived
		cancel()
	}()
	start := time.Now()
	if _, err := c.Pull(ctx, repo()); !errors.Is(err, context.Canceled) || time.Since(start) > 3*time.Second {
		t.Fatalf("%v after %v", err, time.Since(start))
	}
	s.nothingPublished(c)
	if left := s.incomplete(c); len(left) != 1 || !isWhole(left[0], 1000) {
		t.Errorf("left: %v", left)
	}
	if result := s.pulled(c, repo()); stateOf(result, weights) != Resumed {
		t.Errorf("%+v", result)
	}
}

// TestStalled: a server that says nothing more is left.
func TestStalled(t *testing.T) {
	s := newServer(t)
	size := len(s.files[weights])
	s.resolve = onlyWeights(func(w http.ResponseWriter, r *http.Request, n int) bool {
		if n > 1 {
			return false
		}
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = w.Write(s.files[weights][:1000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return true
	})
	c := s.client()
	c.Timing.Stall = 100 * time.Millisecond
	s.pulled(c, repo())
	if asks := s.requests(weights); len(asks) != 2 || asks[1].Header.Get("Range") != "bytes=1000-" {
		t.Errorf("%d requests", len(asks))
	}
}

// TestLists: what a server lists is held to what a good one would.
func TestLists(t *testing.T) {
	s := newServer(t)
	entry := func(path, size, oid string) string {
		return fmt.Sprintf(`{"type":"file","path":%s,"size":%s,"oid":%q}`, strconv.Quote(path), size, oid)
	}
	hash := strings.Repeat("a", 40)
	good := entry("config.json", "2", hash)
	for _, c := range []struct{ list, want string }{
		{"", "no JSON array"},
		{"{}", "no JSON array"},
		{"<html>", "no JSON array"},
		{"[" + good, "stops short"},
		{"[" + good + "]x", "goes on after its end"},
		{"[" + good + "," + good + "]", "twice"},
		{"[" + entry("../config.json", "2", hash) + "]", "a file called"},
		{"[" + entry("/etc/passwd", "2", hash) + "]", "a file called"},
		{"[" + entry(`..\config.json`, "2", hash) + "]", "a file called"},
		{"[" + entry("a/../../b", "2", hash) + "]", "a file called"},
		{"[" + entry("config.json", "-2", hash) + "]", "has -2 bytes"},
		{"[" + entry("config.json", "2000000000000000", hash) + "]", "bytes"},
		{"[" + entry("config.json", "99999999999999999999", hash) + "]", "not JSON"},
		{"[" + entry("config.json", "2", "../../x") + "]", "without a checksum"},
		{"[" + entry("config.json", "2", strings.Repeat("A", 40)) + "]", "without a checksum"},
		{"[" + strings.Repeat(`{"type":"directory","path":"d"},`, 300_000) + good + "]", "answers with more than 4194304 bytes"},
		{"[" + strings.Repeat("[", 100_000), "not JSON"},
		{"[" + entry("config.json", "5000000", hash) + "," + entry(weights, "2", hash) + "]", "config.json has 5000000 bytes, the limit is"},
		{"[" + entry(weights, "2", hash) + "]", "has no config.json"},
	} {
		s.list = func() string { return c.list }
		if err := s.failed(s.client(), repo()); !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s: %v, want %s", c.list, err, c.want)
		}
	}
	many := map[string]listed{}
	for i := range maxListed {
		if err := take(many, listed{name: strconv.Itoa(i), hash: hash}, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := take(many, listed{name: "more", hash: hash}, true); err == nil {
		t.Error("more than it should list")
	}
}

// TestPages: a list goes on on the same server, and not for ever.
func TestPages(t *testing.T) {
	s := newServer(t)
	next := "?page=2"
	handler := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/tree/") {
			if r.URL.Query().Get("page") == "" || next == "" {
				w.Header().Set("Link", `<`+r.URL.Path+next+`>; rel="next"`)
				_, _ = io.WriteString(w, `[]`)
				return
			}
		}
		handler.ServeHTTP(w, r)
	})
	s.pulled(s.client(), repo())
	next = ""
	if err := s.failed(s.client(), repo()); !strings.Contains(err.Error(), "lists more than") {
		t.Error(err)
	}
	c := s.client()
	for _, link := range []string{`<http://example.org/x>; rel="next"`, `<//example.org/x>; rel="next"`} {
		if u, err := c.next(c.address("a"), []string{link}); err == nil {
			t.Errorf("%s leads to %s", link, u)
		}
	}
}

// TestTwoPulls: the second waits, and then finds all there.
func TestTwoPulls(t *testing.T) {
	s := newServer(t)
	first, waiting := s.client(), make(chan struct{})
	second := s.client()
	second.Places = first.Places
	var once sync.Once
	second.Report = func(p Progress) {
		if p.Waiting {
			once.Do(func() { close(waiting) })
		}
	}
	begun := make(chan struct{})
	s.resolve = onlyWeights(func(http.ResponseWriter, *http.Request, int) bool {
		close(begun) // the first has the lock; a second request would close it twice
		<-waiting
		return false
	})
	done := make(chan error, 1)
	go func() {
		_, err := first.Pull(t.Context(), repo())
		done <- err
	}()
	<-begun
	if result := s.pulled(second, repo()); stateOf(result, weights) != Present {
		t.Errorf("%+v", result)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestDisk: errors of the disk are told from those of the network.
func TestDisk(t *testing.T) {
	p := &pulling{Client: &Client{}, folder: "/cache"}
	for err, want := range map[error]string{
		syscall.ENOSPC: "make room", syscall.EACCES: "HF_HOME names another folder", syscall.EROFS: "",
	} {
		got := p.explain(&writeError{&os.PathError{Op: "write", Path: "/cache/x", Err: err}})
		var advised *hub.AdvisedError
		if !errors.As(got, &advised) || !strings.HasPrefix(got.Error(), "cannot write: /cache/x: ") || !strings.Contains(advised.Advice, want) {
			t.Errorf("%v: %v, %+v", err, got, advised)
		}
	}
	s := newServer(t)
	c := s.client()
	c.Places.HuggingFace = filepath.Join(c.Places.HuggingFace, "file")
	if err := os.WriteFile(c.Places.HuggingFace, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Pull(t.Context(), repo()); err == nil || !strings.HasPrefix(err.Error(), "cannot write: ") {
		t.Error(err)
	}
}

func TestUnreachable(t *testing.T) {
	s := newServer(t)
	c := s.client()
	s.Close()
	if err := s.failed(c, repo()); !strings.Contains(err.Error(), "cannot reach 127.0.0.1") {
		t.Error(err)
	}
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	c.Endpoint, _ = ParseEndpoint(secure.URL)
	if err := s.failed(c, repo()); !strings.Contains(err.Error(), "does not prove that it is who it says") {
		t.Error(err)
	}
}

func TestParseEndpoint(t *testing.T) {
	for text, want := range map[string]string{
		"https://huggingface.co/": "https://huggingface.co/a/b%2Fc/d", "http://h:1/mirror": "http://h:1/mirror/a/b%2Fc/d",
		"": "", "huggingface.co": "", "ftp://h": "", "https://user:pass@h": "", "https://h?x=1": "", "file:///etc": "",
	} {
		u, err := ParseEndpoint(text)
		if want == "" {
			if err == nil || strings.Contains(err.Error(), "pass@") {
				t.Errorf("%s is %v, %v", text, u, err)
			}
			continue
		}
		if err != nil || (&Client{Endpoint: u}).address("a", "b/c", "d").String() != want {
			t.Errorf("%s: %v, %v", text, u, err)
		}
	}
}

// FuzzParsePage: names and checksums that are accepted lead nowhere else.
func FuzzParsePage(f *testing.F) {
	f.Add([]byte(`[{"type":"file","path":"config.json","size":2,"oid":"` + strings.Repeat("a", 40) + `"}]`))
	f.Add([]byte(`[{"type":"file","path":"../x","size":2,"lfs":{"oid":"sha256:` + strings.Repeat("a", 64) + `","size":3}}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		all := map[string]listed{}
		if err := parsePage(text, all); err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
			return
		}
		for name, file := range all {
			if !filepath.IsLocal(filepath.FromSlash(name)) || !filepath.IsLocal(file.hash) || file.size < 0 {
				t.Errorf("%q: %+v", name, file)
			}
		}
	})
}
