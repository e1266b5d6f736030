package bench

import (
	"bytes"
	"context"
	_ "embed" // torch.py
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"attn/internal/trace"
)

//go:embed torch.py
var torchScript string

// Torch is what PyTorch takes for a row's work.
type Torch struct {
	Version string  `json:"version"`
	What    string  `json:"what"` // that was called
	Min     float64 `json:"ms_min"`
	Median  float64 `json:"ms_median"`
	Runs    int     `json:"runs"`
}

// TorchRecord names the steps that PyTorch's pass hands out, as --record takes them:
// attentions, and hidden states before each layer and after the last.
func TorchRecord(layers int) []string {
	return []string{"*" + trace.Pattern, "*" + trace.ResidPre, trace.InBlock(layers-1, trace.ResidPost)}
}

// errNoTorch is what HasTorch fails with where there is none.
var errNoTorch = errors.New("PyTorch cannot be timed")

// HasTorch reports why PyTorch cannot be timed, if it cannot: this python has to
// import it.
func HasTorch(ctx context.Context, python string) error {
	out, err := exec.CommandContext(ctx, python, "-c", "import torch").CombinedOutput()
	if err != nil {
		if said := lastLine(string(out)); said != "" {
			return fmt.Errorf("%w: %s: %s", errNoTorch, python, said)
		}
		return fmt.Errorf("%w: %w", errNoTorch, err)
	}
	return nil
}

// BesideTorch times PyTorch at the work of the rows, on their devices and
// threads, and adds what it took, or why it failed there. Rows that have no
// counterpart stay without. The error is that somebody stopped it.
func BesideTorch(ctx context.Context, python string, rows []Row, budget time.Duration) error {
	var left []*Row
	for i := range rows {
		if _, ok := rows[i].counterpart(); ok {
			left = append(left, &rows[i])
		}
	}
	const most = 3 // processes in a row that end without a result: the next would, too
	for idle := 0; len(left) > 0; {
		done, err := torchRows(ctx, python, left, budget)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if idle++; done > 0 {
			idle = 0
		}
		left = left[done:]
		if err == nil {
			continue
		}
		for i := range left { // the process ended at the first of them
			if i == 0 || idle == most {
				left[i].TorchError = err.Error()
			}
		}
		if idle == most {
			return nil
		}
		left = left[min(1, len(left)):]
	}
	return nil
}

// torchCase is a row's work as the script is told of it.
type torchCase struct {
	Case
	Logits int `json:"logits,omitempty"` // of a pass: of how many tokens, the last ones
}

// counterpart is what PyTorch is timed at beside a row, if there is something: products
// and attention of float32, and traces of GPT-2's blocks that keep what it hands out.
func (c Case) counterpart() (torchCase, bool) {
	stored := []string{"f32"}
	t := torchCase{Case: c}
	switch c.Op {
	case "matmul", "attention":
	case "trace":
		stored = append(stored, "f16", "bf16") // attn computes with float32 in any case
		kept, logits := c.records()
		if t.Logits = 1; logits {
			t.Logits = c.N
		}
		if c.Shape.Family != "gpt2" || c.Shape.Heads != c.Shape.KVHeads || !kept {
			return t, false
		}
	default:
		return t, false
	}
	return t, (c.Device == "cpu" || c.Device == "cuda") && slices.Contains(stored, c.DType)
}

// records reports whether a trace keeps what PyTorch's pass hands out and nothing else,
// but for the logits of all tokens, which it may keep as well.
func (c Case) records() (same, logits bool) {
	same = true
	for _, step := range trace.StepNames(c.Shape.Layers) {
		matches := func(pattern string) bool { return trace.Match(pattern, step) }
		keeps := c.Record == "" || slices.ContainsFunc(strings.Split(c.Record, ","), matches)
		if step == trace.Logits {
			logits = keeps
			continue
		}
		same = same && keeps == slices.ContainsFunc(TorchRecord(c.Shape.Layers), matches)
	}
	return same, logits
}

// torchRows runs the rows in one process, which tells of each as soon as it is
// timed, and returns of how many it told. The error is why it ended before the last.
func torchRows(ctx context.Context, python string, rows []*Row, budget time.Duration) (done int, err error) {
	job := struct {
		Seconds float64     `json:"seconds"`
		Rows    []torchCase `json:"rows"`
	}{Seconds: budget.Seconds()}
	for _, r := range rows {
		c, _ := r.counterpart()
		job.Rows = append(job.Rows, c)
	}
	in, err := json.Marshal(job)
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, python, "-c", torchScript)
	var out, said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &said
	ended := cmd.Run()
	results := json.NewDecoder(&out)
	for done < len(rows) {
		var r torchResult
		if err := results.Decode(&r); err != nil {
			break // it ended here; what is no JSON counts as nothing
		}
		rows[done].tell(r)
		done++
	}
	switch {
	case done == len(rows):
		return done, nil
	case ended != nil:
		return done, withWords(ended, said.String())
	case done == 0:
		return 0, errors.New("no results")
	}
	return done, nil // it gave up its GPU, in which an error stays, and asks for another process
}

// torchResult is what the script says of a row.
type torchResult struct {
	Torch
	Error string `json:"error"`
}

func (r *Row) tell(result torchResult) {
	switch {
	case result.Error != "":
		r.TorchError = result.Error
	case !(result.Median > 0):
		r.TorchError = fmt.Sprintf("it took %v ms", result.Median)
	default:
		r.Torch = &result.Torch
	}
}

// withWords adds to an error the last line that was said, where most programs tell
// what is wrong.
func withWords(err error, said string) error {
	if line := lastLine(said); line != "" {
		return fmt.Errorf("%w: %s", err, line)
	}
	return err
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
