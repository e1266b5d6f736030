package ptx

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// ParseError says where a module is not what this package runs.
type ParseError struct {
	Line int
	What string
}

func (e *ParseError) Error() string { return fmt.Sprintf("PTX line %d: %s", e.Line, e.What) }

// maxParams is how many bytes of parameters a kernel of PTX 7.0 may have (section
// "Kernel Function Parameter Attributes").
const maxParams = 4096

// maxRegisters bounds what a file can make us allocate.
const maxRegisters = 1 << 14

// statement is a piece of the text up to a semicolon or brace.
type statement struct {
	text string
	line int
	end  byte // what ended it: ; { }, or : for a label
}

// Parse reads a module. Every instruction must be one that this package runs.
func Parse(source string) (*Module, error) {
	p := &parser{module: &Module{Kernels: map[string]*Kernel{}}}
	for _, s := range statements(source) {
		if err := p.statement(s); err != nil {
			return nil, &ParseError{Line: s.line, What: err.Error()}
		}
	}
	if p.kernel != nil {
		return nil, &ParseError{Line: strings.Count(source, "\n") + 1, What: "kernel " + p.kernel.Name + " does not end"}
	}
	return p.module, nil
}

// statements cuts a text into statements and drops its comments.
func statements(source string) []statement {
	var all []statement
	var text strings.Builder // of the statement that has begun, without space before it
	line, begun := 1, 1
	depth := 0 // of braces that hold a vector operand, not a block
	finish := func(end byte) {
		if trimmed := strings.TrimSpace(text.String()); trimmed != "" || end == '{' || end == '}' {
			all = append(all, statement{text: trimmed, line: begun, end: end})
		}
		text.Reset()
	}
	for i := 0; i < len(source); i++ {
		c := source[i]
		if strings.HasPrefix(source[i:], "//") {
			for i+1 < len(source) && source[i+1] != '\n' {
				i++
			}
			continue
		}
		if text.Len() == 0 {
			begun = line
		}
		switch {
		case c == '\n':
			line++
			if directive(text.String()) {
				finish(';')
			} else if text.Len() > 0 {
				text.WriteByte(' ')
			}
		case c == '{' && opensVector(text.String()):
			depth++
			text.WriteByte(c)
		case c == '}' && depth > 0:
			depth--
			text.WriteByte(c)
		case c == '{' || c == '}' || c == ';':
			finish(c)
		case c == ':' && text.Len() < longestLabel && labelPattern.MatchString(text.String()):
			finish(c)
		case text.Len() > 0 || c != ' ' && c != '\t' && c != '\r':
			text.WriteByte(c)
		}
	}
	finish(';')
	return all
}

// longestLabel is more than a compiler writes.
const longestLabel = 256

var labelPattern = regexp.MustCompile(`^\s*[$%_A-Za-z][$\w]*\s*$`)

// directive reports whether a line is one of those that end without a semicolon.
func directive(text string) bool {
	first, _, _ := strings.Cut(text[:min(len(text), longestLabel)], " ")
	switch strings.TrimSpace(first) {
	case ".version", ".target", ".address_size", ".maxntid", ".minnctapersm", ".reqntid", ".maxnreg":
		return true
	}
	return false
}

// opensVector reports whether a brace after this text begins an operand.
func opensVector(text string) bool {
	trimmed := strings.TrimRight(text, " ")
	return trimmed != "" && !strings.HasSuffix(trimmed, ")") && !strings.HasPrefix(trimmed, ".visible") &&
		!strings.HasPrefix(trimmed, ".entry")
}

type parser struct {
	module *Module
	kernel *Kernel
	depth  int // of blocks within the kernel

	registers map[string]int
	labels    map[string]int
}

