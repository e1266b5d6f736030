package text

import (
	"strings"
	"testing"

	"attn/internal/view"
)

// TestSmallShares: a share that is there is not shown as nothing.
func TestSmallShares(t *testing.T) {
	for _, c := range []struct {
		share float64
		want  string
	}{{0, "0.0 %"}, {1e-9, "<0.1 %"}, {.0004, "<0.1 %"}, {.0006, "0.1 %"}, {.5, "50.0 %"}, {1, "100.0 %"}} {
		if got := percent(c.share, 1); got != c.want {
			t.Errorf("%v is shown as %q, want %q", c.share, got, c.want)
		}
	}
}

// TestNote stands below the header, wrapped and escaped, before the blocks.
func TestNote(t *testing.T) {
	var out strings.Builder
	grids := []view.Grid{{Title: "Block"}}
	if err := Draw(&out, grids, Options{Width: 30, Header: "sentence", Aside: "model", Note: "picked because\x1b it is long enough to wrap"}); err != nil {
		t.Fatal(err)
	}
	want := "sentence                 model\npicked because␛ it is long\nenough to wrap\n\nBlock\n"
	if out.String() != want {
		t.Errorf("drew\n%s\nwant\n%s", out.String(), want)
	}
}
