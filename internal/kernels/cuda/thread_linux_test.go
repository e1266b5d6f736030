package cuda

import "syscall"

// threadID tells which thread calls it.
func threadID() func() int { return syscall.Gettid }
