package theme_test

import (
	"strings"
	"testing"

	"attn/internal/render/theme"
	"attn/internal/view"
)

const (
	black theme.RGB = 0x000000
	dark  theme.RGB = 0x1e1e1e
	white theme.RGB = 0xffffff
)

func TestByName(t *testing.T) {
	for _, name := range theme.Names() {
		if got, err := theme.ByName(name); err != nil || got.Name != name || got.Doc == "" {
			t.Errorf("ByName(%q) = %q, %q, %v", name, got.Name, got.Doc, err)
		}
	}
	if got, err := theme.ByName(""); err != nil || got.Name != "3b1b" {
		t.Errorf("the default theme is %q, %v; want 3b1b", got.Name, err)
	}
	_, err := theme.ByName("neon")
	if err == nil || !strings.Contains(err.Error(), `"neon"`) {
		t.Fatalf("error %v, want one that says neon", err)
	}
	for _, name := range theme.Names() {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("error %q does not list %s", err, name)
		}
	}
}

// inks are a theme's colours for text on the terminal's own background.
func inks(t theme.Theme) map[string]theme.RGB {
	list := map[string]theme.RGB{
		"masked": t.Masked.RGB, "positive": t.Positive.RGB, "negative": t.Negative.RGB,
	}
	for _, role := range []view.Role{view.Query, view.Key, view.Value, view.Delta, view.Embedding, view.Muted} {
		list[string(role)] = t.Role(role).RGB
	}
	if !t.Signed.Fill {
		for _, c := range t.Signed.Stops {
			list["signed "+c.Hex()] = c
		}
	}
	return list
}

// A terminal does not say whether it is dark or light: what a theme writes can
// be read on both, and the light theme well on white.
func TestInksCanBeRead(t *testing.T) {
	for _, th := range theme.All() {
		backgrounds, least := []theme.RGB{black, dark, white}, 2.8
		if th.Name == "light" {
			backgrounds, least = []theme.RGB{white}, 4.2
		}
		for name, c := range inks(th) {
			if c == 0 {
				continue // the terminal's own
			}
			for _, b := range backgrounds {
				if got := theme.Contrast(c, b); got < least {
					t.Errorf("%s: %s %s has contrast %.2f on %s, want %.1f", th.Name, name, c.Hex(), got, b.Hex(), least)
				}
			}
		}
	}
}

func TestFilledCellsCanBeRead(t *testing.T) {
	for _, th := range theme.All() {
		for i := range 101 {
			c := th.Weight.At(float64(i) / 100)
			if got := theme.Contrast(c, theme.On(c)); got < 4.3 {
				t.Errorf("%s: text on %s, weight .%02d, has contrast %.2f", th.Name, c.Hex(), i, got)
			}
		}
	}
}

// On the scales for weights, more is always lighter; on white, darker.
func TestWeightScalesAreMonotone(t *testing.T) {
	for _, th := range theme.All() {
		sign := 1.0
		if th.Name == "light" {
			sign = -1
		}
		for i := range 100 {
			a, b := th.Weight.At(float64(i)/100), th.Weight.At(float64(i+1)/100)
			if sign*(theme.Luminance(b)-theme.Luminance(a)) < -1e-4 {
				t.Errorf("%s: from .%02d to .%02d the scale turns back: %s, %s", th.Name, i, i+1, a.Hex(), b.Hex())
			}
		}
	}
}

func TestHeatEnds(t *testing.T) {
	for _, th := range theme.All() {
		for _, h := range []theme.Heat{th.Weight, th.Signed} {
			if len(h.Stops) == 0 {
				continue
			}
			first, last := h.Stops[0], h.Stops[len(h.Stops)-1]
			if h.At(0) != first || h.At(-1) != first || h.At(1) != last || h.At(2) != last {
				t.Errorf("%s: a scale does not end in its stops", th.Name)
			}
			if h.BasicAt(-1) != h.Basic[0] || h.BasicAt(2) != h.Basic[len(h.Basic)-1] {
				t.Errorf("%s: a scale of 16 colours does not end in its steps", th.Name)
			}
		}
	}
}
