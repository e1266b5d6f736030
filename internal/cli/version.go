package cli

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/cpu"

	"attn/internal/kernels/all"
	"attn/internal/kernels/cuda"
	"attn/internal/render/escape"
)

type versionOptions struct {
	output outputFlags
	short  bool // the first line only
}

func newVersionCmd(a *App, runF func(context.Context, *App, *versionOptions) error) *cobra.Command {
	o := &versionOptions{}
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "print the version, and what this machine can do",
		Long:    "Print the version of attn, how it was built, and what it found on this machine: CPU features and CUDA devices.",
		Example: "attn version\nattn version --format json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.output.resolve(); err != nil {
				return err
			}
			return runF(cmd.Context(), a, o)
		},
	}
	o.output.add(cmd, formatText, formatJSON)
	return cmd
}

// versionFacts is what attn version --format json prints.
type versionFacts struct {
	Schema   string     `json:"schema"`
	Version  string     `json:"version"`
	Commit   string     `json:"commit"` // empty when not built from a repository
	Modified bool       `json:"modified"`
	Go       string     `json:"go"`
	OS       string     `json:"os"`
	Arch     string     `json:"arch"`
	CPUs     int        `json:"cpus"` // that this process may use
	Features []string   `json:"cpu_features"`
	Kernels  []string   `json:"cpu_kernels"` // instruction sets, the best first; ATTN_CPU chooses another
	CUDA     *cuda.Info `json:"cuda"`        // null: not in this build
}

func runVersion(_ context.Context, a *App, o *versionOptions) error {
	facts := readVersion()
	if cuda.Built && !o.short {
		info := cuda.Try()
		facts.CUDA = &info
	}
	return a.Write(o.output.Output, func(w io.Writer) error {
		if o.output.Format == formatJSON {
			return writeJSON(w, facts)
		}
		return facts.writeText(w, o.short)
	})
}

func readVersion() versionFacts {
	f := versionFacts{
		Schema:   "attn.version/1",
		Version:  "(devel)",
		Go:       runtime.Version(),
		OS:       runtime.GOOS,
		Arch:     runtime.GOARCH,
		CPUs:     runtime.GOMAXPROCS(0),
		Features: cpuFeatures(),
		Kernels:  all.Sets(),
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return f
	}
	if info.Main.Version != "" {
		f.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			f.Commit = s.Value
		case "vcs.modified":
			f.Modified = s.Value == "true"
		}
	}
	return f
}

func (f versionFacts) writeText(w io.Writer, short bool) error {
	if _, err := fmt.Fprintf(w, "attn %s\n", f.Version); err != nil || short {
		return err
	}
	commit := f.Commit
	switch {
	case commit == "":
		commit = "unknown"
	case f.Modified:
		commit += " (with changes that are not committed)"
	}
	features := strings.Join(f.Features, " ")
	if features == "" {
		features = "none that attn uses"
	}
	_, err := fmt.Fprintf(w, "commit    %s\ngo        %s\nsystem    %s/%s, %d CPUs\nfeatures  %s\nkernels   %s\nCUDA      %s\n",
		commit, f.Go, f.OS, f.Arch, f.CPUs, features, strings.Join(f.Kernels, " "), strings.Join(cudaLines(f.CUDA), "\n          "))
	return err
}

// cudaLines say what was found of GPUs, and why none of them is used.
func cudaLines(info *cuda.Info) []string {
	if info == nil {
		return []string{"not in this build"}
	}
	var lines []string
	driver := "driver"
	if info.Module != "" {
		driver += " " + info.Module
	}
	if info.Driver != "" {
		driver += " with CUDA " + info.Driver
	}
	if driver != "driver" {
		lines = append(lines, driver)
	}
	for i, d := range info.Devices {
		line := fmt.Sprintf("%d: %s, compute capability %s, %s", i, escape.Text(d.Name), d.Capability, inBytes(float64(d.Memory)))
		if i == info.Chosen {
			line += ", which --device auto and cuda take"
		}
		lines = append(lines, line)
	}
	if info.Why != "" {
		lines = append(lines, "not used: "+escape.Text(info.Why))
	}
	return lines
}

// cpuFeatures names the vector extensions that this CPU and its system allow,
// those that matter to a matrix product.
func cpuFeatures() []string {
	var names []string
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"sse4.2", cpu.X86.HasSSE42},
		{"avx", cpu.X86.HasAVX},
		{"fma", cpu.X86.HasFMA},
		{"avx2", cpu.X86.HasAVX2},
		{"avx512f", cpu.X86.HasAVX512F},
		{"avx512bw", cpu.X86.HasAVX512BW},
		{"avx512vnni", cpu.X86.HasAVX512VNNI},
		{"avx512bf16", cpu.X86.HasAVX512BF16},
		{"amx_tile", cpu.X86.HasAMXTile},
		{"amx_int8", cpu.X86.HasAMXInt8},
		{"amx_bf16", cpu.X86.HasAMXBF16},
		{"asimd", cpu.ARM64.HasASIMD},
		{"asimdhp", cpu.ARM64.HasASIMDHP},
		{"asimddp", cpu.ARM64.HasASIMDDP},
		{"sve", cpu.ARM64.HasSVE},
	} {
		if f.has {
			names = append(names, f.name)
		}
	}
	return names
}
