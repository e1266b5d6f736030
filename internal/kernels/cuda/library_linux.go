//go:build linux && (amd64 || arm64) && !nocuda

package cuda

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/ebitengine/purego"
)

// Built reports whether this program can use a GPU.
const Built = true

// libraryNames are what the dynamic linker is asked for, in this order. The
// driver brings the first; the others are where it lies on systems whose linker
// does not know of it: WSL, and containers.
func libraryNames() []string {
	return []string{"libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1", "/usr/local/nvidia/lib64/libcuda.so.1"}
}

// openLibrary opens the driver. It stays open: programs load it once.
func openLibrary(names []string) (*calls, error) {
	runtime.LockOSThread() // what went wrong is known on the thread where it did
	defer runtime.UnlockOSThread()
	why := ""
	for _, name := range names {
		library, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
		if err != nil {
			if why == "" {
				why = err.Error()
			}
			continue
		}
		return bindCalls(
			func(symbol string) (uintptr, error) { return purego.Dlsym(library, symbol) },
			func(function any, at uintptr) { purego.RegisterFunc(function, at) })
	}
	return nil, fmt.Errorf("%w: looked for %s: %s", errNoLibrary, names[0], strings.TrimPrefix(why, names[0]+": "))
}
