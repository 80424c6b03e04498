package ensemble

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"hotmess/monitor"
	"hotmess/wire"
)

// Vote makes the calls of a request as Policy.Rules say and answers with the
// sample that wins.
//
// The primary is the client's call, byte for byte, starts first and does not pass
// the gate; extras do, and differ from it only in the headers that name one call
// (wire.ScrubExtra), so that any of the replies can be the client's. The vote
// ends by the rules, or Policy.Wait after the primary's end; what then still runs
// is cancelled, but for a measurement set.
//
// Only whole replies vote, and any of them beats an error, be it one that is sent as
// a success and is no reply of the dialect. If nobody can vote, the primary's own
// reply is the winner: its error as sent, or its truncated body. A primary beyond
// hotmess's own limits (too_big, memory, encoding, panic) is the winner without a
// vote. When ctx ends, the client is gone: all calls are cancelled.
//
// finish waits for what still runs and returns the samples that were launched, by
// launch number. It must be called exactly once, after the winner has been sent,
// for it gives back what the recordings hold.
func (r *Runner) Vote(ctx context.Context, call Call, p Policy) (o Outcome, finish func() []Sample) {
	b := r.newBallot(ctx, call, p)
	o = b.vote(ctx)
	b.share(ctx, o.Winner)
	return o, b.finish
}

// share gives the client what follows its recording; what follows others is drained.
func (b *ballot) share(ctx context.Context, winner *Recording) {
	for _, res := range b.results {
		switch {
		case res == nil || res.tail == nil:
		case res.Recording == winner:
			res.tail.pass(ctx)
		default:
			res.tail.drain()
		}
	}
}

// A ballot is one vote in progress. All but the calls themselves happens in the
// goroutine of Vote, then in that of finish.
type ballot struct {
	runner *Runner
	policy Policy
	// own is the parent of the calls' contexts; extra is the call as extras
	// send it.
	own         context.Context
	call, extra Call
	// arriving has room for all results, so that no call ever waits for the
	// ballot.
	arriving chan result
	// begun is closed at the primary's first token; nil once that is known, and
	// where nothing hangs on it.
	begun chan struct{}
	warm  bool
	// cancel and results are by launch number; a call that was not launched has
	// neither, one that has not ended no result. order are the launch numbers of
	// those that have, in that order.
	cancel  []context.CancelCauseFunc
	results []*result
	order   []int
	missing int // calls that have been launched and not ended
	// sent is whether an extra was, by launch number.
	sent []atomic.Bool
	// ended is when the primary did.
	ended time.Time
	timer *time.Timer
}

// newBallot starts the calls that the rules start with. Their contexts outlive
// ctx, as a measurement set outlives the client's call; decide cancels them when
// the client is gone.
func (r *Runner) newBallot(ctx context.Context, call Call, p Policy) *ballot {
	n := p.most()
	call.prompt = &prompt{}
	b := &ballot{
		runner:   r,
		policy:   p,
		own:      context.WithoutCancel(ctx),
		call:     call,
		extra:    call,
		arriving: make(chan result, n),
		results:  make([]*result, n),
		sent:     make([]atomic.Bool, n),
	}
	if !call.Verbatim {
		b.extra.Header = extraHeader(call.Header)
	}
	if p.Launch == LaunchLeader {
		b.begun = make(chan struct{})
	}
	b.launch(b.policy.launch(call.Compare, state{}))
	return b
}

// launch starts calls until there are n.
func (b *ballot) launch(n int) {
	for i := len(b.cancel); i < min(n, len(b.results)); i++ {
		own, cancel := context.WithCancelCause(b.own)
		b.cancel = append(b.cancel, cancel)
		b.missing++
		if i == 0 {
			primary := attempt{runner: b.runner, call: &b.call, begun: b.begun}
			go b.send(func() result {
				res := primary.run(own)
				res.tail.owned(cancel, func() {})
				return res
			})
			continue
		}
		go b.send(func() result {
			return b.runner.extra(own, attempt{runner: b.runner, call: &b.extra, number: i, sent: &b.sent[i]})
		})
	}
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
			return b.gone(ctx)
		}
	}
	return b.abandon(ctx)
}

// gone ends the vote of a client that hung up.
func (b *ballot) gone(ctx context.Context) Outcome {
	b.cancelAll(context.Cause(ctx))
	return Outcome{Err: context.Cause(ctx), Reason: monitor.ReasonGone}
}

