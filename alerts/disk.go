package alerts

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

const (
	// minStore is the least a store is useful with.
	minStore = 32 << 20
	// diskShare is the part of the free disk that the store may take: a full
	// disk wedges a stream, a full store does not.
	diskShare = 0.8
)

// storeLimit is the smaller of what is configured and diskShare of the disk
// space that is free, or taken by the store already.
func storeLimit(dir string, configured int64) (int64, error) {
	if configured < minStore {
		return 0, fmt.Errorf("nats.max_store: %d bytes are too few, the least is %d", configured, minStore)
	}
	free, err := freeBytes(dir)
	if err != nil {
		return 0, fmt.Errorf("data_dir %s: %w", dir, err)
	}
	used, err := usedBytes(filepath.Join(dir, storeDir))
	if err != nil {
		return 0, fmt.Errorf("data_dir %s: %w", dir, err)
	}
	limit := min(configured, int64(diskShare*float64(free+used)))
	if limit < minStore {
		return 0, fmt.Errorf("data_dir %s: %d bytes free are too few for the alert store, which needs %d", dir, free, int64(minStore/diskShare))
	}
	return limit, nil
}

func usedBytes(dir string) (int64, error) {
	var total int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return total, nil
	}
	return total, err
}
