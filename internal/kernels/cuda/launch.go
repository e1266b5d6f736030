package cuda

import (
	"encoding/binary"
	"math"
	"runtime"

	"attn/internal/tensor"
)

// work gathers the arguments of one launch, in the kernel's order.
type work struct {
	b     *Backend
	op    string
	args  [][]byte
	keep  []*array  // that the kernel reads or writes
	brief []pointer // that are freed after it
}

func (b *Backend) work(op string) *work { return &work{b: b, op: op} }

// arrays adds arrays.
func (w *work) arrays(list ...*array) *work {
	for _, a := range list {
		w.keep = append(w.keep, a)
		w.pointer(a.at)
	}
	return w
}

func (w *work) pointer(p pointer) *work { return w.long(int(p)) }

// floats adds numbers that this launch alone needs; nil is a null pointer.
func (w *work) floats(v []float32) *work {
	if v == nil || w.b.err != nil {
		return w.pointer(0)
	}
	return w.briefly(floatBytes(v))
}

// ids adds tokens' numbers.
func (w *work) ids(v []int32) *work {
	data := make([]byte, 0, 4*len(v))
	for _, id := range v {
		data = binary.LittleEndian.AppendUint32(data, uint32(id))
	}
	return w.briefly(data)
}

// last returns the pointer that was added last.
func (w *work) last() pointer {
	if len(w.args) == 0 {
		return 0
	}
	return pointer(binary.LittleEndian.Uint64(w.args[len(w.args)-1]))
}

// rows adds the numbers of rows.
func (w *work) rows(v []int) *work {
	narrow := make([]int32, len(v))
	for i, r := range v {
		narrow[i] = int32(r)
	}
	return w.ids(narrow)
}

func (w *work) briefly(data []byte) *work {
	at, ok := w.take(len(data))
	if ok {
		w.b.fail(w.op, w.b.gpu.upload(at, data))
	}
	return w.pointer(at)
}

// room adds memory for the kernel's own use.
func (w *work) room(bytes int) *work {
	at, _ := w.take(bytes)
	return w.pointer(at)
}

// take takes memory that this launch alone needs.
func (w *work) take(bytes int) (pointer, bool) {
	at, err := w.b.alloc(bytes)
	if err != nil {
		w.b.fail(w.op, err)
		return 0, false
	}
	w.brief = append(w.brief, at)
	return at, true
}

func (w *work) int(v int) *work {
	w.args = append(w.args, binary.LittleEndian.AppendUint32(nil, uint32(int32(v))))
	return w
}

func (w *work) long(v int) *work {
	w.args = append(w.args, binary.LittleEndian.AppendUint64(nil, uint64(v)))
	return w
}

func (w *work) float(v float32) *work {
	w.args = append(w.args, binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
	return w
}

func (w *work) flag(v bool) *work {
	if v {
		return w.int(1)
	}
	return w.int(0)
}

// run launches a kernel and ends the work.
func (w *work) run(module, kernel string, g grid) {
	w.start(module, kernel, g)
	w.end()
}

// start launches a kernel, unless something failed before.
func (w *work) start(module, kernel string, g grid) {
	if w.b.err == nil && !w.b.stopped() { // what was to be uploaded may not be there
		w.b.fail(w.op, w.b.gpu.launch(w.op, module, kernel, g, w.args))
	}
}

// end frees what this work alone needed.
func (w *work) end() {
	for _, p := range w.brief {
		w.b.fail(w.op, w.b.gpu.free(p))
	}
	runtime.KeepAlive(w.keep)
}

// perBlock is how many threads a block has where each makes one number.
const perBlock = 256

// over is a grid with a thread for each of n numbers.
func over(n int) grid {
	return grid{blocks: [3]int{ceil(n, perBlock), 1, 1}, threads: perBlock}
}

// rows is a grid with a block for each row of width numbers, which it reduces:
// its threads are a power of two, a warp's at least.
func rows(n, width int) grid {
	threads := 32
	for threads < perBlock && threads < width {
		threads *= 2
	}
	return grid{blocks: [3]int{n, 1, 1}, threads: threads}
}

// ceil is a / b, rounded up.
func ceil(a, b int) int { return (a + b - 1) / b }

// last returns the size of an array's last axis.
func last(shape []tensor.Dim) int { return shape[len(shape)-1].Size }
