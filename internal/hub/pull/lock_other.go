//go:build !windows

package pull

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes a lock as Python's filelock does, flock's, which lasts until
// the file is closed.
func tryLock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// isDiskFull reports whether there is no room left, for all or for this user.
func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
