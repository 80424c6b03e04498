package monitor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"hotmess/budget"
	"hotmess/detect"
)

// load restores the snapshot, if there is one. One that cannot be used is set
// aside, not deleted; only if not even that works is it an error.
func (m *Monitor) load() error {
	if m.store.path == "" {
		return nil
	}
	b, err := os.ReadFile(m.store.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		var s snapshot
		if s, err = decodeSnapshot(b); err == nil {
			m.restore(s)
			return nil
		}
	}
	aside := fmt.Sprintf("%s.unusable-%s", m.store.path, m.now().UTC().Format("20060102T150405"))
	if rename := os.Rename(m.store.path, aside); rename != nil {
		return fmt.Errorf("set aside unusable snapshot: %w", errors.Join(err, rename))
	}
	m.log.Error("snapshot not usable, starting without it", "err", err, "set_aside_as", aside)
	return nil
}

// decodeSnapshot reads a snapshot of this version.
func decodeSnapshot(b []byte) (snapshot, error) {
	var v struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return snapshot{}, fmt.Errorf("read snapshot: %w", err)
	}
	if v.Version != snapshotVersion {
		return snapshot{}, fmt.Errorf("read snapshot: version %d, this hotmess reads %d", v.Version, snapshotVersion)
	}
	var s snapshot
	if err := json.Unmarshal(b, &s); err != nil {
		return snapshot{}, fmt.Errorf("read snapshot: %w", err)
	}
	return s, nil
}

// restore takes over a snapshot, within the same bounds as live data. A route
// that saw nothing for the length of the longest ring is left behind.
func (m *Monitor) restore(s snapshot) {
	m.restoreSpend(s)
	m.ratios.restore(s.Ratios)
	for name, st := range s.Routes {
		if !st.recent(m.now()) || m.names.resolve(name) != name {
			continue
		}
		r := restoreRoute(st, &m.named)
		r.detection.promise = m.promise
		m.routes[name] = r
		m.restoreCurves(r, st.Curves)
		m.restoreLabelled(r, st.Labelled)
		if st.Sketches != nil && m.sketched < maxCurved {
			m.sketched++
			r.sketches = restoreSketches(st.Sketches)
		}
	}
	for _, c := range s.Conversations {
		if m.routes[c.Key.Route] == nil || len(c.Tracks) > maxSeries {
			continue
		}
		live, _ := m.live.enter(c.Key, c.Seen)
		live.tracks, live.spell = c.Tracks, restoreSpell(c.Spell)
	}
	m.restoreJudged(s.Judged)
	m.mitigations.restore(s.Mitigations, m.now())
}

// restoreSpend takes over what is spent.
func (m *Monitor) restoreSpend(s snapshot) {
	if s.Spend == nil {
		s.Spend = &spendState{}
	}
	m.gate.Restore(budget.State{Tokens: s.Budget, Money: s.Spend.Money}, s.Spend.Routes)
}

// recent is whether the route has traffic that a ring still reaches.
func (st *routeState) recent(now time.Time) bool {
	s := spans()[windowMonth]
	for _, slot := range st.Traffic[windowMonth] {
		if slot.Bucket > s.bucket(now)-s.buckets {
			return true
		}
	}
	return false
}

func restoreRoute(st routeState, named *int) *route {
	r := newRoute(named)
	r.lengths, r.traffic = restoreWindows(st.Lengths), restoreWindows(st.Traffic)
	r.content = restoreContent(st.Content, named)
	for _, ss := range st.Series {
		if s := r.seriesFor(ss.Key, ss.Bound != nil); s != nil {
			s.updated, s.windows = ss.Updated, restoreWindows(ss.Windows)
			if ss.Bound != nil {
				s.bound = detect.RestoreBound(ss.Bound)
			}
		}
	}
	r.detection = restoreDetection(st.Detection)
	for _, ss := range st.Strata {
		if len(r.strata) < maxSeries {
			r.strata[ss.Key] = restoreWindows(ss.Windows)
		}
	}
	return r
}
