package tokenizer

import (
	"maps"
	"testing"

	"pgregory.net/rapid"
)

// TestVocabularyIsAMap: whatever is put in, a vocabulary finds what a map and a
// list of the same tokens do.
func TestVocabularyIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tokens := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune("ab▁\x00")), 0, 4, -1), 0, 300).Draw(t, "tokens")
		v, want := newVocabulary(rapid.IntRange(0, 100).Draw(t, "room")), map[string]int32{}
		for id, token := range tokens {
			v.put(token)
			if token != "" {
				want[token] = int32(id)
			}
		}
		if got := maps.Collect(v.all()); !maps.Equal(got, want) {
			t.Fatalf("it holds %v", got)
		}
		for id, token := range tokens {
			if got, ok := v.token(int32(id)); got != token || ok != (token != "") {
				t.Fatalf("token %d is %q", id, got)
			}
			if got, ok := v.find(token); ok != (token != "") || ok && got != want[token] {
				t.Fatalf("%q is %d", token, got)
			}
			if got, ok := v.find(token + "c"); ok {
				t.Fatalf("%q is %d", token+"c", got)
			}
		}
		if _, ok := v.token(int32(len(tokens))); ok || v.size() != len(tokens) {
			t.Fatalf("there are %d", v.size())
		}
	})
}
