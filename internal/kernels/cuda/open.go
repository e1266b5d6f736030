package cuda

import (
	"errors"
	"fmt"

	"attn/internal/tensor"
)

// Open returns a backend on this machine's GPU; the caller closes it. Its error
// wraps kernels.ErrNoDevice when there is none to use.
func Open() (*Backend, error) { return system().open() }

func (f finder) open() (*Backend, error) {
	c, info, err := f.find()
	if err != nil {
		return nil, err
	}
	d := &device{
		calls: c, run: newExecutor(), chosen: int32(info.Chosen), facts: info.Devices[info.Chosen], memory: newPool(),
		modules: map[string]handle{}, kernels: map[string]handle{}, owned: map[pointer]bool{},
	}
	if err := d.do(d.start); err != nil {
		d.run.end(shutdown)
		return nil, absentError{fmt.Errorf("%s: %w", d.facts.Name, err)}
	}
	b := newBackend(d)
	if err := b.trial(); err != nil {
		return nil, absentError{fmt.Errorf("%s: %w", d.facts.Name, errors.Join(err, b.Close()))}
	}
	return b, nil
}

// trial adds two numbers: a device is there when what it computes comes back.
func (b *Backend) trial() error {
	x := tensor.Tensor{Shape: []tensor.Dim{tensor.D(tensor.One, 2)}, Data: []float32{1.5, -3}}
	on := b.Put(x)
	got := b.Get(b.Add(on, on))
	if err := b.Err(); err != nil {
		return err
	}
	if got.Data[0] != 3 || got.Data[1] != -6 {
		return fmt.Errorf("the device does not compute: 1.5 + 1.5 is %v, -3 - 3 is %v", got.Data[0], got.Data[1])
	}
	return nil
}
