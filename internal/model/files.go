package model

import "attn/internal/model/weights"

// Files returns the tensors of the model's files; nil when it has none, as a
// random one.
func (m *Model) Files() *weights.Set { return m.files }
