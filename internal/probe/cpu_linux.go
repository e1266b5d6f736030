package probe

import (
	"io"
	"os"
	"strings"
)

// CPU is what the system calls the processor, or "" when it does not say: on
// arm64 Linux often knows only numbers.
func CPU() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	first, err := io.ReadAll(io.LimitReader(f, 1<<16)) // the first processor's lines
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(first)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