// decide takes results in until the vote is over.
func (b *ballot) decide(ctx context.Context) Outcome {
	cold := time.NewTimer(StartWithin)
	defer cold.Stop()
	var late <-chan time.Time
	for {
		select {
		case res := <-b.arriving:
			b.take(res)
			if res.Number == 0 {
				if beyond(res.Missing) {
					return b.abandon(ctx)
				}
				timer := time.NewTimer(b.policy.Wait)
				defer timer.Stop()
				late = timer.C
			}
		case <-b.begun:
			b.warmed()
		case <-cold.C:
			b.warmed()
		case <-late:
			return b.close(ctx, StopWait)
		case <-ctx.Done():
			return b.gone(ctx)
		}
		stop, launch := b.policy.next(b.call.Compare, b.state())
		if stop == "" && b.refused() {
			stop = StopAll
		}
		if stop != "" {
			return b.close(ctx, stop)
		}
		b.launch(launch)
	}
}

// warmed notes that extras need not wait for the primary any longer.
func (b *ballot) warmed() { b.warm, b.begun = true, nil }

// refused is whether the leader's request was turned down as such, as followers
// would be. What only timing is to blame for is not.
func (b *ballot) refused() bool {
	leader := b.results[0]
	if b.policy.Launch != LaunchLeader || leader == nil || len(b.cancel) > 1 {
		return false
	}
	switch leader.Status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return leader.Status >= 400 && leader.Status <= 499
}

func (b *ballot) take(res result) {
	if res.Missing == "" {
		res.Flag = b.flag(res.Reply)
	}
	b.results[res.Number] = &res
	b.order = append(b.order, res.Number)
	b.missing--
	if res.Number == 0 {
		b.ended = time.Now()
		b.warmed()
	}
}

// flag is a reply's red flag. If hotmess itself fails in that, there is none.
func (b *ballot) flag(r wire.Reply) (f Flag) {
	defer func() {
		if recover() != nil {
			f = ""
		}
	}()
	return b.policy.Flags.of(b.call.Compare, r)
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

// state is how far the vote has come.
func (b *ballot) state() state {
	s := state{launched: len(b.cancel), warm: b.warm}
	samples := b.samples()
	for _, number := range b.order {
		i := slices.IndexFunc(samples, func(s Sample) bool { return s.Number == number })
		s.ended = append(s.ended, samples[i])
	}
	return s
}

// close ends the vote with what has arrived. A measurement set that was not
// launched yet is.
func (b *ballot) close(ctx context.Context, stop Stop) Outcome {
	vote, ok := b.policy.pick(b.call.Compare, b.state())
	cut := b.cut()
	if b.policy.Measure && ok {
		b.launch(pair)
	}
	for i, cancel := range b.cancel {
		if b.results[i] == nil && !b.protected(i) {
			cancel(errDecided)
		}
	}
	if b.results[0] == nil {
		b.boundPrimary()
	}
	if !ok {
		o := b.fallBack()
		o.Stop = stop
		return o
	}
	vote, unembedded := b.embedded(ctx, vote)
	if b.policy.Embed != nil && ctx.Err() != nil {
		return b.gone(ctx)
	}
	winner := b.results[vote.Winner]
	return Outcome{
		Winner: winner.Recording, Reply: winner.Reply, Vote: vote, Voted: true, Ended: b.samples(), Cut: cut,
		Unembedded: unembedded, Stop: stop, Waited: b.waited(),
	}
}

// cut is whether a call is on its way; what waits at the gate is not.
func (b *ballot) cut() bool {
	for i := range b.cancel {
		if b.results[i] == nil && (i == 0 || b.sent[i].Load()) {
			return true
		}
	}
	return false
}

// pair is the size of a measurement set.
const pair = 2

// protected is whether a sample belongs to a measurement set.
func (b *ballot) protected(number int) bool { return b.policy.Measure && number < pair }

// boundPrimary gives a primary that the vote went on without the time of an
// extra.
func (b *ballot) boundPrimary() {
	if b.runner.Timeout > 0 {
		b.timer = time.AfterFunc(b.runner.Timeout, func() { b.cancel[0](errSlow) })
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

func (b *ballot) cancelAll(cause error) {
	for _, cancel := range b.cancel {
		cancel(cause)
	}
}

// finish: see Vote.
func (b *ballot) finish() []Sample {
	stop := b.policy.Done
	for b.missing > 0 {
		select {
		case res := <-b.arriving:
			b.take(res)
			res.tail.drain()
		case <-stop:
			b.cancelAll(errDecided)
			stop = nil
		}
	}
	if b.timer != nil {
		b.timer.Stop()
	}
	for i := range b.cancel {
		res := b.results[i]
		res.memory.free()
		if res.tail == nil && !res.Recording.passes() {
			b.cancel[i](nil)
		}
		res.Recording = nil
	}
	return b.samples()
}
