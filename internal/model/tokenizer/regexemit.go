package tokenizer

import (
	"errors"
	"fmt"
)

// add appends an instruction.
func (re *regex) add(i instruction) error {
	if len(re.program) >= maxRegexProgram {
		return fmt.Errorf("it needs more than %d instructions", maxRegexProgram)
	}
	re.program = append(re.program, i)
	return nil
}

// emit appends the program of a node.
func (re *regex) emit(n *node) error {
	switch n.kind {
	case nodeSet:
		return re.add(instruction{op: opSet, set: n.set})
	case nodeAssert:
		return re.add(instruction{op: opAssert, assert: n.assert})
	case nodeSequence:
		for _, child := range n.children {
			if err := re.emit(child); err != nil {
				return err
			}
		}
	case nodeEither:
		return re.emitEither(n.children)
	case nodeRepeat:
		return re.emitRepeat(n)
	case nodeAhead:
		return re.emitInner(instruction{op: opLook, negate: n.negate}, n)
	case nodeAtomic:
		return re.emitInner(instruction{op: opAtomic}, n)
	case nodeBehind:
		return re.emitBehind(n)
	case nodeBehindOne:
		return re.emitInner(instruction{op: opBehind, y: n.min, negate: n.negate}, n)
	}
	return nil
}

// emitEither appends alternatives, the first one preferred.
func (re *regex) emitEither(children []*node) error {
	var jumps []int
	for i, child := range children {
		split := len(re.program)
		last := i == len(children)-1
		if !last {
			if err := re.add(instruction{op: opSplit, x: split + 1}); err != nil {
				return err
			}
		}
		if err := re.emit(child); err != nil {
			return err
		}
		if last {
			break
		}
		jumps = append(jumps, len(re.program))
		if err := re.add(instruction{op: opJump}); err != nil {
			return err
		}
		re.program[split].y = len(re.program)
	}
	for _, jump := range jumps {
		re.program[jump].x = len(re.program)
	}
	return nil
}

// emitRepeat appends the least number of copies, and then the loop or the copies that may be left out.
func (re *regex) emitRepeat(n *node) error {
	child := n.children[0]
	for range n.min {
		if err := re.emit(child); err != nil {
			return err
		}
	}
	if n.max == absent {
		return re.emitLoop(child, n.lazy)
	}
	var splits []int
	for range n.max - n.min {
		splits = append(splits, len(re.program))
		if err := re.add(instruction{op: opSplit}); err != nil {
			return err
		}
		if err := re.emit(child); err != nil {
			return err
		}
	}
	for _, split := range splits {
		re.program[split].choose(split+1, len(re.program), n.lazy)
	}
	return nil
}

// choose sets a split's ways: into the repeated part, or past it.
func (i *instruction) choose(into, past int, lazy bool) {
	i.x, i.y = into, past
	if lazy {
		i.x, i.y = past, into
	}
}

// emitLoop appends any number of repeats. A repeat that matches nothing ends the loop.
func (re *regex) emitLoop(child *node, lazy bool) error {
	split := len(re.program)
	mark := absent
	if err := re.add(instruction{op: opSplit}); err != nil {
		return err
	}
	if low, _ := child.width(); low == 0 {
		mark = re.marks
		re.marks++
		if err := re.add(instruction{op: opMark, x: mark}); err != nil {
			return err
		}
	}
	if err := re.emit(child); err != nil {
		return err
	}
	if mark != absent {
		if err := re.add(instruction{op: opProgress, x: mark, y: len(re.program) + 2}); err != nil {
			return err
		}
	}
	if err := re.add(instruction{op: opJump, x: split}); err != nil {
		return err
	}
	re.program[split].choose(split+1, len(re.program), lazy)
	return nil
}

// emitInner appends a program within the program.
func (re *regex) emitInner(head instruction, n *node) error {
	at := len(re.program)
	if err := re.add(head); err != nil {
		return err
	}
	for _, child := range n.children {
		if err := re.emit(child); err != nil {
			return err
		}
	}
	if err := re.add(instruction{op: opMatch}); err != nil {
		return err
	}
	re.program[at].x = len(re.program)
	return nil
}

// emitBehind appends a look-behind: each alternative must have a length of its own. Of the alternatives one
// must match; or none, each of which is a condition then.
func (re *regex) emitBehind(n *node) error {
	var conditions []*node
	for _, child := range n.children[0].children {
		low, high := child.width()
		if low != high {
			return errors.New("a look-behind of no fixed length is not supported")
		}
		conditions = append(conditions, &node{kind: nodeBehindOne, min: low, negate: n.negate, children: []*node{child}})
	}
	if n.negate {
		return re.emit(&node{kind: nodeSequence, children: conditions})
	}
	return re.emitEither(conditions)
}

// endless stands for a length without bound.
const endless = 1 << 30

// width returns the least and the greatest number of characters that a node matches.
func (n *node) width() (low, high int) {
	switch n.kind {
	case nodeSet:
		return 1, 1
	case nodeSequence, nodeAtomic:
		for _, child := range n.children {
			l, h := child.width()
			low, high = min(low+l, endless), min(high+h, endless)
		}
	case nodeEither:
		low = endless
		for _, child := range n.children {
			l, h := child.width()
			low, high = min(low, l), max(high, h)
		}
	case nodeRepeat:
		l, h := n.children[0].width()
		low = min(l*min(n.min, endless/max(l, 1)), endless)
		switch {
		case n.max == absent && h > 0:
			high = endless
		case n.max != absent:
			high = min(h*min(n.max, endless/max(h, 1)), endless)
		}
	}
	return low, high
}
