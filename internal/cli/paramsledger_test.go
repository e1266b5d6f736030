package cli

import (
	"encoding/csv"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"attn/internal/params"
)

// TestParamsLedgerText is the ledger as it stands on the terminal.
func TestParamsLedgerText(t *testing.T) {
	want := `Memory with 8,192 tokens  numbers in bf16
                       product                                      is
  weights              8,030,261,248 numbers × 2 bytes              15.0 GiB
  KV cache             32 layers × 2,048 × 8,192 tokens × 2 bytes   1 GiB
  scores of one layer  32 heads × 8,192 × 8,192 × 2 bytes           4 GiB
  32 query heads share the keys and values of 8: the cache is 4 times smaller
  scores are the grid of every query and key; all layers compute 128 GiB of them, one after the
  other

Work  floating-point operations
                  matrices     attention    together     attention's share
  one more token  15.0 GFLOP   4.29 GFLOP   19.3 GFLOP              22.2 %
  the prompt      123 TFLOP    17.6 TFLOP   141 TFLOP               12.5 %
`
	out := squeeze(runAttnParams(t, "llama-3-8b", "--context", "8192"))
	for _, line := range strings.Split(squeeze(want), "\n") {
		if !strings.Contains(out, line) {
			t.Errorf("no %q in\n%s", line, out)
		}
	}
}

// TestParamsLedgerBatch: several sequences share the weights alone.
func TestParamsLedgerBatch(t *testing.T) {
	out := squeeze(runAttnParams(t, "gpt2", "--batch", "2"))
	for _, line := range []string{
		"Memory with 1,024 tokens in each of 2 sequences numbers in bf16",
		"weights 124,439,808 numbers × 2 bytes 237 MiB",
		"KV cache 2 × 12 layers × 1,536 × 1,024 tokens × 2 bytes 72 MiB",
		"scores of one layer 2 × 12 heads × 1,024 × 1,024 × 2 bytes 48 MiB",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("no %q in\n%s", line, out)
		}
	}
}

// squeeze makes every run of spaces one.
func squeeze(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	return strings.Join(lines, "\n")
}

// TestParamsLedgerGrows: the chart's last bar is the longest, and each is a
// quarter of the next.
func TestParamsLedgerGrows(t *testing.T) {
	_, chart, found := strings.Cut(runAttnParams(t, "gpt2", "--context", "1024"), "Growth with the context")
	if !found {
		t.Fatal("no chart")
	}
	var bars []int
	for _, line := range strings.Split(chart, "\n") {
		if strings.Contains(line, "%") {
			bars = append(bars, strings.Count(line, "█"))
		}
	}
	n := len(bars)
	if n != 8 || bars[n-1] == 0 || bars[n-2] != bars[n-1]/4 || bars[0] != 0 {
		t.Errorf("bars %v in\n%s", bars, chart)
	}
}

