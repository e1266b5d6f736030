package text_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/google/go-cmp/cmp"

	"attn/internal/render/text"
	"attn/internal/render/theme"
	"attn/internal/view"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	plain = colorprofile.NoTTY
	ansi  = colorprofile.ANSI
	c256  = colorprofile.ANSI256
	full  = colorprofile.TrueColor
)

// Every golden shows one thing, which its name says.
func TestGolden(t *testing.T) {
	chapter := chapterGrids()
	for _, tt := range []struct {
		name    string
		grids   []view.Grid
		width   int
		profile colorprofile.Profile
		theme   string
	}{
		{"chapter-at-40", chapter, 40, plain, ""},
		{"chapter-at-60", chapter, 60, plain, ""},
		{"chapter-at-80", chapter, 80, plain, ""},
		{"chapter-at-100", chapter, 100, plain, ""},
		{"chapter-at-160", chapter, 160, plain, ""},
		{"chapter-3b1b-truecolor", chapter, 100, full, "3b1b"},
		{"chapter-3b1b-256-colors", chapter, 80, c256, "3b1b"},
		{"chapter-3b1b-16-colors", chapter, 100, ansi, "3b1b"},
		{"chapter-light-truecolor", chapter, 80, full, "light"},
		{"chapter-light-256-colors", chapter, 160, c256, "light"},
		{"chapter-viridis-256-colors", chapter, 60, c256, "viridis"},
		{"chapter-cividis-truecolor", chapter, 100, full, "cividis"},
		{"chapter-contrast-truecolor", chapter, 100, full, "contrast"},
		{"chapter-contrast-16-colors", chapter, 60, ansi, "contrast"},
		{"chapter-mono-256-colors", chapter, 80, c256, "mono"},
		{"chapter-mono-16-colors", chapter, 160, ansi, "mono"},
		{"paper-layout", []view.Grid{paperGrid()}, 80, plain, ""},
		{"wide-characters", scriptGrids(), 80, plain, ""},
		{"wide-characters-narrow", scriptGrids(), 40, plain, ""},
		{"wide-characters-truecolor", scriptGrids(), 100, full, ""},
		{"control-characters", controlGrids(), 100, plain, ""},
		{"control-characters-16-colors", controlGrids(), 60, ansi, ""},
		{"24-tokens-one-dot-each", sentence(24), 100, plain, ""},
		{"60-tokens-folded-at-60", sentence(60), 60, plain, ""},
		{"60-tokens-folded-at-100", sentence(60), 100, c256, ""},
		{"60-tokens-at-160", sentence(60), 160, plain, ""},
		{"256-tokens-pooled", sentence(256), 100, plain, ""},
		{"256-tokens-pooled-256-colors", []view.Grid{patternGrid(numbered(256), 245)}, 80, c256, "viridis"},
		{"map-of-128-blocks-at-60", []view.Grid{mapGrid(128)}, 60, plain, ""},
		{"map-of-128-blocks-at-100", []view.Grid{mapGrid(128)}, 100, plain, ""},
		{"map-of-128-blocks-at-160-truecolor", []view.Grid{mapGrid(128)}, 160, full, ""},
		{"map-of-30-blocks-at-100", []view.Grid{mapGrid(30)}, 100, plain, ""},
		{"nothing", nil, 100, plain, ""},
		{"empty-grids", emptyGrids(), 60, full, ""},
		{"numbers-that-are-none", oddNumbers(), 100, plain, ""},
		{"numbers-that-are-none-truecolor", oddNumbers(), 60, full, ""},
		{"very-long-words", longWords(), 80, plain, ""},
		{"very-long-words-narrow", longWords(), 40, plain, ""},
		{"tables-too-wide", []view.Grid{wideTable()}, 60, plain, ""},
		{"tables-too-long", []view.Grid{longTable()}, 60, plain, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			golden(t, tt.name, draw(t, tt.grids, options(t, tt.width, tt.profile, tt.theme)))
		})
	}
}

func TestGoldenVerbose(t *testing.T) {
	o := options(t, 100, plain, "")
	o.Verbose, o.Number = true, false
	golden(t, "steps-named", draw(t, []view.Grid{qkGrid(), patternGrid(chapterWords, 3), predictGrid()}, o))
}

func options(t testing.TB, width int, profile colorprofile.Profile, name string) text.Options {
	t.Helper()
	th, err := theme.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return text.Options{
		Width: width, Profile: profile, Theme: th, Number: true,
		Header: "a fluffy blue creature roamed the verdant forest",
		Aside:  "story · 4 layers × 4 heads · d_model 128",
	}
}

func draw(t testing.TB, grids []view.Grid, o text.Options) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := text.Draw(&out, grids, o); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("..", "..", "..", "testdata", "golden", "text", name+".txt")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test ./internal/render/text -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got), go test ./internal/render/text -update accepts it:\n%s", file, diff)
	}
}
