package weights

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"attn/internal/safetensors"
)

// folder is a model's folder that a test makes up.
type folder struct {
	t   *testing.T
	dir string
}

func newFolder(t *testing.T) folder {
	t.Helper()
	return folder{t, t.TempDir()}
}

// shard writes a safetensors file of scalars, numbered from first on.
func (f folder) shard(name string, first float32, names ...string) {
	f.t.Helper()
	var tensors []safetensors.Tensor
	for i, n := range names {
		tensors = append(tensors, floats(n, nil, first+float32(i)))
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, nil, tensors); err != nil {
		f.t.Fatal(err)
	}
	f.file(name, b.Bytes())
}

func (f folder) file(name string, content []byte) {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// index writes the index; places are tensors and files in turn.
func (f folder) index(places ...string) {
	f.t.Helper()
	m := map[string]string{}
	for i := 0; i < len(places); i += 2 {
		m[places[i]] = places[i+1]
	}
	text, err := json.Marshal(map[string]any{"metadata": map[string]any{"total_size": 1}, "weight_map": m})
	if err != nil {
		f.t.Fatal(err)
	}
	f.file(safetensors.IndexName, text)
}

func (f folder) link(name, target string) {
	f.t.Helper()
	if err := os.Symlink(target, filepath.Join(f.dir, name)); err != nil {
		if runtime.GOOS == "windows" {
			f.t.Skip("links need a privilege")
		}
		f.t.Fatal(err)
	}
}

const shard1, shard2 = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"

func TestOpenSharded(t *testing.T) {
	f := newFolder(t)
	f.shard(shard1, 1, "a", "c")
	f.shard(shard2, 3, "b")
	f.shard("model-00003-of-00003.safetensors", 9, "left.over") // of an older version: nobody names it
	f.index("a", shard1, "b", shard2, "c", shard1)
	s, err := OpenDir(f.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := s.Names(); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Fatalf("got %v", got)
	}
	for name, want := range map[string]float32{"a": 1, "c": 2, "b": 3} {
		if got, _ := s.Get(name); !slices.Equal(Floats(got), []float32{want}) {
			t.Errorf("%s is %v, want %v", name, Floats(got), want)
		}
	}
	if err := s.CheckFinite(); err != nil {
		t.Error(err)
	}
	if s.Size() != 12 || s.Changed() != nil {
		t.Error(s.Size(), s.Changed())
	}
}

// TestOpenDirOrder: model.safetensors comes first, as in transformers, and
// nothing else is looked for.
func TestOpenDirOrder(t *testing.T) {
	f := newFolder(t)
	f.shard("other.safetensors", 1, "a")
	if _, err := OpenDir(f.dir); !errors.Is(err, fs.ErrNotExist) || errorText(err) != f.dir+": neither model.safetensors nor model.safetensors.index.json: file does not exist" {
		t.Errorf("no weights: %v", err)
	}
	f.shard(shard1, 5, "a")
	f.index("a", shard1)
	open := func() float32 {
		s, err := OpenDir(f.dir)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		a, _ := s.Get("a")
		return Floats(a)[0]
	}
	if got := open(); got != 5 {
		t.Errorf("with an index: %v", got)
	}
	f.shard(singleName, 7, "a")
	if got := open(); got != 7 {
		t.Errorf("with both: %v", got)
	}
	f.file(singleName, []byte("broken"))
	if _, err := OpenDir(f.dir); err == nil {
		t.Error("the index stood in for a broken file")
	}
}

func TestMalformedShards(t *testing.T) {
	many := func(n int, name func(int) string) []string {
		var places []string
		for i := range n {
			places = append(places, name(i), shard1)
		}
		return places
	}
	cases := []struct {
		name string
		make func(f folder)
		want string // %s is the folder
	}{
		{"a shard is missing", func(f folder) {
			f.shard(shard1, 1, "a")
			f.index("a", shard1, "b", shard2)
		}, shard2 + ": no such file"},
		{"a tensor is missing", func(f folder) {
			f.shard(shard1, 1, "a")
			f.index("a", shard1, "b", shard1)
		}, `tensor "b" is not in "` + shard1 + `"`},
		{"a tensor is elsewhere", func(f folder) {
			f.shard(shard1, 1, "a", "b")
			f.shard(shard2, 1, "c")
			f.index("a", shard1, "b", shard2, "c", shard2)
		}, `tensor "b" is not in "` + shard2 + `" but in "` + shard1 + `"`},
		{"a tensor is not listed", func(f folder) {
			f.shard(shard1, 1, "a", "b")
			f.index("a", shard1)
		}, `tensor "b" of "` + shard1 + `" is not in weight_map`},
		{"a tensor twice", func(f folder) {
			f.shard(shard1, 1, "a")
			f.shard(shard2, 1, "a", "b")
			f.index("a", shard1, "b", shard2)
		}, `tensor "a" is in %s` + shard1 + ` already`},
		{"several", func(f folder) {
			f.shard(shard1, 1, "x")
			f.index(many(20, func(i int) string { return fmt.Sprintf("t%02d", i) })...)
		}, "21 tensors are not where it says\ntensor \"t00\" is not in"},
		{"a broken shard", func(f folder) {
			f.file(shard1, []byte("broken"))
			f.index("a", shard1)
		}, "too short for a safetensors file"},
		{"a folder as a shard", func(f folder) {
			f.file(shard1+"/x", nil)
			f.index("a", shard1)
		}, shard1 + ": not a regular file"},
		{"a folder as the index", func(f folder) { f.file(safetensors.IndexName+"/x", nil) }, safetensors.IndexName + ": not a regular file"},
		{"not JSON", func(f folder) { f.file(safetensors.IndexName, []byte("weight_map")) }, safetensors.IndexName + ": the index is not JSON"},
		{"a key twice", func(f folder) {
			f.file(safetensors.IndexName, []byte(`{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}`))
		}, `weight_map has the key "a" twice`},
		{"a large index", func(f folder) {
			f.file(safetensors.IndexName, bytes.Repeat([]byte(" "), safetensors.MaxIndex+1))
		}, "the index has more than 67108864 bytes"},
		{"many files", func(f folder) {
			var places []string
			for i := range maxShards + 1 {
				places = append(places, fmt.Sprint(i), fmt.Sprintf("%d.safetensors", i))
			}
			f.index(places...)
		}, "4097 files, the limit is 4096"},
		{"out of the folder", func(f folder) { f.index("a", "../model.safetensors") }, `weight_map names "../model.safetensors", which is not the plain name of a .safetensors file`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFolder(t)
			c.make(f)
			s, err := OpenDir(f.dir)
			want := strings.ReplaceAll(c.want, "%s", f.dir+string(filepath.Separator))
			if s != nil || err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), f.dir) {
				t.Fatalf("\n got %v\nwant %s", err, want)
			}
			if strings.Count(err.Error(), "\n") > 11 {
				t.Error("more than a dozen lines")
			}
		})
	}
}

