package pull

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"

	"attn/internal/hub"
)

// errStalled says that nothing came for too long.
var errStalled = errors.New("nothing came for too long")

// unreached says that a server could not be talked to. Where it stood in the
// URL is left out: behind a redirect it holds a signature.
func (c *Client) unreached(err error) error {
	var known *hub.AdvisedError
	if errors.As(err, &known) {
		return known
	}
	host := c.Endpoint.Host
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
		if u, parsed := url.Parse(failed.URL); parsed == nil && u.Host != "" {
			host = u.Host
		}
	}
	var dial *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return refuse("%s does not prove that it is who it says: %w", host, err)
	case !c.reached && errors.As(err, &dial) && dial.Op == "dial":
		return advise(refuse("cannot reach %s: %w", host, dial.Err), "HF_ENDPOINT and --endpoint name another server, HTTPS_PROXY the way to it")
	}
	return transient("the connection to %s failed: %w", host, err)
}

// refused is what an answer other than success means. X-Error-Code tells what a
// status leaves open (huggingface_hub, utils/_http.py).
func (c *Client) refused(answer *http.Response) error {
	status, host := answer.StatusCode, answer.Request.URL.Host
	code := answer.Header.Get("X-Error-Code")
	switch {
	case code == "GatedRepo":
		return advise(refuse("the model is gated: its owner gives access at the asker's request"), "%s", c.gatedAdvice())
	case code == "RevisionNotFound":
		return advise(refuse("the model has no such revision"), "a revision is a branch, a tag or a commit; without --revision it is main")
	case status == http.StatusUnauthorized && c.Token != "" && !c.sendsToken():
		return advise(refuse("%s wants a token", host), "attn sends tokens over https alone")
	case status == http.StatusUnauthorized && c.Token != "":
		return advise(refuse("%s does not accept the token, or has no such model", host), "the token is HF_TOKEN's, or in the file that HF_TOKEN_PATH names; hf auth login makes a new one")
	case code == "RepoNotFound" || status == http.StatusUnauthorized:
		return advise(refuse("%s has no such model, or it is private", host), "a name is OWNER/NAME, in upper and lower case as it is written there; a private model needs a token in HF_TOKEN")
	case status == http.StatusNotFound:
		return advise(refuse("%s has no such file or model", host), "a name is OWNER/NAME, in upper and lower case as it is written there")
	case status == http.StatusForbidden:
		return advise(refuse("%s forbids it", host), "%s", c.gatedAdvice())
	case status == http.StatusTooManyRequests:
		return &transientError{advise(refuse("%s wants fewer requests", host), "try again in some minutes; with a token in HF_TOKEN more are allowed"), retryAfter(answer.Header)}
	case status >= 500 || status == http.StatusRequestTimeout:
		return &transientError{advise(refuse("%s has a problem of its own: status %d", host, status), "try again later: what has arrived is kept"), retryAfter(answer.Header)}
	}
	return refuse("%s answers with status %d", host, status)
}

func (c *Client) gatedAdvice() string {
	if c.Token == "" {
		return "ask for access on the model's page, then put a token in HF_TOKEN"
	}
	return "ask for access on the model's page, with the account whose token this is; the token must allow reading"
}

// writeError is one of the disk's, not of the network's.
type writeError struct{ err error }

// Error returns the message of the error inside.
func (e *writeError) Error() string { return e.err.Error() }

// Unwrap returns the error inside.
func (e *writeError) Unwrap() error { return e.err }

// explain adds to an error of the file system, or of a connection that broke
// too often, what can be done about it.
func (p *pulling) explain(err error) error {
	var known *hub.AdvisedError
	if errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	var path *fs.PathError
	var link *os.LinkError
	var where string
	var why error
	switch {
	case errors.As(err, &path):
		where, why = path.Path, path.Err
	case errors.As(err, &link):
		where, why = link.New, link.Err
	default:
		return advise(&hub.AdvisedError{Err: err}, "what has arrived is kept: the same command goes on from there")
	}
	failed := &hub.AdvisedError{Err: fmt.Errorf("cannot write: %s: %w", where, why)}
	switch {
	case isDiskFull(why):
		return advise(failed, "what has arrived is kept: make room, or let HF_HOME name another disk, and the same command goes on")
	case errors.Is(why, fs.ErrPermission):
		return advise(failed, "HF_HOME names another folder for the cache")
	}
	return failed
}
