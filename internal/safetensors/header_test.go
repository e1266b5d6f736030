package safetensors

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadHeader(t *testing.T) {
	h, err := read(file(`{"__metadata__":{"format":"pt"},"w":{"dtype":"BF16","shape":[2,3],"data_offsets":[4,16]},"b":`+f32("[1]", 0, 4)+`}`, 16))
	if err != nil {
		t.Fatal(err)
	}
	want := &Header{
		Tensors: []Info{
			{Name: "b", DType: "F32", Shape: []int{1}, Begin: 0, End: 4},
			{Name: "w", DType: "BF16", Shape: []int{2, 3}, Begin: 4, End: 16},
		},
		Metadata:  map[string]string{"format": "pt"},
		DataStart: h.DataStart,
		Size:      h.DataStart + 16,
	}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Fatal(diff)
	}
}

// TestReferenceFiles opens what the reference implementation wrote.
func TestReferenceFiles(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/tiny/*/*.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Fatal("no files in testdata/tiny")
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		h, err := read(b)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if len(h.Tensors) == 0 {
			t.Errorf("%s: no tensors", path)
		}
		if strings.Contains(path, "trace") && h.Metadata["attn.schema"] != "attn.trace/1" {
			t.Errorf("%s: schema %q", path, h.Metadata["attn.schema"])
		}
	}
}

// FuzzReadHeader looks for panics, for memory out of proportion to the input,
// and for accepted files that do not describe each of their bytes once.
func FuzzReadHeader(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(file("{}      ", 0))
	f.Add(prefix(1<<63, "{}"))
	f.Add(file(`{"a":`+f32("[1]", 0, 4)+`,"b":`+f32("[2,0]", 4, 4)+`}`, 4))
	f.Add(file(`{"__metadata__":{"k":"v"},"a":{"x":[{"y":[]}],"dtype":"F4","shape":[2],"data_offsets":[0,1]}}`, 1))
	f.Add(file(`{"a":{"dtype":"F16","shape":[9223372036854775807],"data_offsets":[0,18446744073709551614]}}`, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h, err := read(b)
		runtime.ReadMemStats(&after)
		if used, most := after.TotalAlloc-before.TotalAlloc, uint64(100*len(b)+1<<20); used > most {
			t.Fatalf("%d bytes of input took %d bytes of memory", len(b), used)
		}
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("an error of several lines: %q", err)
			}
			return
		}
		at := h.DataStart
		for _, info := range h.Tensors {
			if h.DataStart+info.Begin != at || info.End < info.Begin {
				t.Fatalf("accepted with a gap or an overlap: %v", h.Tensors)
			}
			at = h.DataStart + info.End
		}
		if at != int64(len(b)) {
			t.Fatalf("accepted with %d bytes described of %d", at, len(b))
		}
	})
}

// BenchmarkReadHeader reads a header of 4 MB, which about 40,000 tensors take.
func BenchmarkReadHeader(b *testing.B) {
	at := int64(0)
	header := many(38_000, func(i int) string {
		at += 4
		return fmt.Sprintf(`"model.layers.%d.mlp.experts.%d.w1.weight":`, i/100, i%100) + f32("[1]", at-4, at)
	})
	data := file(header, int(at))
	b.SetBytes(int64(len(header)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadHeader(bytes.NewReader(data), int64(len(data))); err != nil {
			b.Fatal(err)
		}
	}
}
