package csv

import (
	"math"
	"strconv"
	"strings"

	"attn/internal/render/escape"
)

// text is a cell that holds words, in quotes where RFC 4180 asks for them.
func text(s string, shown bool) string {
	s = harmless(s, shown)
	if strings.ContainsAny(s, "\",\r\n") || strings.TrimSpace(s) != s {
		return quote(s)
	}
	return s
}

// quoted is a token's text, in quotes whatever it is: the token 5 is no number.
func quoted(s string, shown bool) string { return quote(harmless(s, shown)) }

func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// harmless puts an apostrophe before what a spreadsheet would run as a formula,
// as OWASP advises ("CSV injection"). One character alone is no formula, so
// that the tokens =, + and - stay what they are.
func harmless(s string, shown bool) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if len(s) > 1 && strings.IndexByte("=+-@\t\r", s[0]) >= 0 {
		s = "'" + s
	}
	if shown {
		s = escape.Text(s)
	}
	return s
}

// appendNumber appends the shortest decimal that reads back as the same
// number; -∞ is -inf, and NaN, nothing to show, an empty cell.
func appendNumber(cell []byte, v float64, bits int) []byte {
	switch {
	case math.IsNaN(v):
		return cell
	case math.IsInf(v, 0):
		return append(cell, strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(v, 'g', -1, bits), "+"))...)
	case v == math.Trunc(v) && math.Abs(v) < 1<<53:
		return strconv.AppendFloat(cell, v, 'f', -1, bits) // 1000000, not 1e+06
	}
	return strconv.AppendFloat(cell, v, 'g', -1, bits)
}
