package tokenizer

import (
	"errors"
	"fmt"
)

// errSteps is what a pattern gets that goes back and forth without end.
var errSteps = errors.New("it takes too many steps on this text")

// The patterns of real tokenizers take some ten to fifty steps per character.
const (
	freeSteps    = 1 << 20
	stepsPerByte = 512
)

// matcher runs a pattern over a text.
type matcher struct {
	re    *regex
	text  string
	steps int // how many are left
	stack []choice
	marks []int

	patience int                  // how many steps are left when find begins to remember
	failed   map[failure]struct{} // choices that have come up, or nil
}

// failure is an instruction that can't lead to a match from a place. What came before plays no part in that,
// so that no search needs to go there twice, wherever it began: this keeps patterns such as \s*\S+ linear on
// long runs of spaces, which they are not by themselves.
type failure struct{ pc, at int }

// patientSteps is how long a search goes on without remembering. Few ever get there.
const patientSteps = 1 << 12

// choice is where to go on when the present way fails. mark is absent, or the register to set back to at.
type choice struct{ pc, at, mark int }

// search implements pattern: it walks from match to match as Oniguruma's find_iter does. An empty match right
// after the match before does not count.
func (re *regex) search(s string) *search {
	m := &matcher{re: re, text: s, steps: freeSteps + stepsPerByte*len(s), marks: make([]int, re.marks)}
	at, last := 0, absent
	return &search{next: func() (int, int, error) {
		for at <= len(s) {
			start, end, err := m.find(at)
			if err != nil || start < 0 {
				at = len(s) + 1
				return -1, -1, err
			}
			at = end
			if start == end {
				at = len(s) + 1
				if end < len(s) {
					_, size := character(s, end)
					at = end + size
				}
				if end == last {
					continue
				}
			}
			last = end
			return start, end, nil
		}
		return -1, -1, nil
	}}
}

// find returns the first match that begins at byte at or later; start is absent if there is none.
func (m *matcher) find(at int) (start, end int, err error) {
	m.patience, m.failed = m.steps-patientSteps, nil
	for at <= len(m.text) {
		end, err := m.run(0, at, true)
		switch {
		case err != nil:
			return absent, absent, fmt.Errorf("%w %s: %w", errRegex, quote(m.re.source), err)
		case end >= 0:
			return at, end, nil
		case at == len(m.text):
			return absent, absent, nil
		}
		_, size := character(m.text, at)
		at += size
	}
	return absent, absent, nil
}

// run runs the program from pc to its opMatch, and returns where the match ends, or absent.
func (m *matcher) run(pc, at int, outer bool) (int, error) {
	base := len(m.stack)
	defer func() { m.stack = m.stack[:base] }()
	for {
		if m.steps--; m.steps < 0 {
			return absent, errSteps
		}
		i := &m.re.program[pc]
		failed := false
		switch i.op {
		case opMatch:
			return at, nil
		case opSet:
			if at == len(m.text) {
				failed = true
				break
			}
			r, size := character(m.text, at)
			if failed = !i.set.has(r); !failed {
				at += size
				pc++
			}
		case opSplit:
			if failed = outer && !m.isNew(failure{pc, at}); !failed {
				m.stack = append(m.stack, choice{pc: i.y, at: at, mark: absent})
				pc = i.x
			}
		case opJump:
			pc = i.x
		case opMark:
			m.stack = append(m.stack, choice{at: m.marks[i.x], mark: i.x})
			m.marks[i.x] = at
			pc++
		case opProgress:
			pc++
			if m.marks[i.x] == at {
				pc = i.y
			}
		case opAssert:
			failed = !m.holds(i.assert, at)
			pc++
		default:
			end, err := m.inner(i, pc, at)
			if err != nil {
				return absent, err
			}
			at, pc, failed = end, i.x, end < 0
		}
		if failed {
			var ok bool
			if pc, at, ok = m.back(base); !ok {
				return absent, nil
			}
		}
	}
}

// back returns to the last choice.
func (m *matcher) back(base int) (pc, at int, ok bool) {
	for len(m.stack) > base {
		c := m.stack[len(m.stack)-1]
		m.stack = m.stack[:len(m.stack)-1]
		if c.mark == absent {
			return c.pc, c.at, true
		}
		m.marks[c.mark] = c.at
	}
	return 0, 0, false
}

// isNew says whether a choice comes up for the first time. When it comes up again it has failed both ways, as a
// search only goes back to a place after it has given up what lay behind. Loops over possibly empty patterns
// are the exception, and they remember where they began: a pattern with such a loop does without.
func (m *matcher) isNew(f failure) bool {
	if m.steps > m.patience || m.re.marks > 0 {
		return true
	}
	if m.failed == nil {
		m.failed = map[failure]struct{}{}
	}
	_, known := m.failed[f]
	m.failed[f] = struct{}{}
	return !known
}

// inner runs a program within the program, and returns where to go on in the text, or absent.
func (m *matcher) inner(i *instruction, pc, at int) (int, error) {
	from := at
	if i.op == opBehind {
		for range i.y {
			if from == 0 {
				from = absent
				break
			}
			from -= characterBefore(m.text, from)
		}
	}
	end := absent
	if from >= 0 {
		var err error
		if end, err = m.run(pc+1, from, false); err != nil {
			return absent, err
		}
	}
	if i.op == opAtomic {
		return end, nil
	}
	if (end >= 0) == i.negate {
		return absent, nil
	}
	return at, nil
}

// holds says whether a condition holds at a place.
func (m *matcher) holds(a assertion, at int) bool {
	end := at == len(m.text)
	switch a {
	case lineStart:
		return at == 0 || m.text[at-1] == '\n' && !end
	case lineEnd:
		return end || m.text[at] == '\n'
	case textStart:
		return at == 0
	case textEnd:
		return end
	case textEndOrNewline:
		return end || at == len(m.text)-1 && m.text[at] == '\n'
	case wordBoundary:
		return m.wordAt(at) != m.wordBefore(at)
	}
	return m.wordAt(at) == m.wordBefore(at)
}

// wordAt says whether a word character begins at a place.
func (m *matcher) wordAt(at int) bool {
	if at == len(m.text) {
		return false
	}
	r, _ := character(m.text, at)
	return isRubyWord(r)
}

// wordBefore says whether a word character ends at a place.
func (m *matcher) wordBefore(at int) bool {
	if at == 0 {
		return false
	}
	r, _ := character(m.text, at-characterBefore(m.text, at))
	return isRubyWord(r)
}
