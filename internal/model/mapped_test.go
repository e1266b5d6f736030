package model_test

import (
	"path/filepath"
	"reflect"
	"testing"

	"attn/internal/kernels"
	"attn/internal/model"
)

// TestWeightsStayMapped: the matrices of every kind of file are views of what the
// file's tensors hold, but for those whose rows are gathered: a model takes little
// memory but its file's pages.
func TestWeightsStayMapped(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/tiny/*")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../../testdata/gguf/*.gguf")
	if err != nil || len(paths) < 3 || len(more) < 3 {
		t.Fatalf("%d folders, %d files, %v", len(paths), len(more), err)
	}
	for _, path := range append(paths, more...) {
		if filepath.Base(path) == "story" {
			continue // a trace alone
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			m, err := model.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			views := 0
			eachWeight(reflect.ValueOf(*m), func(w kernels.Weight) {
				if w.Name == "" {
					return // a layer without
				}
				views++
				if !mapped(m, w.Bytes) || w.Scales != nil && !mapped(m, w.Scales) {
					t.Errorf("%s %v lies elsewhere than in the file", w.Name, w.Shape)
				}
			})
			if least := 6 * m.Config.Layers; views < least {
				t.Errorf("%d matrices, there are %d at least", views, least)
			}
		})
	}
}

// mapped reports whether bytes lie within one of the file's tensors.
func mapped(m *model.Model, bytes []byte) bool {
	at := reflect.ValueOf(bytes).Pointer()
	for _, name := range m.Files().Names() {
		tensor, _ := m.Files().Get(name)
		begin := reflect.ValueOf(tensor.Bytes).Pointer()
		if at >= begin && at+uintptr(len(bytes)) <= begin+uintptr(len(tensor.Bytes)) {
			return true
		}
	}
	return false
}

// eachWeight finds the matrices in exported fields, however deep.
func eachWeight(v reflect.Value, do func(kernels.Weight)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			eachWeight(v.Elem(), do)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachWeight(v.Index(i), do)
		}
	case reflect.Struct:
		if w, ok := v.Interface().(kernels.Weight); ok {
			do(w)
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				eachWeight(v.Field(i), do)
			}
		}
	default: // numbers
	}
}
