package monitor

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
)

// SnapshotFile is the name of the snapshot inside the data directory.
const SnapshotFile = "monitor.json"

// A store is the place of the snapshot on disk.
type store struct {
	// path is empty if nothing is to be stored.
	path     string
	failures atomic.Int64
	// trouble is the last error told in the log, written the hash of what is
	// on disk: the same is not written twice. Only Run uses them.
	trouble string
	written [sha256.Size]byte
}

func newStore(dir string) *store {
	if dir == "" {
		return &store{}
	}
	return &store{path: filepath.Join(dir, SnapshotFile)}
}

// save writes a snapshot. Failure is counted, told once until it changes, and
// otherwise harmless.
func (m *Monitor) save() {
	if m.store.path == "" {
		return
	}
	err := m.store.write(m.snapshot())
	if err == nil {
		m.store.trouble = ""
		return
	}
	m.store.failures.Add(1)
	if m.store.trouble != err.Error() {
		m.store.trouble = err.Error()
		m.log.Error("snapshot not written; statistics will not outlast this process", "err", err)
	}
}

// write replaces the snapshot whole: a crash leaves the old one or the new.
func (s *store) write(snap snapshot) error {
	b, err := json.Marshal(snap)
	if err != nil {
		return fmt.Errorf("encode snapshot: %w", err)
	}
	hash := sha256.Sum256(b)
	if hash == s.written {
		return nil
	}
	tmp := s.path + ".tmp"
	if err := writeSynced(tmp, b); err != nil {
		return err
	}
	if err := os.Rename(tmp, s.path); err != nil {
		return fmt.Errorf("replace snapshot: %w", err)
	}
	s.written = hash
	return nil
}

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("create snapshot: %w", err)
	}
	if _, err := f.Write(b); err != nil {
		_ = f.Close()
		return fmt.Errorf("write snapshot: %w", err)
	}
	if err := f.Sync(); err != nil {
		_ = f.Close()
		return fmt.Errorf("sync snapshot: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("close snapshot: %w", err)
	}
	return nil
}
