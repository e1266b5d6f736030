package ptx

import "fmt"

// moment is when a thread did something, as far as barriers tell: two moments
// of one block are in order when a barrier of the block lies between them, or,
// within a warp, a barrier of the warp. Blocks are never in order.
type moment struct {
	block  int32 // number in the launch, from 1; 0 is before it
	epoch  int32 // barriers that the block has passed
	step   int32 // barriers that the warp has passed
	thread int16 // in the block; several means more than one
	warp   int8  // of the block; several means more than one
	how    how
}

const several = -1

// how memory is read or written.
type how int8

const (
	plainly how = iota
	atomically
	flying // by an asynchronous copy that its thread has not waited for
)

// access is what is known of a grain of memory: the last write, and the reads
// since. What is changed atomically counts as written.
type access struct {
	write, read moment
}

// before reports whether an earlier moment is in order with a later one.
func (m moment) before(later moment) bool {
	switch {
	case m.block == 0:
		return true
	case m.block != later.block || m.how == flying:
		return false
	case m.thread == later.thread && m.thread != several:
		return true
	case m.epoch != later.epoch:
		return true
	}
	return m.warp == later.warp && m.warp != several && m.step != later.step
}

// together is one moment for two reads, or two atomic changes: whoever writes next
// must come after both.
func (m moment) together(later moment) moment {
	if m.how == plainly && m.block == later.block && m.epoch == later.epoch && m.step == later.step {
		later.how = plainly // a thread's atomic change does not hide what it did before
	}
	if m.block == 0 || m.before(later) {
		return later
	}
	if m.thread != later.thread {
		later.thread = several
	}
	if m.warp != later.warp {
		later.warp = several
	}
	if m.block != later.block {
		later.block, later.thread, later.warp = several, several, several
	}
	return later
}

// who tells a moment in words.
func (m moment) who() string {
	switch {
	case m.block == several:
		return "threads of several blocks"
	case m.thread == several:
		return fmt.Sprintf("several threads of block %d", m.block-1)
	}
	return fmt.Sprintf("thread %d of block %d", m.thread, m.block-1)
}

// word is the grain at first: nearly all accesses are of whole words.
const word = 4

// track notes an access to bytes and returns what it races with, or "".
func (s *space) track(offset, size int, now moment, writes bool) string {
	if s.seen == nil {
		s.grain = word
		s.seen = make([]access, len(s.bytes)/word+1)
	}
	if s.grain == word && (size|offset)%word != 0 {
		s.refine()
	}
	for i := offset / s.grain; i < (offset+size)/s.grain; i++ {
		a := &s.seen[i]
		if !a.write.before(now) && !(a.write.how == atomically && now.how == atomically) {
			return s.race(i, "written", a.write)
		}
		if !writes {
			a.read = a.read.together(now)
			continue
		}
		if s.sources != nil && s.sources[i] > 0 {
			return fmt.Sprintf("race: a copy from byte %d of %s is on its way, and %s has not waited for it", i*s.grain, s.name, a.read.who())
		}
		if !a.read.before(now) {
			return s.race(i, "read", a.read)
		}
		if now.how == atomically { // others may have changed it meanwhile
			a.write = a.write.together(now)
			continue
		}
		a.write, a.read = now, moment{}
	}
	return ""
}

// race tells what an access to a grain races with.
func (s *space) race(grain int, was string, m moment) string {
	if m.how == flying {
		return fmt.Sprintf("race: a copy to byte %d of %s is on its way, and %s has not waited for it", grain*s.grain, s.name, m.who())
	}
	return fmt.Sprintf("race: byte %d of %s was %s by %s, and no barrier lies between", grain*s.grain, s.name, was, m.who())
}

// refine makes a grain a byte, once smaller numbers than words are read or
// written.
func (s *space) refine() {
	bytes := make([]access, len(s.bytes))
	for i := range bytes {
		bytes[i] = s.seen[i/word]
	}
	if s.sources != nil {
		sources := make([]uint16, len(bytes))
		for i := range sources {
			sources[i] = s.sources[i/word]
		}
		s.sources = sources
	}
	s.grain, s.seen = 1, bytes
}
