package ptx

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// TestParseRefuses holds that whatever is not run here is refused, with its
// line.
func TestParseRefuses(t *testing.T) {
	for name, test := range map[string]struct{ source, want string }{
		"an instruction":      {head + "tex.2d.v4.f32.f32 {%r1, %r2, %r3, %r4}, [%rd1];" + tail, "is not one that runs here"},
		"a memory not named":  {head + "ld.b32 %r3, [%rd1];" + tail, "is not one that runs here"},
		"local memory":        {strings.Replace(head, "mov.u32", ".local .align 4 .b8 spill[8]; mov.u32", 1) + tail, "local memory, 8 bytes"},
		"a register":          {head + "mov.b32 %r3, %r77;" + tail, "%r77: not an operand known here"},
		"a label":             {head + "bra $nowhere;" + tail, "no label $nowhere"},
		"too few operands":    {head + "add.s32 %r3, %r2;" + tail, "2 operands, it takes 3"},
		"another barrier":     {head + "bar.sync 1;" + tail, "the only barrier here is number 0"},
		"two labels":          {head + "$A:\n$A:\n" + tail, "label $A stands twice"},
		"32 bits":             {".address_size 32", "addresses have 64 bits here"},
		"a function":          {".func f() { ret; }", "only kernels stand at the top"},
		"no end":              {head, "kernel k does not end"},
		"registers":           {strings.Replace(head, "%rd<9>", "%rd<99999999>", 1) + tail, "too many registers"},
		"shared memory":       {strings.Replace(head, "tile[512]", "tile[99999999]", 1) + tail, "not a shared variable"},
		"too much of it":      {head + ".shared .align 4 .b8 other[48641];" + tail, "49153 bytes of shared memory: at most 49152"},
		"a variable twice":    {head + ".shared .align 4 .b8 tile[4];" + tail, "shared variable tile stands twice"},
		"an odd alignment":    {head + ".shared .align 12 .b8 other[4];" + tail, "not a shared variable"},
		"parameters":          {strings.Replace(head, ".param .u64 .ptr .align 1 k_param_0,", ".param .align 8 .b8 k_param_0[4089],", 1) + tail, "4104 bytes of parameters: at most 4096"},
		"groups below zero":   {head + "cp.async.wait_group -1;" + tail, "is not one that runs here"},
		"a copy past caches":  {head + "cp.async.cg.shared.global [%rd4], [%rd1], 4;" + tail, "is not one that runs here"},
		"a brace":             {"}", "a brace closes nothing"},
		"a parameter written": {head + "ld.global.b32 %r3, [k_param_0];" + tail, "parameters are read by ld.param"},
	} {
		_, err := Parse(test.source)
		var bad *ParseError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

// TestLaunchRefuses holds that a launch that does not fit is an error.
func TestLaunchRefuses(t *testing.T) {
	m, err := Parse(head + "mov.b32 %r3, 0;" + tail)
	if err != nil {
		t.Fatal(err)
	}
	bounded, err := Parse(strings.Replace(head, ")\n{", ")\n.maxntid 16, 4\n{", 1) + "mov.b32 %r3, 0;" + tail)
	if err != nil {
		t.Fatal(err)
	}
	one := [3]int{1, 1, 1}
	args := []Arg{Long(0), Long(0)}
	for name, test := range map[string]struct {
		launch Launch
		want   string
	}{
		"no grid":          {Launch{Block: one}, "grid [0 0 0]"},
		"a grid too wide":  {Launch{Grid: [3]int{1 << 31, 1, 1}, Block: one, Args: args}, "grid [2147483648 1 1]"},
		"a grid too high":  {Launch{Grid: [3]int{1, 65536, 1}, Block: one, Args: args}, "grid [1 65536 1]: at least 1, at most [2147483647 65535 65535]"},
		"a grid too deep":  {Launch{Grid: [3]int{1, 1, 65536}, Block: one, Args: args}, "grid [1 1 65536]"},
		"a block too deep": {Launch{Grid: one, Block: [3]int{1, 1, 65}, Args: args}, "blocks of [1 1 65]"},
		"a thread more":    {Launch{Grid: one, Block: [3]int{1025, 1, 1}, Args: args}, "blocks of [1025 1 1]"},
		"a byte more":      {Launch{Grid: one, Block: one, Args: args, Shared: 48<<10 - 511}, "49153 bytes of shared memory: at most 49152"},
		"too many threads": {Launch{Grid: one, Block: [3]int{1024, 2, 1}}, "2048 threads"},
		"no arguments":     {Launch{Grid: one, Block: one}, "0 arguments, it has 2 parameters"},
		"a short argument": {Launch{Grid: one, Block: one, Args: []Arg{Int(1), Int(2)}}, "argument 0 has 4 bytes"},
		"shared memory":    {Launch{Grid: one, Block: one, Shared: 1 << 30}, "bytes of shared memory"},
	} {
		err := m.Kernels["k"].Run(context.Background(), &Memory{}, test.launch)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
	if err := bounded.Kernels["k"].Run(context.Background(), &Memory{}, Launch{Grid: one, Block: [3]int{65, 1, 1}, Args: args}); err == nil || !strings.Contains(err.Error(), "65 threads in a block: at most 64") {
		t.Errorf("more threads than its bounds: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := m.Kernels["k"].Run(ctx, &Memory{}, Launch{Grid: one, Block: one, Args: []Arg{Long(0), Long(0)}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(head + "add.s32 %r3, %r2, 1;" + tail)
	f.Add(head + "mov.b32 {%rs1, %rs2}, %r2; mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%r7, %r8, %r9, %r10}, {%r5, %r5, %r5, %r5}, {%r5, %r5}, {%r6, %r6, %r6, %r6};" + tail)
	f.Add(".version 7.0 // comment\n.visible .entry a() { ret; }")
	f.Add(".visible .entry a() { .reg .b64 %rd<2>; .shared .align 16 .b8 tile[64]; mov.b64 %rd1, tile; cp.async.ca.shared.global [%rd1], [%rd1+4], 4, 0; cp.async.commit_group; cp.async.wait_group 0; ret; }")
	f.Fuzz(func(t *testing.T, source string) {
		m, err := Parse(source)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("an error of several lines: %q", err)
			}
			return
		}
		for _, k := range m.Kernels {
			if len(k.Params) == 0 {
				_ = k.Run(context.Background(), &Memory{}, Launch{Grid: [3]int{1, 1, 1}, Block: [3]int{33, 1, 1}, MostSteps: 500})
			}
		}
	})
}
