package model

import (
	"math"
	"strings"

	"attn/internal/kernels"
)

// Rope is how a family turns queries and keys by their positions (Su et al.
// 2021), with the scalings that stretch it over longer texts.
// Source: transformers modeling_rope_utils.py, whose names it keeps.
type Rope struct {
	Dim         int // components of a head that turn; the rest stay
	First       int // the one that they begin at
	Base        float64
	Interleaved bool // pairs 2i, 2i+1 instead of i, i + Dim/2
	Apart       bool // which Interleaved writes to i, i + Dim/2 all the same
	Scaling     RopeScaling
}

// RopeScaling changes a Rope's angles. Its zero value changes nothing.
type RopeScaling struct {
	Kind     string // linear, dynamic, llama3, yarn, longrope; "" or default for none
	Factor   float64
	Original float64 // the context that the model was first trained for

	LowFactor, HighFactor float64 // llama3

	BetaFast, BetaSlow float64 // yarn
	Truncate           bool    // yarn: whole dimensions only

	Short, Long []float64 // longrope: a divisor per pair, up to Original and beyond

	Attention float64 // multiplies every cosine and sine
}

// Tables returns the cosines and sines of positions 0 to n-1, for Rotate.
func (r *Rope) Tables(n int) kernels.RotaryOpts {
	frequencies := r.frequencies(n)
	o := kernels.RotaryOpts{First: r.First, Pairs: r.Dim / 2, Interleaved: r.Interleaved, Apart: r.Apart}
	o.Cos, o.Sin = make([]float32, 0, n*o.Pairs), make([]float32, 0, n*o.Pairs)
	factor := r.Scaling.Attention
	if factor == 0 {
		factor = 1
	}
	for pos := range n {
		for _, f := range frequencies {
			angle := float64(float32(pos) * float32(f)) // the product is float32's, as in transformers
			o.Cos = append(o.Cos, float32(math.Cos(angle)*factor))
			o.Sin = append(o.Sin, float32(math.Sin(angle)*factor))
		}
	}
	return o
}

// frequencies gives each pair's angle per position, for a text of n tokens.
func (r *Rope) frequencies(n int) []float64 {
	s := r.Scaling
	switch s.Kind {
	case "linear":
		return r.plain(r.Base, func(int) float64 { return s.Factor })
	case "dynamic":
		return r.plain(r.dynamicBase(n), nil)
	case "llama3":
		return r.llama3()
	case "yarn":
		return r.yarn()
	case "longrope":
		divisors := s.Short
		if float64(n) > s.Original {
			divisors = s.Long
		}
		return r.plain(r.Base, func(i int) float64 { return divisors[i] })
	}
	return r.plain(r.Base, nil)
}

// plain is 1 / base^(2i/dim), divided by what divisor says.
func (r *Rope) plain(base float64, divisor func(i int) float64) []float64 {
	f := make([]float64, r.Dim/2)
	for i := range f {
		f[i] = 1 / math.Pow(base, float64(2*i)/float64(r.Dim))
		if divisor != nil {
			f[i] /= divisor(i)
		}
	}
	return f
}

// dynamicBase grows the base once a text is longer than the model was trained
// for ("NTK-aware" scaling).
func (r *Rope) dynamicBase(n int) float64 {
	s, dim := r.Scaling, float64(r.Dim)
	length := math.Max(float64(n), s.Original)
	return r.Base * math.Pow(s.Factor*length/s.Original-(s.Factor-1), dim/(dim-2))
}

// llama3 keeps fast pairs, slows slow ones by the factor, and blends between.
func (r *Rope) llama3() []float64 {
	s := r.Scaling
	f := r.plain(r.Base, nil)
	for i, v := range f {
		wavelength := 2 * math.Pi / v
		switch {
		case wavelength < s.Original/s.HighFactor:
		case wavelength > s.Original/s.LowFactor:
			f[i] = v / s.Factor
		default:
			smooth := (s.Original/wavelength - s.LowFactor) / (s.HighFactor - s.LowFactor)
			f[i] = (1-smooth)*v/s.Factor + smooth*v
		}
	}
	return f
}

