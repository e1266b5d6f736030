package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// python writes a program that stands for python3.
func python(t *testing.T, script string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: the program is a shell's")
	}
	path := filepath.Join(t.TempDir(), "python3")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// products are so many rows that PyTorch is timed at.
func products(count int) []Row {
	rows := make([]Row, count)
	for i := range rows {
		rows[i].Case = Case{Op: "matmul", Device: "cpu", DType: "f32", M: 1, N: 2 + i, K: 3, Threads: 2}
	}
	return rows
}

const timing = `{"version":"2.0","what":"a @ b.T","ms_min":1,"ms_median":2.5,"runs":7}`

func TestBesideTorch(t *testing.T) {
	rows := append(products(1), Row{Case: Case{Op: "forward", Device: "cpu"}}, Row{Case: Case{Op: "matmul", Device: "ref", DType: "f32"}})
	asked := filepath.Join(t.TempDir(), "asked")
	good := python(t, "cat >"+asked+"; echo '"+timing+"'")
	if err := BesideTorch(context.Background(), good, rows, 1500*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if got := rows[0].Torch; got == nil || *got != (Torch{"2.0", "a @ b.T", 1, 2.5, 7}) || rows[1].Torch != nil || rows[2].Torch != nil {
		t.Errorf("%+v", rows)
	}
	said, err := os.ReadFile(asked)
	if want := `{"seconds":1.5,"rows":[{"op":"matmul","device":"cpu","dtype":"f32","n":2,"m":1,"k":3,"threads":2}]}`; err != nil || string(said) != want {
		t.Errorf("asked %s, want %s", said, want)
	}
}

// TestTorchTraces: of a pass, PyTorch is told the shape, and of how many tokens attn
// computes the logits; it is timed where it hands out the same.
func TestTorchTraces(t *testing.T) {
	shape := Shape{Family: "gpt2", Layers: 12, Heads: 12, KVHeads: 12, DModel: 768, DHead: 64, DMLP: 3072, DVocab: 50257}
	same := strings.Join(TorchRecord(12), ",")
	llama, grouped := shape, shape
	llama.Family, grouped.KVHeads = "llama", 3
	for name, c := range map[string]struct {
		of     Case
		ok     bool
		logits int
	}{
		"the same":         {Case{Op: "trace", DType: "f32", Record: same, Shape: shape}, true, 1},
		"by other names":   {Case{Op: "trace", DType: "f16", Record: "blocks.*hook_pattern,blocks.*.hook_resid_pre,blocks.11.hook_resid_post", Shape: shape}, true, 1},
		"and all logits":   {Case{Op: "trace", DType: "f32", Record: same + ",unembed.hook_out", Shape: shape}, true, 9},
		"everything":       {Case{Op: "trace", DType: "f32", Shape: shape}, false, 0},
		"more":             {Case{Op: "trace", DType: "f32", Record: same + ",hook_embed", Shape: shape}, false, 0},
		"less":             {Case{Op: "trace", DType: "f32", Record: "*hook_pattern", Shape: shape}, false, 0},
		"4-bit weights":    {Case{Op: "trace", DType: "q4_0", Record: same, Shape: shape}, false, 0},
		"another family":   {Case{Op: "trace", DType: "f32", Record: same, Shape: llama}, false, 0},
		"shared heads":     {Case{Op: "trace", DType: "f32", Record: same, Shape: grouped}, false, 0},
		"a pass":           {Case{Op: "forward", DType: "f32", Shape: shape}, false, 0},
		"product of bf16":  {Case{Op: "matmul", DType: "bf16"}, false, 0},
		"product of float": {Case{Op: "matmul", DType: "f32"}, true, 0},
	} {
		c.of.Device, c.of.N = "cpu", 9
		got, ok := c.of.counterpart()
		if ok != c.ok || ok && got.Logits != c.logits {
			t.Errorf("%s: %v, logits of %d, want %v, %d", name, ok, got.Logits, c.ok, c.logits)
		}
		c.of.Device = "ref"
		if _, ok := c.of.counterpart(); ok {
			t.Errorf("%s: on ref", name)
		}
	}
	asked := filepath.Join(t.TempDir(), "asked")
	rows := []Row{{Case: Case{Op: "trace", Device: "cuda", DType: "f32", N: 1024, Threads: 1, Record: same, Shape: shape}}}
	if err := BesideTorch(t.Context(), python(t, "cat >"+asked+"; echo '"+timing+"'"), rows, time.Second); err != nil || rows[0].Torch == nil {
		t.Fatal(err, rows)
	}
	said, err := os.ReadFile(asked)
	want := `"shape":{"family":"gpt2","layers":12,"heads":12,"kv_heads":12,"d_model":768,"d_head":64,"d_mlp":3072,"d_vocab":50257},"logits":1}]}`
	if err != nil || !strings.HasSuffix(string(said), want) {
		t.Errorf("asked %s, want %s", said, want)
	}
}

// TestTorchFails: where PyTorch fails, or its process ends, the other rows are
// timed, and every row says what became of it.
func TestTorchFails(t *testing.T) {
	const memory = `{"error":"OutOfMemoryError: CUDA out of memory"}`
	ends := func(first, later string) string { // one process says this, those after it that
		ran := filepath.Join(t.TempDir(), "ran")
		return "cat >/dev/null; if [ -e " + ran + " ]; then " + later + "; else touch " + ran + "; " + first + "; fi"
	}
	for name, c := range map[string]struct{ script, want string }{
		"an error within": {"cat >/dev/null; echo '" + timing + memory + timing + "'", "2.5|OutOfMemoryError: CUDA out of memory|2.5"},
		"no time":         {"cat >/dev/null; echo '" + timing + `{"ms_median":0}` + timing + "'", "2.5|it took 0 ms|2.5"},
		"it is killed": {
			ends("echo '"+timing+"'; echo Killed >&2; exit 137", "echo '"+timing+"'"),
			"2.5|exit status 137: Killed|2.5",
		},
		"killed at the last": {ends("echo '"+timing+timing+"'; exit 9", "exit 8"), "2.5|2.5|exit status 9"},
		"it begins anew":     {ends("echo '"+timing+memory+"'", "echo '"+timing+"'"), "2.5|OutOfMemoryError: CUDA out of memory|2.5"},
		"it never works": {
			"cat >/dev/null; echo Traceback >&2; echo 'RuntimeError: no' >&2; exit 1",
			"exit status 1: RuntimeError: no|exit status 1: RuntimeError: no|exit status 1: RuntimeError: no",
		},
		"no JSON": {"cat >/dev/null; echo none", "no results|no results|no results"},
	} {
		rows := products(3)
		if err := BesideTorch(t.Context(), python(t, c.script), rows, time.Second); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		for _, r := range rows {
			if r.Torch != nil {
				got = append(got, fmt.Sprint(r.Torch.Median))
			} else {
				got = append(got, r.TorchError)
			}
		}
		if got := strings.Join(got, "|"); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// TestTorchIsGivenUp: a PyTorch that never works is not started for every row.
func TestTorchIsGivenUp(t *testing.T) {
	starts := filepath.Join(t.TempDir(), "starts")
	rows := products(50)
	if err := BesideTorch(t.Context(), python(t, "cat >/dev/null; echo >>"+starts+"; exit 1"), rows, time.Second); err != nil {
		t.Fatal(err)
	}
	if lines, err := os.ReadFile(starts); err != nil || len(lines) != 3 || rows[49].TorchError == "" {
		t.Errorf("started %d times, the last row says %q, %v", len(lines), rows[49].TorchError, err)
	}
}

func TestTorchStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := BesideTorch(ctx, python(t, "exit 0"), products(3), time.Second); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestHasTorch(t *testing.T) {
	if err := HasTorch(context.Background(), python(t, "exit 0")); err != nil {
		t.Error(err)
	}
	bad := python(t, "echo Traceback >&2; echo \"ModuleNotFoundError: No module named 'torch'\" >&2; exit 1")
	err := HasTorch(context.Background(), bad)
	if !errors.Is(err, errNoTorch) || !strings.HasSuffix(err.Error(), "ModuleNotFoundError: No module named 'torch'") {
		t.Errorf("got %v", err)
	}
	if err := HasTorch(context.Background(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, errNoTorch) {
		t.Errorf("got %v", err)
	}
}
