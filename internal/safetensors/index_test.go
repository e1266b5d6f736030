package safetensors

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseIndex(t *testing.T) {
	text := ` {"metadata": {"total_size": 12.5, "more": [1, {"a": null}]},
	  "weight_map": {"a.weight": "model-00001-of-00002.safetensors", "\u00e9": "../b"}, "extra": true} ` + "\n"
	files, err := ParseIndex([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a.weight": "model-00001-of-00002.safetensors", "é": "../b"}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Fatal(diff)
	}
}

func TestMalformedIndex(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"nothing", "", "the index's JSON stops short at offset 0"},
		{"unfinished", `{"weight_map": {`, "the index's JSON stops short at offset 16"},
		{"not an object", `[]`, "the index is not a JSON object, at offset 1"},
		{"not JSON", `{a}`, "the index is not JSON at offset 1"},
		{"not UTF-8", "{\"\xff\"}", "the index is not UTF-8: byte 0xff at offset 2"},
		{"half of a surrogate pair", `{"\ud800": 1}`, `the index has half of a surrogate pair, \ud800, at offset 2`},
		{"more after it", `{"weight_map": {}} {}`, "the index goes on after its closing brace, at offset 20"},
		{"no weight_map", `{"metadata": {}}`, "the index has no weight_map"},
		{"weight_map not an object", `{"weight_map": []}`, "weight_map is not a JSON object"},
		{"a value not a string", `{"weight_map": {"a": 1}}`, `weight_map: the value of "a" is not a string, at offset 22`},
		{"weight_map twice", `{"weight_map": {}, "weight_map": {}}`, `the index has the key "weight_map" twice`},
		{"a tensor twice", `{"weight_map": {"a": "x", "\u0061": "y"}}`, `weight_map has the key "a" twice`},
		{"metadata twice", `{"metadata": {}, "metadata": {}, "weight_map": {}}`, `the key "metadata" twice`},
		{"twice inside metadata", `{"metadata": {"n": 1, "n": 2}, "weight_map": {}}`, `the index's "metadata" has the key "n" twice`},
		{"deep", `{"metadata": ` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, `the index's "metadata" nests deeper than 64`},
		{"large", strings.Repeat(" ", MaxIndex+1), "the index has more than 67108864 bytes"},
		{"many tensors", `{"weight_map": ` + many(maxTensors+1, func(i int) string { return fmt.Sprintf(`"%d":"a"`, i) }) + `}`, "the index has 262145 tensors, the limit is 262144"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			files, err := ParseIndex([]byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) || files != nil {
				t.Fatalf("\n got %v, %d files\nwant %s", err, len(files), c.want)
			}
		})
	}
}

func FuzzParseIndex(f *testing.F) {
	f.Add([]byte(`{"metadata": {"total_size": 1}, "weight_map": {"a": "b"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		files, err := ParseIndex(text)
		if (err == nil) != (files != nil) {
			t.Fatalf("%v and %v", files, err)
		}
	})
}
