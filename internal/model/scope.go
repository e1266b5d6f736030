package model

import "attn/internal/kernels"

// scope lists the arrays that a pass has made and may still read, if the backend
// wants to know when it does not.
type scope struct {
	be   kernels.Releaser // nil when it does not
	live []kernels.Array
}

// made notes an array.
func (s *scope) made(a kernels.Array) kernels.Array {
	if s.be != nil {
		s.live = append(s.live, a)
	}
	return a
}

// became notes what takes an array's place, unless it is that array itself, which
// was noted when it was made.
func (s *scope) became(a, next kernels.Array) kernels.Array {
	if a == next {
		return next
	}
	return s.made(next)
}

// both is made for an op that makes two.
func (s *scope) both(a, b kernels.Array) (kernels.Array, kernels.Array) { return s.made(a), s.made(b) }

// mark is where leave may go back to.
func (s *scope) mark() int { return len(s.live) }

// leave releases what was made since a mark, but not the one that is kept.
func (s *scope) leave(from int, kept kernels.Array) {
	found := false
	for _, a := range s.live[from:] {
		if a == kept {
			found = true
		} else {
			s.be.Release(a)
		}
	}
	s.live = s.live[:from]
	if found {
		s.live = append(s.live, kept)
	}
}

// within runs a part of the pass, and releases all that it made but its result.
// None of it may still wait to be recorded.
func (p *pass) within(part func() kernels.Array) kernels.Array {
	from := p.scope.mark()
	out := part()
	p.scope.leave(from, out)
	return out
}
