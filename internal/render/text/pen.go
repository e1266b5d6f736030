package text

import "strings"

// style is what stands between ESC [ and m: "1;38;5;12". The empty style is
// the terminal's own.
type style string

// pen writes lines. It knows the column it stands in, never passes the last
// one, opens and closes colours, and leaves no blanks at the end of a line.
type pen struct {
	out    []byte
	width  int
	column int
	blanks int // asked for, written once something follows
	style  style
	full   bool // the line was cut; nothing more goes onto it
}

// put writes s, which is free of control characters, in a style.
func (p *pen) put(st style, s string) {
	if s == "" || p.full {
		return
	}
	w := columns(s)
	if room := p.width - p.column; w > room {
		s, w, p.full = cut(s, room), room, true
		if s == "" {
			return
		}
	}
	text := s
	if st == "" {
		text = strings.TrimRight(s, " ")
	}
	if text != "" {
		p.flush()
		p.use(st)
		p.out = append(p.out, text...)
	}
	p.column += w
	p.blanks += len(s) - len(text)
}

// skip leaves n columns blank, in no colour.
func (p *pen) skip(n int) {
	n = min(max(n, 0), p.width-p.column)
	p.blanks += n
	p.column += n
}

// to moves to a column, which may lie behind already.
func (p *pen) to(column int) { p.skip(column - p.column) }

// left and right write s into a field of the given width, cut if need be.
func (p *pen) left(st style, s string, width int) {
	end := p.column + width
	p.put(st, cut(s, width))
	p.to(end)
}

func (p *pen) right(st style, s string, width int) {
	s = cut(s, width)
	p.skip(width - columns(s))
	p.put(st, s)
}

// end finishes the line.
func (p *pen) end() {
	p.use("")
	p.out = append(p.out, '\n')
	p.column, p.blanks, p.full = 0, 0, false
}

func (p *pen) flush() {
	if p.blanks == 0 {
		return
	}
	p.use("")
	p.out = appendBlanks(p.out, p.blanks)
	p.blanks = 0
}

func (p *pen) use(st style) {
	switch {
	case st == p.style:
		return
	case st == "":
		p.out = append(p.out, "\x1b[0m"...)
	default:
		p.out = append(p.out, "\x1b["...)
		if p.style != "" {
			p.out = append(p.out, "0;"...)
		}
		p.out = append(p.out, st...)
		p.out = append(p.out, 'm')
	}
	p.style = st
}

func appendBlanks(out []byte, n int) []byte {
	for range n {
		out = append(out, ' ')
	}
	return out
}
