package monitor

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

const (
	// SnapshotFile is the name of the snapshot inside the data directory.
	SnapshotFile = "monitor.json"
	// snapshotVersion is the version of its form; others are set aside.
	snapshotVersion = 1
)

// A snapshot is all of the memory that outlasts the process.
type snapshot struct {
	Version       int                   `json:"version"`
	Written       time.Time             `json:"written"`
	Budget        budgetState           `json:"budget"`
	Ratios        map[string]learnt     `json:"ratios,omitempty"`
	Routes        map[string]routeState `json:"routes,omitempty"`
	Conversations []conversationState   `json:"conversations,omitempty"`
}

// A routeState is the snapshot of a route.
type routeState struct {
	Series  []seriesState         `json:"series,omitempty"`
	Strata  []stratumState        `json:"strata,omitempty"`
	Lengths windowsState[lengths] `json:"lengths"`
	Traffic windowsState[traffic] `json:"traffic"`
}

type seriesState struct {
	Key     seriesKey          `json:"key"`
	Updated time.Time          `json:"updated"`
	Windows windowsState[sums] `json:"windows"`
	Bound   *boundState        `json:"bound,omitempty"`
}

type stratumState struct {
	Key     stratumKey          `json:"key"`
	Windows windowsState[tally] `json:"windows"`
}

type conversationState struct {
	Key    conversationKey `json:"key"`
	Seen   time.Time       `json:"seen"`
	Tracks []track         `json:"tracks"`
}

// snapshot copies the memory. The copy shares nothing with it, so it is
// encoded without the lock.
func (m *Monitor) snapshot() snapshot {
	s := snapshot{
		Version: snapshotVersion, Written: m.now(),
		Budget: m.gate.budget.state(), Ratios: m.ratios.state(),
		Routes: map[string]routeState{},
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, r := range m.routes {
		s.Routes[name] = r.state()
	}
	s.Conversations = m.live.state()
	return s
}

func (r *route) state() routeState {
	st := routeState{Lengths: r.lengths.state(), Traffic: r.traffic.state()}
	for _, k := range r.seriesKeys() {
		s := r.series[k]
		ss := seriesState{Key: k, Updated: s.updated, Windows: s.windows.state()}
		if s.bound != nil {
			ss.Bound = s.bound.state()
		}
		st.Series = append(st.Series, ss)
	}
	for k, w := range r.strata {
		st.Strata = append(st.Strata, stratumState{Key: k, Windows: w.state()})
	}
	return st
}

// state lists the conversations, the oldest first.
func (t *conversations) state() []conversationState {
	all := make([]conversationState, 0, t.order.Len())
	for e := t.order.Back(); e != nil; e = e.Prev() {
		c := e.Value.(*conversation)
		all = append(all, conversationState{Key: c.key, Seen: c.seen, Tracks: copyTracks(c.tracks)})
	}
	return all
}

func copyTracks(tracks []track) []track {
	all := make([]track, len(tracks))
	for i, t := range tracks {
		if t.Unit != nil {
			u := *t.Unit
			t.Unit = &u
		}
		all[i] = t
	}
	return all
}

// A store is the place of the snapshot on disk.
type store struct {
	// path is empty if nothing is to be stored.
	path     string
	failures atomic.Int64
	// trouble is the last error told in the log. Only Run uses it.
	trouble string
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
	tmp := s.path + ".tmp"
	if err := writeSynced(tmp, b); err != nil {
		return err
	}
	if err := os.Rename(tmp, s.path); err != nil {
		return fmt.Errorf("replace snapshot: %w", err)
	}
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
