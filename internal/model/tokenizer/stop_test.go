package tokenizer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStop: an encoding that is stopped ends long before its text does.
func TestStop(t *testing.T) {
	data, err := os.ReadFile(filepath.FromSlash(storyFile))
	if err != nil {
		t.Fatal(err)
	}
	tok, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("word ", 20*stopEvery)
	asked := 0
	_, err = tok.EncodeWith(text, Options{Stop: func() bool { asked++; return asked == 2 }})
	if !errors.Is(err, ErrStopped) || asked != 2 {
		t.Errorf("asked %d times, then %v", asked, err)
	}
	told := 0
	if err := tok.Each(text, Options{Stop: func() bool { return told > 0 }}, func(tokens []Token) { told += len(tokens) }); !errors.Is(err, ErrStopped) {
		t.Errorf("got %v", err)
	}
	if told == 0 || told > 3*stopEvery {
		t.Errorf("%d tokens of %d pieces were told", told, 20*stopEvery)
	}
}
