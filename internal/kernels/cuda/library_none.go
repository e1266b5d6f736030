//go:build nocuda || !(linux || windows) || !(amd64 || arm64)

package cuda

import (
	"fmt"
	"runtime"
)

func libraryNames() []string { return []string{"none"} }

// Built reports whether this program can use a GPU.
const Built = false

// openLibrary says why there is no driver in this build.
func openLibrary([]string) (*calls, error) {
	return nil, fmt.Errorf("%w: this build of attn for %s/%s has no CUDA", errNoLibrary, runtime.GOOS, runtime.GOARCH)
}
