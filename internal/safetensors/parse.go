package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// metadataKey is the one name in a header that is not a tensor's.
const metadataKey = "__metadata__"

// maxDepth bounds how deep a value that nobody reads may nest.
const maxDepth = 64

// parser walks a document token by token: unlike decoding into a map, it sees
// every key, also one that occurs twice.
type parser struct {
	dec   *json.Decoder
	doc   what  // the whole, for errors
	start int64 // where in the file it begins
}

// parseDocument checks that text is one JSON object and nothing else, calling
// value for each key with a parser that stands before that key's value.
func parseDocument(doc what, start int64, text []byte, value func(p *parser, key string) error) error {
	if err := checkText(doc, start, text); err != nil {
		return err
	}
	p := &parser{json.NewDecoder(bytes.NewReader(text)), doc, start}
	p.dec.UseNumber()
	if err := p.object(doc, func(key string) error { return value(p, key) }); err != nil {
		return err
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%v goes on after its closing brace, at offset %d", doc, p.offset())
	}
	return nil
}

// parseHeader turns the header's JSON into tensors and metadata; where they
// lie is checked later.
func parseHeader(text []byte) (*Header, error) {
	h := &Header{}
	err := parseDocument(theHeader(), prefixSize, text, func(p *parser, key string) error {
		if key == metadataKey {
			return p.metadata(h)
		}
		return p.tensor(h, key)
	})
	if err != nil {
		return nil, err
	}
	return h, nil
}

// offset is where in the file the parser stands.
func (p *parser) offset() int64 { return p.start + p.dec.InputOffset() }

// token reads one token; the end of the document is an error.
func (p *parser) token() (json.Token, error) {
	t, err := p.dec.Token()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("%v's JSON stops short at offset %d", p.doc, p.offset())
	}
	if err != nil {
		return nil, fmt.Errorf("%v is not JSON at offset %d: %w", p.doc, p.offset(), err)
	}
	return t, nil
}

// object reads an object, calling value for each key with the parser standing
// before that key's value.
func (p *parser) object(what what, value func(key string) error) error {
	if err := p.open('{', what, "is not a JSON object"); err != nil {
		return err
	}
	return p.members(what, value)
}

// members is object after the opening brace.
func (p *parser) members(what what, value func(key string) error) error {
	seen := make(map[string]struct{})
	for p.dec.More() {
		t, err := p.token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return fmt.Errorf("%v has a key that is not a string at offset %d", what, p.offset())
		}
		if _, twice := seen[key]; twice {
			return fmt.Errorf("%v has the key %s twice, again at offset %d", what, quote(key), p.offset())
		}
		seen[key] = struct{}{}
		if err := value(key); err != nil {
			return err
		}
	}
	_, err := p.token() // the closing brace
	return err
}

// open reads one opening bracket.
func (p *parser) open(bracket json.Delim, what what, otherwise string) error {
	t, err := p.token()
	if err != nil {
		return err
	}
	if t != bracket {
		return fmt.Errorf("%v %s, at offset %d", what, otherwise, p.offset())
	}
	return nil
}

// metadata reads the string-to-string map.
func (p *parser) metadata(h *Header) error {
	h.Metadata = make(map[string]string)
	return p.strings(theMetadata(), h.Metadata)
}

// strings reads an object whose values are strings into a map.
func (p *parser) strings(what what, into map[string]string) error {
	return p.object(what, func(key string) error {
		t, err := p.token()
		if err != nil {
			return err
		}
		s, ok := t.(string)
		if !ok {
			return fmt.Errorf("%v: the value of %s is not a string, at offset %d", what, quote(key), p.offset())
		}
		into[key] = s
		return nil
	})
}

