package safetensors

import (
	"errors"
	"fmt"
)

// IndexName is the file that says where a sharded model's tensors lie.
const IndexName = "model.safetensors.index.json"

// MaxIndex is how many bytes an index may have. The largest models', of some
// hundred thousand tensors, have about ten million.
const MaxIndex = 64 << 20

// weightMap is the field of an index that says which file has which tensor.
const weightMap = "weight_map"

// ParseIndex reads the index of a sharded model: from each tensor's name to
// the name of the file that has it. Other fields, such as the total size, are
// passed over. What the files' names are is for the caller to judge.
func ParseIndex(text []byte) (map[string]string, error) {
	if len(text) > MaxIndex {
		return nil, fmt.Errorf("the index has more than %d bytes", MaxIndex)
	}
	var files map[string]string
	err := parseDocument(theIndex(), 0, text, func(p *parser, key string) error {
		if key != weightMap {
			return p.skip(what{kind: "the index's " + quote(key)}, 0)
		}
		files = make(map[string]string)
		return p.strings(what{kind: weightMap}, files)
	})
	switch {
	case err != nil:
		return nil, err
	case files == nil:
		return nil, errors.New("the index has no " + weightMap)
	case len(files) > maxTensors:
		return nil, fmt.Errorf("the index has %d tensors, the limit is %d", len(files), maxTensors)
	}
	return files, nil
}

func theIndex() what { return what{kind: "the index"} }
