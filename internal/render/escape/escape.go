// Package escape makes untrusted text safe to print on a terminal: whatever
// would move the cursor, change colours, reorder or hide characters is written
// out visibly, so that what is seen is what is there.
package escape

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks one character may carry. Living scripts
// need up to four; a pile of them climbs over the lines above.
const maxMarks = 6

const (
	zeroWidthJoiner = '\u200d'
	dottedCircle    = '\u25cc' // carries a combining mark that has no letter of its own
)

// Text returns s with everything invisible or dangerous written out:
// C0 controls and DEL as their pictures (␊, ␛, ␡: one column each, and not to
// be mistaken for a backslash that was typed), other control, format,
// bidirectional, zero-width, unassigned and private characters as \u202e, and
// bytes that are no UTF-8 as \xff. Emoji sequences and combining marks stay.
func Text(s string) string {
	if plainASCII(s) {
		return s
	}
	var w writer
	w.out.Grow(len(s) + 16)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			w.spell(`\x%02x`, rune(s[i]))
		} else {
			w.put(r, s[i+size:])
		}
		i += size
	}
	return w.out.String()
}

// Quote returns Text(s) between double quotes, for messages that name a text.
func Quote(s string) string { return `"` + Text(s) + `"` }

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// writer keeps what the decision about the next character depends on.
type writer struct {
	out   strings.Builder
	base  rune // the character that marks attach to; 0 where there is none
	marks int  // how many it carries already
	last  rune // the character written last, a mark included
}

func (w *writer) put(r rune, rest string) {
	switch {
	case r < ' ':
		w.plain('\u2400' + r)
	case r == 0x7f:
		w.plain('\u2421')
	case r == zeroWidthJoiner && w.joins(rest):
		w.attach(r)
	case isTag(r) && w.inFlag():
		w.attach(r)
	case invisible(r):
		w.spell(codeFormat(r), r)
	case unicode.Is(unicode.M, r):
		w.mark(r)
	case isSkinTone(r) && isPictograph(w.base):
		w.attach(r)
	default:
		w.plain(r)
	}
}

func (w *writer) plain(r rune) {
	w.out.WriteRune(r)
	w.base, w.last, w.marks = r, r, 0
}

func (w *writer) attach(r rune) {
	w.out.WriteRune(r)
	w.last = r
}

// spell writes a character's number instead of the character.
func (w *writer) spell(format string, r rune) {
	fmt.Fprintf(&w.out, format, r)
	w.base, w.last, w.marks = 0, 0, 0
}

// mark writes a combining mark, on a dotted circle where there is no letter to
// carry it: it would otherwise land on whatever the renderer printed before.
func (w *writer) mark(r rune) {
	switch {
	case w.marks == maxMarks:
		marks := w.marks
		fmt.Fprintf(&w.out, codeFormat(r), r)
		w.base, w.last, w.marks = 0, 0, marks
		return
	case w.base == 0 || w.base == ' ':
		w.plain(dottedCircle)
	}
	w.out.WriteRune(r)
	w.last = r
	w.marks++
}

// joins reports whether a zero-width joiner here holds an emoji together.
func (w *writer) joins(rest string) bool {
	next, _ := utf8.DecodeRuneInString(rest)
	return w.last != zeroWidthJoiner && isPictograph(w.base) && isPictograph(next)
}

// inFlag reports whether tag characters may follow: only the black flag, as in
// the flags of England, Scotland and Wales, has them.
func (w *writer) inFlag() bool { return w.base == '\U0001f3f4' }

func isTag(r rune) bool      { return r >= 0xe0020 && r <= 0xe007f }
func isSkinTone(r rune) bool { return r >= 0x1f3fb && r <= 0x1f3ff }

// isPictograph is wider than Unicode's Extended_Pictographic by a few symbols,
// which does no harm: it only decides where a joiner may stay.
func isPictograph(r rune) bool {
	return r >= 0x1f000 && r <= 0x1faff || r >= 0x2190 && r <= 0x2bff && unicode.Is(unicode.So, r)
}

// invisible reports whether r leaves nothing to see on a terminal, or nothing
// that can be relied on: controls, format characters, spaces other than the
// plain one, private and unassigned characters, blank letters, and variation
// selectors other than the two that choose between text and emoji.
func invisible(r rune) bool {
	switch {
	case !unicode.IsPrint(r):
		return true
	case r == '\ufe0e' || r == '\ufe0f':
		return false
	case r == '\u2800': // the Braille pattern with no dots
		return true
	}
	return unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

func codeFormat(r rune) string {
	if r > 0xffff {
		return `\U%08x`
	}
	return `\u%04x`
}
