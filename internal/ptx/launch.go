package ptx

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
)

// Launch says how a kernel is run: how many blocks of how many threads, and
// with what.
type Launch struct {
	Grid, Block [3]int
	Shared      int   // bytes of shared memory beside the kernel's variables; no instruction here reaches them
	Args        []Arg // one for each parameter
	// MostSteps ends a kernel that does not end by itself, after so many
	// instructions of one warp; 0 is DefaultSteps.
	MostSteps int
}

// DefaultSteps is how many instructions one warp may run.
const DefaultSteps = 1 << 24

// What a GPU takes (section "Compute Capabilities" of the CUDA programming
// guide). More shared memory has to be asked for, which nobody here does.
const (
	maxThreads = 1024
	maxShared  = 48 << 10
)

var (
	maxGrid  = [3]int{1<<31 - 1, 1<<16 - 1, 1<<16 - 1}
	maxBlock = [3]int{maxThreads, maxThreads, 64}
)

// Arg is a parameter's value, as its bytes.
type Arg []byte

// Pointer is an argument that points into global memory.
func Pointer(a Address) Arg { return binary.LittleEndian.AppendUint64(nil, uint64(a)) }

// Int is a 32-bit integer argument.
func Int(v int) Arg { return binary.LittleEndian.AppendUint32(nil, uint32(int32(v))) }

// Long is a 64-bit integer argument.
func Long(v int64) Arg { return binary.LittleEndian.AppendUint64(nil, uint64(v)) }

// Float is a float32 argument.
func Float(v float32) Arg { return binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)) }

// FaultError says what a kernel did wrong, and where.
type FaultError struct {
	Kernel string
	Line   int    // of the PTX
	Text   string // the instruction
	Block  [3]int
	Thread [3]int
	What   string
}

func (f *FaultError) Error() string {
	return fmt.Sprintf("kernel %s, line %d (%s), block %v, thread %v: %s", f.Kernel, f.Line, f.Text, f.Block, f.Thread, f.What)
}

// Run runs a kernel to its end, one block after the other, or to its first
// fault. Cancelling ctx stops it between two blocks.
func (k *Kernel) Run(ctx context.Context, memory *Memory, launch Launch) error {
	params, err := k.bind(launch)
	if err != nil {
		return fmt.Errorf("kernel %s: %w", k.Name, err)
	}
	for _, buffer := range memory.buffers {
		buffer.seen, buffer.sources = nil, nil // launches are in order
	}
	number := int32(0)
	b := newBlock(k, memory, &launch, params)
	for z := range launch.Grid[2] {
		for y := range launch.Grid[1] {
			for x := range launch.Grid[0] {
				if err := ctx.Err(); err != nil {
					return err
				}
				number++
				b.begin([3]int{x, y, z}, number)
				if err := b.run(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// bind checks a launch and lays out its arguments as the kernel reads them.
func (k *Kernel) bind(launch Launch) ([]byte, error) {
	threads := 1
	for i := range 3 {
		if launch.Grid[i] < 1 || launch.Grid[i] > maxGrid[i] {
			return nil, fmt.Errorf("grid %v: at least 1, at most %v", launch.Grid, maxGrid)
		}
		if launch.Block[i] < 1 || launch.Block[i] > maxBlock[i] {
			return nil, fmt.Errorf("blocks of %v: at least 1, at most %v", launch.Block, maxBlock)
		}
		threads *= launch.Block[i]
	}
	if threads > k.threads {
		return nil, fmt.Errorf("%d threads in a block: at most %d", threads, k.threads)
	}
	if launch.Shared < 0 || launch.Shared+k.Shared > maxShared {
		return nil, fmt.Errorf("%d bytes of shared memory: at most %d", launch.Shared+k.Shared, maxShared)
	}
	if len(launch.Args) != len(k.Params) {
		return nil, fmt.Errorf("%d arguments, it has %d parameters", len(launch.Args), len(k.Params))
	}
	var params []byte
	for i, p := range k.Params {
		if len(launch.Args[i]) != p.Size {
			return nil, fmt.Errorf("argument %d has %d bytes, parameter %s is .%s of %d", i, len(launch.Args[i]), p.Name, p.Type, p.Size)
		}
		params = append(params, make([]byte, p.Offset-len(params))...)
		params = append(params, launch.Args[i]...)
	}
	return params, nil
}

// block is one block of threads on its way.
type block struct {
	kernel *Kernel
	memory *Memory
	launch *Launch
	params []byte
	shared []*space // one for each variable
	at     [3]int
	number int32
	epoch  int32 // barriers passed
	warps  []*warp
}

func newBlock(k *Kernel, memory *Memory, launch *Launch, params []byte) *block {
	b := &block{kernel: k, memory: memory, launch: launch, params: params}
	for _, v := range k.variables {
		b.shared = append(b.shared, newSpace("shared variable "+v.name, v.size))
	}
	threads := launch.Block[0] * launch.Block[1] * launch.Block[2]
	for first := 0; first < threads; first += warpSize {
		b.warps = append(b.warps, newWarp(b, first/warpSize, min(warpSize, threads-first)))
	}
	return b
}

// begin makes the block one that has run nothing, at its place in the grid. It
// takes the memory of the one before, for allocating it takes longer than most
// blocks run.
func (b *block) begin(at [3]int, number int32) {
	b.at, b.number, b.epoch = at, number, 0
	for _, s := range b.shared {
		clear(s.written)
		clear(s.seen)
	}
	for _, w := range b.warps {
		w.begin()
	}
}

// run lets each warp go until it ends or waits at the block's barrier, and
// opens the barrier when all have come.
func (b *block) run() error {
	for {
		var waiting, ended *warp
		for _, w := range b.warps {
			w.run()
			if w.fault != nil {
				return w.fault
			}
			if w.waiting != 0 {
				waiting = w
			}
			if w.ended != 0 {
				ended = w
			}
		}
		if waiting == nil {
			return nil
		}
		if ended != nil {
			return waiting.faultAt(waiting.pc[lowest(waiting.waiting)]-1, lowest(waiting.waiting),
				fmt.Sprintf("it waits at a barrier, thread %v has ended", ended.thread(lowest(ended.ended))))
		}
		b.epoch++
		for _, w := range b.warps {
			w.pass()
		}
	}
}