// yarn (Peng et al. 2023) blends by how often a pair turns within the original
// context: beta_fast turns and more keep their frequency, beta_slow and fewer
// are slowed by the factor.
func (r *Rope) yarn() []float64 {
	s, dim := r.Scaling, float64(r.Dim)
	at := func(turns float64) float64 {
		return dim * math.Log(s.Original/(turns*2*math.Pi)) / (2 * math.Log(r.Base))
	}
	low, high := at(s.BetaFast), at(s.BetaSlow)
	if s.Truncate {
		low, high = math.Floor(low), math.Ceil(high)
	}
	low, high = math.Max(low, 0), math.Min(high, dim-1)
	if low == high {
		high += 0.001
	}
	f := r.plain(r.Base, nil)
	for i, v := range f {
		slowed := min(1, max(0, (float64(i)-low)/(high-low)))
		f[i] = v/s.Factor*slowed + v*(1-slowed)
	}
	return f
}

// mscale is yarn's growth of the attention's temperature.
func mscale(factor, weight float64) float64 {
	if factor <= 1 {
		return 1
	}
	return 0.1*weight*math.Log(factor) + 1
}

// ropeOf reads a family's rotary settings from either spelling: rope_theta and
// rope_scaling, or transformers 5's rope_parameters. dim is how many components
// turn, context the longest text.
func ropeOf(f *fields, p *fields, dim, context int, base float32) *Rope {
	r := &Rope{Dim: dim, Base: float64(f.positiveOr("rope_theta", base))}
	if p == nil {
		return r
	}
	r.Base = float64(p.positiveOr("rope_theta", float32(r.Base)))
	s := &r.Scaling
	s.Kind = p.stringOr("rope_type", p.stringOr("type", "default"))
	s.Factor = float64(p.positiveOr("factor", 1))
	s.Original = float64(p.sizeOr("original_max_position_embeddings", maxContext, f.sizeOr("original_max_position_embeddings", maxContext, context)))
	switch s.Kind {
	case "default":
		*s = RopeScaling{}
	case "linear":
	case "dynamic":
		s.Original = float64(context)
	case "llama3":
		s.LowFactor, s.HighFactor = float64(p.positiveOr("low_freq_factor", 1)), float64(p.positiveOr("high_freq_factor", 4))
	case "yarn":
		readYarn(p, s)
	case "longrope", "su":
		readLongrope(p, s, dim, context)
	default:
		p.fail("rope type %q is not one that attn computes", s.Kind)
	}
	f.errs = append(f.errs, p.errs...)
	p.errs = nil
	return r
}

func readYarn(p *fields, s *RopeScaling) {
	s.BetaFast, s.BetaSlow = float64(p.positiveOr("beta_fast", 32)), float64(p.positiveOr("beta_slow", 1))
	s.Truncate = p.boolOr("truncate", true)
	s.Attention = mscale(s.Factor, 1)
	if all := p.positiveOr("mscale_all_dim", 0); all != 0 && p.has("mscale") {
		s.Attention = mscale(s.Factor, float64(p.positiveOr("mscale", 1))) / mscale(s.Factor, float64(all))
	}
	if p.has("attention_factor") {
		s.Attention = float64(p.positiveOr("attention_factor", 1))
	}
}

func readLongrope(p *fields, s *RopeScaling, dim, context int) {
	s.Kind = "longrope"
	s.Short, s.Long = p.numbers("short_factor", dim/2), p.numbers("long_factor", dim/2)
	factor := s.Factor
	if !p.has("factor") {
		factor = float64(context) / s.Original
	}
	s.Attention = 1
	if factor > 1 {
		s.Attention = math.Sqrt(1 + math.Log(factor)/math.Log(s.Original))
	}
	if p.has("attention_factor") {
		s.Attention = float64(p.positiveOr("attention_factor", 1))
	}
}

// ropeParameters finds the object that holds the rotary settings: rope_parameters,
// or the part of it for one kind of layer, or rope_scaling.
func ropeParameters(f *fields, layerKind string) *fields {
	for _, name := range []string{"rope_parameters", "rope_scaling"} {
		p := f.object(name)
		if p == nil {
			continue
		}
		if part := p.object(layerKind); layerKind != "" && part != nil {
			return part
		}
		if layerKind == "" || !strings.Contains(string(f.values[name]), "_attention\"") {
			return p
		}
	}
	return nil
}
