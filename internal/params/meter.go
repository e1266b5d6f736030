package params

// meter is what a context makes a model do, before bytes and operations.
type meter struct {
	attentions []metered
	perToken   float64 // weights that one token is multiplied with
	perSource  float64 // that one of the encoder's is
}

// metered is the attention of layers that do the same.
type metered struct {
	kind                         Kind
	layers, heads, dHead, dValue float64
	queries                      float64 // of one head
	row                          float64 // the most keys that a query sees
	pairs                        float64 // queries with keys that they see, all of them
	perToken                     float64 // keys that the last token sees
	cached                       float64 // tokens whose keys and values are kept
	kept                         float64 // numbers kept of each
}

func (s Shape) meter(u Use) meter {
	var m meter
	var n checked
	for _, p := range s.weights() {
		work := float64(p.running().count(&n)) * float64(p.uses)
		if p.source {
			m.perSource += work
		} else {
			m.perToken += work
		}
	}
	target, source := float64(u.Context), float64(s.sourceTokens(u.Context))
	for _, stack := range s.Stacks {
		tokens := target
		if s.Stacked() && !stack.Causal {
			tokens = source
		}
		for _, b := range stack.Blocks {
			m.add(b.Self, b.Windowed, self(tokens, float64(b.Self.Window), stack.Causal))
			whole := b.Self
			whole.Window = 0
			m.add(whole, b.Layers-b.Windowed, self(tokens, 0, stack.Causal))
			m.add(b.Cross, b.Layers, cross(target, source))
		}
	}
	if s.Stacked() { // the encoder runs once, before the first token
		for i := range m.attentions {
			if a := &m.attentions[i]; a.cached == 0 {
				a.perToken = 0
			}
		}
	}
	return m
}

// add puts in the sizes of the heads.
func (m *meter) add(a Attention, layers int, x metered) {
	if layers == 0 || a.Heads == 0 {
		return
	}
	x.layers, x.heads = float64(layers), float64(a.Heads)
	x.dHead, x.dValue = float64(a.DHead), float64(a.DValue)
	x.kept = float64(a.KVHeads * (a.DHead + a.DValue))
	if a.Latent.KeyValue > 0 { // the latent is kept, and the keys' part with the position
		x.kept = float64(a.Latent.KeyValue + a.Latent.Rope)
	}
	m.attentions = append(m.attentions, x)
}

// self is attention of n tokens to each other. A causal one sees what came
// before it and itself: n (n+1) / 2 pairs, less what lies before the window.
func self(n, window float64, causal bool) metered {
	row, kind := n, Whole
	if window > 0 {
		row, kind = min(n, window), Window
	}
	if !causal { // nothing is kept: all tokens are there at once
		return metered{kind: kind, queries: n, row: row, pairs: n * row, perToken: row}
	}
	return metered{kind: kind, queries: n, row: row, pairs: row*(row+1)/2 + (n-row)*row, perToken: row, cached: row}
}

// cross is attention of each of the decoder's n tokens to all of the encoder's.
func cross(n, source float64) metered {
	return metered{kind: Cross, queries: n, row: source, pairs: n * source, perToken: source, cached: source}
}

// AllWindows reports whether every layer that sees its own sequence does so
// through a window.
func (s Shape) AllWindows() bool {
	for _, stack := range s.Stacks {
		for _, b := range stack.Blocks {
			if b.Windowed < b.Layers {
				return false
			}
		}
	}
	return true
}
