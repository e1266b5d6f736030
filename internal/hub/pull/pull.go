// Package pull downloads a model from the Hugging Face hub, or a server that
// speaks like it, into the Hugging Face cache, laid out so that Python finds it
// there too.
//
// The server is not trusted: names that it lists are never used as paths unless
// attn asked for a file of that name, lists and texts are bounded, every file is
// held to its size and its checksum, and the token goes to the endpoint alone.
package pull

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"attn/internal/hub"
)

// Client is where models come from and where they go.
type Client struct {
	Endpoint *url.URL   // from ParseEndpoint
	Token    string     // sent to the endpoint and to nobody else; may be empty
	Places   hub.Places // of which the Hugging Face cache is filled
	Proxy    func(*http.Request) (*url.URL, error)
	Timing   Timing         // how patient it is
	Report   func(Progress) // called often, from one goroutine; may be nil

	http    *http.Client
	reached bool // a server has answered: a connection that fails now may be back soon
	symlink func(target, path string) error
}

// Timing is how long to wait for what. The zero value stands for the usual.
type Timing struct {
	Connect time.Duration // for a connection, and again for TLS
	Answer  time.Duration // for the beginning of an answer
	Stall   time.Duration // for the next bytes of an answer
	Backoff time.Duration // before the second try; twice as long before each further one
	Tries   int           // how often to try without getting further
}

func (t Timing) orUsual() Timing {
	usual := Timing{Connect: 10 * time.Second, Answer: 30 * time.Second, Stall: 30 * time.Second, Backoff: time.Second, Tries: 6}
	if t == (Timing{}) {
		return usual
	}
	return t
}

// Progress is how far a pull is.
type Progress struct {
	File       string // that is being fetched
	Done, Size int64  // of this file
	Arrived    int64  // over the network, by this pull
	Waiting    bool   // for another program that fetches the same file
}

// State is what became of a file.
type State string

// The states.
const (
	Downloaded State = "downloaded"
	Resumed    State = "resumed"       // what an earlier pull had fetched was used
	Present    State = "already there" // nothing was fetched
)

// File is one file of a pulled model.
type File struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	State State  `json:"state"`
}

// Result is a pulled model.
type Result struct {
	Commit string
	Path   string // the snapshot's folder
	Files  []File
}

// Pull fetches what attn needs of a model. Blobs come first, then the
// snapshot's links to them, then the ref: whoever looks in between sees the
// state before. What an interrupted pull has fetched stays, and the next one
// goes on from there.
func (c *Client) Pull(ctx context.Context, repo hub.Repo) (*Result, error) {
	if c.Places.HuggingFace == "" {
		return nil, refuse("neither HF_HOME nor HOME says where the Hugging Face cache is")
	}
	c.prepare()
	defer c.http.CloseIdleConnections()
	commit, err := c.commit(ctx, repo)
	if err != nil {
		return nil, err
	}
	listed, err := c.list(ctx, repo.ID, commit)
	if err != nil {
		return nil, err
	}
	files, err := choose(repo, listed)
	if err != nil {
		return nil, err
	}
	p := &pulling{Client: c, repo: repo, commit: commit, folder: c.Places.Folder(repo.ID)}
	if err := p.fetchAll(ctx, files, listed); err != nil {
		return nil, p.explain(err)
	}
	if err := p.publish(); err != nil {
		return nil, p.explain(err)
	}
	return &Result{Commit: commit, Path: p.snapshot(), Files: p.done}, nil
}

func (c *Client) prepare() {
	c.Timing = c.Timing.orUsual()
	c.http = c.newHTTP()
	if c.Report == nil {
		c.Report = func(Progress) {}
	}
	if c.symlink == nil {
		c.symlink = os.Symlink
	}
}

// pulling is one pull on its way.
type pulling struct {
	*Client
	repo    hub.Repo
	commit  string
	folder  string // of the model in the cache
	blobs   []listed
	done    []File
	arrived int64
}

// fetchAll fetches the files, and the shards that an index among them names.
func (p *pulling) fetchAll(ctx context.Context, files []listed, all map[string]listed) error {
	for i := 0; i < len(files); i++ {
		state, err := p.fetch(ctx, files[i])
		if err != nil {
			return err
		}
		p.blobs = append(p.blobs, files[i])
		p.done = append(p.done, File{Name: files[i].name, Bytes: files[i].size, State: state})
		if files[i].name != hub.IndexFile {
			continue
		}
		shards, err := p.shards(files[i], all)
		if err != nil {
			return err
		}
		files = append(files, shards...)
	}
	return nil
}

// publish makes the snapshot's links and, last, the ref.
func (p *pulling) publish() error {
	if err := os.MkdirAll(p.snapshot(), 0o777); err != nil {
		return err
	}
	for _, file := range p.blobs {
		if err := p.link(file); err != nil {
			return err
		}
	}
	if p.repo.Revision == p.commit {
		return nil
	}
	return p.writeRef()
}

func (p *pulling) snapshot() string { return filepath.Join(p.folder, "snapshots", p.commit) }

func (p *pulling) blob(f listed) string { return filepath.Join(p.folder, "blobs", f.hash) }

func (p *pulling) pointer(f listed) string { return filepath.Join(p.snapshot(), f.name) }

// link puts a file into the snapshot: as a link to its blob or, where links
// cannot be made, as on most Windows machines, the blob itself, which is what
// Hugging Face's library does (file_download.py, _create_symlink).
func (p *pulling) link(f listed) error {
	target := filepath.Join("..", "..", "blobs", f.hash)
	pointer := p.pointer(f)
	if now, err := os.Readlink(pointer); err == nil && now == target {
		return nil
	}
	if !isWhole(p.blob(f), f.size) && isWhole(pointer, f.size) {
		return nil // a file in the place of a link
	}
	if err := os.Remove(pointer); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := p.symlink(target, pointer); err == nil {
		return nil
	}
	return os.Rename(p.blob(f), pointer)
}

// isWhole reports whether a regular file has its full size; links are followed.
// Files get their names only once they have been checked.
func isWhole(path string, size int64) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() == size
}

// writeRef notes which commit the branch is at, through a temporary file.
func (p *pulling) writeRef() error {
	path := filepath.Join(p.folder, "refs", filepath.FromSlash(p.repo.Revision))
	if now, err := os.ReadFile(path); err == nil && string(now) == p.commit {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	temp, err := os.CreateTemp(p.folder, ".attn-*.tmp")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }() // after the rename there is none
	_, err = temp.WriteString(p.commit)
	err = errors.Join(err, temp.Chmod(0o644), temp.Close())
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// refuse makes an error to which its user needs no more than advice.
func refuse(format string, args ...any) *hub.AdvisedError {
	return &hub.AdvisedError{Err: fmt.Errorf(format, args...)}
}

func advise(e *hub.AdvisedError, format string, args ...any) *hub.AdvisedError {
	e.Advice = fmt.Sprintf(format, args...)
	return e
}
