package ensemble

import (
	"context"
	"io"
	"time"

	"hotmess/monitor"
	"hotmess/wire"
)

// A Policy says how one request votes.
type Policy struct {
	// Samples is N, the primary included; below 2 there is nothing to vote on
	// but the primary.
	Samples int
	// Level is the level at which answers are the same.
	Level Level
	// Wait is how long to wait for extras, from the moment the primary has
	// ended.
	Wait time.Duration
	// Measure: samples 0 and 1 are a measurement set, drawn beforehand. The
	// vote does not wait for them, and does not cancel them.
	Measure bool
	// Stop, once closed, ends what still runs when the function that Vote
	// returns waits for it; nil: never.
	Stop <-chan struct{}
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
	// Waited is the time from the primary's end to the decision; 0 if the vote
	// was decided before.
	Waited time.Duration
}

// Vote makes all calls of a request at once and answers by majority.
//
// The primary is the client's call, byte for byte, and does not pass the gate;
// extras do, and differ from it only in the headers that name one call
// (wire.ScrubExtra), so that any of the replies can be the client's. The vote
// ends when nothing outstanding can change the winning answer, when all have
// ended, or Policy.Wait after the primary's end; what then still runs is
// cancelled, but for a measurement set.
//
// Only whole replies vote, and any of them beats an error. If nobody can vote,
// the primary's own reply is the winner: its error as sent, or its truncated
// body. A primary that cannot be held or read (too_big, memory, encoding,
// unreadable, panic) is the winner without a vote. When ctx ends, the client is
// gone: all calls are cancelled.
//
// finish waits for what still runs and returns all samples by launch number. It
// must be called exactly once, after the winner has been sent, for it gives
// back what the recordings hold.
func (r *Runner) Vote(ctx context.Context, call Call, p Policy) (o Outcome, finish func() []Sample) {
	b := r.launch(ctx, call, p)
	o = b.vote(ctx)
	return o, b.finish
}

// A ballot is one vote in progress. All but the calls themselves happens in the
// goroutine of Vote, then in that of finish.
type ballot struct {
	policy Policy
	// arriving has room for all results, so that no call ever waits for the
	// ballot.
	arriving chan result
	// cancel and results are by launch number; a call that has not ended has
	// no result.
	cancel  []context.CancelCauseFunc
	results []*result
	missing int // calls that have not ended
	// ended is when the primary did.
	ended time.Time
	// timeout bounds a primary that runs on after the vote.
	timeout time.Duration
	timer   *time.Timer
}

// launch starts all calls. Their contexts outlive ctx, as a measurement set
// outlives the client's call; decide cancels them when the client is gone.
func (r *Runner) launch(ctx context.Context, call Call, p Policy) *ballot {
	n := max(p.Samples, 1)
	b := &ballot{
		policy:   p,
		arriving: make(chan result, n),
		cancel:   make([]context.CancelCauseFunc, n),
		results:  make([]*result, n),
		missing:  n,
		timeout:  r.Timeout,
	}
	extra := call
	if !call.Verbatim {
		extra.Header = extraHeader(call.Header)
	}
	for i := range n {
		own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
		b.cancel[i] = cancel
		if i == 0 {
			go b.send(func() result { return attempt{runner: r, call: &call}.run(own) })
			continue
		}
		go b.send(func() result { return r.extra(own, attempt{runner: r, call: &extra, number: i}) })
	}
	return b
}

func (b *ballot) send(call func() result) { b.arriving <- call() }

// vote decides. If hotmess itself fails in that, the primary is the answer.
func (b *ballot) vote(ctx context.Context) (o Outcome) {
	defer func() {
		if recover() != nil {
			o = b.awaitPrimary(ctx)
			o.Reason = monitor.ReasonPanic
		}
	}()
	return b.decide(ctx)
}

// awaitPrimary answers with the primary alone.
func (b *ballot) awaitPrimary(ctx context.Context) Outcome {
	for b.results[0] == nil {
		select {
		case res := <-b.arriving:
			b.take(res)
		case <-ctx.Done():
			b.cancelAll(context.Cause(ctx))
			return Outcome{Err: context.Cause(ctx), Reason: monitor.ReasonGone}
		}
	}
	return b.abandon(ctx)
}

