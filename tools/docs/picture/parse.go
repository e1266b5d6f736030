package main

import (
	"fmt"
	"strconv"
	"strings"
)

// The picture's colours where the text has the terminal's own.
const (
	background = "#14161a"
	foreground = "#d8dbe0"
	muted      = "#868c98"
)

// style is how a character is written.
type style struct {
	color, fill     string // #rrggbb, or "" for the terminal's own
	bold, underline bool
	faint           bool
}

// ink is the colour of the character itself.
func (s style) ink() string {
	switch {
	case s.color != "":
		return s.color
	case s.faint:
		return muted
	}
	return foreground
}

// cell is one character on the screen, and line one row of them.
type cell struct {
	r     rune
	style style
}

type line []cell

func (l line) text() string {
	var b strings.Builder
	for _, c := range l {
		b.WriteRune(c.r)
	}
	return b.String()
}

// parse reads text with escape sequences.
func parse(s string) ([]line, error) {
	var lines []line
	var st style
	for row := range strings.Lines(s) {
		var l line
		row = strings.TrimSuffix(row, "\n")
		for row != "" {
			if codes, ok := strings.CutPrefix(row, "\x1b["); ok {
				codes, rest, ok := strings.Cut(codes, "m")
				if !ok {
					return nil, fmt.Errorf("line %d: an escape sequence that is no colour", len(lines)+1)
				}
				var err error
				if st, err = st.apply(codes); err != nil {
					return nil, fmt.Errorf("line %d: %w", len(lines)+1, err)
				}
				row = rest
				continue
			}
			r := []rune(row[:min(len(row), 4)])[0]
			l = append(l, cell{r, st})
			row = row[len(string(r)):]
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// apply changes a style as an SGR sequence does: "0;1;38;2;88;196;221".
func (s style) apply(codes string) (style, error) {
	list := strings.Split(codes, ";")
	for i := 0; i < len(list); i++ {
		switch list[i] {
		case "", "0":
			s = style{}
		case "1":
			s.bold = true
		case "2":
			s.faint = true
		case "4":
			s.underline = true
		case "39":
			s.color = ""
		case "49":
			s.fill = ""
		case "38", "48":
			if i+4 >= len(list) || list[i+1] != "2" {
				return s, fmt.Errorf("%q is not truecolor: set COLORTERM=truecolor", codes)
			}
			hex, err := hexColor(list[i+2 : i+5])
			if err != nil {
				return s, err
			}
			if list[i] == "38" {
				s.color = hex
			} else {
				s.fill = hex
			}
			i += 4
		default:
			return s, fmt.Errorf("the code %s in %q is unknown", list[i], codes)
		}
	}
	return s, nil
}

func hexColor(channels []string) (string, error) {
	hex := "#"
	for _, c := range channels {
		v, err := strconv.ParseUint(c, 10, 8)
		if err != nil {
			return "", fmt.Errorf("colour %s: %w", strings.Join(channels, ";"), err)
		}
		hex += fmt.Sprintf("%02x", v)
	}
	return hex, nil
}
