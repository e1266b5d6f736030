//go:build !linux && !darwin

package probe

import "os"

// CPU is what the system calls the processor, or "" when it does not say. The
// variable is Windows'.
func CPU() string { return os.Getenv("PROCESSOR_IDENTIFIER") }
