package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"attn/internal/model/builtin"
)

// TestTokensStop: making tokens of a large text ends when the command is
// interrupted, and what it makes of one that is not is what Encode makes.
func TestTokensStop(t *testing.T) {
	m, err := builtin.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	s := &source{Text: strings.Repeat("a fluffy blue creature ", 5000)}
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.tokens(interrupted, m); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted, got %v", err)
	}
	got, err := s.tokens(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Tokenizer.Encode(s.Text)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(idsOf(got), want.IDs()) {
		t.Error("the tokens are not those of Encode")
	}
	for i, token := range got {
		if token.Pos != i || token.Start != want.Tokens[i].Start || token.End != want.Tokens[i].End || token.Text != want.Tokens[i].Text {
			t.Fatalf("token %d is %+v, want %+v", i, token, want.Tokens[i])
		}
	}
}
