package params

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ConfigError is a field of a config.json that nothing can be counted with.
type ConfigError struct {
	Field   string // as the file calls it: "text_config.hidden_size"
	Problem string // "is missing"
}

// Error says which field it is and what is wrong with it.
func (e *ConfigError) Error() string { return e.Field + " " + e.Problem }

// The largest sizes that a config may state: far above every real model, and
// small enough that no product of two overflows.
const (
	maxLayers  = 1 << 12
	maxHeads   = 1 << 14
	maxWidth   = 1 << 20
	maxVocab   = 1 << 24
	maxContext = 1 << 28
)

// fields reads a JSON object field by field, strictly typed, and gathers what
// is wrong with it.
type fields struct {
	values map[string]json.RawMessage
	inside string // "text_config." in an object inside the config
	errs   *[]error
}

func parseFields(data []byte) (*fields, error) {
	f := &fields{errs: new([]error)}
	if err := json.Unmarshal(data, &f.values); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("not JSON: %w, at byte %d", err, syntax.Offset)
		}
		return nil, errors.New("not a JSON object")
	}
	if f.values == nil {
		return nil, errors.New("not a JSON object")
	}
	return f, nil
}

// has reports whether a field is there and not null.
func (f *fields) has(name string) bool {
	raw, ok := f.values[name]
	return ok && string(raw) != "null"
}

func (f *fields) fail(name, format string, args ...any) {
	*f.errs = append(*f.errs, &ConfigError{Field: f.inside + name, Problem: fmt.Sprintf(format, args...)})
}

// err returns the first thing wrong, and says how many more there are.
func (f *fields) err() error {
	switch errs := *f.errs; len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	default:
		return fmt.Errorf("%w (and %d more)", errs[0], len(errs)-1)
	}
}

// value decodes a field that is there.
func value[T any](f *fields, name, kind string, otherwise T) T {
	if !f.has(name) {
		return otherwise
	}
	var v T
	if err := json.Unmarshal(f.values[name], &v); err != nil {
		f.fail(name, "is %s, not %s", short(f.values[name]), kind)
		return otherwise
	}
	return v
}

func (f *fields) flag(name string, otherwise bool) bool {
	return value(f, name, "true or false", otherwise)
}

func (f *fields) text(name, otherwise string) string { return value(f, name, "a string", otherwise) }

func (f *fields) texts(name string) []string {
	return value[[]string](f, name, "a list of strings", nil)
}

func (f *fields) numbers(name string) []int {
	return value[[]int](f, name, "a list of whole numbers", nil)
}

// object is the config inside a field; empty where there is none.
func (f *fields) object(name string) *fields {
	values := value[map[string]json.RawMessage](f, name, "an object", nil)
	return &fields{values: values, inside: f.inside + name + ".", errs: f.errs}
}

// size reads a whole number from 1 to limit that must be there.
func (f *fields) size(name string, limit int) int {
	if !f.has(name) {
		f.fail(name, "is missing")
		return 1
	}
	return f.whole(name, 1, limit)
}

// sizeOr is size with a default for a field that is missing or null.
func (f *fields) sizeOr(name string, limit, otherwise int) int {
	if !f.has(name) {
		return otherwise
	}
	return f.whole(name, 1, limit)
}

// countOr is sizeOr for what may be 0.
func (f *fields) countOr(name string, limit, otherwise int) int {
	if !f.has(name) {
		return otherwise
	}
	return f.whole(name, 0, limit)
}

func (f *fields) whole(name string, least, limit int) int {
	var number json.Number
	raw := f.values[name]
	if err := json.Unmarshal(raw, &number); err != nil || raw[0] == '"' {
		f.fail(name, "is %s, not a whole number", short(raw))
		return 1
	}
	n, err := number.Int64()
	switch {
	case err != nil && strings.ContainsAny(number.String(), ".eE"):
		f.fail(name, "is %s, not a whole number", short(raw))
	case err != nil || n > int64(limit):
		f.fail(name, "is %s, the limit is %d", short(raw), limit)
	case n < int64(least):
		f.fail(name, "is %d, it must be %d or more", n, least)
	default:
		return int(n)
	}
	return 1
}

// either is the first of two names that the file has: configs of different
// years spell some fields differently.
func (f *fields) either(name, other string) string {
	if !f.has(name) && f.has(other) {
		return other
	}
	return name
}

// short cuts a value from a file to what fits an error's line.
func short(raw json.RawMessage) string {
	const most = 40
	text := []rune(strings.Join(strings.Fields(string(raw)), " ")) // on one line
	if len(text) > most {
		return string(text[:most]) + "..."
	}
	return string(text)
}
