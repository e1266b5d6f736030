package cli

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"attn/internal/model/builtin"
	"attn/internal/trace"
)

// TestRecordsNoMoreThanMayBePicked: a layer that can be neither shown nor picked
// costs no memory.
func TestRecordsNoMoreThanMayBePicked(t *testing.T) {
	m, err := builtin.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if m.Walk == nil {
		t.Fatal("the built-in model names no walk")
	}
	unnamed := *m
	unnamed.Walk = nil
	const shown = 1
	for _, tt := range []struct {
		name        string
		layer, head string
		walk        bool
		want        []int // the layers of which patterns are recorded
	}{
		{"layer and head", "1", "0", true, []int{shown}},
		{"a layer alone", "1", "", true, []int{shown}},
		{"two layers", "1,3", "", false, []int{1, 3}},
		{"the walk's", "", "", true, []int{m.Walk.Layer}},
		{"a head, so not the walk's", "", "0", true, []int{0, 1, 2, 3}},
		{"nothing", "", "", false, []int{0, 1, 2, 3}},
	} {
		runs := m
		if !tt.walk {
			runs = &unnamed
		}
		r := recording{showing: showing{layer: tt.layer, head: tt.head, steps: []string{"pattern"}}}
		wanted, err := r.wanted(runs)
		if err != nil {
			t.Fatal(err)
		}
		var layers []int
		for _, name := range slices.Sorted(maps.Keys(wanted)) {
			if strings.HasSuffix(name, trace.Pattern) {
				layer, _ := trace.Split(name)
				layers = append(layers, layer)
			}
		}
		if !slices.Equal(layers, tt.want) {
			t.Errorf("%s: patterns of %v, not %v", tt.name, layers, tt.want)
		}
	}
}