// tensor reads one tensor's entry. Fields that the format does not know are
// passed over, as the reference reader does, so that files with later
// additions open.
func (p *parser) tensor(h *Header, key string) error {
	if len(h.Tensors) == maxTensors {
		return fmt.Errorf("the header has more than %d tensors, at offset %d", maxTensors, p.offset())
	}
	if len(key) > maxName {
		return fmt.Errorf("a tensor's name has %d bytes, the limit is %d, at offset %d", len(key), maxName, p.offset())
	}
	name, t := tensorNamed(key), Info{Name: key}
	var dtype, shape, place bool
	err := p.object(name, func(field string) (err error) {
		switch field {
		case "dtype":
			dtype = true
			t.DType, err = p.dtype(name)
		case "shape":
			shape = true
			t.Shape, err = p.sizes(name, field, maxDims)
		case "data_offsets":
			place = true
			t.Begin, t.End, err = p.place(name)
		default:
			err = p.skip(name, 0)
		}
		return err
	})
	if err != nil {
		return err
	}
	if !dtype || !shape || !place {
		return fmt.Errorf("%v lacks dtype, shape or data_offsets, at offset %d", name, p.offset())
	}
	h.Tensors = append(h.Tensors, t)
	return nil
}

// dtype reads a dtype's name.
func (p *parser) dtype(name what) (string, error) {
	t, err := p.token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("%v: dtype is not a string, at offset %d", name, p.offset())
	}
	if _, known := bitsOf(s); !known {
		return "", fmt.Errorf("%v: unknown dtype %s, at offset %d", name, quote(s), p.offset())
	}
	return s, nil
}

// place reads a pair of offsets.
func (p *parser) place(name what) (begin, end int64, err error) {
	pair, err := p.sizes(name, "data_offsets", 2)
	if err != nil {
		return 0, 0, err
	}
	if len(pair) != 2 {
		return 0, 0, fmt.Errorf("%v: data_offsets has %d numbers instead of 2, at offset %d", name, len(pair), p.offset())
	}
	return int64(pair[0]), int64(pair[1]), nil
}

// sizes reads an array of at most limit whole numbers from 0 up.
func (p *parser) sizes(name what, field string, limit int) ([]int, error) {
	if err := p.open('[', name, "has a field "+field+" that is not an array"); err != nil {
		return nil, err
	}
	sizes := []int{}
	for p.dec.More() {
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		number, _ := t.(json.Number)
		n, err := strconv.ParseUint(number.String(), 10, 64)
		if err != nil || n > math.MaxInt {
			return nil, fmt.Errorf("%v: %s holds something that is not a size, at offset %d", name, field, p.offset())
		}
		if len(sizes) == limit {
			return nil, fmt.Errorf("%v: %s has more than %d numbers, at offset %d", name, field, limit, p.offset())
		}
		sizes = append(sizes, int(n))
	}
	_, err := p.token() // the closing bracket
	return sizes, err
}

// skip reads one value of any kind, and still sees every key in it.
func (p *parser) skip(name what, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%v nests deeper than %d, at offset %d", name, maxDepth, p.offset())
	}
	t, err := p.token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('{'):
		return p.members(name, func(string) error { return p.skip(name, depth+1) })
	case json.Delim('['):
		for p.dec.More() {
			if err := p.skip(name, depth+1); err != nil {
				return err
			}
		}
		_, err = p.token() // the closing bracket
	}
	return err
}

// what names the part of a file that an error is about; it becomes text only
// when there is an error.
type what struct {
	kind string
	name string // as the file has it; shown quoted
}

func theHeader() what { return what{kind: "the header"} }

func theMetadata() what { return what{kind: metadataKey} }

func tensorNamed(name string) what { return what{"tensor", name} }

func (w what) String() string {
	if w.kind == "tensor" {
		return w.kind + " " + quote(w.name)
	}
	return w.kind
}

// quote shows a string that the file chose, cut so that it fits a line.
func quote(s string) string {
	const most = 100
	if len(s) > most {
		return strconv.Quote(s[:most]) + "..."
	}
	return strconv.Quote(s)
}
