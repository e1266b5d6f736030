//go:build windows && (amd64 || arm64) && !nocuda

package cuda

import (
	"fmt"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/windows"
)

// Built reports whether this program can use a GPU.
const Built = true

func libraryNames() []string { return []string{"nvcuda.dll"} }

// openLibrary opens the driver from the system's own folder. It stays open:
// programs load it once.
func openLibrary(names []string) (*calls, error) {
	library := windows.NewLazySystemDLL(names[0])
	if err := library.Load(); err != nil {
		return nil, fmt.Errorf("%w: looked for %s: %w", errNoLibrary, names[0], err)
	}
	return bindCalls(
		func(symbol string) (uintptr, error) {
			p := library.NewProc(symbol)
			if err := p.Find(); err != nil {
				return 0, err
			}
			return p.Addr(), nil
		},
		func(function any, at uintptr) { purego.RegisterFunc(function, at) })
}
