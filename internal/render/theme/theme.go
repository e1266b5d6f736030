// Package theme says which colours the parts of a picture have. A theme is
// plain data; each renderer turns it into its own format's colours.
package theme

import (
	"fmt"
	"math"
	"strings"

	"attn/internal/view"
)

// RGB is a colour as 0xRRGGBB.
type RGB uint32

// Hex returns the colour as HTML and SVG write it: #58c4dd.
func (c RGB) Hex() string { return fmt.Sprintf("#%06x", uint32(c)) }

// Channels returns red, green and blue.
func (c RGB) Channels() (r, g, b uint8) { return uint8(c >> 16), uint8(c >> 8), uint8(c) }

// Basic is one of a terminal's own 16 colours, counted from 1 so that the zero
// value is the terminal's default.
type Basic uint8

// The 16 colours of a terminal; what they look like is its user's choice.
const (
	Default Basic = iota
	Black
	Red
	Green
	Yellow
	Blue
	Magenta
	Cyan
	White
	BrightBlack
	BrightRed
	BrightGreen
	BrightYellow
	BrightBlue
	BrightMagenta
	BrightCyan
	BrightWhite
)

// Ink is how text is written. The zero value is the terminal's own colour.
type Ink struct {
	RGB   RGB   // 0 is the terminal's own colour
	Basic Basic // the same where there are only 16 colours
	Bold  bool
	Faint bool // where there are only 16 colours
}

// Heat turns a number into a colour. A scale of weights runs from 0 to 1; one
// of signed numbers from -1 to 1, with 0 in the middle of Stops. The zero
// value colours nothing; all others have two stops or more.
type Heat struct {
	Stops []RGB   // evenly spaced
	Basic []Ink   // the same steps where there are only 16 colours
	Fill  bool    // colours the cell rather than its text
	From  float64 // what is nearer to zero stays on the terminal's own background, in muted ink
}

// At returns the colour at t, from 0 (the first stop) to 1 (the last).
func (h Heat) At(t float64) RGB {
	t = min(max(t, 0), 1) * float64(len(h.Stops)-1)
	i := min(int(t), len(h.Stops)-2)
	return mix(h.Stops[i], h.Stops[i+1], t-float64(i))
}

// BasicAt is At where there are only 16 colours.
func (h Heat) BasicAt(t float64) Ink {
	n := len(h.Basic)
	return h.Basic[min(int(min(max(t, 0), 1)*float64(n)), n-1)]
}

func mix(a, b RGB, t float64) RGB {
	ar, ag, ab := a.Channels()
	br, bg, bb := b.Channels()
	channel := func(x, y uint8) RGB { return RGB(math.Round(float64(x) + (float64(y)-float64(x))*t)) }
	return channel(ar, br)<<16 | channel(ag, bg)<<8 | channel(ab, bb)
}

// Luminance is how bright a colour looks, from 0 to 1 (WCAG's relative luminance).
func Luminance(c RGB) float64 {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	r, g, b := c.Channels()
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

// Contrast is WCAG's contrast ratio, from 1 to 21.
func Contrast(a, b RGB) float64 {
	la, lb := Luminance(a), Luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// On returns the colour, nearly black or white, in which text is read best on
// a filled cell.
func On(background RGB) RGB {
	const dark, light RGB = 0x101418, 0xffffff
	if Contrast(background, dark) >= Contrast(background, light) {
		return dark
	}
	return light
}

// Theme is a set of colours.
type Theme struct {
	Name string
	Doc  string // one line

	Query, Key, Value, Delta, Embedding Ink
	Muted                               Ink // what matters less
	Title                               Ink
	Masked                              Ink // -inf
	Positive, Negative                  Ink // a vector's components

	Weight Heat // 0 to 1
	Signed Heat // -1 to 1: scores and cosines
}

// Role returns the ink of what a label stands for.
func (t Theme) Role(r view.Role) Ink {
	switch r {
	case view.Query:
		return t.Query
	case view.Key:
		return t.Key
	case view.Value:
		return t.Value
	case view.Delta:
		return t.Delta
	case view.Embedding:
		return t.Embedding
	case view.Muted:
		return t.Muted
	}
	return Ink{}
}

// Names returns the themes' names, the default one first.
func Names() []string {
	var names []string
	for _, t := range All() {
		names = append(names, t.Name)
	}
	return names
}

// ByName returns the theme of that name; the empty name is the default theme.
func ByName(name string) (Theme, error) {
	themes := All()
	if name == "" {
		return themes[0], nil
	}
	for _, t := range themes {
		if t.Name == name {
			return t, nil
		}
	}
	return Theme{}, fmt.Errorf("there is no theme %q; the themes are %s", name, strings.Join(Names(), ", "))
}
