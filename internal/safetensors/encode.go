package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// entry is a tensor's value in the header.
type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// encodeHeader writes the header's JSON: metadata first, then the tensors as
// they lie in the buffer, and spaces up to a multiple of 8, so that the buffer
// is aligned.
func encodeHeader(metadata map[string]string, infos []Info) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	if len(metadata) > 0 {
		if err := checkMetadata(metadata); err != nil {
			return nil, err
		}
		if err := member(&b, metadataKey, metadata); err != nil { // a map's keys come out sorted
			return nil, err
		}
	}
	for _, t := range infos {
		shape := append([]int{}, t.Shape...) // [] for a scalar, never null
		if err := member(&b, t.Name, entry{t.DType, shape, [2]int64{t.Begin, t.End}}); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len() > maxHeader {
		return nil, fmt.Errorf("the header would take %d bytes, the limit is %d", b.Len(), maxHeader)
	}
	return b.Bytes(), nil
}

// checkMetadata refuses text that JSON would silently change.
func checkMetadata(metadata map[string]string) error {
	for key, value := range metadata {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return errors.New("the metadata " + quote(key) + " is not UTF-8")
		}
	}
	return nil
}

// member writes one key and its value into an object that is being written.
func member(b *bytes.Buffer, key string, value any) error {
	if b.Len() > 1 {
		b.WriteByte(',')
	}
	if err := encode(b, key); err != nil {
		return err
	}
	b.WriteByte(':')
	return encode(b, value)
}

// encode writes one JSON value, without HTML's escapes and the encoder's newline.
func encode(b *bytes.Buffer, value any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1)
	return nil
}
