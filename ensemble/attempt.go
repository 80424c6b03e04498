package ensemble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"hotmess/monitor"
	"hotmess/wire"
)

// Why a sample's context ended.
var (
	errDecided = errors.New("the vote is decided")
	errSlow    = errors.New("the sample exceeded sampling.timeout")
	errExpired = errors.New("the signature of the request is too old")
)

// An attempt is one call about to be made.
type attempt struct {
	runner *Runner
	call   *Call
	number int
	// begun, if set, is closed at the first token of the reply.
	begun chan<- struct{}
	// sent, if set, is set once the gate has let the call in.
	sent *atomic.Bool
}

// A result is a sample with its recording, and what the recording holds.
type result struct {
	Sample
	memory memory
	// tail is what follows the recording, if that ends at a closing mark.
	tail *tail
	// err is why there is no reply.
	err error
}

// run makes the call and judges its reply. It does not panic. A reply that was
// recorded before something went wrong stays recorded.
func (a attempt) run(ctx context.Context) (res result) {
	launched := time.Now()
	defer func() { res.Took = time.Since(launched) }()
	defer rescue(&res.Sample)
	res.Number = a.number
	res.memory = memory{limit: a.runner.MaxBody, hold: a.runner.Hold}
	resp, err := a.runner.Transport.RoundTrip(a.request(ctx))
	if err != nil {
		res.err = fmt.Errorf("call upstream: %w", err)
		res.Missing = lost(ctx, monitor.ReasonFailed)
		return res
	}
	res.Status = resp.StatusCode
	res.Recording = &Recording{Status: resp.StatusCode, Header: resp.Header}
	if a.runner.Heard != nil {
		a.runner.Heard(a.call.Upstream, resp.StatusCode, resp.Header)
	}
	res.Missing = a.record(ctx, resp, &res)
	a.judge(&res.Sample)
	a.call.prompt.hear(res.Reply.Usage)
	return res
}

// request is made by hand: http.NewRequest would set GetBody, and with it the
// transport may send a call twice.
func (a attempt) request(ctx context.Context) *http.Request {
	req := &http.Request{
		Method:        a.call.Method,
		URL:           a.call.URL,
		Host:          a.call.Host,
		Header:        a.call.Header.Clone(),
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Body:          http.NoBody,
		ContentLength: int64(len(a.call.Body)),
	}
	if len(a.call.Body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(a.call.Body))
	}
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	if _, ok := req.Header["User-Agent"]; !ok {
		req.Header["User-Agent"] = nil // else the transport adds its own
	}
	return req.WithContext(ctx)
}

// record reads the body into res.Recording and says why it is not whole. A stream is
// at its closing mark: what follows stays open, and is res.tail. Of a primary that
// cannot be held the rest stays open.
func (a attempt) record(ctx context.Context, resp *http.Response, res *result) monitor.Reason {
	rec := res.Recording
	body := &recorder{memory: &res.memory, from: resp.Body}
	marked := a.toMark(body, resp)
	if !marked {
		body.all()
	}
	rec.Body, rec.Trailer = body.kept, resp.Trailer
	reason := monitor.Reason("")
	switch err := body.err; {
	case err == nil: // it was read to its mark
		rec.Marked = true
		res.tail = newTail(resp, rec)
		return ""
	case errors.Is(err, io.EOF):
	case errors.Is(err, errTooBig):
		reason = monitor.ReasonTooBig
	case errors.Is(err, errMemory):
		reason = monitor.ReasonMemory
	default:
		rec.Err = err
		reason = lost(ctx, monitor.ReasonTruncated)
	}
	if a.number == 0 && (reason == monitor.ReasonTooBig || reason == monitor.ReasonMemory) {
		rec.Rest = resp.Body
		return reason
	}
	_ = resp.Body.Close() // all that is wanted of it is read
	return reason
}

// judge folds a recorded reply and gives it its keys, or the reason why it has
// none. A broken reply is folded too, for its lengths; it is whole all the same if
// its end mark had come.
func (a attempt) judge(s *Sample) {
	open := s.Missing == "" || s.Missing == monitor.ReasonTruncated
	if s.Status < 200 || s.Status > 299 {
		if open {
			s.Missing = monitor.ReasonFailed
		}
		return
	}
	var flaw monitor.Reason
	s.Reply, flaw = Read(a.call.View.Dialect, s.Recording.Header, s.Recording.reader(), a.runner.MaxBody, nil)
	if open {
		s.Missing = flaw
	}
	if s.Missing == "" && a.number > 0 && wire.CacheHit(s.Recording.Header) {
		s.Missing = monitor.ReasonNotIndependent
	}
	if s.Missing == "" {
		s.Keys = a.call.Compare.Keys(s.Reply)
		s.Empty = silent(s.Reply)
	}
}

// lost says why a sample of a context is missing: by what ended the context,
// else as given.
func lost(ctx context.Context, otherwise monitor.Reason) monitor.Reason {
	switch cause := context.Cause(ctx); {
	case cause == nil:
		return otherwise
	case errors.Is(cause, errDecided):
		return monitor.ReasonCancelled
	case errors.Is(cause, errSlow):
		return monitor.ReasonTimeout
	default:
		return monitor.ReasonGone
	}
}
