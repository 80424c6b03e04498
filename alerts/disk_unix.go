//go:build unix

package alerts

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

const errAddrInUse = syscall.EADDRINUSE

// freeBytes is what an ordinary user may still write on the disk of dir.
func freeBytes(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("read free disk space: %w", err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil //nolint:unconvert // the types differ between systems
}
