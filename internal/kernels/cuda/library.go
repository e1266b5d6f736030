package cuda

import (
	"errors"
	"fmt"
	"reflect"
)

// errNoLibrary is what opening fails with where there is no driver.
var errNoLibrary = errors.New("no NVIDIA driver")

// optional are the calls that attn does without where the driver has none.
func optional(symbol string) bool { return symbol == "cuStreamWriteValue32_v2" }

// bindCalls gives every field of calls its function in a library.
func bindCalls(find func(symbol string) (uintptr, error), register func(function any, at uintptr)) (*calls, error) {
	c := &calls{}
	fields := reflect.ValueOf(c).Elem()
	for i := range fields.NumField() {
		symbol := fields.Type().Field(i).Tag.Get("symbol")
		at, err := find(symbol)
		if optional(symbol) && (err != nil || at == 0) {
			continue
		}
		if err != nil || at == 0 {
			return nil, fmt.Errorf("the driver is too old: it has no %s", symbol)
		}
		register(fields.Field(i).Addr().Interface(), at)
	}
	return c, nil
}
