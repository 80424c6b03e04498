package proxy

import (
	"context"
	"errors"
	"slices"
	"time"

	"hotmess/budget"
	"hotmess/ensemble"
	"hotmess/guard"
	"hotmess/monitor"
	"hotmess/wire"
)

// maxAsked bounds the samples that one quorum asks for, those that come to
// nothing included.
const maxAsked = 12

// A quorum asks whether other samples of a request propose what its reply does.
// It belongs to one goroutine; only the samples run beside.
type quorum struct {
	x        *exchange
	in       inspection
	guard    *guard.Guard
	proposal guard.Proposal
	began    time.Time
	// samples are all that came, the one with the proposal first.
	samples []ensemble.Sample
	tally   guard.Tally
	// differing counts the arguments that dissenting samples differ in.
	differing map[string]int
	// actions counts what is proposed, by HMAC.
	actions map[string]int
	// settled is what its samples cost.
	settled []budget.Settlement
	// next is the number of the next sample that is asked for.
	next int
	// asked counts the samples that were asked for, running those of them that
	// have not come, lost is why the latest came to nothing.
	asked, running int
	lost           monitor.Reason
	coming         chan answer
	cancel         context.CancelFunc
	// keep is whether replies are kept as they came, to be delivered in place
	// of the first; frees gives back what they hold.
	keep  bool
	frees []func()
	// decided is the record once there is one.
	decided *monitor.GuardRecord
}

// An answer is a sample, with what gives back its recording.
type answer struct {
	ensemble.Sample
	free func()
}

// newQuorum begins the quorum on what the first of these samples proposes; the
// others count as far as they are whole.
func (x *exchange) newQuorum(in inspection, p guard.Proposal, samples []ensemble.Sample) *quorum {
	q := &quorum{
		x: x, in: in, guard: x.policy.guard, proposal: p, began: x.h.now(),
		differing: map[string]int{}, actions: map[string]int{}, coming: make(chan answer, maxAsked), cancel: func() {},
	}
	for _, s := range samples {
		q.count(s)
	}
	return q
}

// noAction stands for a sample that proposes nothing that is guarded.
const noAction = "no_action"

// count takes a sample in.
func (q *quorum) count(s ensemble.Sample) {
	first := len(q.samples) == 0
	q.samples, q.next = append(q.samples, s), max(q.next, s.Number+1)
	ensemble.MarkDependent(q.samples)
	if s = q.samples[len(q.samples)-1]; s.Missing != "" {
		q.lost = s.Missing
		return
	}
	calls := s.Reply.Calls
	action := noAction
	p, ok := q.guard.Propose(calls, q.in.compare)
	if ok {
		action = q.x.h.seal.action(p.Action())
	}
	q.actions[action]++
	if first || ok && q.proposal.Same(p) {
		q.tally.For++
		return
	}
	q.tally.Against++
	if !ok { // what it does instead
		p.Calls = ofTheSameTools(calls, q.proposal.Calls)
	}
	for argument, differs := range q.in.compare.Arguments(callsAlone(q.proposal.Calls), callsAlone(p.Calls)) {
		if differs {
			q.differing[argument]++
		}
	}
}

// ofTheSameTools are those calls whose tools others are of.
func ofTheSameTools(calls, others []wire.Call) []wire.Call {
	var same []wire.Call
	for _, call := range calls {
		if slices.ContainsFunc(others, func(o wire.Call) bool { return o.Name == call.Name }) {
			same = append(same, call)
		}
	}
	return same
}

// callsAlone is a reply of these calls: what else a sample proposes does not count.
func callsAlone(calls []wire.Call) wire.Reply {
	return wire.Reply{Choice: wire.Choice{Calls: calls}}
}

// undecided is whether more samples are wanted, and may be had.
func (q *quorum) undecided() bool {
	return q.tally.Judge(q.proposal.Rule.Level()) == guard.Undecided && (q.running > 0 || q.asked < maxAsked && !final(q.lost))
}

// final is whether asking again would bring the same.
func final(why monitor.Reason) bool {
	switch why {
	case "", monitor.ReasonFailed, monitor.ReasonTruncated, monitor.ReasonNotIndependent, monitor.ReasonUnreadable, monitor.ReasonCancelled:
		return false
	}
	return true
}

// run asks for samples, by the fewest that may decide, until there is a verdict.
// What then still runs is cancelled; finish waits for it.
func (q *quorum) run(ctx context.Context, call ensemble.Call) {
	if q.lost = q.barred(); q.lost != "" {
		return
	}
	edited, err := q.x.h.runner.Load().Edited(call)
	if err != nil {
		q.lost = monitor.ReasonMalformed
		return
	}
	ctx, q.cancel = context.WithCancel(ctx)
	for q.undecided() {
		edited = q.x.h.runner.Load().Reedited(edited, call)
		q.ask(ctx, edited)
		select {
		case a := <-q.coming:
			q.count(q.came(a))
		case <-ctx.Done():
			q.lost = monitor.ReasonGone
			if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
				q.lost = monitor.ReasonTimeout
			}
			q.cancel()
			return
		}
	}
	q.cancel()
}

// barred is why no sample may be asked for.
func (q *quorum) barred() monitor.Reason {
	switch {
	case q.in.native():
		return monitor.ReasonNativeN
	case q.proposal.Unread: // others that say the same are not told from others
		return monitor.ReasonTooBig
	}
	return q.in.barred
}

