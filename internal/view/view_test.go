package view_test

import (
	"slices"
	"strings"
	"testing"

	"attn/internal/trace"
	"attn/internal/view"
)

// TestSuiteIsWhole: every view has a name of its own, a line of help, and needs
// that exist.
func TestSuiteIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range view.Suite() {
		if v.Name == "" || v.Doc == "" || strings.Contains(v.Doc, "\n") || v.Build == nil || seen[v.Name] {
			t.Errorf("view %q: doc %q", v.Name, v.Doc)
		}
		seen[v.Name] = true
		for _, name := range v.Hooks([]int{0}, 1, false) {
			if _, ok := trace.FindHook(name); !ok {
				t.Errorf("%s needs %s, which is no step", v.Name, name)
			}
		}
	}
}

// TestNames pins what --steps takes and what the walk shows.
func TestNames(t *testing.T) {
	walk := strings.Fields("tokens embed qkv scores mask pattern values delta heads layers mlp predict")
	if got := view.Walk(); !slices.Equal(got, walk) {
		t.Errorf("the walk is %v", got)
	}
	if got := view.Names(); !slices.Equal(got, append(walk, "surprise")) {
		t.Errorf("the views are %v", got)
	}
}

func TestFind(t *testing.T) {
	for _, name := range append(view.Names(), "hook_embed", "blocks.0.attn.hook_q", "unembed.hook_out") {
		if v, err := view.Find(name); err != nil || v.Name != name {
			t.Errorf("%s: %q, %v", name, v.Name, err)
		}
	}
	for _, name := range []string{"", "Pattern", "pattern ", "attn.hook_q", "blocks.-1.attn.hook_q", "blocks.*.attn.hook_q", "all"} {
		_, err := view.Find(name)
		if err == nil {
			t.Errorf("there is a view %q", name)
			continue
		}
		says(t, "error", err.Error(), `"`+name+`"`, "pattern", "blocks.0.attn.hook_pattern")
	}
}

// TestHooks: of the layers shown, of all layers, and of none.
func TestHooks(t *testing.T) {
	for _, tt := range []struct {
		view string
		want []string
	}{
		{"tokens", nil},
		{"embed", []string{"hook_embed", "hook_pos_embed"}},
		{"scores", []string{
			"blocks.2.attn.hook_qk", "blocks.0.attn.hook_qk", "blocks.2.attn.hook_scaled", "blocks.0.attn.hook_scaled",
			"blocks.2.attn.hook_softcapped", "blocks.0.attn.hook_softcapped", "blocks.2.attn.hook_biased", "blocks.0.attn.hook_biased",
		}},
		{"predict", []string{"unembed.hook_out"}},
		{"blocks.1.attn.hook_z", []string{"blocks.1.attn.hook_z"}},
		{"hook_embed", []string{"hook_embed"}},
	} {
		v, err := view.Find(tt.view)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Hooks([]int{2, 0}, 3, false); !slices.Equal(got, tt.want) {
			t.Errorf("%s needs %v, want %v", tt.view, got, tt.want)
		}
	}
	v, err := view.Find("heads")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"blocks.0.attn.hook_pattern", "blocks.1.attn.hook_pattern", "blocks.2.attn.hook_pattern", "blocks.1.attn.b_O"} {
		if !slices.Contains(v.Hooks([]int{1}, 3, false), name) {
			t.Errorf("heads does not need %s", name)
		}
	}
}
