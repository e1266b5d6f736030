package cuda

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"attn/internal/kernels"
	"attn/internal/kernels/kernelstest"
	"attn/internal/ptx"
)

func TestMain(m *testing.M) {
	if !Built {
		fmt.Println("SKIPPED, NOT TESTED: this build has no kernels")
		return
	}
	goleak.VerifyTestMain(m)
}

// modules parses every kernel once.
var modules = sync.OnceValues(func() (map[string]*ptx.Module, error) {
	entries, err := compiled.ReadDir("ptx")
	if err != nil {
		return nil, err
	}
	all := map[string]*ptx.Module{}
	for _, entry := range entries {
		source, err := compiled.ReadFile("ptx/" + entry.Name())
		if err != nil {
			return nil, err
		}
		if all[entry.Name()], err = ptx.Parse(string(source)); err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
	}
	return all, nil
})

// interpreted is a GPU that package ptx plays.
type interpreted struct {
	memory  ptx.Memory
	modules map[string]*ptx.Module
}

func (d *interpreted) alloc(bytes int) (pointer, error) {
	at, err := d.memory.Alloc(bytes)
	return pointer(at), err
}

func (d *interpreted) free(p pointer) error { return d.memory.Free(ptx.Address(p)) }

func (d *interpreted) upload(p pointer, data []byte) error {
	return d.memory.Write(ptx.Address(p), data)
}

func (d *interpreted) download(data []byte, p pointer) error {
	return d.memory.Read(ptx.Address(p), data)
}

func (d *interpreted) later(data []byte, p pointer, read func()) error {
	err := d.download(data, p)
	if read != nil {
		read()
	}
	return err
}

func (d *interpreted) settle() error { return nil }

func (d *interpreted) room() (room, error) { return room{1 << 40, 1 << 40}, nil }

func (d *interpreted) interrupt(func() bool) {}

func (d *interpreted) launch(_, module, kernel string, g grid, args [][]byte) error {
	m, ok := d.modules[module+".ptx"]
	if !ok || m.Kernels[kernel] == nil {
		return fmt.Errorf("no kernel %s in %s", kernel, module)
	}
	launch := ptx.Launch{Grid: g.blocks, Block: [3]int{g.threads, 1, 1}}
	for _, arg := range args {
		launch.Args = append(launch.Args, arg)
	}
	return m.Kernels[kernel].Run(context.Background(), &d.memory, launch)
}

func (d *interpreted) close() error { return nil }

// onInterpreter returns a backend without a GPU.
func onInterpreter(t *testing.T) *Backend {
	t.Helper()
	all, err := modules()
	if err != nil {
		t.Fatal(err)
	}
	return newBackend(&interpreted{modules: all})
}

// TestSuite holds every kernel to package ref, on the interpreter: an eighth of
// the calls, for it is slow, and few of them in short tests.
func TestSuite(t *testing.T) {
	every := 8
	if testing.Short() {
		every = 40
	}
	kernelstest.RunSome(t, func() kernels.Backend { return onInterpreter(t) }, every)
}
