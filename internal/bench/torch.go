package bench

import (
	"bytes"
	"context"
	_ "embed" // torch.py
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
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

// errNoTorch is what BesideTorch fails with where there is none.
var errNoTorch = errors.New("PyTorch cannot be timed")

// HasTorch reports why PyTorch cannot be timed, if it cannot: this python has to
// import it.
func HasTorch(ctx context.Context, python string) error {
	out, err := exec.CommandContext(ctx, python, "-c", "import torch").CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if said := lines[len(lines)-1]; said != "" {
			return fmt.Errorf("%w: %s: %s", errNoTorch, python, said)
		}
		return fmt.Errorf("%w: %w", errNoTorch, err)
	}
	return nil
}

// BesideTorch times PyTorch at the work of the rows, on their devices and
// threads, and adds what it took. Rows that have no counterpart stay without.
func BesideTorch(ctx context.Context, python string, rows []Row, budget time.Duration) error {
	job := struct {
		Seconds float64 `json:"seconds"`
		Rows    []Case  `json:"rows"`
	}{Seconds: budget.Seconds()}
	for _, r := range rows {
		job.Rows = append(job.Rows, r.Case)
	}
	in, err := json.Marshal(job)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, python, "-c", torchScript)
	var out, said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &said
	if err := cmd.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		return fmt.Errorf("%w: %s: %w: %s", errNoTorch, python, err, lines[len(lines)-1])
	}
	var results []*Torch
	if err := json.Unmarshal(out.Bytes(), &results); err != nil || len(results) != len(rows) {
		return fmt.Errorf("%w: %d results for %d rows: %w", errNoTorch, len(results), len(rows), err)
	}
	for i, r := range results {
		if r != nil && !(r.Median > 0) {
			return fmt.Errorf("%w: it took %v ms", errNoTorch, r.Median)
		}
		rows[i].Torch = r
	}
	return nil
}
