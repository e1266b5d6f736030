package model

import "attn/internal/model/weights"

// Files returns the tensors of the model's files; nil when it has none, as a
// random one.
func (m *Model) Files() *weights.Set { return m.files }

// Size is how many bytes the weights take, in their files' types.
func (m *Model) Size() int {
	if m.files == nil {
		return 4 * int(m.Parameters)
	}
	return int(m.files.Size())
}
