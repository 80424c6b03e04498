package ensemble

import (
	"time"

	"hotmess/monitor"
	"hotmess/wire"
)

// A Policy says how one request votes.
type Policy struct {
	Rules
	Flags Flags
	// Embed has embeddings tell which text is most like the others; nil: words do.
	Embed Embed
	// Wait is how long to wait for extras, from the moment the primary has
	// ended.
	Wait time.Duration
	// Measure: samples 0 and 1 are a measurement set, drawn beforehand. The
	// vote does not wait for them, and does not cancel them.
	Measure bool
	// Done, once closed, ends what still runs when the function that Vote
	// returns waits for it; nil: never.
	Done <-chan struct{}
}

// An Outcome is what a vote came to.
type Outcome struct {
	// Winner is what goes to the client; nil if there is no reply at all.
	// Then Err says why the primary got none.
	Winner *Recording
	Err    error
	// Reply is what the winner says; it is zero if that could not be read.
	Reply wire.Reply
	// Vote is set if Voted; else Reason says why nobody could vote: why the
	// primary is missing.
	Vote   Vote
	Voted  bool
	Reason monitor.Reason
	// Ended are the samples that had ended when Vote was decided, in launch order,
	// with their recordings, which stand until finish is called.
	Ended []Sample
	// Cut is whether other calls were on their way by then: which samples Ended has
	// is a matter of their lengths, not of chance.
	Cut bool
	// Unembedded is why embeddings, which were to, did not tell the winner.
	Unembedded monitor.Reason
	// Stop is why the vote ended; empty if it was given up.
	Stop Stop
	// Waited is the time from the primary's end to the decision; 0 if the vote
	// was decided before.
	Waited time.Duration
}
