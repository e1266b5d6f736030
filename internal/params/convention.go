package params

import (
	"fmt"
	"strings"
)

// Convention says what is counted.
type Convention string

// The conventions.
const (
	// Chapter is how 3Blue1Brown counts: matrices only, with no biases, norms
	// or positions, and the unembedding as a matrix of its own.
	Chapter Convention = "chapter"
	// Parameters is every number that Hugging Face's model holds as a
	// parameter, a tied matrix once.
	Parameters Convention = "parameters"
	// File is every number in the published weight file: parameters, and what
	// else lies there, such as masks, tables of angles and second copies.
	File Convention = "file"
	// TransformerLens is the n_params of TransformerLens's configurations:
	// attention and MLP without biases, as if every query head had keys and
	// values of its own.
	TransformerLens Convention = "transformerlens"
)

// Conventions lists them all.
func Conventions() []Convention { return []Convention{Chapter, Parameters, File, TransformerLens} }

// About says in a few words what a convention counts.
func (c Convention) About() string {
	switch c {
	case Chapter:
		return "matrices only, the unembedding apart"
	case Parameters:
		return "every trained number, a tied matrix once"
	case File:
		return "every number in the weight file"
	case TransformerLens:
		return "n_params: attention and MLP matrices"
	}
	return ""
}

// ParseConvention finds a convention by its name.
func ParseConvention(name string) (Convention, error) {
	var names []string
	for _, c := range Conventions() {
		if string(c) == name {
			return c, nil
		}
		names = append(names, string(c))
	}
	return "", fmt.Errorf("convention %q is not one of %s", name, strings.Join(names, ", "))
}

// counted lists what counts under a convention.
func (s Shape) counted(c Convention) ([]piece, error) {
	switch c {
	case Chapter:
		return s.weights(), nil
	case Parameters:
		return s.trained(), nil
	case File:
		if !s.StoredKnown {
			return nil, fmt.Errorf("%w: what the file of %s holds besides its parameters is not known without the file", ErrUncounted, s.Name)
		}
		return s.inFile()
	case TransformerLens:
		return s.transformerLens()
	}
	return nil, fmt.Errorf("convention %q is none", c)
}

// weights are the matrices that are multiplied with or looked up, the
// unembedding one of its own.
func (s Shape) weights() []piece {
	var list []piece
	for _, p := range s.pieces() {
		if p.weight {
			list = append(list, p)
		}
	}
	return list
}

// trained are all parameters, each once.
func (s Shape) trained() []piece {
	var list []piece
	for _, p := range s.pieces() {
		if p.group != Unembedding || s.Unembedding == Own {
			list = append(list, p)
		}
	}
	return list
}

// transformerLens is layers × (4 d_model d_head n_heads + d_model d_mlp (2 +
// gated)), and for experts the second term and the router's d_model times
// their number (transformer_lens/config/hooked_transformer_config.py).
func (s Shape) transformerLens() ([]piece, error) {
	if len(s.Stacks) != 1 || len(s.Stacks[0].Blocks) != 1 || s.Latent() {
		return nil, fmt.Errorf("%w: TransformerLens's n_params knows one stack of equal layers without latents, %s has others", ErrUncounted, s.Name)
	}
	b := s.main()
	b.Self.KVHeads, b.Self.DValue, b.MLP.Experts.Shared = b.Self.Heads, b.Self.DHead, 0
	var list []piece
	for _, p := range s.block("", b) {
		if p.weight {
			list = append(list, p)
		}
	}
	return list, nil
}
