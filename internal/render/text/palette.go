package text

import (
	"image/color"
	"math"
	"strconv"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"attn/internal/render/theme"
	"attn/internal/view"
)

// palette turns a theme's colours into what the terminal understands. Colours
// are reduced here and nowhere else.
type palette struct {
	theme   theme.Theme
	profile colorprofile.Profile
	muted   style
	title   style
	masked  style
	weight  [looks][]style // made when first used
	signed  [looks][]style
}

// heatSteps is how finely a scale of colours is cut.
const heatSteps = 64

func newPalette(t theme.Theme, profile colorprofile.Profile) *palette {
	p := &palette{theme: t, profile: profile}
	p.muted = p.ink(t.Muted)
	p.title = p.ink(t.Title)
	p.masked = p.ink(t.Masked)
	return p
}

// plain reports whether there are no colours and no attributes at all.
func (p *palette) plain() bool { return p.profile < colorprofile.ANSI }

func (p *palette) role(r view.Role) style { return p.ink(p.theme.Role(r)) }

// label is a label's style; the focus stands out by more than its colour.
func (p *palette) label(l view.Label) style {
	st := p.role(l.Role)
	if l.Focus && !p.plain() {
		st = join("1;4", st)
	}
	return st
}

func (p *palette) bold(st style) style {
	if p.plain() {
		return ""
	}
	return join("1", st)
}

// ink is the style of text in an ink.
func (p *palette) ink(i theme.Ink) style {
	if p.plain() {
		return ""
	}
	var st style
	if i.Bold {
		st = "1"
	}
	if p.profile == colorprofile.ANSI {
		if i.Faint {
			st = join(st, "2")
		}
		return join(st, basic(i.Basic))
	}
	if i.RGB == 0 {
		return st
	}
	return join(st, p.colour(i.RGB, "38"))
}

// look is what a colour of a scale is used for.
type look int

const (
	cellLook  look = iota // a cell with a number in it
	glyphLook             // a dot that stands for the number alone, on no ground
	solidLook             // a shade that is all colour
	looks
)

// heat is the style of a number on a scale: v is in 0..1 for weights and in
// -1..1 for signed numbers.
func (p *palette) heat(scale view.Scale, l look, v float64) style {
	if p.plain() {
		return ""
	}
	heat, ramp, t := p.theme.Weight, &p.weight[l], v
	if scale != view.Weight {
		heat, ramp, t = p.theme.Signed, &p.signed[l], (v+1)/2
	}
	if *ramp == nil {
		*ramp = p.ramp(heat, l, scale)
	}
	return (*ramp)[int(math.Round(min(max(t, 0), 1)*heatSteps))]
}

// ramp precomputes a heat's styles.
func (p *palette) ramp(h theme.Heat, l look, scale view.Scale) []style {
	styles := make([]style, heatSteps+1)
	for i := range styles {
		t := float64(i) / heatSteps
		v := t
		if scale != view.Weight {
			v = 2*t - 1
		}
		styles[i] = p.heatStyle(h, l, t, math.Abs(v) < h.From)
	}
	return styles
}

func (p *palette) heatStyle(h theme.Heat, l look, t float64, weak bool) style {
	if len(h.Stops) == 0 {
		return ""
	}
	switch c := h.At(t); {
	case p.profile == colorprofile.ANSI:
		return p.ink(h.BasicAt(t))
	case l == solidLook:
		return join(p.colour(c, "38"), p.colour(c, "48"))
	case weak:
		return p.muted
	case l == cellLook && h.Fill:
		return join(p.colour(theme.On(p.reduced(c)), "38"), p.colour(c, "48"))
	default:
		return p.colour(c, "38")
	}
}

// colour is one colour of text (layer 38) or behind it (layer 48).
func (p *palette) colour(c theme.RGB, layer style) style {
	if p.profile == colorprofile.ANSI256 {
		return layer + ";5;" + number(p.index(c))
	}
	r, g, b := c.Channels()
	return layer + ";2;" + number(r) + ";" + number(g) + ";" + number(b)
}

// index is the one of 256 colours that is nearest to c.
func (p *palette) index(c theme.RGB) uint8 {
	r, g, b := c.Channels()
	nearest, _ := p.profile.Convert(color.RGBA{R: r, G: g, B: b, A: 255}).(ansi.IndexedColor)
	return uint8(nearest)
}

// reduced is the colour that the terminal will show for c.
func (p *palette) reduced(c theme.RGB) theme.RGB {
	if p.profile != colorprofile.ANSI256 {
		return c
	}
	r, g, b, _ := ansi.IndexedColor(p.index(c)).RGBA()
	return theme.RGB(r>>8<<16 | g>>8<<8 | b>>8)
}

func basic(b theme.Basic) style {
	switch {
	case b == theme.Default:
		return ""
	case b < theme.BrightBlack:
		return number(uint8(30 + b - theme.Black))
	}
	return number(uint8(90 + b - theme.BrightBlack))
}

func number(n uint8) style { return style(strconv.Itoa(int(n))) }

func join(a, b style) style {
	if a == "" || b == "" {
		return a + b
	}
	return a + ";" + b
}