func (p *parser) statement(s statement) error {
	switch {
	case s.end == '{' && strings.Contains(s.text, ".entry"):
		return p.begin(s.text)
	case s.end == '{' && p.kernel == nil && s.text == "" && p.depth == 0:
		return fmt.Errorf("a block outside a kernel")
	case s.end == '{':
		p.depth++
	case s.end == '}':
		return p.close(s)
	case s.end == ':':
		if p.kernel == nil {
			return fmt.Errorf("a label outside a kernel")
		}
		if _, twice := p.labels[s.text]; twice {
			return fmt.Errorf("label %s stands twice", s.text)
		}
		p.labels[s.text] = len(p.kernel.code)
		return nil
	case p.kernel == nil:
		return p.header(s.text)
	case strings.HasPrefix(s.text, "."):
		return p.declare(s.text)
	default:
		return p.instruction(s)
	}
	if s.text != "" {
		return p.statement(statement{text: s.text, line: s.line, end: ';'})
	}
	return nil
}

// header reads what stands outside kernels.
func (p *parser) header(text string) error {
	fields := strings.Fields(text)
	switch fields[0] {
	case ".version":
		p.module.Version = strings.Join(fields[1:], " ")
	case ".target":
		p.module.Target = strings.TrimSuffix(fields[min(1, len(fields)-1)], ",")
	case ".address_size":
		if len(fields) != 2 || fields[1] != "64" {
			return fmt.Errorf("%s: addresses have 64 bits here", text)
		}
	default:
		return fmt.Errorf("%.60s: only kernels stand at the top", text)
	}
	return nil
}

var (
	entryPattern   = regexp.MustCompile(`\.entry\s+([$\w]+)\s*(?:\(([^)]*)\))?`)
	threadsPattern = regexp.MustCompile(`\.maxntid\s+(\d{1,4})\b(?:\s*,\s*(\d{1,4})\b)?(?:\s*,\s*(\d{1,4})\b)?`)
	paramPattern   = regexp.MustCompile(`^\.param\s+(?:\.align\s+\d+\s+)?\.(\w+)\s+(?:\.ptr\s+(?:\.\w+\s+)?(?:\.align\s+\d+\s+)?)?([$\w]+)(?:\[(\d+)\])?$`)
)

// begin reads a kernel's name and parameters.
func (p *parser) begin(text string) error {
	found := entryPattern.FindStringSubmatch(text)
	if found == nil || p.kernel != nil {
		return fmt.Errorf("%.60s: not a kernel's head", text)
	}
	k := &Kernel{Name: found[1], threads: mostThreads(text)}
	offset := 0
	for one := range strings.SplitSeq(found[2], ",") {
		one = strings.TrimSpace(one)
		if one == "" {
			continue
		}
		part := paramPattern.FindStringSubmatch(one)
		if part == nil {
			return fmt.Errorf("%.60s: not a parameter", one)
		}
		size, err := bytesOf(part[1])
		if err != nil {
			return err
		}
		align := size
		if part[3] != "" {
			count, err := strconv.Atoi(part[3])
			if err != nil || count > 4096 {
				return fmt.Errorf("%.60s: too large", one)
			}
			size, align = size*count, 8
		}
		offset = (offset + align - 1) / align * align
		k.Params = append(k.Params, Param{Name: part[2], Type: part[1], Size: size, Offset: offset})
		offset += size
	}
	if offset > maxParams {
		return fmt.Errorf("%d bytes of parameters: at most %d", offset, maxParams)
	}
	if _, twice := p.module.Kernels[k.Name]; twice {
		return fmt.Errorf("kernel %s stands twice", k.Name)
	}
	p.kernel, p.depth, p.registers, p.labels = k, 1, map[string]int{}, map[string]int{}
	return nil
}

// mostThreads is how many threads a kernel's head allows in a block.
func mostThreads(head string) int {
	most := 1
	found := threadsPattern.FindStringSubmatch(head)
	if found == nil {
		return maxThreads
	}
	for _, n := range found[1:] {
		if count, err := strconv.Atoi(n); err == nil { // those that do not stand there are 1
			most = min(most*count, maxThreads)
		}
	}
	return most
}

// close ends a block, and with the outermost the kernel.
func (p *parser) close(s statement) error {
	if p.kernel == nil {
		return fmt.Errorf("a brace closes nothing")
	}
	if s.text != "" {
		if err := p.statement(statement{text: s.text, line: s.line, end: ';'}); err != nil {
			return err
		}
	}
	p.depth--
	if p.depth > 0 {
		return nil
	}
	k := p.kernel
	for i := range k.code {
		if err := p.link(&k.code[i]); err != nil {
			return fmt.Errorf("line %d, %s: %w", k.code[i].line, k.code[i].text, err)
		}
	}
	k.registers = len(k.names)
	p.module.Kernels[k.Name] = k
	p.kernel = nil
	return nil
}

