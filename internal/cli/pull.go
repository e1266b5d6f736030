package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"attn/internal/hub"
	"attn/internal/hub/pull"
	"attn/internal/render/text"
	"attn/internal/view"
)

type pullOptions struct {
	name     string // NAME
	file     string // --file
	revision string // --revision
	endpoint string // --endpoint
	output   outputFlags
	look     lookFlags
}

func newPullCmd(a *App, runF func(context.Context, *App, *pullOptions) error) *cobra.Command {
	o := &pullOptions{}
	cmd := &cobra.Command{
		Use:   "pull NAME",
		Short: "download a model from the Hugging Face hub",
		Long: `Download a model from the Hugging Face hub into the Hugging Face cache, where --model OWNER/NAME finds it, and Python too. NAME is OWNER/NAME, with @REVISION for a branch, tag or commit, and with :FILE for a .gguf file or its types, such as OWNER/NAME:Q4_K_M.

It fetches what attn reads and nothing else: config.json, tokenizer.json, the card and the safetensors, or one GGUF file. Each file is held to its checksum. A download that was interrupted goes on where it stopped.

The environment: HF_ENDPOINT names another server; HF_HOME or HF_HUB_CACHE the cache; HF_TOKEN or the file that HF_TOKEN_PATH names (or HF_HOME's token) hold the token for gated and private models, which is sent to that server alone; with HF_HUB_OFFLINE=1 nothing is downloaded; HTTPS_PROXY is honoured.`,
		Example: `  attn pull Qwen/Qwen3-0.6B
  attn pull ggml-org/gemma-3-270m-GGUF:Q8_0
  attn pull EleutherAI/pythia-70m --revision step1000`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := exactly(1)(cmd, args); err != nil {
				return err
			}
			if err := o.output.resolve(); err != nil {
				return err
			}
			o.name = args[0]
			return runF(cmd.Context(), a, o)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVar(&o.file, "file", "", "the GGUF `file` to fetch, or its types such as Q4_K_M: the same as NAME:FILE")
	cmd.Flags().StringVar(&o.revision, "revision", "", "the `branch`, tag or commit to fetch: the same as NAME@REVISION (default main)")
	cmd.Flags().StringVar(&o.endpoint, "endpoint", "", "the server's `address` (default: HF_ENDPOINT, or "+pull.DefaultEndpoint+")")
	o.output.add(cmd, formatText, formatJSON)
	o.look.add(cmd)
	return cmd
}

// repo is the model that name and flags say.
func (o *pullOptions) repo() (hub.Repo, error) {
	name := o.name
	id, file, hasFile := strings.Cut(name, ":")
	switch {
	case o.revision != "" && strings.Contains(id, "@"):
		return hub.Repo{}, usagef("two revisions: %s --revision %s", o.name, o.revision)
	case o.file != "" && hasFile:
		return hub.Repo{}, usagef("two files: %s --file %s", o.name, o.file)
	}
	if o.revision != "" {
		id += "@" + o.revision
	}
	if o.file != "" {
		file, hasFile = o.file, true
	}
	if hasFile {
		id += ":" + file
	}
	r, err := hub.ParseRepo(id)
	if err != nil {
		wrong := usagef("%w", err)
		wrong.Advice = adviceOf(err)
		return r, wrong
	}
	return r, nil
}

// pullJSON is what attn pull --format json prints.
type pullJSON struct {
	Schema   string      `json:"schema"`
	Name     string      `json:"name"` // as --model takes it
	Revision string      `json:"revision"`
	Commit   string      `json:"commit"`
	Path     string      `json:"path"`
	Files    []pull.File `json:"files"`
}

func runPull(ctx context.Context, a *App, o *pullOptions) error {
	repo, err := o.repo()
	if err != nil {
		return err
	}
	if offline := offlineSays(a); offline != "" {
		return failf("nothing is downloaded: %s", offline).advise("attn models lists what is there already")
	}
	client, err := o.client(a)
	if err != nil {
		return err
	}
	meter := &pullMeter{name: repo.ID}
	client.Report = meter.update
	stop := a.progressOf(o.look.Quiet, meter.say)
	result, err := client.Pull(ctx, repo)
	stop()
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return pullFailed(err, repo)
	}
	if o.output.Format == formatJSON {
		return a.Write(o.output.Output, func(w io.Writer) error {
			return writeJSON(w, pullJSON{"attn.pull/1", repo.String(), repo.Revision, result.Commit, result.Path, result.Files})
		})
	}
	return a.draw([]view.Grid{pullGrid(repo, result)}, &o.output, &o.look, text.Options{})
}

