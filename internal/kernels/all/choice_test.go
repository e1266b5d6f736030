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

// small is a GPU with so many bytes free.
type small struct {
	gpu
	free   int
	closed *bool
}

func (s small) Fit(bytes int) error {
	if bytes > s.free {
		return errors.New("cuda: the model does not fit")
	}
	return nil
}

func (s small) Close() error {
	*s.closed = true
	return s.gpu.Close()
}

// TestChoiceByRoom: auto takes the CPU where the model does not fit into the GPU,
// gives the GPU back and says why; who names the GPU gets it.
func TestChoiceByRoom(t *testing.T) {
	for _, test := range []struct {
		name    string
		weights int
		want    string
		passed  string
	}{
		{"auto", 1000, "cuda", ""},
		{"auto", 1001, "cpu", "cuda: the model does not fit"},
		{"cuda", 1001, "cuda", ""},
		{"cpu", 1001, "cpu", ""},
	} {
		closed, passed := false, ""
		here := func() (kernels.Backend, error) { return small{gpu{ref.New()}, 1000, &closed}, nil }
		be, err := open(test.name, Options{Threads: 1, Weights: test.weights, Passed: func(why error) { passed = why.Error() }}, here)
		if err != nil {
			t.Fatal(err)
		}
		if be.Name() != test.want || passed != test.passed || closed != (test.passed != "") {
			t.Errorf("%s with %d bytes: opened %s, passed %q, closed %v", test.name, test.weights, be.Name(), passed, closed)
		}
		_ = be.Close()
	}
}

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
