package monitor

import (
	"cmp"
	"slices"
	"time"

	"hotmess/budget"
	"hotmess/detect"
)

// snapshotVersion is the version of the snapshot's form; others are set aside.
const snapshotVersion = 2

// A snapshot is all of the memory that outlasts the process.
type snapshot struct {
	Version       int                   `json:"version"`
	Budget        budget.Spent          `json:"budget"`
	Spend         *spendState           `json:"spend,omitempty"`
	Ratios        map[string]learnt     `json:"ratios,omitempty"`
	Routes        map[string]routeState `json:"routes,omitempty"`
	Conversations []conversationState   `json:"conversations,omitempty"`
	Judged        []judgedConversation  `json:"judged,omitempty"`
	Mitigations   mitigationsState      `json:"mitigations,omitempty"`
}

// A spendState is what is spent beside the tokens of the whole sidecar: its money
// in 1e-9 USD, and the budgets of routes.
type spendState struct {
	Money  budget.Spent            `json:"money"`
	Routes map[string]budget.State `json:"routes,omitempty"`
}

// A routeState is the snapshot of a route.
type routeState struct {
	Content *contentState `json:"content,omitempty"`

	Series   []seriesState         `json:"series,omitempty"`
	Strata   []stratumState        `json:"strata,omitempty"`
	Lengths  windowsState[lengths] `json:"lengths"`
	Traffic  windowsState[traffic] `json:"traffic"`
	Curves   []curvesState         `json:"curves,omitempty"`
	Sketches *sketchesState        `json:"sketches,omitempty"`
	Labelled []labelledState       `json:"labelled,omitempty"`

	Detection *detectionState `json:"detection,omitempty"`
}

type seriesState struct {
	Key     seriesKey          `json:"key"`
	Updated time.Time          `json:"updated"`
	Windows windowsState[sums] `json:"windows"`
	Bound   *detect.BoundState `json:"bound,omitempty"`
}

type stratumState struct {
	Key     stratumKey          `json:"key"`
	Windows windowsState[tally] `json:"windows"`
}

type conversationState struct {
	Key    conversationKey `json:"key"`
	Seen   time.Time       `json:"seen"`
	Tracks []track         `json:"tracks"`
	Spell  *spell          `json:"spell,omitempty"`
}

// snapshot copies the memory. The copy shares nothing with it, so it is
// encoded without the lock.
func (m *Monitor) snapshot() snapshot {
	s := snapshot{
		Version: snapshotVersion,
		Ratios:  m.ratios.state(),
		Routes:  map[string]routeState{},
	}
	all, routes := m.gate.State()
	s.Budget, s.Spend = all.Tokens, &spendState{Money: all.Money, Routes: routes}
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, r := range m.routes {
		s.Routes[name] = r.state()
	}
	s.Conversations = m.live.state()
	s.Judged = m.judged.state()
	s.Mitigations = m.mitigations.state()
	return s
}

func (r *route) state() routeState {
	st := routeState{
		Lengths: r.lengths.state(), Traffic: r.traffic.state(), Curves: r.curvesState(),
		Sketches: r.sketches.state(), Labelled: r.labelledState(), Detection: r.detection.state(),
	}
	for _, k := range r.seriesKeys() {
		s := r.series[k]
		ss := seriesState{Key: k, Updated: s.updated, Windows: s.windows.state()}
		if s.bound != nil {
			ss.Bound = s.bound.State()
		}
		st.Series = append(st.Series, ss)
	}
	st.Content = r.content.state()
	for k, w := range r.strata {
		st.Strata = append(st.Strata, stratumState{Key: k, Windows: w.state()})
	}
	slices.SortFunc(st.Strata, func(a, b stratumState) int {
		return cmp.Or(cmp.Compare(a.Key.Kind, b.Key.Kind), cmp.Compare(boolInt(a.Key.Pinned), boolInt(b.Key.Pinned)))
	})
	return st
}

// state lists the conversations, the oldest first.
func (t *conversations) state() []conversationState {
	all := make([]conversationState, 0, t.order.Len())
	for e := t.order.Back(); e != nil; e = e.Prev() {
		c := e.Value.(*conversation)
		all = append(all, conversationState{Key: c.key, Seen: c.seen, Tracks: copyTracks(c.tracks), Spell: c.spell.copied()})
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
		if t.Course != nil {
			c := *t.Course
			t.Course = &c
		}
		t.Curve = t.Curve.clone()
		all[i] = t
	}
	return all
}
