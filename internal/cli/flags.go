package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"attn/internal/kernels"
	"attn/internal/kernels/all"
	"attn/internal/model"
	"attn/internal/render/escape"
	"attn/internal/render/theme"
)

// The formats that commands have between them.
const (
	formatText = "text"
	formatJSON = "json"
	formatCSV  = "csv"
	formatHTML = "html"
	formatSVG  = "svg"
	formatPNG  = "png"
)

// endings says which format a file's name asks for.
func endings() map[string]string {
	return map[string]string{
		".txt": formatText, ".json": formatJSON, ".csv": formatCSV, ".html": formatHTML, ".htm": formatHTML,
		".svg": formatSVG, ".png": formatPNG,
	}
}

// outputFlags say where a result goes and in which format: --format, -o.
type outputFlags struct {
	Format string // after resolve: one of formats
	Output string

	formats []string
	command *cobra.Command // that has these flags
}

// add defines the flags for a command that has these formats, the default first.
func (f *outputFlags) add(cmd *cobra.Command, formats ...string) {
	f.formats, f.command = formats, cmd
	list := strings.Join(formats, ", ")
	cmd.Flags().StringVar(&f.Format, "format", "", "output `format`: "+list+" (default: what -o's ending says, or "+formats[0]+")")
	cmd.Flags().StringVarP(&f.Output, "output", "o", "", "write to `file`, whole or not at all, instead of standard output")
	complete(cmd, "format", formats...)
}

// resolve decides on the format, and refuses one that the command lacks.
func (f *outputFlags) resolve() error {
	asked, why := f.Format, "--format "+f.Format
	if asked == "" {
		ending := strings.ToLower(filepath.Ext(f.Output))
		asked, why = endings()[ending], "-o "+f.Output
	}
	if asked == "" {
		asked = f.formats[0]
	}
	if !slices.Contains(f.formats, asked) {
		return usagef("%s has no such format: %s", f.command.CommandPath(), why).advise("it has %s", strings.Join(f.formats, ", "))
	}
	f.Format = asked
	return nil
}

// toFile reports whether the result goes into a file.
func (f *outputFlags) toFile() bool { return f.Output != "" && f.Output != "-" }

// lookFlags say how text looks and how much of it there is: --theme, -q, -v.
type lookFlags struct {
	Theme   string
	Quiet   bool
	Verbose bool
}

func (f *lookFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.Theme, "theme", theme.Names()[0], "`colours`: "+strings.Join(theme.Names(), ", "))
	complete(cmd, "theme", theme.Names()...)
	addLoudness(cmd, &f.Quiet, &f.Verbose)
}

func addLoudness(cmd *cobra.Command, quiet, verbose *bool) {
	cmd.Flags().BoolVarP(quiet, "quiet", "q", false, "no progress, no header")
	cmd.Flags().BoolVarP(verbose, "verbose", "v", false, "show more")
}

// theme returns the theme that was asked for.
func (f *lookFlags) theme() (theme.Theme, error) {
	t, err := theme.ByName(f.Theme)
	if err != nil {
		return t, usagef("no theme is called that: --theme %s", f.Theme).advise("the themes are %s", strings.Join(theme.Names(), ", "))
	}
	return t, nil
}

// deviceFlags say what computes: --device, --threads.
type deviceFlags struct {
	Device  string
	Threads int

	set string // ATTN_CPU, an instruction set for tests and bug reports; "" is the best

	backend func(name string, o all.Options) (kernels.Backend, error) // nil is all.Open
}

func (f *deviceFlags) add(a *App, cmd *cobra.Command) {
	f.set = a.Getenv("ATTN_CPU")
	cmd.Flags().StringVar(&f.Device, "device", "auto", "`device` that computes: "+strings.Join(all.Names(), ", "))
	cmd.Flags().IntVar(&f.Threads, "threads", 0, "CPU `threads` (default: as many as this process may use)")
	complete(cmd, "device", all.Names()...)
}

// maxThreads is far above every machine; a typing error is not.
const maxThreads = 4096

// openFor returns the backend that runs a model, which the caller closes. auto passes
// by a GPU that the model does not fit into, and -v says so.
func (f *deviceFlags) openFor(a *App, look *lookFlags, m *model.Model) (kernels.Backend, error) {
	return f.openWith(all.Options{Weights: m.Size(), Passed: func(why error) {
		if look.Verbose && !look.Quiet {
			fmt.Fprintf(a.Err, "attn: the CPU computes, and not the GPU: %s\n", escape.Text(why.Error()))
		}
	}})
}

// open returns the backend, which the caller closes.
func (f *deviceFlags) open() (kernels.Backend, error) { return f.openWith(all.Options{}) }

func (f *deviceFlags) openWith(o all.Options) (kernels.Backend, error) {
	if !slices.Contains(all.Names(), f.Device) {
		return nil, usagef("no device is called that: --device %s", f.Device).advise("the devices are %s", strings.Join(all.Names(), ", "))
	}
	if f.Threads < 0 || f.Threads > maxThreads {
		return nil, usagef("it takes 1 to %d threads, or 0 for as many as there are: --threads %d", maxThreads, f.Threads)
	}
	if f.set != "" && !slices.Contains(all.Sets(), f.set) {
		return nil, usagef("this machine runs no such instruction set: ATTN_CPU=%s", f.set).advise("it runs %s", strings.Join(all.Sets(), ", "))
	}
	open := f.backend
	if open == nil {
		open = all.Open
	}
	o.Threads, o.Set = f.Threads, f.set
	be, err := open(f.Device, o)
	if err != nil {
		return nil, failf("%w", err).advise("--device auto takes the fastest that this machine has")
	}
	return be, nil
}

// complete lets shells offer a flag's values.
func complete(cmd *cobra.Command, flag string, values ...string) {
	// It fails only for a flag that does not exist or was completed before;
	// the completion tests would see either.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}
