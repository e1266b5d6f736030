package hub

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// What a manifest of Ollama's may hold. Most have half a kilobyte; those with a
// layer for each tensor, which attn does not read, a few hundred.
const (
	MaxManifest = 1 << 20
	maxLayers   = 10_000
)

// The kind of the layer that is a GGUF file, and the version of the format
// (ollama, manifest/manifest.go; the format is the OCI's, as Docker has it).
const (
	ollamaModelLayer = "application/vnd.ollama.image.model"
	manifestVersion  = 2
)

// Layer is the part of a manifest that is the model.
type Layer struct {
	SHA256 string // the blob's name, in hexadecimal digits
	Bytes  int64
}

// ParseManifest reads a manifest of Ollama's: JSON, and in it exactly one layer
// that is a model. Ollama reads it with the same decoder, so keys that occur
// twice mean the same to both.
func ParseManifest(text []byte) (Layer, error) {
	var m struct {
		SchemaVersion int `json:"schemaVersion"`
		Layers        []struct {
			MediaType string `json:"mediaType"`
			Digest    string `json:"digest"`
			Size      int64  `json:"size"`
		} `json:"layers"`
	}
	switch {
	case len(text) > MaxManifest:
		return Layer{}, fmt.Errorf("the manifest has more than %d bytes", MaxManifest)
	case !utf8.Valid(text):
		return Layer{}, errors.New("the manifest is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&m); err != nil {
		return Layer{}, fmt.Errorf("the manifest is not as Ollama writes it, at offset %d: %w", d.InputOffset(), err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Layer{}, fmt.Errorf("the manifest goes on after its end, at offset %d", d.InputOffset())
	}
	switch {
	case m.SchemaVersion != manifestVersion:
		return Layer{}, fmt.Errorf("the manifest's schemaVersion is %d, attn reads %d", m.SchemaVersion, manifestVersion)
	case len(m.Layers) > maxLayers:
		return Layer{}, fmt.Errorf("the manifest has %d layers, the limit is %d", len(m.Layers), maxLayers)
	}
	var found []Layer
	for _, layer := range m.Layers {
		if layer.MediaType != ollamaModelLayer {
			continue
		}
		hash, ok := strings.CutPrefix(layer.Digest, "sha256:")
		if !ok || !isHex(hash, 64) {
			return Layer{}, fmt.Errorf("the model's digest is no SHA-256: %q", layer.Digest)
		}
		if layer.Size <= 0 {
			return Layer{}, fmt.Errorf("the model has %d bytes", layer.Size)
		}
		found = append(found, Layer{SHA256: hash, Bytes: layer.Size})
	}
	if len(found) != 1 {
		return Layer{}, fmt.Errorf("the manifest has %d layers of type %s, attn reads models of one", len(found), ollamaModelLayer)
	}
	return found[0], nil
}