// ask starts as many samples as may decide.
func (q *quorum) ask(ctx context.Context, call ensemble.Call) {
	runner := q.x.h.runner.Load()
	wanted := q.tally.Wanted(q.proposal.Rule.Level())
	for q.running < wanted && q.asked < maxAsked && !final(q.lost) {
		number := q.next
		q.next++
		q.asked++
		q.running++
		q.x.h.beside.Go(func() {
			s, free := runner.Recorded(ctx, call, number)
			q.coming <- answer{s, free}
		})
	}
}

func (q *quorum) came(a answer) ensemble.Sample {
	q.running--
	q.settled = append(q.settled, a.Settlement)
	if q.keep && a.Missing == "" {
		q.frees = append(q.frees, a.free)
		return a.Sample
	}
	a.free()
	a.Recording = nil
	return a.Sample
}

// decide ends the quorum; outcome says what becomes of the reply.
func (q *quorum) decide(outcome string) {
	q.cancel()
	q.decided = q.record(outcome)
}

// finish waits for what still runs, gives back what is held, and completes the
// record.
func (q *quorum) finish() {
	q.abandon()
	if q.decided == nil { // hotmess itself failed
		q.decide(monitor.GuardReleased)
	}
	for _, s := range q.settled {
		q.decided.Tokens += s.Tokens
		q.decided.TokensEstimated = q.decided.TokensEstimated || s.Estimated
	}
}

// abandon cancels what still runs, waits for it, and gives back what is held.
func (q *quorum) abandon() {
	q.cancel()
	for q.running > 0 {
		q.keep = false
		q.came(<-q.coming)
	}
	for _, free := range q.frees {
		free()
	}
	q.frees = nil
}

// tell puts the record and the cost of the quorum into the observation.
func (q *quorum) tell(o *monitor.Observation) {
	o.Guard = q.decided
	for _, s := range q.settled {
		o.Charge(s)
	}
}

// decision is what the quorum came to.
func (q *quorum) decision() string {
	switch q.tally.Judge(q.proposal.Rule.Level()) {
	case guard.Agreed:
		return monitor.GuardAgreed
	case guard.Split:
		return monitor.GuardSplit
	}
	return monitor.GuardBlind
}

func (q *quorum) record(outcome string) *monitor.GuardRecord {
	r := &monitor.GuardRecord{
		Rule: q.proposal.Rule.Name, Risk: q.proposal.Rule.Level(), Decision: q.decision(), Outcome: outcome,
		Votes: q.tally.For + q.tally.Against, Agreed: q.tally.For, Argument: most(q.differing),
		Action: q.x.h.seal.action(q.proposal.Action()), Actions: q.actions, Seconds: q.x.h.now().Sub(q.began).Seconds(),
	}
	for _, t := range q.in.view.Tools {
		if t.Name == q.proposal.Call.Name {
			r.Tool = t.Name
		}
	}
	if r.Decision == monitor.GuardBlind {
		r.Reason = q.lost
	}
	return r
}

// most is the name that is counted most often, the first of them by name.
func most(counts map[string]int) string {
	best := ""
	for name, n := range counts {
		if best == "" || n > counts[best] || n == counts[best] && name < best {
			best = name
		}
	}
	return best
}

// guard asks for a quorum on what the first of the samples proposes, beside its
// delivery, unless it was held for one.
func (o *observer) guard(in inspection, samples []ensemble.Sample) {
	primary := samples[0]
	if o.guardHeld() || !in.readable && !told(in.reason) {
		return
	}
	in = o.x.unseen(in)
	if primary.Missing == "" {
		if p, ok := o.x.policy.guard.Propose(everyCall(primary.Reply), in.compare); ok {
			o.quorum = o.x.newQuorum(in, p, samples)
			o.quorum.run(o.extras, o.repeat(in, in.loyal))
			o.delivered()
			return
		}
	}
	if why := unknown(in, primary); why != "" && !in.view.CallsBarred && o.x.policy.guard.MayHold(in.view) {
		rule, _ := o.x.policy.guard.Strictest(in.view)
		o.quorum = o.x.newQuorum(in, guard.Proposal{Rule: rule}, nil)
		o.quorum.lost = why
		o.delivered()
	}
}

// delivered ends the quorum on a reply that was not held.
func (o *observer) delivered() {
	o.quorum.decide(monitor.GuardDelivered)
	o.quorum.finish()
	o.guarded = o.quorum
}

// unknown says why it is not known what a reply that the client got proposes; empty:
// it is, or nobody acts on it.
func unknown(in inspection, primary ensemble.Sample) monitor.Reason {
	switch why := primary.Missing; {
	case in.view.Background && why != monitor.ReasonFailed: // what it proposes is fetched later
		return monitor.ReasonBackground
	case slices.Contains([]monitor.Reason{monitor.ReasonTooBig, monitor.ReasonMemory, monitor.ReasonEncoding, monitor.ReasonUnreadable}, why):
		return why
	}
	return ""
}

// guardHeld finishes the quorum on a reply that was held; it is false if there is
// none.
func (o *observer) guardHeld() bool {
	h := o.x.hold
	if h == nil {
		return false
	}
	if o.end(); h.quorum == nil { // it is the client's goroutine that held
		return false
	}
	o.quorum = h.quorum
	h.quorum.finish()
	o.guarded = h.quorum
	return true
}
