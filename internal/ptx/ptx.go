// Package ptx runs NVIDIA's PTX assembly on any machine, warp by warp, so that
// kernels for a GPU can be checked where there is none. It is slow and strict:
// what a GPU leaves undefined is an error here, with the line, the block and
// the thread. It finds
//
//   - accesses outside a buffer or shared variable, misaligned ones, reads of
//     memory and registers that nobody wrote;
//   - data races: two threads at one byte, one of them writing, with no barrier
//     between them, in shared and in global memory;
//   - asynchronous copies that somebody looks at, or changes the source of, before
//     they were waited for, and those that nobody waits for;
//   - barriers and warp-wide instructions that not all threads reach;
//   - grids, blocks, parameters and shared memory larger than a GPU takes.
//
// The instructions are those that clang makes of our kernels; any other is
// refused when the module is parsed. Meanings follow NVIDIA's "Parallel Thread
// Execution ISA", whose section names the comments quote. Approximate functions
// (ex2.approx and the like) are computed to the last bit, which a GPU does not:
// bounds must leave room for that.
package ptx

// warpSize is the number of threads that run in step.
const warpSize = 32

// allLanes is the mask of a whole warp.
const allLanes = 1<<warpSize - 1

// Module is one parsed PTX file.
type Module struct {
	Version string // of the language, such as 7.0
	Target  string // such as sm_80
	Kernels map[string]*Kernel
}

// Kernel is one entry function.
type Kernel struct {
	Name   string
	Params []Param
	Shared int // bytes of shared memory that the kernel's variables take
	Local  int // bytes of local memory: what spilled out of registers, or is indexed

	code      []instruction
	registers int
	threads   int // that a block may have
	variables []variable
	names     []string // of the registers, for messages
}

// Param is one parameter of a kernel.
type Param struct {
	Name   string
	Type   string // such as u64, f32; b8 for a struct
	Size   int    // bytes
	Offset int    // in the parameter space
}

// variable is a shared array.
type variable struct {
	name string
	at   uint64
	size int
}

// Shared variables lie this far apart, each in the middle of its stretch, so that
// an index that runs out of one cannot arrive in another. Their addresses have no
// more zeros than they were promised.
const sharedApart = 1 << 20

// maxVariables keeps their addresses within 32 bits.
const maxVariables = 1 << 10

// Instructions returns the number of instructions in the kernel's code.
func (k *Kernel) Instructions() int { return len(k.code) }

// instruction is one line of code, made ready to run.
type instruction struct {
	line int
	text string

	guard    int  // predicate register, or -1
	negated  bool // run where the predicate is false
	op       []string
	operands []operand

	reads, writes []int // registers

	// collective instructions run once all lanes of a mask have come.
	collective bool
	members    func(w *warp, lane int) uint32 // the mask, as the lane states it

	run func(w *warp, lanes uint32)
}

// kind says what an operand is.
type kind int

const (
	isRegister kind = iota
	isImmediate
	isSpecial // %tid.x and the like
	isAddress // [register or symbol + offset]
	isSymbol  // the address of a variable
	isVector  // {a, b, ...}
	isLabel
)

// operand is one operand of an instruction.
type operand struct {
	kind     kind
	register int    // isRegister; of an isAddress, or -1
	value    uint64 // isImmediate; the offset of an isAddress; isSymbol's address
	name     string // isSpecial, isLabel, the symbol of an isAddress or isSymbol
	parts    []operand
	second   int // the register after | in a|b, or -1
}
