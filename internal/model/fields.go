package model

import "encoding/json"

// object reads a field that holds an object; nil when it is missing or null.
func (f *fields) object(name string) *fields {
	if !f.has(name) {
		return nil
	}
	inner := &fields{}
	if err := json.Unmarshal(f.values[name], &inner.values); err != nil {
		f.fail("%s is %s, not an object", name, short(f.values[name]))
		return nil
	}
	return inner
}

// numbers reads a list of exactly n positive numbers that must be there.
func (f *fields) numbers(name string, n int) []float64 {
	if !f.has(name) {
		f.fail("%s is missing", name)
		return make([]float64, n)
	}
	var list []float64
	if err := json.Unmarshal(f.values[name], &list); err != nil || len(list) != n {
		f.fail("%s is not a list of %d numbers", name, n)
		return make([]float64, n)
	}
	for i, v := range list {
		if !(v > 0) {
			f.fail("%s: number %d is %v, it must be more than 0", name, i, v)
		}
	}
	return list
}

// integers reads a list of n whole numbers; nil when it is missing or null.
func (f *fields) integers(name string, n int) []int {
	if !f.has(name) {
		return nil
	}
	var list []int
	if err := json.Unmarshal(f.values[name], &list); err != nil || len(list) != n {
		f.fail("%s is not a list of %d whole numbers", name, n)
		return nil
	}
	return list
}

// list reads whole numbers, however many; nil when the field is missing.
func (f *fields) list(name string) []int {
	if !f.has(name) {
		return nil
	}
	var list []int
	if err := json.Unmarshal(f.values[name], &list); err != nil {
		f.fail("%s is %s, not a list of whole numbers", name, short(f.values[name]))
	}
	return list
}

// wholeOr is sizeOr that also takes 0.
func (f *fields) wholeOr(name string, limit, otherwise int) int {
	if f.has(name) && string(f.values[name]) == "0" {
		return 0
	}
	return f.sizeOr(name, limit, otherwise)
}