// TestParamsLedgerJSON: the fields by their names, and the defaults: the
// model's own context, one sequence, the config's type.
func TestParamsLedgerJSON(t *testing.T) {
	type ledger struct {
		Context    int
		Batch      int
		DType      string                                       `json:"dtype"`
		CacheDType string                                       `json:"cache_dtype"`
		Weights    float64                                      `json:"weight_bytes"`
		Cache      float64                                      `json:"kv_cache_bytes"`
		Scores     float64                                      `json:"score_bytes"`
		PerToken   struct{ Matrices, Attention, Total float64 } `json:"flops_per_token"`
		Growth     []struct{ Context int }
	}
	for args, want := range map[string]ledger{
		"gpt2 --batch 2":               {Context: 1024, Batch: 2, DType: "bf16", CacheDType: "bf16", Weights: 2 * 124439808, Cache: 2 * 12 * 1536 * 1024 * 2},
		"gpt2 --dtype F32":             {Context: 1024, Batch: 1, DType: "f32", CacheDType: "f32", Weights: 4 * 124439808, Cache: 12 * 1536 * 1024 * 4},
		"deepseek-v3 --context 4096":   {Context: 4096, Batch: 1, DType: "bf16", CacheDType: "bf16", Weights: 2 * 671026419200, Cache: 61 * 576 * 4096 * 2},
		"story --context 8 --dtype f8": {Context: 8, Batch: 1, DType: "f8", CacheDType: "f16"},
	} {
		var d struct{ Ledger ledger }
		if err := json.Unmarshal([]byte(runAttnParams(t, append(strings.Fields(args), "--format", "json")...)), &d); err != nil {
			t.Fatal(err)
		}
		got := d.Ledger
		if got.Context != want.Context || got.Batch != want.Batch || got.DType != want.DType || got.CacheDType != want.CacheDType {
			t.Errorf("%s: %+v", args, got)
		}
		if want.Weights > 0 && (got.Weights != want.Weights || got.Cache != want.Cache) {
			t.Errorf("%s: weights %.0f, cache %.0f, want %.0f, %.0f", args, got.Weights, got.Cache, want.Weights, want.Cache)
		}
		if got.PerToken.Total <= got.PerToken.Matrices || got.Scores <= 0 || got.Growth[len(got.Growth)-1].Context != want.Context {
			t.Errorf("%s: %+v", args, got)
		}
	}
	if out := runAttnParams(t, "gpt2", "--format", "json"); strings.Contains(out, `"ledger"`) {
		t.Error("a ledger that nobody asked for")
	}
}

// TestParamsLedgerCSV: the growth, in plain numbers.
func TestParamsLedgerCSV(t *testing.T) {
	records, err := csv.NewReader(strings.NewReader(runAttnParams(t, "gpt2", "--context", "1024", "--format", "csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	const matrices, attention = 2 * (28311552 + 56623104 + 38597376), 12 * 4 * 768 * 1024
	want := []string{
		"1024", strconv.Itoa(12 * 1536 * 1024 * 2), strconv.Itoa(12 * 1024 * 1024 * 2), strconv.Itoa(12 * 12 * 1024 * 1024 * 2),
		strconv.Itoa(matrices + attention), strconv.Itoa(attention),
		strconv.Itoa(1024*matrices + attention*1025/2), strconv.Itoa(attention * 1025 / 2),
	}
	if diff := cmp.Diff(want, records[len(records)-1]); diff != "" || len(records) != 9 || records[0][1] != "kv_cache_bytes" {
		t.Errorf("%v\n%s", records, diff)
	}
}

// TestParamsDoubt: sizes that nobody could look up are said to be so.
func TestParamsDoubt(t *testing.T) {
	for _, args := range [][]string{{"deepseek-v2"}, {"deepseek-v2-lite", "--convention", "parameters"}} {
		if out := squeeze(runAttnParams(t, args...)); !strings.Contains(out, "its sizes are from memory") {
			t.Errorf("%v: no doubt in\n%s", args, out)
		}
	}
	if out := runAttnParams(t, "deepseek-v3"); strings.Contains(out, "from memory") {
		t.Errorf("a doubt in\n%s", out)
	}
}

// TestParamsWidths: nothing of any preset is wider than its terminal.
func TestParamsWidths(t *testing.T) {
	for _, p := range params.Presets() {
		for _, line := range strings.Split(runAttnParams(t, p.Name, "--batch", "2"), "\n") {
			if n := utf8.RuneCountInString(line); n > 100 {
				t.Errorf("%s: %d columns: %s", p.Name, n, line)
			}
			if strings.Contains(line, "…") {
				t.Errorf("%s: cut at 100 columns: %s", p.Name, line)
			}
		}
	}
}

func TestInUnits(t *testing.T) {
	for v, want := range map[float64]string{
		1: "1 byte", 2: "2 bytes", 1023: "1023 bytes", 1024: "1 KiB", 1536: "1.50 KiB", 10.5 * 1024: "10.5 KiB", 100.5 * 1024 * 1024: "100 MiB",
		1 << 40: "1 TiB", 1 << 62: "4 EiB", 1 << 72: "4096 EiB", 0: "0 bytes",
	} {
		if got := inBytes(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
	if got := inFLOPs(1.5e12); got != "1.50 TFLOP" {
		t.Errorf("%q", got)
	}
}
