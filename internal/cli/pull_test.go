package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"attn/internal/hub"
	"attn/internal/hub/pull"
)

func TestPullFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		want hub.Repo
		fail string // part of the error
	}{
		{[]string{"a/b"}, hub.Repo{ID: "a/b", Revision: "main"}, ""},
		{[]string{"a/b@v1:Q4_0"}, hub.Repo{ID: "a/b", Revision: "v1", File: "Q4_0"}, ""},
		{[]string{"a/b:Q4_0", "--revision", "refs/pr/1"}, hub.Repo{ID: "a/b", Revision: "refs/pr/1", File: "Q4_0"}, ""},
		{[]string{"a/b", "--file", "x.gguf"}, hub.Repo{ID: "a/b", Revision: "main", File: "x.gguf"}, ""},
		{[]string{"a/b:x", "--file", "y"}, hub.Repo{}, "two files"},
		{[]string{"a/b@x", "--revision", "y"}, hub.Repo{}, "two revisions"},
		{[]string{"a/b", "--revision", "../x"}, hub.Repo{}, "not the name of a revision"},
		{[]string{"a/b", "--file", "../x"}, hub.Repo{}, "not the name of a file"},
		{[]string{"https://huggingface.co/a/b"}, hub.Repo{}, "not the name of a model"},
		{[]string{"a", "b"}, hub.Repo{}, "2 arguments, it takes 1"},
		{nil, hub.Repo{}, "0 arguments, it takes 1"},
		{[]string{"a/b", "--format", "csv"}, hub.Repo{}, "no such format"},
	} {
		var got hub.Repo
		a := NewApp(nil, nil)
		err := runCommand(t, a, newPullCmd(a, func(_ context.Context, _ *App, o *pullOptions) (err error) {
			got, err = o.repo()
			return err
		}), c.args...)
		if c.fail == "" && (err != nil || got != c.want) {
			t.Errorf("%v: %+v, %v", c.args, got, err)
		}
		var e *Error
		if c.fail != "" && (!errors.As(err, &e) || e.Code != exitUsage || !strings.Contains(err.Error(), c.fail)) {
			t.Errorf("%v: %v, want %s", c.args, err, c.fail)
		}
	}
}

func TestHubToken(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("token", "hf_file\n")
	other, long := write("other", "hf_other"), write("long", strings.Repeat("x", maxToken+1))
	for _, c := range []struct {
		env  []string
		want string
		fail bool
	}{
		{[]string{"HF_TOKEN=hf_env", "HF_HOME=" + dir}, "hf_env", false},
		{[]string{"HUGGING_FACE_HUB_TOKEN=hf_old", "HF_HOME=" + dir}, "hf_old", false},
		{[]string{"HF_HOME=" + dir}, "hf_file", false},
		{[]string{"HF_HOME=" + dir, "HF_TOKEN_PATH=" + other}, "hf_other", false},
		{[]string{"HF_HOME=" + filepath.Join(dir, "none")}, "", false},
		{nil, "", false},
		{[]string{"HF_TOKEN=hf_\nX: y"}, "", true},
		{[]string{"HF_TOKEN_PATH=" + long}, "", true},
		{[]string{"HF_TOKEN_PATH=" + dir}, "", true},
	} {
		a := NewApp(nil, nil)
		a.Env = c.env
		if got, err := hubToken(a.Getenv); got != c.want || (err != nil) != c.fail {
			t.Errorf("%v: %q, %v", c.env, got, err)
		}
	}
}

func TestPullMeter(t *testing.T) {
	m := &pullMeter{name: "a/b"}
	at := time.Unix(0, 0)
	for _, c := range []struct {
		seconds int
		p       pull.Progress
		want    string
	}{
		{0, pull.Progress{}, "asking for a/b"},
		{1, pull.Progress{File: "w", Size: 100 << 20}, "w  0 bytes of 100 MiB"},
		{2, pull.Progress{File: "w", Done: 10 << 20, Size: 100 << 20, Arrived: 10 << 20}, "w  10 MiB of 100 MiB  5 MiB/s  18s left"},
		{3, pull.Progress{File: "w", Done: 10 << 20, Size: 100 << 20, Arrived: 10 << 20, Waiting: true}, "waiting: another program is fetching w"},
		{4, pull.Progress{File: "w", Done: 100 << 20, Size: 100 << 20, Arrived: 100 << 20}, "checking w"},
		{60, pull.Progress{File: "\x1b[2Jw", Size: 1}, "␛[2Jw  0 bytes of 1 byte"},
	} {
		m.update(c.p)
		if c.seconds == 60 {
			m.ticks = nil
		}
		if got := m.sayAt(at.Add(time.Duration(c.seconds) * time.Second)); got != c.want {
			t.Errorf("%+v: %q, want %q", c.p, got, c.want)
		}
	}
}