func TestPlainNames(t *testing.T) {
	for _, name := range []string{singleName, shard1, "pytorch model.safetensors", "a.b.safetensors", "modèle.safetensors", "com.safetensors", "com10.safetensors", "nullify.safetensors"} {
		if !isPlainName(name) {
			t.Errorf("%q is refused", name)
		}
	}
	for _, name := range []string{
		"", ".", "..", ".safetensors", "model.bin", "model.safetensors ", "../model.safetensors", "a/b.safetensors", "/model.safetensors",
		`a\b.safetensors`, `\\host\share\b.safetensors`, "C:model.safetensors", "model.safetensors:x.safetensors", "a\x00.safetensors",
		"a\n.safetensors", "\x1b[1m.safetensors", "\x7f.safetensors", ".hidden.safetensors", "..a.safetensors", "*.safetensors", "?.safetensors",
		"nul.safetensors", "CON.safetensors", "Aux.x.safetensors", "prn .safetensors", "com1.safetensors", "LPT9.safetensors", "COM¹.safetensors",
		"conin$.safetensors", strings.Repeat("a", 250) + ".safetensors",
	} {
		if isPlainName(name) {
			t.Errorf("%q is accepted", name)
		}
	}
}

// TestLinks: the Hugging Face cache is made of links, which lead to its blobs;
// no other link leaves the folder.
func TestLinks(t *testing.T) {
	blobs := filepath.Join("..", "..", "blobs")
	cases := []struct {
		name string
		make func(f folder) string // returns the folder to open
		want string                // part of the error; empty if there is none
	}{
		{"within the folder", func(f folder) string {
			f.shard("there/really.bin", 1, "a")
			f.link(singleName, filepath.Join("there", "really.bin"))
			return f.dir
		}, ""},
		{"the folder itself", func(f folder) string {
			f.shard("real/model.safetensors", 1, "a")
			f.link("named", "real")
			return filepath.Join(f.dir, "named")
		}, ""},
		{"a snapshot", func(f folder) string {
			f.shard("blobs/abc", 1, "a")
			f.file("snapshots/rev/config.json", nil)
			f.link("snapshots/rev/"+singleName, filepath.Join(blobs, "abc"))
			return filepath.Join(f.dir, "snapshots", "rev")
		}, ""},
		{"a sharded snapshot", func(f folder) string {
			f.shard("blobs/abc", 1, "a")
			f.index("a", shard1)
			f.file("snapshots/rev/config.json", nil)
			if err := os.Rename(filepath.Join(f.dir, safetensors.IndexName), filepath.Join(f.dir, "blobs", "def")); err != nil {
				f.t.Fatal(err)
			}
			f.link("snapshots/rev/"+shard1, filepath.Join(blobs, "abc"))
			f.link("snapshots/rev/"+safetensors.IndexName, filepath.Join(blobs, "def"))
			return filepath.Join(f.dir, "snapshots", "rev")
		}, ""},
		{"out of a snapshot, not to the blobs", func(f folder) string {
			f.shard("secret", 1, "a")
			f.file("snapshots/rev/config.json", nil)
			f.link("snapshots/rev/"+singleName, filepath.Join(blobs, "..", "secret"))
			return filepath.Join(f.dir, "snapshots", "rev")
		}, "a link out of its folder, to"},
		{"to blobs, not from a snapshot", func(f folder) string {
			f.shard("blobs/abc", 1, "a")
			f.file("others/rev/config.json", nil)
			f.link("others/rev/"+singleName, filepath.Join(blobs, "abc"))
			return filepath.Join(f.dir, "others", "rev")
		}, "a link out of its folder, to"},
		{"the index, out of the folder", func(f folder) string {
			f.shard("secret", 1, "a")
			f.file("model/config.json", nil)
			f.link("model/"+safetensors.IndexName, filepath.Join("..", "secret"))
			return filepath.Join(f.dir, "model")
		}, "a link out of its folder, to"},
		{"a shard, out of the folder", func(f folder) string {
			f.shard("secret", 1, "a")
			f.index("a", shard1)
			f.file("model/config.json", nil)
			if err := os.Rename(filepath.Join(f.dir, safetensors.IndexName), filepath.Join(f.dir, "model", safetensors.IndexName)); err != nil {
				f.t.Fatal(err)
			}
			f.link("model/"+shard1, filepath.Join(f.dir, "secret"))
			return filepath.Join(f.dir, "model")
		}, "a link out of its folder, to"},
		{"to nowhere", func(f folder) string {
			f.shard(shard1, 1, "a")
			f.index("a", shard1)
			f.link(singleName, "nowhere")
			return f.dir
		}, "no such file"},
		{"in a circle", func(f folder) string {
			f.link(singleName, singleName)
			return f.dir
		}, "too many links"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := OpenDir(c.make(newFolder(t)))
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("\n got %v\nwant %s", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if a, ok := s.Get("a"); !ok || Floats(a)[0] != 1 {
				t.Error("the tensor is not there")
			}
			if err := s.Changed(); err != nil {
				t.Error(err)
			}
		})
	}
}
