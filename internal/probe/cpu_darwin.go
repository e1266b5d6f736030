package probe

import "golang.org/x/sys/unix"

// CPU is what the system calls the processor, or "" when it does not say.
func CPU() string {
	name, err := unix.Sysctl("machdep.cpu.brand_string")
	if err != nil {
		return ""
	}
	return name
}
