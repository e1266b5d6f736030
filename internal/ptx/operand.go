package ptx

import (
	"fmt"
	"strconv"
	"strings"
)

// instruction reads one line of code; what it does is linked once the kernel
// has ended and its labels are known.
func (p *parser) instruction(s statement) error {
	text := strings.Join(strings.Fields(s.text), " ")
	in := instruction{line: s.line, text: text, guard: -1}
	if rest, ok := strings.CutPrefix(text, "@"); ok {
		name, after, _ := strings.Cut(rest, " ")
		name, in.negated = strings.CutPrefix(name, "!")
		register, ok := p.registers[name]
		if !ok {
			return fmt.Errorf("%s: no such predicate", name)
		}
		in.guard, text = register, after
	}
	op, rest, _ := strings.Cut(text, " ")
	in.op = strings.Split(op, ".")
	for _, part := range splitOperands(rest) {
		o, err := p.operand(part, in.op[0] == "bra")
		if err != nil {
			return err
		}
		in.operands = append(in.operands, o)
	}
	p.kernel.code = append(p.kernel.code, in)
	return nil
}

// splitOperands cuts at the commas outside braces and brackets.
func splitOperands(text string) []string {
	var parts []string
	depth, begin := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, strings.TrimSpace(text[begin:i]))
				begin = i + 1
			}
		}
	}
	if last := strings.TrimSpace(text[begin:]); last != "" {
		parts = append(parts, last)
	}
	return parts
}

func (p *parser) operand(text string, label bool) (operand, error) {
	switch {
	case text == "":
		return operand{}, fmt.Errorf("an operand is empty")
	case label:
		return operand{kind: isLabel, name: text, register: -1, second: -1}, nil
	case text[0] == '{':
		return p.vector(text)
	case text[0] == '[':
		return p.address(text)
	}
	o := operand{register: -1, second: -1}
	first, second, both := strings.Cut(text, "|")
	if both {
		register, ok := p.registers[second]
		if !ok {
			return o, fmt.Errorf("%s: no such register", second)
		}
		o.second = register
	}
	if register, ok := p.registers[first]; ok {
		o.kind, o.register = isRegister, register
		return o, nil
	}
	if first == "_" {
		o.kind = isRegister // a result that nobody wants
		return o, nil
	}
	if value, ok := immediate(first); ok {
		o.kind, o.value = isImmediate, value
		return o, nil
	}
	if _, ok := specials[first]; ok {
		o.kind, o.name = isSpecial, first
		return o, nil
	}
	if v, ok := p.kernel.variable(first); ok {
		o.kind, o.value = isSymbol, v.at
		return o, nil
	}
	if offset, ok := p.param(first); ok {
		o.kind, o.value = isSymbol, uint64(offset)
		return o, nil
	}
	return o, fmt.Errorf("%.60s: not an operand known here", text)
}

// param finds a parameter's place among the parameters.
func (p *parser) param(name string) (offset int, ok bool) {
	for _, param := range p.kernel.Params {
		if param.Name == name {
			return param.Offset, true
		}
	}
	return 0, false
}

func (p *parser) vector(text string) (operand, error) {
	o := operand{kind: isVector, register: -1, second: -1}
	inner, ok := strings.CutSuffix(text[1:], "}")
	if !ok {
		return o, fmt.Errorf("%.60s: a brace is open", text)
	}
	for _, part := range splitOperands(inner) {
		one, err := p.operand(part, false)
		if err != nil {
			return o, err
		}
		if one.kind == isVector || one.kind == isAddress {
			return o, fmt.Errorf("%.60s: a vector holds registers and numbers", text)
		}
		o.parts = append(o.parts, one)
	}
	return o, nil
}

// address reads [register], [register+offset], [symbol+offset] or [offset].
func (p *parser) address(text string) (operand, error) {
	o := operand{kind: isAddress, register: -1, second: -1}
	inner, ok := strings.CutSuffix(text[1:], "]")
	if !ok {
		return o, fmt.Errorf("%.60s: a bracket is open", text)
	}
	base, offset, added := strings.Cut(inner, "+")
	base = strings.TrimSpace(base)
	if added {
		value, err := strconv.ParseInt(strings.TrimSpace(offset), 0, 64)
		if err != nil {
			return o, fmt.Errorf("%.60s: not an offset", text)
		}
		o.value = uint64(value)
	}
	if register, ok := p.registers[base]; ok {
		o.register = register
		return o, nil
	}
	if v, ok := p.kernel.variable(base); ok {
		o.value += v.at
		return o, nil
	}
	if offset, ok := p.param(base); ok {
		o.name, o.value = "param", o.value+uint64(offset)
		return o, nil
	}
	return o, fmt.Errorf("%.60s: no such variable", text)
}

// immediate reads an integer, or a float written as its bits: 0f3F800000,
// 0d3FF0000000000000 (section "Floating-Point Constants").
func immediate(text string) (uint64, bool) {
	switch text {
	case "true":
		return 1, true
	case "false":
		return 0, true
	}
	if len(text) > 2 && text[0] == '0' && (text[1] == 'f' || text[1] == 'F' || text[1] == 'd' || text[1] == 'D') {
		value, err := strconv.ParseUint(text[2:], 16, 64)
		return value, err == nil
	}
	text = strings.TrimSuffix(text, "U")
	if value, err := strconv.ParseInt(text, 0, 64); err == nil {
		return uint64(value), true
	}
	value, err := strconv.ParseUint(text, 0, 64)
	return value, err == nil
}

// specials are the special registers (section "Special Registers").
var specials = map[string]func(w *warp, lane int) uint64{
	"%tid.x":    func(w *warp, lane int) uint64 { return uint64(w.thread(lane)[0]) },
	"%tid.y":    func(w *warp, lane int) uint64 { return uint64(w.thread(lane)[1]) },
	"%tid.z":    func(w *warp, lane int) uint64 { return uint64(w.thread(lane)[2]) },
	"%ntid.x":   func(w *warp, _ int) uint64 { return uint64(w.block.launch.Block[0]) },
	"%ntid.y":   func(w *warp, _ int) uint64 { return uint64(w.block.launch.Block[1]) },
	"%ntid.z":   func(w *warp, _ int) uint64 { return uint64(w.block.launch.Block[2]) },
	"%ctaid.x":  func(w *warp, _ int) uint64 { return uint64(w.block.at[0]) },
	"%ctaid.y":  func(w *warp, _ int) uint64 { return uint64(w.block.at[1]) },
	"%ctaid.z":  func(w *warp, _ int) uint64 { return uint64(w.block.at[2]) },
	"%nctaid.x": func(w *warp, _ int) uint64 { return uint64(w.block.launch.Grid[0]) },
	"%nctaid.y": func(w *warp, _ int) uint64 { return uint64(w.block.launch.Grid[1]) },
	"%nctaid.z": func(w *warp, _ int) uint64 { return uint64(w.block.launch.Grid[2]) },
	"%laneid":   func(_ *warp, lane int) uint64 { return uint64(lane) },
	"%warpid":   func(w *warp, _ int) uint64 { return uint64(w.number) },
}
