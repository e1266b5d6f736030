package all

import (
	"errors"
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/ref"
)

// gpu stands for a GPU's backend.
type gpu struct{ *ref.Backend }

func (gpu) Name() string { return "cuda" }

// TestChoice: auto takes a GPU that is there, and the CPU where none is or where
// somebody asks for one of its instruction sets.
func TestChoice(t *testing.T) {
	here := func() (kernels.Backend, error) { return gpu{ref.New()}, nil }
	problem := errors.New("it computes nonsense")
	broken := func() (kernels.Backend, error) { return nil, problem }
	for _, test := range []struct {
		name, set string
		gpu       func() (kernels.Backend, error)
		want      string
	}{
		{"auto", "", here, "cuda"},
		{"auto", "", broken, "cpu"},
		{"auto", "generic", here, "cpu"},
		{"cpu", "", here, "cpu"},
		{"cuda", "", here, "cuda"},
	} {
		be, err := open(test.name, Options{Threads: 1, Set: test.set}, test.gpu)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if be.Name() != test.want {
			t.Errorf("%s %s: opened %s, want %s", test.name, test.set, be.Name(), test.want)
		}
		_ = be.Close()
	}
	if _, err := open("cuda", Options{}, broken); !errors.Is(err, problem) || err.Error() != "device cuda: it computes nonsense" {
		t.Errorf("got %v", err)
	}
}