var (
	registersPattern = regexp.MustCompile(`^\.reg\s+\.\w+\s+(.*)$`)
	rangePattern     = regexp.MustCompile(`^(%[$\w]*?)<(\d+)>$`)
	sharedPattern    = regexp.MustCompile(`^\.shared\s+\.align\s+(\d+)\s+\.(\w+)\s+([$\w]+)(?:\[(\d+)\])?$`)
	localPattern     = regexp.MustCompile(`^\.local\s+\.align\s+\d+\s+\.b8\s+[$\w]+\[(\d+)\]$`)
)

// declare reads the declarations inside a kernel.
func (p *parser) declare(text string) error {
	text = strings.Join(strings.Fields(text), " ")
	if found := registersPattern.FindStringSubmatch(text); found != nil {
		for name := range strings.SplitSeq(found[1], ",") {
			name = strings.TrimSpace(name)
			if many := rangePattern.FindStringSubmatch(name); many != nil {
				count, err := strconv.Atoi(many[2])
				if err != nil || count > maxRegisters {
					return fmt.Errorf("%.60s: too many registers", text)
				}
				if len(p.kernel.names)+count > maxRegisters {
					return fmt.Errorf("more than %d registers", maxRegisters)
				}
				for i := range count {
					p.register(many[1] + strconv.Itoa(i))
				}
				continue
			}
			p.register(name)
		}
		return nil
	}
	if found := sharedPattern.FindStringSubmatch(text); found != nil {
		return p.shared(found)
	}
	if found := localPattern.FindStringSubmatch(text); found != nil {
		size, _ := strconv.Atoi(found[1]) // the pattern says digits; too many are 0 and refused below
		p.kernel.Local += size
		return fmt.Errorf("local memory, %s bytes: kernels keep everything in registers", found[1])
	}
	if strings.HasPrefix(text, ".pragma") {
		return nil
	}
	return fmt.Errorf("%.60s: not a declaration known here", text)
}

func (p *parser) register(name string) {
	if _, ok := p.registers[name]; !ok {
		p.registers[name] = len(p.kernel.names)
		p.kernel.names = append(p.kernel.names, name)
	}
}

// shared places a shared variable.
func (p *parser) shared(found []string) error {
	align, err1 := strconv.Atoi(found[1])
	size, err2 := bytesOf(found[2])
	count, err3 := 1, error(nil)
	if found[4] != "" {
		count, err3 = strconv.Atoi(found[4])
	}
	if err1 != nil || err2 != nil || err3 != nil || align < 1 || align > 1024 || align&(align-1) != 0 || count > maxShared {
		return fmt.Errorf("%.60s: not a shared variable", found[0])
	}
	k := p.kernel
	if _, twice := k.variable(found[3]); twice || len(k.variables) == maxVariables {
		return fmt.Errorf("shared variable %s stands twice, or too many do", found[3])
	}
	at := uint64(len(k.variables)*sharedApart + sharedApart/2 + align)
	k.variables = append(k.variables, variable{name: found[3], at: at, size: size * count})
	k.Shared = (k.Shared+align-1)/align*align + size*count
	if k.Shared > maxShared {
		return fmt.Errorf("%d bytes of shared memory: at most %d", k.Shared, maxShared)
	}
	return nil
}

// variable finds a shared variable by its name.
func (k *Kernel) variable(name string) (variable, bool) {
	for _, v := range k.variables {
		if v.name == name {
			return v, true
		}
	}
	return variable{}, false
}

// bytesOf returns the size of a type such as f32.
func bytesOf(name string) (int, error) {
	switch strings.TrimLeft(name, "bsuf") {
	case "8":
		return 1, nil
	case "16":
		return 2, nil
	case "32":
		return 4, nil
	case "64":
		return 8, nil
	}
	return 0, fmt.Errorf("type .%s is not known here", name)
}
