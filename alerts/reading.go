package alerts

import "time"

// A Reading is what rules judge: the state of one measured series of one
// route, as monitor reports it.
type Reading struct {
	Route string
	// Kind and Level name the series; Pinned its stratum.
	Kind, Level string
	Pinned      bool
	// Bound is the anytime-valid lower confidence bound of the disagreement,
	// 0..1, at level 1 - Alpha; HasBound is false while there is none.
	Bound    float64
	Alpha    float64
	HasBound bool
	// Units is the number of conversations that Bound rests on.
	Units int
	// Value, Low and High are the disagreement of the last hour and its 95 %
	// interval; Has* are false where they are absent.
	Value, Low, High    float64
	HasValue, HasRange  bool
	Pairs, Conversation int
	// MeasuredShare is measured / drawn over the last hour; absent if
	// nothing was drawn.
	MeasuredShare float64
	HasShare      bool
	// Updated is when the series last took a measured request.
	Updated time.Time
}

// A Source gives the current readings. It is called once per evaluation.
type Source interface {
	Readings() []Reading
}
