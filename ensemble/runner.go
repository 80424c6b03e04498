package ensemble

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"hotmess/budget"
	"hotmess/monitor"
	"hotmess/wire"
)

// StartWithin is how long an extra waits for its turn at the gate; after that
// it is not started.
const StartWithin = 20 * time.Second

// A Call is one client's request, as it is sent upstream.
type Call struct {
	Method string
	URL    *url.URL
	Host   string
	// Header and Body are the primary's; hop-by-hop headers and those meant
	// for hotmess are removed already. They are not changed, and must not
	// change while samples run.
	Header http.Header
	Body   []byte
	View   wire.View
	// Compare gives the keys of whole replies.
	Compare Comparer
	// Upstream names whose rate limits the extras share.
	Upstream string
	// Verbatim is whether extras must be the primary's own bytes, headers
	// included: it is signed. Extras must have started by Expires then.
	Verbatim bool
	Expires  time.Time
	// Route names whose budget pays for the extras.
	Route string
	// Worst is the worst case of one call, in tokens: what is reserved before
	// an extra.
	Worst budget.Spend
	// prompt is what samples of the call are told of their prompt.
	prompt *prompt
	// asking is whether extras ask for the usage of their streams, and the primary
	// did not.
	asking bool
}

// A Gate admits extras. It guards the token budget, the number of extras in
// flight and the user's own quota.
type Gate interface {
	// Enter reserves the worst case and a slot for one extra, waiting at most
	// until ctx ends. An empty refused means entered: settle must then be called
	// exactly once, with what the extra used. Else settle is nil.
	Enter(ctx context.Context, ask budget.Ask) (settle budget.Settle, refused budget.Refusal)
}

// A Runner makes the calls of requests. Its fields are set before its first
// use and not changed after; all its methods are safe for concurrent use.
type Runner struct {
	// Transport makes the calls. It must neither retry nor decode.
	Transport http.RoundTripper
	Gate      Gate
	// Timeout bounds one extra, from the moment it is sent, and a primary
	// that runs on after the vote; 0: no bound.
	Timeout time.Duration
	// MaxBody is the most of one reply that is held, in bytes, as sent and
	// decoded.
	MaxBody int64
	// Hold takes n bytes from the account of all held bodies, or refuses. It
	// may be nil.
	Hold func(n int64) (release func(), ok bool)
	// Likely estimates what an extra has cost that did not tell. It may be nil:
	// then that is its worst case.
	Likely func(budget.Partial) budget.Spend
	// Unwilling are the upstreams that are not asked for usage. It may be nil.
	Unwilling *Unwilling
	// Heard is told of each reply's head. It may be nil.
	Heard func(upstream string, status int, h http.Header)
}

// Extras makes the samples first to first+count-1 behind a primary, all at once,
// and returns when all have ended, in launch order. What the gate refuses comes
// back missing with its reason. Unless they are verbatim, they are sent edited for
// measuring (see wire.EditExtra) and without the headers that name one call
// (wire.ScrubExtra). They are never retried. When ctx ends they are missing as
// gone.
func (r *Runner) Extras(ctx context.Context, call Call, first, count int) []Sample {
	samples := make([]Sample, max(count, 0))
	call, err := r.Edited(call)
	var running sync.WaitGroup
	for i := range samples {
		if err != nil {
			samples[i] = Sample{Number: first + i, Missing: monitor.ReasonMalformed}
			continue
		}
		running.Go(func() { samples[i] = r.Extra(ctx, call, first+i) })
	}
	running.Wait()
	MarkDependent(samples)
	return samples
}

// Extra makes one sample behind a primary, of a call as Runner.Edited gives it. All
// that Extras says of its samples holds for it.
func (r *Runner) Extra(ctx context.Context, call Call, number int) Sample {
	s, free := r.Recorded(ctx, call, number)
	free()
	s.Recording = nil
	return s
}

// Recorded is Extra with the reply as it came. free gives back what the
// recording holds; it must be called, and may be more than once.
func (r *Runner) Recorded(ctx context.Context, call Call, number int) (s Sample, free func()) {
	res := r.extra(ctx, attempt{runner: r, call: &call, number: number})
	res.tail.drain()
	return res.Sample, res.memory.free
}

