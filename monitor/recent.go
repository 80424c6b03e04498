package monitor

const (
	// maxRecent and maxRecentBytes bound the observations kept for look-up.
	maxRecent      = 10_000
	maxRecentBytes = 32 << 20
)

// recent keeps the latest observations by id, the oldest leaving first.
type recent struct {
	limit, limitBytes int
	byID              map[string]Observation
	// queue holds ids from the oldest; head is the first that is still kept.
	queue []string
	head  int
	bytes int
}

func newRecent(limit, limitBytes int) *recent {
	return &recent{limit: limit, limitBytes: limitBytes, byID: map[string]Observation{}}
}

// add keeps an observation. A second one of the same id replaces the first,
// in its place.
func (r *recent) add(o Observation) {
	if old, ok := r.byID[o.ID]; ok {
		r.bytes -= observationBytes(&old)
	} else {
		r.queue = append(r.queue, o.ID)
	}
	r.byID[o.ID] = o
	r.bytes += observationBytes(&o)
	for len(r.byID) > r.limit || (r.bytes > r.limitBytes && len(r.byID) > 1) {
		r.drop()
	}
}

func (r *recent) drop() {
	id := r.queue[r.head]
	r.queue[r.head] = ""
	r.head++
	old := r.byID[id]
	r.bytes -= observationBytes(&old)
	delete(r.byID, id)
	if r.head > r.limit {
		r.queue = append([]string(nil), r.queue[r.head:]...)
		r.head = 0
	}
}

// observationBytes estimates the memory of an observation: its struct and map
// overheads, and all of its strings that may be long.
func observationBytes(o *Observation) int {
	n := 700 + 48*len(o.Differ) + len(o.ID) + len(o.Route) + len(o.Conversation) + len(o.System) +
		len(o.Tools) + len(o.Form) + len(o.Model) + len(o.ServedModel) + len(o.Fingerprint)
	for name := range o.Arguments {
		n += 48 + len(name)
	}
	n += 8*len(o.Unrelated) + 64*len(o.Replays)
	if s := o.Signals; s != nil {
		n += 100 + len(s.Call) + 48*len(s.Pair)
	}
	for _, s := range o.Samples {
		n += 200 + len(s.Finish)
		for level, key := range s.Keys {
			n += 64 + len(level) + len(key)
		}
	}
	return n
}

// Request gives the observation of a request id, of the latest 10,000 or
// 32 MiB.
func (m *Monitor) Request(id string) (Observation, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.recent.byID[id]
	return o, ok
}
