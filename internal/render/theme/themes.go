package theme

// All returns the themes, the default one first.
func All() []Theme {
	return []Theme{chapter(), light(), viridis(), cividis(), contrast(), mono()}
}

// chapter has the colours of 3Blue1Brown's chapter: yellow queries, teal keys,
// red values, pink Δe. The chapter's own are drawn on black; these are as
// near to them as can be read on white too, because a terminal does not say
// which it is.
func chapter() Theme {
	return Theme{
		Name:      "3b1b",
		Doc:       "the chapter's colours: yellow queries, teal keys, red values, pink Δe",
		Query:     Ink{RGB: 0xc08f00, Basic: Yellow},
		Key:       Ink{RGB: 0x1fa38a, Basic: Cyan},
		Value:     Ink{RGB: 0xf0483e, Basic: Red},
		Delta:     Ink{RGB: 0xe0559f, Basic: Magenta},
		Embedding: Ink{RGB: 0x3a96d0, Basic: Blue},
		Muted:     Ink{RGB: 0x7f8790, Faint: true},
		Title:     Ink{Bold: true},
		Masked:    Ink{RGB: 0xc44a42, Basic: Red},
		Positive:  Ink{RGB: 0x3a96d0, Basic: Blue},
		Negative:  Ink{RGB: 0xf0483e, Basic: Red},
		Weight: Heat{
			Stops: []RGB{0x16465c, 0x1b5f7d, 0x1f7da6, 0x2ba0c8, 0x58c4dd, 0x9cdceb},
			Basic: []Ink{{Faint: true}, {Basic: Blue}, {Basic: Cyan}, {Basic: Cyan, Bold: true}},
			Fill:  true,
			From:  0.12,
		},
		Signed: Heat{
			Stops: []RGB{0xf0483e, 0xc0655f, 0x868b90, 0x6290ad, 0x2a97e0},
			Basic: []Ink{{Basic: Red}, {Basic: Red}, {Faint: true}, {Basic: Blue}, {Basic: Blue, Bold: true}},
		},
	}
}

// light is the chapter on white paper.
func light() Theme {
	t := chapter()
	t.Name = "light"
	t.Doc = "the chapter's colours for a light background"
	t.Query = Ink{RGB: 0x8f6a00, Basic: Yellow}
	t.Key = Ink{RGB: 0x00796b, Basic: Cyan}
	t.Value = Ink{RGB: 0xc62828, Basic: Red}
	t.Delta = Ink{RGB: 0xb8307a, Basic: Magenta}
	t.Embedding = Ink{RGB: 0x1565a8, Basic: Blue}
	t.Muted = Ink{RGB: 0x6b7280, Faint: true}
	t.Masked = Ink{RGB: 0xc62828, Basic: Red}
	t.Positive = Ink{RGB: 0x1565a8, Basic: Blue}
	t.Negative = Ink{RGB: 0xc62828, Basic: Red}
	t.Weight.Stops = []RGB{0xeaf4f9, 0xc4e1ef, 0x8ac4de, 0x4a9fc6, 0x1c758a, 0x0b4a63}
	t.Weight.From = 0.02
	t.Signed.Stops = []RGB{0xc62828, 0xa3514f, 0x6b7280, 0x4a7396, 0x0f5fa8}
	return t
}

// okabeIto holds the colours that Okabe and Ito chose to be told apart with
// any kind of colour blindness, a little darker where white paper needs it.
func okabeIto() Theme {
	return Theme{
		Query:     Ink{RGB: 0xc78500, Basic: Yellow},
		Key:       Ink{RGB: 0x009e73, Basic: Green},
		Value:     Ink{RGB: 0xd55e00, Basic: Red},
		Delta:     Ink{RGB: 0xc06a98, Basic: Magenta},
		Embedding: Ink{RGB: 0x2a8fcf, Basic: Blue},
		Muted:     Ink{RGB: 0x7f8790, Faint: true},
		Title:     Ink{Bold: true},
		Masked:    Ink{RGB: 0xd55e00, Basic: Red},
		Positive:  Ink{RGB: 0x2a8fcf, Basic: Blue},
		Negative:  Ink{RGB: 0xd55e00, Basic: Red},
		Signed: Heat{
			Stops: []RGB{0xe06a00, 0xb47a4a, 0x868b90, 0x5f8fb4, 0x2a8fcf},
			Basic: []Ink{{Basic: Yellow, Bold: true}, {Basic: Yellow}, {Faint: true}, {Basic: Blue}, {Basic: Blue, Bold: true}},
		},
	}
}

// viridis and cividis are matplotlib's scales: even in lightness, so that they
// survive colour blindness and grey paper.
func viridis() Theme {
	t := okabeIto()
	t.Name = "viridis"
	t.Doc = "weights from purple to yellow, even in lightness"
	t.Weight = Heat{
		Stops: []RGB{0x440154, 0x482878, 0x3e4989, 0x31688e, 0x26828e, 0x1f9e89, 0x35b779, 0x6ece58, 0xb5de2b, 0xfde725},
		Basic: []Ink{{Faint: true}, {Basic: Blue}, {Basic: Green}, {Basic: Yellow, Bold: true}},
		Fill:  true,
	}
	return t
}

func cividis() Theme {
	t := okabeIto()
	t.Name = "cividis"
	t.Doc = "weights from blue to yellow, safe for colour-blind readers"
	t.Weight = Heat{
		Stops: []RGB{0x00224e, 0x123570, 0x3b496c, 0x575d6d, 0x707173, 0x8a8678, 0xa59c74, 0xc3b369, 0xe1cc55, 0xfee838},
		Basic: []Ink{{Faint: true}, {Basic: Blue}, {Basic: White}, {Basic: Yellow, Bold: true}},
		Fill:  true,
	}
	return t
}

// contrast writes everything in the terminal's own colour and marks only what
// is strong.
func contrast() Theme {
	t := okabeIto()
	t.Name = "contrast"
	t.Doc = "high contrast, safe for colour-blind readers"
	t.Muted = Ink{}
	t.Weight = Heat{
		Stops: []RGB{0x003f73, 0x0069b4, 0x4fa3e0, 0x98c4f0, 0xffe14d},
		Basic: []Ink{{}, {Bold: true}, {Basic: Yellow, Bold: true}},
		Fill:  true,
		From:  0.2,
	}
	t.Signed.Stops = []RGB{0xe06a00, 0xe06a00, 0x868b90, 0x2a8fcf, 0x2a8fcf}
	t.Signed.From = 0.25
	for _, ink := range []*Ink{&t.Query, &t.Key, &t.Value, &t.Delta, &t.Embedding, &t.Masked} {
		ink.Bold = true
	}
	return t
}

// mono has no hue at all: bold, plain and grey.
func mono() Theme {
	grey := Ink{RGB: 0x7f8790, Faint: true}
	return Theme{
		Name:     "mono",
		Doc:      "no hues: bold, plain and grey",
		Query:    Ink{Bold: true},
		Key:      Ink{Bold: true},
		Muted:    grey,
		Title:    Ink{Bold: true},
		Masked:   grey,
		Negative: grey,
		Weight: Heat{
			Stops: []RGB{0x3c3c3c, 0x5a5a5a, 0x808080, 0xb0b0b0, 0xe8e8e8},
			Basic: []Ink{{Faint: true}, {}, {Bold: true}},
			Fill:  true,
			From:  0.05,
		},
	}
}