// pullFailed names the model in an error that does not.
func pullFailed(err error, repo hub.Repo) error {
	failed := failf("%w", err)
	if !strings.Contains(err.Error(), repo.ID) {
		failed = failf("%w: %s", err, repo)
	}
	failed.Advice = adviceOf(err)
	return failed
}

// offlineSays is the variable that forbids downloads, or "".
func offlineSays(a *App) string {
	for _, name := range []string{"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"} {
		switch value := strings.ToUpper(a.Getenv(name)); value {
		case "1", "ON", "YES", "TRUE": // huggingface_hub constants.py
			return name + " is " + a.Getenv(name)
		}
	}
	return ""
}

// client is the server, the token and the cache that flags and environment say.
func (o *pullOptions) client(a *App) (*pull.Client, error) {
	address := o.endpoint
	if address == "" {
		address = a.Getenv("HF_ENDPOINT")
	}
	if address == "" {
		address = pull.DefaultEndpoint
	}
	endpoint, err := pull.ParseEndpoint(address)
	if err != nil {
		return nil, usagef("%w", err).advise("it is like %s", pull.DefaultEndpoint)
	}
	token, err := hubToken(a.Getenv)
	if err != nil {
		return nil, err
	}
	return &pull.Client{Endpoint: endpoint, Token: token, Places: hub.FromEnv(a.Getenv), Proxy: http.ProxyFromEnvironment}, nil
}

// maxToken is more than a token takes.
const maxToken = 4096

// hubToken is the token for gated and private models: of the environment, or
// of the file in which Hugging Face's tools keep it.
func hubToken(getenv func(string) string) (string, error) {
	for _, name := range []string{"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"} {
		if token := strings.TrimSpace(getenv(name)); token != "" {
			return checkedToken(name, token)
		}
	}
	path := getenv("HF_TOKEN_PATH")
	if path == "" {
		dir := hub.HuggingFaceHome(getenv)
		if dir == "" {
			return "", nil
		}
		path = filepath.Join(dir, "token")
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", failf("%w", err)
	case !info.Mode().IsRegular() || info.Size() > maxToken:
		return "", failf("it holds no token: %s", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", failf("%w", err)
	}
	return checkedToken(path, strings.TrimSpace(string(data)))
}

// checkedToken refuses what cannot be a token, without showing it.
func checkedToken(where, token string) (string, error) {
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", failf("it holds no token: %s", where)
	}
	return token, nil
}

// pullGrid lists the files, and says how to go on.
func pullGrid(repo hub.Repo, result *pull.Result) view.Grid {
	t := &view.Table{}
	bytes := view.Column{Title: "bytes", Kind: view.Integer}
	states := view.Column{Kind: view.Word}
	for _, f := range result.Files {
		t.Rows = append(t.Rows, view.Label{Text: f.Name, Pos: -1})
		bytes.Numbers = append(bytes.Numbers, float64(f.Bytes))
		states.Words = append(states.Words, string(f.State))
	}
	t.Columns = []view.Column{bytes, states}
	return view.Grid{
		Title: repo.String(), Formula: fmt.Sprintf("commit %.12s", result.Commit), Table: t,
		Notes: []string{"attn trace --model " + repo.String() + " TEXT"},
	}
}
