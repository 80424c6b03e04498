package proxy

import (
	"context"
	"io"
	"net/http"
	"slices"
	"time"

	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/monitor"
)

// An observer watches one exchange from the side. The client's goroutine only
// ever copies bytes into its spools; all else happens in goroutines of the
// observer's own: one reads the request while the upstream is thinking, one
// starts with the reply's head and may outlive the call.
type observer struct {
	x *exchange
	// copied and replied are the copies of the two bodies.
	copied, replied *spool
	// known is the inspection of a request that was read first; that of others
	// comes through inspected, while the upstream is thinking.
	known     *inspection
	inspected chan inspection

	// What left, for the extras to repeat.
	out    *http.Request
	header http.Header

	// ended takes one value: how the client's call ended.
	ended chan ending
	// cancel stops the extras.
	extras  context.Context
	cancel  context.CancelFunc
	started bool
	// warm is when the primary's first token came, or else its end, counted from the
	// beginning; 0: neither has.
	warm time.Duration
	// cached is whether the reply came from a gateway's cache.
	cached bool
	// ending is what ended gave; counted is whether the request is counted.
	ending  *ending
	counted bool
	// quorum is that on what the reply proposes, as long as it is the observer's
	// to end.
	quorum *quorum
	// guarded is the finished quorum on what the reply proposes, or nil.
	guarded *quorum
}

// An ending is how a client's call ended.
type ending struct {
	outcome monitor.Outcome
	status  int
	total   time.Duration
}

// observe attaches an observer to the exchange.
func (h *Handler) observe(x *exchange) { x.observer = h.newObserver(x, nil) }

// newObserver makes the observer of x; known is the inspection of a request
// that was read already, or nil.
func (h *Handler) newObserver(x *exchange, known *inspection) *observer {
	o := &observer{x: x, known: known, ended: make(chan ending, 1)}
	o.extras, o.cancel = context.WithCancel(h.running)
	h.observing.Add(1)
	return o
}

// request keeps what the extras will repeat, and has the body copied.
func (o *observer) request(out *http.Request) {
	o.header = out.Header.Clone()
	o.out = &http.Request{Method: out.Method, URL: out.URL, Host: out.Host}
	if o.known != nil || out.Body == nil {
		return
	}
	o.copied = newSpool(&o.x.h.ledger, int64(o.x.policy.limits.Body), out.ContentLength)
	out.Body = &tee{ReadCloser: out.Body, spool: o.copied}
	o.inspected = make(chan inspection, 1)
	o.x.h.beside.Go(func() { o.inspected <- o.inspectCopy() })
}

// reply has the reply's body copied and starts the observing. The replies of a
// vote are recorded already.
func (o *observer) reply(res *http.Response) {
	o.started = true
	if v := o.x.vote; v != nil {
		o.x.h.beside.Go(func() { o.runVote(v) })
		return
	}
	o.replied = newSpool(&o.x.h.ledger, int64(o.x.policy.limits.Body), res.ContentLength)
	head := replyHead{status: res.StatusCode, header: res.Header.Clone()}
	res.Body = &tee{ReadCloser: res.Body, spool: o.replied}
	o.x.h.beside.Go(func() { o.run(head) })
}

// finish says how the client's call ended. It is called once.
func (o *observer) finish(outcome monitor.Outcome, status int, total time.Duration) {
	for _, s := range o.spools() {
		s.end(io.ErrUnexpectedEOF) // nothing more can come
	}
	o.ended <- ending{outcome, status, total}
	switch {
	case o.started:
		return
	case o.x.vote != nil && o.x.vote.called:
		o.x.h.beside.Go(func() { o.runVote(o.x.vote) })
		return
	}
	o.x.h.beside.Go(o.runUnanswered)
}

// runUnanswered records a request that got no reply. Who waits for long answers
// hangs up on them, so these must show in the share that was measured; only
// what was not read has no route to be counted in.
func (o *observer) runUnanswered() {
	defer o.release()
	defer o.recovered()
	end := o.end()
	why := o.unobserved(end.outcome)
	if in := o.inspect(); in.readable && o.x.skipped == "" {
		o.record(in, []ensemble.Sample{{Missing: why}}, nil)
		return
	}
	o.x.passed(end.outcome, end.total, why)
	o.counted = true
}

// unobserved says why there was no reply to observe.
func (o *observer) unobserved(outcome monitor.Outcome) monitor.Reason {
	switch {
	case o.x.skipped != "":
		return o.x.skipped
	case outcome == monitor.OutcomeGone:
		return monitor.ReasonGone
	}
	return monitor.ReasonFailed
}

// release returns what the observer holds.
func (o *observer) release() {
	o.cancel()
	if o.quorum != nil && o.guarded == nil { // hotmess itself failed
		o.quorum.abandon()
	}
	o.x.free()
	for _, s := range o.spools() {
		s.free()
	}
	o.x.h.observing.Add(-1)
}

// spools are the copies that are made.
func (o *observer) spools() []*spool {
	return slices.DeleteFunc([]*spool{o.copied, o.replied}, func(s *spool) bool { return s == nil })
}

