package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"attn/internal/render/escape"
	"attn/internal/trace"
)

// viewOptions is what attn view was asked for.
type viewOptions struct {
	file   string
	output outputFlags
	look   lookFlags
	showing
}

func newViewCmd(a *App, runF func(context.Context, *App, *viewOptions) error) *cobra.Command {
	o := &viewOptions{}
	cmd := &cobra.Command{
		Use:   "view FILE",
		Short: "show a saved trace, with no model at hand",
		Long: `Show everything that attn trace can show, from a trace that --save has kept. It
needs no model; it can show the steps that were recorded.`,
		Example: `attn trace --save t.safetensors --record all "a fluffy blue creature"
attn view t.safetensors
attn view --layer 0 --head all --steps pattern t.safetensors`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("it takes one file, got %d: %s", len(args), cmd.CommandPath()).advise("attn trace --save FILE writes one")
			}
			o.file = args[0]
			if err := o.output.resolve(); err != nil {
				return err
			}
			if err := o.showing.check(); err != nil {
				return err
			}
			return runF(cmd.Context(), a, o)
		},
	}
	o.showing.add(cmd)
	o.output.add(cmd, formatText, formatJSON, formatCSV)
	o.look.add(cmd)
	return cmd
}

func runView(_ context.Context, a *App, o *viewOptions) error {
	if _, err := o.views(); err != nil {
		return err
	}
	t, err := loadTrace(o.file)
	if err != nil {
		return err
	}
	if err := t.Check(); err != nil && !o.look.Quiet {
		first, _, _ := strings.Cut(err.Error(), "\n")
		fmt.Fprintf(a.Err, "attn: warning: the numbers do not hold together: %s: %s\n", escape.Text(o.file), escape.Text(first))
	}
	sel, err := o.selection(t)
	if err != nil {
		return err
	}
	return o.write(a, t, sel, &o.output, &o.look)
}

// loadTrace reads a trace file.
func loadTrace(path string) (*trace.Trace, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, failf("no such file: %s", path)
	case err != nil:
		return nil, failf("%w", err)
	case !info.Mode().IsRegular():
		return nil, failf("not a regular file: %s", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, failf("%w", err)
	}
	defer f.Close() // only read
	t, err := trace.Load(f, info.Size())
	if err != nil {
		return nil, failf("%s: %w", path, err)
	}
	return t, nil
}