// Edited is the call as its extras make it: a verbatim one as it is. The body is
// copied at most once, however many extras share it. The error wraps
// wire.ErrNotDialect.
func (r *Runner) Edited(c Call) (Call, error) {
	c.prompt = &prompt{}
	if c.Verbatim {
		return c, nil
	}
	if c.asking = c.View.UsageUnasked(); c.asking && r.Unwilling.holds(c.Upstream) {
		c.View.IncludeUsage, c.asking = true, false // as if it were there, nothing is edited
	}
	body, err := wire.EditExtra(c.View, c.Body)
	if err != nil {
		return c, fmt.Errorf("extra: %w", err)
	}
	c.Body, c.Header = body, extraHeader(c.Header)
	return c, nil
}

// Reedited is edited, of c, for more extras: since it was made its upstream may have
// refused to be asked for usage.
func (r *Runner) Reedited(edited, c Call) Call {
	if !edited.asking || !r.Unwilling.holds(edited.Upstream) {
		return edited
	}
	again, err := r.Edited(c)
	if err != nil {
		return edited
	}
	again.prompt = edited.prompt
	return again
}

func extraHeader(primary http.Header) http.Header {
	h := primary.Clone()
	wire.ScrubExtra(h)
	return h
}

// extra makes one extra once the gate lets it in.
func (r *Runner) extra(ctx context.Context, a attempt) (res result) {
	res.Number = a.number
	defer rescue(&res.Sample)
	settle, refused := r.enter(ctx, a.call)
	if refused != "" {
		res.Missing = refused
		return res
	}
	used, estimated := a.call.Worst, true
	defer func() {
		res.Settlement = budget.Settlement{Spend: used, Bill: settle(used, estimated), Estimated: estimated}
	}()
	if ctx.Err() != nil {
		used, estimated = budget.Spend{}, false // nothing was sent
		res.Missing = lost(ctx, monitor.ReasonGone)
		return res
	}
	if a.sent != nil {
		a.sent.Store(true)
	}
	res = r.timed(ctx, a)
	if a.call.asking {
		r.Unwilling.hear(a.call.Upstream, res.Status)
	}
	used, estimated = a.used(res)
	return res
}

// timed runs an extra that is sent, for Timeout at most. What follows its closing mark
// may take longer, and ends with ctx until it is passed on or drained.
func (r *Runner) timed(ctx context.Context, a attempt) result {
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	if r.Timeout > 0 {
		timer := time.AfterFunc(r.Timeout, func() { cancel(errSlow) })
		defer timer.Stop()
	}
	res := a.run(own)
	if res.tail == nil {
		stop()
		cancel(nil)
	}
	res.tail.owned(cancel, func() { stop() })
	return res
}

// spendOf is what a call used, as the upstream reports it.
func spendOf(u wire.Usage) budget.Spend {
	return budget.Spend{
		Input: int64(u.Input), CachedInput: int64(u.CachedInput), Output: int64(u.Output), Reasoning: int64(u.Reasoning),
	}
}

func (r *Runner) enter(ctx context.Context, call *Call) (budget.Settle, monitor.Reason) {
	turn, cancel := context.WithTimeout(ctx, StartWithin)
	defer cancel()
	if !call.Expires.IsZero() {
		bounded, cancel := context.WithDeadlineCause(turn, call.Expires, errExpired)
		defer cancel()
		turn = bounded
	}
	if errors.Is(context.Cause(turn), errExpired) {
		return nil, monitor.ReasonSigned
	}
	settle, refused := r.Gate.Enter(turn, budget.Ask{Upstream: call.Upstream, Route: call.Route, Model: call.View.Model, Worst: call.Worst})
	switch {
	case refused == "":
		return settle, ""
	case errors.Is(context.Cause(turn), errExpired):
		return nil, monitor.ReasonSigned
	}
	return nil, lost(ctx, monitor.Reason(refused))
}

// rescue, deferred, makes a sample missing in which hotmess itself panicked.
func rescue(s *Sample) {
	if p := recover(); p != nil {
		s.Missing = monitor.ReasonPanic
		s.Keys = nil
	}
}
