package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"attn/internal/model"
	"attn/internal/model/builtin"
	"attn/internal/model/weights"
	"attn/internal/params"
)

// TestParamsFlags: the command line, and what is asked for.
func TestParamsFlags(t *testing.T) {
	type asked struct {
		Name       string
		List       bool
		Convention params.Convention
		Format     string
	}
	for line, want := range map[string]asked{
		"":                                       {builtin.Default, false, "", formatText},
		"--gpt3":                                 {params.GPT3, false, "", formatText},
		"GPT2 --convention parameters":           {"GPT2", false, params.Parameters, formatText},
		"--model gpt2 --convention chapter":      {"gpt2", false, params.Chapter, formatText},
		"--list --format csv":                    {builtin.Default, true, "", formatCSV},
		"--gpt3 -o x.json --convention=chapter":  {params.GPT3, false, params.Chapter, formatJSON},
		"openai-community/gpt2 --format json -q": {"openai-community/gpt2", false, "", formatJSON},
	} {
		var got asked
		code, _, errs := runParamsWith(t, func(o *paramsOptions) {
			got = asked{o.name, o.list, o.convention, o.output.Format}
		}, strings.Fields(line)...)
		if code != exitDone || got != want {
			t.Errorf("%q: code %d, %+v, want %+v\n%s", line, code, got, want, errs)
		}
	}
}

// TestParamsUsage: command lines that are wrong, with exit code 2.
func TestParamsUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		say  string
	}{
		{[]string{"gpt2", "story"}, "one model at a time: gpt2, story"},
		{[]string{"gpt2", "--gpt3"}, "one model at a time"},
		{[]string{"gpt2", "--model", "gpt2"}, "one model at a time"},
		{[]string{""}, "the model's name is empty"},
		{[]string{"--model", ""}, "the model's name is empty"},
		{[]string{"--list", "gpt2"}, "--list takes no model"},
		{[]string{"--list", "--convention", "chapter"}, "--list takes no model and no convention"},
		{[]string{"--convention", "files"}, "not one of chapter, parameters, file, transformerlens: --convention files"},
		{[]string{"--list", "--context", "9"}, "--list takes no --context"},
		{[]string{"--context", "0"}, "not 1 to 268435456: --context 0"},
		{[]string{"--context", "268435457"}, "--context 268435457"},
		{[]string{"--batch", "-1"}, "not 1 to 268435456: --batch -1"},
		{[]string{"--dtype", "q4_k_m"}, "no such type: --dtype q4_k_m"},
		{[]string{"--format", "svg"}, "no such format: --format svg"},
	} {
		code, out, errs := runParamsWith(t, func(*paramsOptions) { t.Errorf("%q was run", c.args) }, c.args...)
		if code != exitUsage || out != "" || !strings.Contains(errs, c.say) {
			t.Errorf("%q: code %d, output %q, error %q, want one that says %q", c.args, code, out, errs, c.say)
		}
	}
}

// runParamsWith runs the command with see in place of the work.
func runParamsWith(t *testing.T, see func(*paramsOptions), args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	a := NewApp(&o, &e)
	cmd := newParamsCmd(a, func(_ context.Context, _ *App, options *paramsOptions) error {
		see(options)
		return nil
	})
	cmd.SetArgs(append([]string{}, args...)) // nil would be the test's own
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	code = a.report(t.Context(), cmd.ExecuteContext(t.Context()))
	return code, o.String(), e.String()
}

// params runs the real command and wants it to succeed.
func runAttnParams(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := NewApp(&out, &errs).Run(t.Context(), append([]string{"params"}, args...)); code != exitDone {
		t.Fatalf("attn params %s: code %d, %s", strings.Join(args, " "), code, errs.String())
	}
	return out.String()
}

