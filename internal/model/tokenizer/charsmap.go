package tokenizer

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf8"
)

// charsmap replaces characters by a table that SentencePiece compiled: a double array, which is a tree of
// bytes packed into 32-bit units, and the replacements one after the other, each with a zero at its end.
type charsmap struct {
	units        []uint32
	replacements string
}

// errCharsmap says what is wrong with a table, for a file's error line to name the place.
var errCharsmap = errors.New("the compiled table of characters is broken")

// readPrecompiled reads a Precompiled.
func readPrecompiled(r *reader) (normalizer, error) {
	var encoded string
	err := r.fields(map[string]func() error{"type": r.skip, "precompiled_charsmap": r.string(&encoded)})
	if err != nil {
		return nil, err
	}
	table, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, r.fail("precompiled_charsmap is not base64")
	}
	c, err := newCharsmap(table)
	if err != nil {
		return nil, r.fail("%v", err)
	}
	return c, nil
}

// newCharsmap unpacks a table.
func newCharsmap(table []byte) (*charsmap, error) {
	const header = 4
	if len(table) < header {
		return nil, errCharsmap
	}
	size := uint64(binary.LittleEndian.Uint32(table))
	if size%4 != 0 || size == 0 || size > uint64(len(table)-header) {
		return nil, errCharsmap
	}
	c := &charsmap{units: make([]uint32, size/4), replacements: string(table[header+size:])}
	for i := range c.units {
		c.units[i] = binary.LittleEndian.Uint32(table[header+4*i:])
	}
	if !utf8.ValidString(c.replacements) {
		return nil, errCharsmap
	}
	return c, nil
}

// replacement returns what the shortest beginning of s that the table knows is replaced by. That it is the
// shortest, and stands for all of s, is what the reference implementation does.
func (c *charsmap) replacement(s string) (string, bool) {
	at := unitOffset(c.units[0])
	for i := range len(s) {
		if s[i] == 0 {
			break
		}
		at ^= uint32(s[i])
		if int(at) >= len(c.units) || c.units[at]&(1<<31|0xFF) != uint32(s[i]) {
			break
		}
		unit := c.units[at]
		at ^= unitOffset(unit)
		if unit>>8&1 == 1 && int(at) < len(c.units) {
			return c.text(c.units[at] &^ (1 << 31))
		}
	}
	return "", false
}

// unitOffset returns where the children of a unit are, relative to it.
func unitOffset(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }

// text returns the replacement that begins at a place.
func (c *charsmap) text(at uint32) (string, bool) {
	if uint64(at) > uint64(len(c.replacements)) {
		return "", false
	}
	text, _, _ := strings.Cut(c.replacements[at:], "\x00")
	return text, utf8.ValidString(text)
}

// normalize implements normalizer. A character with its marks is looked up as a whole first, if it is short.
func (c *charsmap) normalize(p piece) (piece, error) {
	const short = 6 // in bytes
	var changes []change
	modified := false
	replace := func(part string) bool {
		text, ok := c.replacement(part)
		if ok {
			changes, modified = appendReplacement(changes, part, text), true
		}
		return ok
	}
	for at := 0; at < len(p.text); {
		end := clusterEnd(p.text, at)
		if end-at < short && replace(p.text[at:end]) {
			at = end
			continue
		}
		for at < end {
			r, size := character(p.text, at)
			if !replace(p.text[at : at+size]) {
				changes = append(changes, change{char: r})
			}
			at += size
		}
	}
	if !modified {
		return p, nil
	}
	return p.transform(changes, 0), nil
}

// appendReplacement appends the changes that make one text another. Of a longer text the last characters
// count as new, and of a shorter one the last as standing for those that are gone; when nothing is left, that
// is the character before. At the front of a text there is none, and the count is off from there on, as in
// the reference implementation.
func appendReplacement(changes []change, old, replaced string) []change {
	added := utf8.RuneCountInString(replaced) - utf8.RuneCountInString(old)
	for _, r := range replaced {
		changes = append(changes, change{char: r})
	}
	for i := 1; i <= added && i <= len(changes); i++ {
		changes[len(changes)-i].by = 1
	}
	if added < 0 && len(changes) > 0 {
		changes[len(changes)-1].by += added
	}
	return changes
}
