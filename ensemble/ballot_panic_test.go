package ensemble

import (
	"context"
	"testing"

	"hotmess/monitor"
)

// TestVoteThatPanicsAnswersWithThePrimary gives a ballot a result that it has
// no place for, before the primary's.
func TestVoteThatPanicsAnswersWithThePrimary(t *testing.T) {
	primary := &Recording{Status: 200}
	b := &ballot{
		arriving: make(chan result, 2),
		cancel:   []context.CancelCauseFunc{func(error) {}},
		results:  make([]*result, 1),
		missing:  2,
	}
	b.arriving <- result{Sample: Sample{Number: 7}}
	b.arriving <- result{Sample: Sample{Recording: primary}}
	o := b.vote(context.Background())
	if o.Winner != primary || o.Voted || o.Reason != monitor.ReasonPanic {
		t.Errorf("got %+v", o)
	}
}