// end waits until the client's call has ended. Only the observer's own
// goroutine calls it.
func (o *observer) end() ending {
	if o.ending == nil {
		e := <-o.ended
		o.ending = &e
	}
	return *o.ending
}

// run observes one exchange. Whatever goes wrong in it is counted and ends
// here.
func (o *observer) run(head replyHead) {
	defer o.release()
	defer o.recovered()
	in := o.inspect()
	var extras chan []ensemble.Sample
	launch := func() {
		if o.warm == 0 {
			o.warm = o.x.h.now().Sub(o.x.began)
		}
		if n := in.extras(); n > 0 && extras == nil {
			extras = o.launch(in, 1, n)
		}
	}
	primary := o.primary(in, head, launch)
	if primary.Missing != "" {
		o.leave()
	}
	o.x.follow(in, primary.Reply)
	samples := []ensemble.Sample{primary}
	switch {
	case primary.Missing != "":
	case in.native():
		samples = ensemble.Choices(primary, in.compare)
	default:
		launch()
	}
	in, more := o.escalate(in, primary)
	for _, running := range []chan []ensemble.Sample{extras, more} {
		if running != nil {
			samples = append(samples, <-running...)
			ensemble.MarkDependent(samples)
		}
	}
	o.guard(in, samples)
	o.record(in, samples, nil)
}

// leave stops the extras of a client that hung up on its reply, if so configured.
func (o *observer) leave() {
	if o.x.policy.sampling.Gone == config.GoneStop && o.end().outcome == monitor.OutcomeGone {
		o.cancel()
	}
}

// runVote waits for the samples that the vote left running and records them.
func (o *observer) runVote(v *vote) {
	defer o.release()
	defer o.recovered()
	<-v.decided
	o.end() // the winner's bytes are in use until then
	samples := v.finish()
	switch {
	case v.outcome.Voted:
		o.guard(v.in, winnerFirst(samples, v.outcome.Vote.Winner))
	default:
		o.guardHeld()
	}
	o.record(v.in, samples, v.record(samples))
}

// record hands the observation on. A request on which hotmess itself failed is
// only counted.
func (o *observer) record(in inspection, samples []ensemble.Sample, vote *monitor.VoteRecord) {
	if in.reason == monitor.ReasonPanic && o.guarded == nil {
		o.counted = true
		o.x.passed(o.end().outcome, o.end().total, in.reason)
		return
	}
	observation := o.x.observation(in, samples, vote, o.end())
	if o.guarded != nil {
		o.guarded.tell(&observation)
	}
	if v := o.x.vote; v != nil {
		observation.Charge(v.embedded)
	}
	observation.Replays = o.x.replays(in, samples, o.warm)
	o.content(&observation, in, samples)
	o.counted = true
	o.x.h.monitor.Observe(observation)
	o.x.h.publish(observation)
	o.x.log(observation)
}

// recovered counts a panic of our own; the client's call knows nothing of it.
func (o *observer) recovered() {
	p := recover()
	if p == nil {
		return
	}
	o.x.h.logPanic(o.x.id, p)
	end := o.end()
	if !o.counted {
		o.x.passed(end.outcome, end.total, monitor.ReasonPanic)
	}
}

// inspect waits until the request is read.
func (o *observer) inspect() inspection {
	switch {
	case o.known != nil:
		return *o.known
	case o.inspected == nil: // there was no body
		return o.unread(monitor.ReasonMalformed)
	}
	return <-o.inspected
}

// inspectCopy waits for the copy of the request and reads it.
func (o *observer) inspectCopy() (in inspection) {
	defer func() {
		if p := recover(); p != nil {
			o.x.h.logPanic(o.x.id, p)
			in = o.unread(monitor.ReasonPanic)
		}
	}()
	body, err := o.copied.wait()
	switch dropped := o.copied.dropped(); {
	case dropped != "":
		return o.unread(dropped)
	case err != nil:
		return o.unread(monitor.ReasonMalformed)
	}
	return o.x.inspect(body, o.header)
}

// unread is the inspection of a request that could not be read.
func (o *observer) unread(why monitor.Reason) inspection {
	return inspection{route: route{name: o.x.client + "." + unnamed, sampling: o.x.policy.sampling}, reason: why}
}

// launch runs n extras behind the primary, from the number first on.
func (o *observer) launch(in inspection, first, n int) chan []ensemble.Sample {
	call := o.repeat(in, in.verbatim)
	runner := o.x.h.runner.Load()
	done := make(chan []ensemble.Sample, 1)
	o.x.h.beside.Go(func() { done <- runner.Extras(o.extras, call, first, n) })
	return done
}

// repeat is the call that extras repeat.
func (o *observer) repeat(in inspection, verbatim bool) ensemble.Call {
	header, body := o.header, in.raw
	if !verbatim {
		header, body = header.Clone(), in.plain
		header.Del("Content-Encoding")
	}
	call := o.x.call(o.out, header, body, in)
	if call.Verbatim = verbatim; verbatim {
		call.Expires = o.x.began.Add(signedFor)
	}
	return call
}

// modeOf is the mode that a request is reported under: that of its route.
func modeOf(in inspection) config.Mode {
	if in.readable {
		return in.route.sampling.Mode
	}
	return config.Observe
}