// TestParamsChapter is the chapter's table as it stands on the terminal.
func TestParamsChapter(t *testing.T) {
	want := `gpt3-175b: parameters, as the chapter counts them  matrices only
                   product                              in symbols              parameters    share
  embedding        12,288 × 50,257                      d_model × n_vocab      617,558,016    0.4 %
  key              128 × 12,288 × 96 heads × 96 layers  d_head × d_model    14,495,514,624    8.3 %
  query            128 × 12,288 × 96 heads × 96 layers  d_head × d_model    14,495,514,624    8.3 %
  value (down)     128 × 12,288 × 96 heads × 96 layers  d_head × d_model    14,495,514,624    8.3 %
  output (up)      12,288 × 128 × 96 heads × 96 layers  d_model × d_head    14,495,514,624    8.3 %
  up-projection    49,152 × 12,288 × 96 layers          d_mlp × d_model     57,982,058,496   33.1 %
  down-projection  12,288 × 49,152 × 96 layers          d_model × d_mlp     57,982,058,496   33.1 %
  unembedding      50,257 × 12,288                      n_vocab × d_model      617,558,016    0.4 %
  ─────────────────────────────────────────────────────────────────────────────────────────────────
  total                                                                    175,181,291,520  100.0 %
  27,938 matrices: query, key and value (down) of each head, one output (up) per layer, in which its
  heads are joined, two per MLP, embedding and unembedding

Attention, from one matrix up
                 is                                         parameters   share
  one matrix     128 × 12,288                                1,572,864  <0.1 %
  one head       4 matrices: query, key, value, output       6,291,456  <0.1 %
  one layer      96 heads                                  603,979,776   0.3 %
  all attention  96 layers                              57,982,058,496  33.1 %
  attention has 57,982,058,496 of all 175,181,291,520 parameters: 33.1 %, about a third; the MLPs
  have 115,964,116,992

The value map, in two factors  W_value-up W_value-down
                             product                         one head  all heads and layers
  as one full matrix         12,288 × 12,288              150,994,944     1,391,569,403,904
  value down, then value up  128 × 12,288 + 12,288 × 128    3,145,728        28,991,029,248
  a full map would need 48 times as many; the factors can write only 128 directions per head
`
	got := runAttnParams(t, "--gpt3", "--convention", "chapter")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestParamsHeadings: each convention's table says what it counts.
func TestParamsHeadings(t *testing.T) {
	for convention, want := range map[string]string{
		"parameters":      "gpt2: every trained parameter  a tied matrix once\n",
		"file":            "gpt2: every number in its file  buffers and copies included\n",
		"transformerlens": "gpt2: as TransformerLens counts  n_params\n",
	} {
		if out := runAttnParams(t, "gpt2", "--convention", convention); !strings.HasPrefix(out, want) {
			t.Errorf("%s begins with %.80q", convention, out)
		}
	}
}

// TestParamsBridge leads from one total to the other.
func TestParamsBridge(t *testing.T) {
	for model, numbers := range map[string][]string{
		"gpt3-175b": {"175,181,291,520", "-617,558,016", "25,165,824", "10,616,832", "4,743,168", "174,604,259,328"},
		"gpt2":      {"162,129,408", "-38,597,376", "786,432", "82,944", "38,400", "124,439,808"},
	} {
		_, bridge, found := strings.Cut(runAttnParams(t, model), "From there to every trained parameter\n")
		if !found {
			t.Fatalf("%s: no such table", model)
		}
		for _, number := range numbers {
			if !strings.Contains(bridge, " "+number+"\n") {
				t.Errorf("%s: no %s in\n%s", model, number, bridge)
			}
		}
	}
}

// TestParamsNarrow drops a column rather than a part of a product.
func TestParamsNarrow(t *testing.T) {
	var out bytes.Buffer
	a := NewApp(&out, &out)
	a.Env = []string{"COLUMNS=80"}
	a.Run(t.Context(), []string{"params", "--gpt3"})
	if !strings.Contains(out.String(), "128 × 12,288 × 96 heads × 96 layers ") || strings.Contains(out.String(), "n_vocab") {
		t.Errorf("at 80 columns:\n%s", out.String())
	}
}

// TestParamsJSON: the fields that readers rely on, by their names.
func TestParamsJSON(t *testing.T) {
	var d map[string]any
	if err := json.Unmarshal([]byte(runAttnParams(t, "--gpt3", "--format", "json")), &d); err != nil {
		t.Fatal(err)
	}
	groups := d["groups"].([]any)
	want := map[string]any{"name": "query", "shape": []any{128.0, 12288.0}, "copies": 9216.0, "count": 14495514624.0}
	if diff := cmp.Diff(want, groups[1]); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
	for _, other := range []string{"groups", "value_map", "conventions"} {
		delete(d, other)
	}
	if diff := cmp.Diff(map[string]any{
		"schema": "attn.params/1", "model": "gpt3-175b", "convention": "chapter",
		"per_head": 6291456.0, "per_layer_attention": 603979776.0, "attention": 57982058496.0,
		"mlp": 115964116992.0, "total": 175181291520.0, "matrices": 27938.0, "per_matrix": 1572864.0,
	}, d); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestParamsFlagged: rows that do not multiply out say so in every format that
// has room for it.
func TestParamsFlagged(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		for _, convention := range []string{"chapter", "parameters"} {
			out := strings.Join(strings.Fields(runAttnParams(t, "GPT3-13B", "--format", format, "--convention", convention)), " ")
			if !strings.Contains(out, "40 heads of 128, together 5,120, beside a d_model of 5,140") {
				t.Errorf("%s, %s: no flag in\n%s", format, convention, out)
			}
		}
	}
}

// TestParamsCSV sums what the table says.
func TestParamsCSV(t *testing.T) {
	for args, want := range map[string]int{
		"gpt2":                         124439808,
		"gpt2 --convention chapter":    162129408,
		"gpt3-175b":                    175181291520,
		"OpenAI/gpt3-small":            162129408,
		"distilbert/distilgpt2":        81912576,
		"gpt2-xl --convention=chapter": 1635382400,
	} {
		records, err := csv.NewReader(strings.NewReader(runAttnParams(t, append(strings.Fields(args), "--format", "csv")...))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, r := range records[1:] {
			count, err := strconv.Atoi(r[5])
			if err != nil {
				t.Fatal(err)
			}
			total += count
		}
		if total != want {
			t.Errorf("%s: the counts sum to %d, want %d", args, total, want)
		}
	}
}

// TestParamsAreThere holds the count from a shape to the numbers that the
// model's file really holds: for every family that transformers made a tiny
// model of, and for the models without a folder.
func TestParamsAreThere(t *testing.T) {
	folders, err := filepath.Glob("../../testdata/tiny/*/model.safetensors")
	if err != nil || len(folders) < 3 {
		t.Fatalf("the tiny models are missing: %v, %v", folders, err)
	}
	for _, file := range folders {
		dir := filepath.Dir(file)
		shape, err := findShape(dir)
		if err != nil {
			t.Error(err)
			continue
		}
		count, err := shape.Count(params.Parameters)
		if want := trainedIn(t, dir); err != nil || count.Total != want {
			t.Errorf("%s: counted %d, %v; the file has %d", dir, count.Total, err, want)
		}
	}
	story, err := builtin.Open(builtin.Default)
	if err != nil {
		t.Fatal(err)
	}
	compareParameters(t, builtin.Default, story)
	random, err := openRandom(model.Shape{})
	if err != nil {
		t.Fatal(err)
	}
	compareParameters(t, randomModel, random)
}

// trainedIn sums a folder's tensors but GPT-2's masks.
func trainedIn(t *testing.T, dir string) int64 {
	t.Helper()
	files, err := weights.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	total := int64(0)
	for _, name := range files.Names() {
		held, _ := files.Get(name)
		if len(held.Shape) != 1 && (strings.HasSuffix(name, ".attn.bias") || strings.HasSuffix(name, ".attn.masked_bias")) {
			continue
		}
		numbers := int64(1)
		if held.Stored() == "U8" { // MXFP4: two numbers to a byte, and scales that are none
			if strings.HasSuffix(name, "_scales") {
				continue
			}
			numbers = 2
		}
		for _, size := range held.Shape {
			numbers *= int64(size)
		}
		total += numbers
	}
	return total
}

func compareParameters(t *testing.T, name string, m *model.Model) {
	t.Helper()
	shape, err := findShape(name)
	if err != nil {
		t.Fatal(err)
	}
	count, err := shape.Count(params.Parameters)
	if err != nil || count.Total != m.Parameters {
		t.Errorf("%s: counted %d, %v; the model has %d", name, count.Total, err, m.Parameters)
	}
}

// TestParamsNotFound: models that are not there, with exit code 1, two lines
// at most, and a preset that may be meant.
func TestParamsNotFound(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for arg, say := range map[string]string{
		"gpt-2":                   "did you mean gpt2?",
		"openai/gpt3-175":         "did you mean gpt3-175b?",
		"somebody/gpt2":           "did you mean gpt2?",
		"zzz":                     "attn params --list lists the presets",
		dir:                       filepath.Join(dir, "config.json") + ": no such file",
		write("weights.bin", "x"): "neither a model folder nor a .gguf nor a config.json",
		write("empty.json", ""):   "empty.json: not JSON",
		write("kind.json", `{"model_type":"no"}`):                    `model_type "no"`,
		write("large.json", strings.Repeat(" ", params.MaxConfig+1)): "the limit is",
		write("huge.json", `{"model_type":"gpt2","vocab_size":16777216,"n_positions":268435456,"n_embd":1048576,"n_layer":4096,"n_head":1}`): "larger than",
	} {
		var out, errs bytes.Buffer
		code := NewApp(&out, &errs).Run(t.Context(), []string{"params", arg})
		if code != exitFailed || out.Len() > 0 || !strings.Contains(errs.String(), say) || strings.Count(errs.String(), "\n") > 2 {
			t.Errorf("%s: code %d, output %q, error %q, want one that says %q", arg, code, out.String(), errs.String(), say)
		}
	}
}

// TestParamsNames: a config without a folder of its own is called by its file.
func TestParamsNames(t *testing.T) {
	for path, want := range map[string]string{
		"models/mine/config.json": "mine", "config.json": "config.json", "./c.json": "c.json", "../c.json": "c.json", "/c.json": "c.json",
	} {
		if got := configName(filepath.FromSlash(path)); got != want {
			t.Errorf("%s is called %q, want %q", path, got, want)
		}
	}
}

// TestParamsList names every preset in every format.
func TestParamsList(t *testing.T) {
	for _, format := range []string{"text", "json", "csv"} {
		out := runAttnParams(t, "--list", "--format", format)
		for _, p := range params.Presets() {
			if !strings.Contains(out, p.Name) {
				t.Errorf("%s: no %s in\n%s", format, p.Name, out)
			}
		}
		if total := strings.NewReplacer(",", "").Replace(out); !strings.Contains(total, "174604259328") {
			t.Errorf("%s: no total of %s in\n%s", format, params.GPT3, out)
		}
	}
}

// TestParamsFolderOrPreset: a bare name is a preset whatever lies in the
// folder; with a slash it is the folder, if there is one.
func TestParamsFolderOrPreset(t *testing.T) {
	story, err := findShape(builtin.Default)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	config := []byte(`{"model_type":"gpt2","n_layer":1,"n_head":1,"n_embd":1,"vocab_size":1,"n_positions":1}`)
	for _, dir := range []string{"gpt2", "openai/gpt2", "story"} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, layers := range map[string]int{
		"gpt2": 12, "./gpt2": 1, "openai/gpt2": 1, "openai-community/gpt2": 12, "story": story.Layers(), "./story": 1,
	} {
		if s, err := findShape(name); err != nil || s.Layers() != layers {
			t.Errorf("%s: %d layers, %v, want %d", name, s.Layers(), err, layers)
		}
	}
}

// TestParamsShared: where query heads share keys and values, each group is
// multiplied by its own heads.
func TestParamsShared(t *testing.T) {
	s, err := params.ParseConfig("shared", []byte(`{"model_type":"llama","num_hidden_layers":1,"num_attention_heads":6,
		"num_key_value_heads":2,"hidden_size":12,"head_dim":2,"intermediate_size":5,"vocab_size":7,"max_position_embeddings":3}`))
	if err != nil {
		t.Fatal(err)
	}
	grids, err := paramsGrids(s, params.Chapter, false)
	if err != nil {
		t.Fatal(err)
	}
	table := grids[0].Table
	got := map[string]string{}
	for i, row := range table.Rows {
		got[row.Text] = table.Columns[0].Words[i]
	}
	want := map[string]string{
		"embedding": "12 × 7", "query": "2 × 12 × 6 heads × 1 layer", "key": "2 × 12 × 2 heads × 1 layer",
		"value (down)": "2 × 12 × 2 heads × 1 layer", "output (up)": "12 × 2 × 6 heads × 1 layer",
		"up-projection": "5 × 12 × 1 layer", "gate": "5 × 12 × 1 layer", "down-projection": "12 × 5 × 1 layer", "unembedding": "7 × 12", "total": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if notes := strings.Join(grids[1].Notes, "\n"); !strings.Contains(notes, "6 query heads share the keys and values of 2") {
		t.Errorf("notes %q", notes)
	}
}
