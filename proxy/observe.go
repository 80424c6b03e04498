package proxy

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/monitor"
	"hotmess/wire"
)

// An observer watches one exchange from the side. The client's goroutine only
// ever copies bytes into its spools; all else happens in the observer's own
// goroutine, which starts with the reply's head and may outlive the call.
type observer struct {
	x *exchange
	// copied and replied are the copies of the two bodies.
	copied, replied *spool
	// known is the inspection of a request that was read first.
	known *inspection

	// What left, for the extras to repeat.
	out    *http.Request
	header http.Header

	// ended takes one value: how the client's call ended.
	ended chan ending
	// cancel stops the extras.
	extras  context.Context
	cancel  context.CancelFunc
	started bool
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
}

// A replyHead is what the observer keeps of a reply's head.
type replyHead struct {
	status int
	header http.Header
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
	if outcome == monitor.OutcomeGone && o.x.policy.sampling.Gone == "stop" {
		o.cancel()
	}
	o.ended <- ending{outcome, status, total}
	switch {
	case o.started:
		return
	case o.x.vote != nil:
		o.x.h.beside.Go(func() { o.runVote(o.x.vote) })
		return
	}
	// There was no reply to observe.
	o.x.h.monitor.Passed("", string(o.x.dest.target.Dialect), string(o.x.mode), outcome, o.x.overhead(), total, monitor.ReasonFailed)
	o.release()
}

// release returns what the observer holds.
func (o *observer) release() {
	o.cancel()
	o.x.release()
	for _, s := range []*spool{o.copied, o.replied} {
		if s != nil {
			s.free()
		}
	}
}

// run observes one exchange. Whatever goes wrong in it is counted and ends
// here.
func (o *observer) run(head replyHead) {
	defer o.release()
	defer o.recovered()
	in := o.inspect()
	var extras chan []ensemble.Sample
	launch := func() {
		if n := in.extras(); n > 0 && extras == nil {
			extras = o.launch(in, n)
		}
	}
	primary := o.primary(in, head, launch)
	samples := []ensemble.Sample{primary}
	if primary.Missing == "" {
		launch()
	}
	if extras != nil {
		samples = append(samples, <-extras...)
		ensemble.MarkDependent(samples)
	}
	o.x.record(in, samples, nil, <-o.ended)
}

// runVote waits for the samples that the vote left running and records them.
func (o *observer) runVote(v *vote) {
	defer o.release()
	defer o.recovered()
	<-v.decided
	end := <-o.ended // the winner's bytes are in use until then
	o.x.record(v.in, v.finish(), v.record(), end)
}

// recovered counts a panic of our own; the client's call knows nothing of it.
func (o *observer) recovered() {
	if p := recover(); p != nil {
		o.x.h.log.Error("panic while measuring", slog.String("id", o.x.id), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		o.x.h.monitor.Passed("", string(o.x.dest.target.Dialect), string(o.x.mode), monitor.OutcomeOK, 0, 0, monitor.ReasonPanic)
	}
}

// inspect waits for the copy of the request and reads it.
func (o *observer) inspect() inspection {
	if o.known != nil {
		return *o.known
	}
	fallback := inspection{route: route{name: o.x.client + "." + unnamed, sampling: o.x.policy.sampling}, reason: monitor.ReasonMalformed}
	if o.copied == nil {
		return fallback
	}
	body, err := o.copied.wait()
	if err != nil {
		if dropped := o.copied.dropped(); dropped != "" {
			fallback.reason = dropped
		}
		return fallback
	}
	return o.x.inspect(body, o.header)
}

// launch runs the extras behind the primary.
func (o *observer) launch(in inspection, n int) chan []ensemble.Sample {
	header := o.header.Clone()
	header.Del("Content-Encoding")
	call := o.x.call(o.out, header, in.plain, in)
	runner := o.x.h.runner.Load()
	done := make(chan []ensemble.Sample, 1)
	o.x.h.beside.Go(func() { done <- runner.Extras(o.extras, call, 1, n) })
	return done
}

// primary folds the copy of the reply. begun is called at its first token.
func (o *observer) primary(in inspection, head replyHead, begun func()) ensemble.Sample {
	s := ensemble.Sample{Status: head.status}
	began := o.x.began
	defer func() { s.Took = o.x.h.now().Sub(began) }()
	if head.status >= http.StatusBadRequest {
		_, _ = o.replied.wait()
		s.Missing = monitor.ReasonFailed
		return s
	}
	body, err := wire.Decode(o.replied, head.header.Get("Content-Encoding"), int64(o.x.policy.limits.Body))
	if err != nil {
		s.Missing = unreadable(err)
		return s
	}
	defer body.Close()
	stream := wire.IsEventStream(head.header.Get("Content-Type"))
	if !stream || !in.readable {
		begun = nil
	}
	s.Reply, err = wire.Fold(o.x.dest.target.Dialect, stream, body, begun)
	switch {
	case o.replied.dropped() != "":
		s.Missing = o.replied.dropped()
	case err != nil:
		s.Missing = monitor.ReasonUnreadable
	case s.Reply.Truncated:
		s.Missing = monitor.ReasonTruncated
	case s.Reply.Failure != nil:
		s.Missing = monitor.ReasonFailed
	case in.readable:
		s.Keys = in.compare.Keys(s.Reply)
	}
	return s
}

// modeOf is the mode that a request is reported under: that of its route.
func modeOf(in inspection) config.Mode {
	if in.readable {
		return in.route.sampling.Mode
	}
	return config.Observe
}
