package tensor

import (
	"fmt"
	"strconv"
	"strings"
)

// Mask says which keys a query may see. The zero value lets it see all.
type Mask struct {
	Causal bool // no key later than the query
	Window int  // at most this many keys back, itself included; 0 is no limit
}

// Allows reports whether query position q may attend to key position k. A
// window without causality reaches as far forward as back.
func (m Mask) Allows(q, k int) bool {
	if m.Causal && k > q {
		return false
	}
	if m.Window > 0 && (q-k >= m.Window || k-q >= m.Window) {
		return false
	}
	return true
}

// Visible is the range of keys, of n, that query position q may attend to: every
// mask leaves one piece.
func (m Mask) Visible(q, n int) (from, to int) {
	to = n
	if m.Causal {
		to = q + 1
	}
	if m.Window > 0 {
		from = max(0, q-m.Window+1)
		if m.Window < n-q {
			to = min(to, q+m.Window)
		}
	}
	return from, to
}

// String writes a mask the way --mask takes it: causal, none, window:4.
func (m Mask) String() string {
	switch {
	case m.Causal && m.Window > 0:
		return "window:" + strconv.Itoa(m.Window)
	case m.Causal:
		return "causal"
	case m.Window > 0:
		return "both-ways-window:" + strconv.Itoa(m.Window)
	}
	return "none"
}

// ParseMask is the inverse of String.
func ParseMask(s string) (Mask, error) {
	switch s {
	case "causal":
		return Mask{Causal: true}, nil
	case "none":
		return Mask{}, nil
	}
	kind, size, _ := strings.Cut(s, ":")
	if kind != "window" && kind != "both-ways-window" {
		return Mask{}, fmt.Errorf("mask %q is not one of causal, none, window:W", s)
	}
	n, err := strconv.Atoi(size)
	if err != nil || n < 1 {
		return Mask{}, fmt.Errorf("mask %q: the window is a number of tokens, 1 or more", s)
	}
	return Mask{Causal: kind == "window", Window: n}, nil
}
