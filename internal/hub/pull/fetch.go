package pull

import (
	"context"
	"crypto/sha1" // by which git names small files
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// incomplete ends the name of a blob that is on its way: what Hugging Face's
// library calls it; its older versions go on with such a file, under the same
// lock, as attn does, and its newer ones leave it alone.
const incomplete = ".incomplete"

// fetch brings one file into the cache's blobs, unless it is there.
func (p *pulling) fetch(ctx context.Context, f listed) (State, error) {
	if p.has(f) {
		return Present, nil
	}
	if err := os.MkdirAll(filepath.Dir(p.blob(f)), 0o777); err != nil {
		return "", err
	}
	unlock, err := p.lock(ctx, f)
	if err != nil {
		return "", err
	}
	defer unlock()
	if p.has(f) { // by whoever had the lock
		return Present, nil
	}
	d, err := p.open(f)
	if err != nil {
		return "", err
	}
	defer d.file.Close() // closed before where it matters
	state := Downloaded
	if d.have > 0 {
		state = Resumed
	}
	if err := d.run(ctx); err != nil {
		return "", err
	}
	return state, d.finish(p.blob(f))
}

func (p *pulling) has(f listed) bool {
	return isWhole(p.blob(f), f.size) || isWhole(p.pointer(f), f.size)
}

// lock takes the lock that Hugging Face's library takes for the same blob, and
// waits for whoever has it.
func (p *pulling) lock(ctx context.Context, f listed) (unlock func(), err error) {
	const look = 200 * time.Millisecond
	path := filepath.Join(p.Places.HuggingFace, ".locks", filepath.Base(p.folder), f.hash+".lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o664)
	if err != nil {
		return nil, err
	}
	for {
		free, err := tryLock(file)
		if err != nil || free {
			// A file system without locks: the checksum is what counts.
			return func() { _ = file.Close() }, nil //nolint:nilerr // see above
		}
		p.Report(Progress{File: f.name, Size: f.size, Arrived: p.arrived, Waiting: true})
		select {
		case <-time.After(look):
		case <-ctx.Done():
			_ = file.Close()
			return nil, ctx.Err()
		}
	}
}

// download is a file on its way.
type download struct {
	*pulling
	listed
	file  *os.File
	have  int64
	best  int64  // the most that it had
	etag  string // of what it has, as this pull was told
	older bool   // it began with what an earlier pull had left
}

// open opens what there is of a file.
func (p *pulling) open(f listed) (*download, error) {
	path := p.blob(f) + incomplete
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, refuse("not a regular file: %s", path)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	d := &download{pulling: p, listed: f, file: file}
	if d.have, err = file.Seek(0, io.SeekEnd); err == nil && d.have > f.size {
		err = d.restart()
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	d.best, d.older = d.have, d.have > 0
	return d, nil
}

// restart forgets what has arrived.
func (d *download) restart() error {
	d.have, d.etag, d.older = 0, "", false
	if err := d.file.Truncate(0); err != nil {
		return &writeError{err}
	}
	_, err := d.file.Seek(0, io.SeekStart)
	return err
}

// run fetches until all is there and its checksum is right. What an earlier
// pull left may be of something else: with it a wrong checksum is a reason to
// start afresh, once.
func (d *download) run(ctx context.Context) error {
	for {
		if err := d.retry(ctx, func() (bool, error) { return d.try(ctx) }); err != nil {
			return err
		}
		d.report()
		right, err := d.check(ctx)
		if err != nil || right {
			return err
		}
		older := d.older
		if err := d.restart(); err != nil {
			return err
		}
		if !older {
			path := d.file.Name()
			_ = d.file.Close()
			_ = os.Remove(path) // nothing in it is of use
			return advise(refuse("the checksum of what %s sent is wrong: %s", d.Endpoint.Host, d.name), "nothing of it was kept; try again, or another --endpoint")
		}
	}
}

// enough is how much must arrive before a broken connection counts as the first.
const enough = 1 << 20

// try asks for what is missing. further is true when a good deal arrived.
func (d *download) try(ctx context.Context) (further bool, err error) {
	if d.have == d.size {
		return true, nil
	}
	within, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	header := http.Header{}
	if d.have > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", d.have))
		if d.etag != "" && !strings.HasPrefix(d.etag, "W/") {
			header.Set("If-Range", d.etag)
		}
	}
	answer, err := d.get(within, d.address(), header)
	if err != nil {
		return false, err
	}
	defer func() { _ = answer.Body.Close() }() // only read
	if err := d.begin(answer); err != nil {
		return false, err
	}
	err = d.receive(&patient{answer.Body, time.AfterFunc(d.Timing.Stall, func() { cancel(errStalled) }), d.Timing.Stall})
	if cause := context.Cause(within); err != nil && cause != nil {
		err = transient("the connection to %s failed: %w", answer.Request.URL.Host, cause)
	}
	further = d.have >= d.best+enough || d.have == d.size
	d.best = max(d.best, d.have)
	return further, err
}

func (d *download) address() *url.URL {
	owner, name := ownerAndName(d.repo.ID)
	return d.pulling.address(append(owner, name, "resolve", d.commit, d.name)...)
}

// begin holds an answer's header to what was asked for: the whole file, or the
// rest of the same one.
func (d *download) begin(answer *http.Response) error {
	host, etag := answer.Request.URL.Host, answer.Header.Get("ETag")
	if encoding := answer.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return refuse("%s sends it compressed, which nobody asked for: %s", host, d.name)
	}
	switch answer.StatusCode {
	case http.StatusPartialContent:
		changed := d.etag != "" && etag != d.etag
		if want := fmt.Sprintf("bytes %d-%d/%d", d.have, d.size-1, d.size); changed || answer.Header.Get("Content-Range") != want {
			return d.again(transient("%s sends another part than was asked for: %s", host, d.name))
		}
	case http.StatusRequestedRangeNotSatisfiable:
		return d.again(transient("%s has no such part: %s", host, d.name))
	default: // the whole, whether a part was asked for or not
		if n := answer.ContentLength; n >= 0 && n != d.size {
			return refuse("%s sends %d bytes, its list says %d: %s", host, n, d.size, d.name)
		}
		if d.have > 0 {
			if err := d.restart(); err != nil {
				return err
			}
		}
	}
	d.etag = etag
	return nil
}

// again starts afresh, for the reason given.
func (d *download) again(reason error) error {
	if err := d.restart(); err != nil {
		return err
	}
	return reason
}

// receive appends what comes to the file, and not a byte more than belongs
// there.
func (d *download) receive(body io.Reader) error {
	buffer := make([]byte, 256<<10)
	for {
		n, err := body.Read(buffer)
		if int64(n) > d.size-d.have {
			if cut := d.restart(); cut != nil {
				return cut
			}
			return refuse("%s sends more than the %d bytes of its list: %s", d.Endpoint.Host, d.size, d.name)
		}
		written, failed := d.file.Write(buffer[:n])
		d.have += int64(written)
		d.arrived += int64(written)
		if failed != nil {
			return &writeError{failed}
		}
		d.report()
		switch {
		case errors.Is(err, io.EOF) && d.have < d.size:
			return transient("the connection ended after %d of %d bytes: %s", d.have, d.size, d.name)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return d.unreached(err)
		}
	}
}

func (d *download) report() {
	d.Report(Progress{File: d.name, Done: d.have, Size: d.size, Arrived: d.arrived})
}

// patient is a body whose every read puts off the alarm.
type patient struct {
	io.Reader
	alarm *time.Timer
	stall time.Duration
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	p.alarm.Reset(p.stall)
	n, err := p.Reader.Read(b)
	p.alarm.Stop()
	return n, err
}

// newSum begins a file's checksum: SHA-256, or what git calls a small file.
func (f listed) newSum() hash.Hash {
	if len(f.hash) != 2*sha1.Size {
		return sha256.New()
	}
	sum := sha1.New()
	fmt.Fprintf(sum, "blob %d\x00", f.size)
	return sum
}

// check reads the file as it lies on the disk, and compares its checksum.
func (d *download) check(ctx context.Context) (bool, error) {
	if _, err := d.file.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	sum := d.newSum()
	n, err := io.Copy(sum, stopping{ctx, d.file})
	if err != nil {
		return false, err
	}
	return n == d.size && hex.EncodeToString(sum.Sum(nil)) == d.hash, nil
}

// stopping is a reader that ends with its context.
type stopping struct {
	ctx context.Context
	io.Reader
}

// Read implements io.Reader.
func (s stopping) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(b)
}

// finish gives a checked file its name.
func (d *download) finish(path string) error {
	temp := d.file.Name()
	if err := errors.Join(d.file.Sync(), d.file.Close()); err != nil {
		return err
	}
	return os.Rename(temp, path)
}
