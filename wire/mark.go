package wire

import "io"

// ReadToMark reads a decoded stream of events up to its closing mark and reports
// whether that came: [DONE] of Chat Completions, message_stop, a final state of a
// Response, or an event that is an error. Behind it a stream says nothing more that
// matters, however long its connection stays open. Gemini has no such mark: a finish
// reason may be followed by usage.
//
// It is false at the end of r, and where it cannot read on. started is that of Fold.
func ReadToMark(d Dialect, r io.Reader, started func()) (marked bool) {
	g := grammars(d)
	if g == nil {
		return false
	}
	f := g.fold(started)
	events := newEventReader(r)
	for {
		data, err := events.next()
		if err != nil || f.event(data) != nil {
			return false
		}
		if f.marked() && !events.unfinished {
			return true
		}
	}
}

// marked is whether the stream was closed, by its mark or an error.
func (g *gathering) marked() bool { return g.closed || g.reply.Failure != nil }

// marks is whether an event is a closing mark by itself.
func marks(g grammar, data []byte) bool {
	f := g.fold(func() {})
	return f.event(data) == nil && f.marked()
}