// decide takes results in until the vote is over.
func (b *ballot) decide(ctx context.Context) Outcome {
	var late <-chan time.Time
	for {
		select {
		case res := <-b.arriving:
			b.take(res)
			if res.Number == 0 {
				if unreadable(res.Missing) {
					return b.abandon(ctx)
				}
				timer := time.NewTimer(b.policy.Wait)
				defer timer.Stop()
				late = timer.C
			}
			if countVotes(b.samples(), b.policy.Level).decided(b.missing) {
				return b.close()
			}
		case <-late:
			return b.close()
		case <-ctx.Done():
			b.cancelAll(context.Cause(ctx))
			return Outcome{Err: context.Cause(ctx), Reason: monitor.ReasonGone}
		}
	}
}

func (b *ballot) take(res result) {
	b.results[res.Number] = &res
	b.missing--
	if res.Number == 0 {
		b.ended = time.Now()
	}
}

// samples are the samples that have ended, in launch order.
func (b *ballot) samples() []Sample {
	samples := make([]Sample, 0, len(b.results))
	for _, res := range b.results {
		if res != nil {
			samples = append(samples, res.Sample)
		}
	}
	MarkDependent(samples)
	return samples
}

// close ends the vote with what has arrived.
func (b *ballot) close() Outcome {
	vote, ok := Majority(b.samples(), b.policy.Level)
	for i := range b.results {
		if b.results[i] == nil && !b.protected(i) {
			b.cancel[i](errDecided)
		}
	}
	if b.results[0] == nil {
		b.boundPrimary()
	}
	if !ok {
		return b.fallBack()
	}
	winner := b.results[vote.Winner]
	return Outcome{Winner: winner.Recording, Reply: winner.Reply, Vote: vote, Voted: true, Waited: b.waited()}
}

// protected is whether a sample belongs to a measurement set.
func (b *ballot) protected(number int) bool { return b.policy.Measure && number <= 1 }

// boundPrimary gives a primary that the vote went on without the time of an
// extra.
func (b *ballot) boundPrimary() {
	if b.timeout > 0 {
		b.timer = time.AfterFunc(b.timeout, func() { b.cancel[0](errSlow) })
	}
}

// fallBack answers with the primary, which has ended.
func (b *ballot) fallBack() Outcome {
	primary := b.results[0]
	return Outcome{Winner: primary.Recording, Reply: primary.Reply, Err: primary.err, Reason: primary.Missing, Waited: b.waited()}
}

func (b *ballot) waited() time.Duration {
	if b.ended.IsZero() {
		return 0
	}
	return time.Since(b.ended)
}

// unreadable is whether hotmess itself, not the upstream, is why a sample is
// missing. Such a primary may well be right.
func unreadable(r monitor.Reason) bool {
	switch r {
	case monitor.ReasonTooBig, monitor.ReasonMemory, monitor.ReasonEncoding, monitor.ReasonUnreadable, monitor.ReasonPanic:
		return true
	default:
		return false
	}
}

// abandon answers with a primary that hotmess cannot judge, and cancels the
// extras: without it there is nothing to measure either.
func (b *ballot) abandon(ctx context.Context) Outcome {
	for _, cancel := range b.cancel[1:] {
		cancel(errDecided)
	}
	o := b.fallBack()
	if o.Winner != nil && o.Winner.Rest != nil {
		cancel := b.cancel[0]
		stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
		o.Winner.Rest = &rest{ReadCloser: o.Winner.Rest, stop: stop, cancel: cancel}
	}
	return o
}

// A rest is the unread part of a primary's body. It ends with the client's
// context.
type rest struct {
	io.ReadCloser
	stop   func() bool
	cancel context.CancelCauseFunc
}

// Close implements io.Closer.
func (r *rest) Close() error {
	err := r.ReadCloser.Close()
	r.stop()
	r.cancel(nil)
	return err
}

func (b *ballot) cancelAll(cause error) {
	for _, cancel := range b.cancel {
		cancel(cause)
	}
}

// finish: see Vote.
func (b *ballot) finish() []Sample {
	stop := b.policy.Stop
	for b.missing > 0 {
		select {
		case res := <-b.arriving:
			b.take(res)
		case <-stop:
			b.cancelAll(errDecided)
			stop = nil
		}
	}
	if b.timer != nil {
		b.timer.Stop()
	}
	for i, res := range b.results {
		res.memory.free()
		if res.Recording == nil || res.Recording.Rest == nil {
			b.cancel[i](nil)
		}
		res.Recording = nil
	}
	return b.samples()
}
