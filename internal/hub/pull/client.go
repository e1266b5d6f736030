package pull

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// DefaultEndpoint is the Hugging Face hub.
const DefaultEndpoint = "https://huggingface.co"

// ParseEndpoint reads the address of a server.
func ParseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, refuse("not the address of a server: %s", text)
	case u.User != nil:
		return nil, refuse("a password does not belong in the endpoint's address: %s", u.Host)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, refuse("not the address of a server alone: %s", text)
	}
	return u, nil
}

// maxRedirects is how often a request may be sent elsewhere.
const maxRedirects = 10

// maxAnswerHeader is more than a server's header takes.
const maxAnswerHeader = 256 << 10

func (c *Client) newHTTP() *http.Client {
	transport := &http.Transport{
		Proxy:                  c.Proxy,
		DialContext:            (&net.Dialer{Timeout: c.Timing.Connect}).DialContext,
		TLSHandshakeTimeout:    c.Timing.Connect,
		ResponseHeaderTimeout:  c.Timing.Answer,
		MaxResponseHeaderBytes: maxAnswerHeader,
		DisableCompression:     true, // sizes and checksums are those of the file itself
		ForceAttemptHTTP2:      true,
	}
	return &http.Client{Transport: authorised{transport, c}, CheckRedirect: checkRedirect}
}

func checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return refuse("more than %d redirects, the last to %s", maxRedirects, req.URL.Host)
	case via[0].URL.Scheme == "https" && req.URL.Scheme != "https":
		return refuse("%s redirects to %s without encryption", via[0].URL.Host, req.URL.Host)
	}
	return nil
}

// authorised adds the token to requests to the endpoint, and to no others: not
// to those that a redirect sends to another host, scheme or port.
type authorised struct {
	*http.Transport
	client *Client
}

// RoundTrip implements http.RoundTripper.
func (a authorised) RoundTrip(req *http.Request) (*http.Response, error) {
	if a.client.sendsToken() && origin(req.URL) == origin(a.client.Endpoint) {
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer "+a.client.Token)
	}
	return a.Transport.RoundTrip(req)
}

// sendsToken: there is one, and nobody can read it on the way.
func (c *Client) sendsToken() bool {
	return c.Token != "" && (c.Endpoint.Scheme == "https" || isLoopback(c.Endpoint.Hostname()))
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// origin is a URL's scheme, host and port.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// address is a URL below the endpoint; each part of the path is escaped.
func (c *Client) address(parts ...string) *url.URL {
	u := *c.Endpoint
	escaped := strings.TrimRight(c.Endpoint.EscapedPath(), "/")
	plain := strings.TrimRight(c.Endpoint.Path, "/")
	for _, part := range parts {
		escaped += "/" + url.PathEscape(part)
		plain += "/" + part
	}
	u.Path, u.RawPath = plain, escaped
	return &u
}

// get asks for a URL. An answer that is no success is an error, which is a
// transientError when it may go better the next time.
func (c *Client) get(ctx context.Context, u *url.URL, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	for key, values := range header {
		req.Header[key] = values
	}
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", "attn")
	answer, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreached(err)
	}
	c.reached = true
	switch answer.StatusCode {
	case http.StatusOK, http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable:
		return answer, nil
	}
	_ = answer.Body.Close() // nothing in it is of use
	return nil, c.refused(answer)
}

// transientError is one after which another try may go better.
type transientError struct {
	err   error
	after time.Duration // how long the server asks to wait
}

// Error returns the message of the error inside.
func (e *transientError) Error() string { return e.err.Error() }

// Unwrap returns the error inside.
func (e *transientError) Unwrap() error { return e.err }

func transient(format string, args ...any) error {
	return &transientError{err: fmt.Errorf(format, args...)}
}

// Bounds on waiting between two tries: the longest of its own, and the longest
// that it waits because the server asks for it.
const (
	maxBackoff = 30 * time.Second
	maxAsked   = 2 * time.Minute
)

// retry tries until it works, or fails in a way that another try would not
// mend, or did not get further for so many times.
func (c *Client) retry(ctx context.Context, try func() (further bool, err error)) error {
	wait, failed := c.Timing.Backoff, 0
	for {
		further, err := try()
		var again *transientError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.As(err, &again):
			return err
		case further:
			wait, failed = c.Timing.Backoff, 0
		}
		failed++
		if failed >= c.Timing.Tries || again.after > maxAsked {
			return again.err
		}
		pause := max(again.after, wait/2+rand.N(wait/2+1))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		wait = min(2*wait, max(maxBackoff, c.Timing.Backoff))
	}
}

// readAll reads an answer of at most limit bytes, or fails.
func (c *Client) readAll(ctx context.Context, u *url.URL, limit int64) (text []byte, header http.Header, err error) {
	err = c.retry(ctx, func() (bool, error) {
		within, cancel := context.WithTimeoutCause(ctx, c.Timing.Answer+c.Timing.Stall, errStalled)
		defer cancel()
		answer, err := c.get(within, u, nil)
		if err != nil {
			return false, err
		}
		defer func() { _ = answer.Body.Close() }() // only read
		header = answer.Header
		text, err = io.ReadAll(io.LimitReader(answer.Body, limit+1))
		switch {
		case err != nil:
			return false, c.unreached(err)
		case int64(len(text)) > limit:
			return false, refuse("%s answers with more than %d bytes: %s", u.Host, limit, u.Path)
		case answer.StatusCode != http.StatusOK:
			return false, refuse("%s answers with status %d: %s", u.Host, answer.StatusCode, u.Path)
		}
		return true, nil
	})
	return text, header, err
}

// retryAfter is how long a server asks to wait: in seconds, or until a time.
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, 24*3600)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
