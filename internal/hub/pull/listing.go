package pull

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"strings"

	"attn/internal/hub"
)

// Bounds on what a server tells of a model.
const (
	maxInfo   = 16 << 20 // bytes of what it knows about one
	maxPage   = 4 << 20  // bytes of a page of its files; a page has 1,000
	maxPages  = 20
	maxListed = 20_000
	maxBytes  = 1 << 50 // of a file
)

// listed is a file that a server lists.
type listed struct {
	name string
	size int64
	hash string // SHA-256 or, where it has 40 digits, git's SHA-1 of a blob
}

// commit asks which commit a revision is.
func (c *Client) commit(ctx context.Context, r hub.Repo) (string, error) {
	if hub.IsCommit(r.Revision) {
		return r.Revision, nil
	}
	owner, name := ownerAndName(r.ID)
	text, _, err := c.readAll(ctx, c.address(append(append([]string{"api", "models"}, owner...), name, "revision", r.Revision)...), maxInfo)
	if err != nil {
		return "", err
	}
	var info struct {
		SHA string `json:"sha"`
	}
	if err := json.Unmarshal(text, &info); err != nil || !hub.IsCommit(info.SHA) {
		return "", c.strange("it names no commit")
	}
	return info.SHA, nil
}

// strange says that a server does not speak like the Hugging Face hub.
func (c *Client) strange(why string) error {
	return advise(refuse("%s does not answer as the Hugging Face hub does: %s", c.Endpoint.Host, why), "--endpoint and HF_ENDPOINT say which server is asked")
}

// ownerAndName: the oldest models have no owner.
func ownerAndName(id string) (owner []string, name string) {
	if o, n, ok := strings.Cut(id, "/"); ok {
		return []string{o}, n
	}
	return nil, id
}

// list asks for the files in a commit's uppermost folder, which is where all of
// a model lies, page by page.
func (c *Client) list(ctx context.Context, id, commit string) (map[string]listed, error) {
	owner, name := ownerAndName(id)
	page := c.address(append(append([]string{"api", "models"}, owner...), name, "tree", commit)...)
	page.RawQuery = "recursive=false&expand=false"
	all := map[string]listed{}
	for pages := 0; page != nil; pages++ {
		if pages == maxPages {
			return nil, refuse("%s lists more than %d files: %s", c.Endpoint.Host, maxListed, id)
		}
		text, header, err := c.readAll(ctx, page, maxPage)
		if err != nil {
			return nil, err
		}
		if err := parsePage(text, all); err != nil {
			return nil, c.strange(err.Error())
		}
		if page, err = c.next(page, header.Values("Link")); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// next is the page after this one, as a Link of rel "next" says; nil after the
// last. It is on the same server, or refused.
func (c *Client) next(page *url.URL, links []string) (*url.URL, error) {
	for _, link := range strings.Split(strings.Join(links, ","), ",") {
		target, rest, ok := strings.Cut(strings.TrimSpace(link), ">")
		if !ok || !strings.HasPrefix(target, "<") || !strings.Contains(rest, `rel="next"`) {
			continue
		}
		u, err := page.Parse(target[1:])
		if err != nil || origin(u) != origin(c.Endpoint) {
			return nil, c.strange("its list goes on elsewhere")
		}
		return u, nil
	}
	return nil, nil
}

// parsePage reads a page of the list: an array of objects, of which it takes
// the files with their sizes and checksums.
func parsePage(text []byte, into map[string]listed) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return errors.New("its list of files is no JSON array")
	}
	for d.More() {
		var entry struct {
			Type string `json:"type"`
			Path string `json:"path"`
			OID  string `json:"oid"`
			Size int64  `json:"size"`
			LFS  *struct {
				OID  string `json:"oid"`
				Size int64  `json:"size"`
			} `json:"lfs"`
		}
		if err := d.Decode(&entry); err != nil {
			return fmt.Errorf("its list of files is not JSON at offset %d", d.InputOffset())
		}
		f := listed{name: entry.Path, size: entry.Size, hash: entry.OID}
		if entry.LFS != nil {
			f.size, f.hash = entry.LFS.Size, strings.TrimPrefix(entry.LFS.OID, "sha256:")
		}
		if err := take(into, f, entry.Type == "file"); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return errors.New("its list of files stops short")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("its list of files goes on after its end")
	}
	return nil
}

// take adds a file to those listed. A name that would lead out of a folder is
// no mistake that a server makes.
func take(into map[string]listed, f listed, isFile bool) error {
	_, twice := into[f.name]
	switch {
	case !fs.ValidPath(f.name) || strings.ContainsAny(f.name, "\\\x00"):
		return fmt.Errorf("it lists a file called %.100q", f.name)
	case !isFile:
		return nil
	case twice:
		return fmt.Errorf("it lists %.100q twice", f.name)
	case len(into) == maxListed:
		return fmt.Errorf("it lists more than %d files", maxListed)
	case f.size < 0 || f.size > maxBytes:
		return fmt.Errorf("it says that %.100q has %d bytes", f.name, f.size)
	case !isHash(f.hash):
		return fmt.Errorf("it lists %.100q without a checksum", f.name)
	}
	into[f.name] = f
	return nil
}

// isHash reports whether a text is a checksum in lower-case hexadecimal digits,
// and so the plain name of a blob.
func isHash(hash string) bool {
	return (len(hash) == 64 || len(hash) == 40) && strings.Trim(hash, "0123456789abcdef") == ""
}
