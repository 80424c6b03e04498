package eval

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/cenkalti/backoff/v5"

	"hotmess/config"
	"hotmess/wire"
)

const (
	// maxReply is the largest reply body in bytes, decoded.
	maxReply = 32 << 20
	// maxError is how much of an error's body is read, maxQuoted how much of it
	// is shown, in bytes.
	maxError, maxQuoted = 64 << 10, 240
	// patience is the longest that an upstream may ask us to wait.
	patience = 10 * time.Minute
	// firstPause and longestPause are the ends of the waits between attempts
	// at one sample.
	firstPause, longestPause = time.Second, time.Minute
)

// A stopError is one that no repetition can change, for any question.
type stopError struct{ err error }

func (e stopError) Error() string { return e.err.Error() }
func (e stopError) Unwrap() error { return e.err }

// A caller makes the calls to one upstream.
type caller struct {
	http    *http.Client
	base    *url.URL
	dialect wire.Dialect
	key     config.Secret
	keyName string
	timeout time.Duration
	pause   pause
	// heard is whether there was any reply so far.
	heard atomic.Bool
}

// An answered is one whole reply.
type answered struct {
	reply wire.Reply
	took  time.Duration
}

func newCaller(o Options) (*caller, error) {
	base, err := o.base()
	if err != nil {
		return nil, err
	}
	transport := o.Transport
	if transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxIdleConnsPerHost = o.Concurrency
		transport = own
	}
	return &caller{
		http: &http.Client{
			Transport: transport,
			// A redirect would be asked with another method, or of another host.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		base: base, dialect: o.Dialect, key: o.Key, keyName: KeyVariable(o.Dialect), timeout: o.Timeout,
	}, nil
}

// KeyVariable is the environment variable that the SDKs of a dialect's provider
// read the key from.
func KeyVariable(d wire.Dialect) string { return strings.ToUpper(d.Provider()) + "_API_KEY" }

// call asks until there is a whole reply, up to Attempts times.
func (c *caller) call(ctx context.Context, path string, body []byte) (answered, error) {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval, waits.Multiplier = firstPause, longestPause, 2
	got, err := backoff.Retry(ctx, func() (answered, error) { return c.attempt(ctx, path, body) },
		backoff.WithBackOff(waits), backoff.WithMaxTries(Attempts), backoff.WithMaxElapsedTime(0))
	if permanent, ok := errors.AsType[*backoff.PermanentError](err); ok { // at the last attempt
		err = permanent.Unwrap()
	}
	return got, err
}

// attempt asks once. Permanent errors are marked so.
func (c *caller) attempt(ctx context.Context, path string, body []byte) (answered, error) {
	if err := c.pause.wait(ctx); err != nil {
		return answered{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("no whole reply within --timeout %s", c.timeout))
	defer cancel()
	began := time.Now()
	res, err := c.http.Do(c.request(ctx, path, body))
	if err != nil {
		return answered{}, c.silence(ctx, err)
	}
	defer res.Body.Close()
	c.heard.Store(true)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return answered{}, c.refusal(res)
	}
	if wire.CacheHit(res.Header) {
		return answered{}, backoff.Permanent(errors.New("the reply came from a cache: it is no sample of its own"))
	}
	reply, err := c.fold(res)
	if err == nil && reply.Truncated {
		err = fmt.Errorf("the reply broke off: %w", c.causeOf(ctx, io.ErrUnexpectedEOF))
	}
	return answered{reply, time.Since(began)}, err
}

// silence is the error of a call without any reply. Before there ever was one, the
// address is more likely wrong than the upstream busy.
func (c *caller) silence(ctx context.Context, err error) error {
	err = fmt.Errorf("no reply: %w", c.causeOf(ctx, err))
	if !c.heard.Load() && context.Cause(ctx) == nil {
		return backoff.Permanent(stopError{fmt.Errorf("%w: see --upstream", err)})
	}
	return err
}

// causeOf is why a call with ctx failed, without the URL, which may hold a
// password.
func (c *caller) causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if at, ok := errors.AsType[*url.Error](err); ok {
		return at.Err
	}
	return err
}

// request is one POST. It has a GetBody, so that the transport may send it
// again on a connection that turned out to be closed.
func (c *caller) request(ctx context.Context, path string, body []byte) *http.Request {
	to := *c.base
	to.RawPath = config.JoinPath(c.base.EscapedPath(), path)
	if plain, err := url.PathUnescape(to.RawPath); err == nil { // always: base and path are escaped
		to.Path = plain
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil { // a URL that was parsed before
		panic(fmt.Errorf("make request: %w", err))
	}
	wire.SetKey(req.Header, c.dialect, c.key.Reveal())
	req.Header.Set("User-Agent", "hotmess-eval")
	return req
}

// fold reads a reply of status 2xx.
func (c *caller) fold(res *http.Response) (wire.Reply, error) {
	body, err := wire.Decode(res.Body, wire.Encoding(res.Header), maxReply)
	if err != nil {
		return wire.Reply{}, backoff.Permanent(fmt.Errorf("decode reply: %w", err))
	}
	defer body.Close()
	reply, err := wire.Fold(c.dialect, wire.IsEventStream(res.Header.Get("Content-Type")), body, nil)
	switch {
	case err != nil:
		return reply, backoff.Permanent(fmt.Errorf("read reply as %s: %w", c.dialect, err))
	case reply.Failure != nil:
		return reply, fmt.Errorf("the upstream reports %s %s", reply.Failure.Type, reply.Failure.Code)
	case !reply.Truncated && reply.Choices == 0:
		return reply, errors.New("the reply holds no answer")
	}
	return reply, nil
}

// refusal is the error of a reply with another status than 2xx.
func (c *caller) refusal(res *http.Response) error {
	err := fmt.Errorf("the upstream answered %s%s", res.Status, c.quote(res))
	switch code := res.StatusCode; {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		// What it says of keys is not repeated.
		return backoff.Permanent(stopError{fmt.Errorf("the upstream answered %s: set %s to a key that it takes", res.Status, c.keyName)})
	case code == http.StatusPaymentRequired, code == http.StatusNotFound, code == http.StatusMethodNotAllowed, code < 400:
		return backoff.Permanent(stopError{fmt.Errorf("%w: see --upstream, --dialect and --model", err)})
	case code == http.StatusRequestTimeout, code == http.StatusConflict, code == http.StatusTooEarly,
		code == http.StatusTooManyRequests, code >= 500:
		return c.later(res, err)
	}
	return backoff.Permanent(err)
}

// later is an error that may pass. If the upstream says when, all calls wait.
func (c *caller) later(res *http.Response, err error) error {
	after := wire.ReadQuota(res.Header).RetryAfter
	if after > patience {
		return backoff.Permanent(stopError{fmt.Errorf("%w: it asks to wait %s", err, after)})
	}
	c.pause.until(time.Now().Add(after))
	return err
}

// quote is the beginning of an error's body on one line, without the key.
func (c *caller) quote(res *http.Response) string {
	raw, _ := io.ReadAll(io.LimitReader(res.Body, maxError)) // what there is
	text := string(raw)
	if key := c.key.Reveal(); key != "" { // before it is cut, lest half a key be left
		text = strings.ReplaceAll(text, key, c.key.String())
	}
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return ""
	}
	return ": " + strings.Map(printable, strings.ToValidUTF8(text[:min(len(text), maxQuoted)], ""))
}

// printable drops what would move a terminal's cursor.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return -1
}
