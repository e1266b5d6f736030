package cuda

// pool keeps the GPU's memory that was given back for whoever asks for as much
// again: the driver's own allocator waits until the GPU is idle. Everything on
// the GPU happens in order, so that memory may be handed out while an earlier op
// still reads it.
type pool struct {
	sizes map[pointer]int   // of all that there is
	idle  map[int][]pointer // by size
	spare int               // bytes of what is idle
}

func newPool() pool { return pool{sizes: map[pointer]int{}, idle: map[int][]pointer{}} }

// grain is what sizes are multiples of: at least what any kernel's widest load
// needs, and enough that nearly equal arrays share their memory.
const grain = 512

func rounded(bytes int) int { return max(ceil(bytes, grain), 1) * grain }

// take returns memory of a rounded size that is idle.
func (p *pool) take(size int) (pointer, bool) {
	list := p.idle[size]
	if len(list) == 0 {
		return 0, false
	}
	at := list[len(list)-1]
	p.idle[size] = list[:len(list)-1]
	p.spare -= size
	return at, true
}

// give takes memory back; false if it is not the pool's.
func (p *pool) give(at pointer) bool {
	size, ok := p.sizes[at]
	if ok {
		p.idle[size] = append(p.idle[size], at)
		p.spare += size
	}
	return ok
}

// drop forgets all that is idle, and returns it.
func (p *pool) drop() []pointer {
	var all []pointer
	for _, list := range p.idle {
		all = append(all, list...)
	}
	for _, at := range all {
		delete(p.sizes, at)
	}
	clear(p.idle)
	p.spare = 0
	return all
}
