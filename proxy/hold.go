package proxy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/guard"
	"hotmess/monitor"
	"hotmess/wire"
)

// A hold keeps one reply back until there is a quorum on what it proposes. All
// of it happens while the client waits: in its goroutine, or in that of
// heldStream, which is waited for.
type hold struct {
	x  *exchange
	in inspection
	// quorum is set once one was asked for.
	quorum *quorum
	// kept is what is held of limits.held, in bytes.
	kept int64
	// failed is whether an error stands in for a reply that was none.
	failed bool
}

// reply holds the reply that has begun, or what of it may have to be held.
func (h *hold) reply(res *http.Response) {
	if res.StatusCode < http.StatusOK || res.StatusCode >= http.StatusMultipleChoices {
		return
	}
	switch {
	case wire.IsEventStream(res.Header.Get("Content-Type")):
		h.stream(res, wire.NewCallSpotter(h.in.view.Dialect))
	case h.in.view.Streams() && h.in.view.Framing == wire.Array:
		h.stream(res, wire.NewArraySpotter())
	default:
		h.whole(res)
	}
}

// left is whether the client left while its reply was held.
func (h *hold) left() bool {
	return h != nil && h.quorum != nil && h.quorum.decided != nil && h.quorum.decided.Outcome == monitor.GuardGone
}

// A sentence is what becomes of a held reply: a word of monitor's Guard
// outcomes, with the body where it is not the reply's own.
type sentence struct {
	outcome string
	body    []byte
	// failed is whether the body is an error of this content type.
	failed      bool
	contentType string
	// other is the sample that is delivered in its place.
	other *ensemble.Recording
}

// judge asks for a quorum on what a reply proposes; ok is false if nothing that
// it proposes is to be held.
func (h *hold) judge(reply wire.Reply) (rule config.Guard, ok bool) {
	p, found := h.x.policy.guard.Propose(everyCall(reply), h.in.compare)
	if !found || !p.Rule.Holds() || h.in.native() && p.Rule.Failure() != config.HeldRefuse {
		return config.Guard{}, false
	}
	h.quorum = h.x.newQuorum(h.in, p, h.begun(p, reply))
	h.quorum.keep = p.Rule.Split() == config.HeldReplace
	ctx, cancel := context.WithTimeout(plain(h.x.in.Context()), p.Rule.Patience())
	defer cancel()
	h.quorum.run(ctx, h.x.observer.repeat(h.in, h.in.loyal))
	return p.Rule, true
}

// withheld notes a reply that broke off or failed if it proposes what a rule refuses
// that cannot be judged; it is false if it does not.
func (h *hold) withheld(reply wire.Reply, why monitor.Reason) bool {
	p, found := h.x.policy.guard.Propose(everyCall(reply), h.in.compare)
	if !found || !p.Rule.Holds() || p.Rule.Failure() != config.HeldRefuse {
		return false
	}
	h.blind(p.Rule, why)
	h.quorum.decide(monitor.GuardRefused)
	return true
}

// fate is what the rule says of a reply whose quorum has ended.
func (h *hold) fate(rule config.Guard) string {
	switch h.quorum.decision() {
	case monitor.GuardAgreed:
		return config.HeldRelease
	case monitor.GuardSplit:
		return rule.Split()
	}
	return rule.Failure()
}

// message is what a refused reply says in its place. It holds nothing of what
// the model wrote.
func (h *hold) message(rule config.Guard) string {
	q := h.quorum
	if len(q.samples) == 0 {
		return fmt.Sprintf("[hotmess] This reply was held back: what it proposes cannot be read (%s), and rule %s refuses what it cannot judge. "+
			"Nothing was carried out. Ask a person before you go on.", q.lost, rule.Name)
	}
	if q.decision() == monitor.GuardSplit {
		return fmt.Sprintf("[hotmess] This reply was held back and its tool calls were removed: only %d of %d samples of the model propose the same action, which rule %s guards. "+
			"Nothing was carried out. Ask a person before you go on.", q.tally.For, q.tally.For+q.tally.Against, rule.Name)
	}
	return fmt.Sprintf("[hotmess] This reply was held back and its tool calls were removed: rule %s guards what it proposes, and other samples could not be asked for (%s). "+
		"Nothing was carried out. Ask a person before you go on.", rule.Name, q.lost)
}

// whole holds a reply that is not streamed.
func (h *hold) whole(res *http.Response) {
	raw, why, err := h.read(res.Body)
	rest, body := io.Reader(res.Body), res.Body
	if err != nil {
		rest = failing{err}
	}
	res.Body = &heldBody{joined{io.MultiReader(bytes.NewReader(raw), rest), body}, h}
	if why != "" {
		h.unjudged(res, why)
		return
	}
	h.x.aside(func() { h.judgeWhole(res, raw, err) })
}

// judgeWhole judges a reply that was read to its end, or to where it broke: what
// came may be a whole reply all the same, by which a client acts that reads no
// further.
func (h *hold) judgeWhole(res *http.Response, raw []byte, broke error) {
	defer h.panicked(func() { h.unjudged(res, monitor.ReasonPanic) })
	reply, decoded, why, err := h.fold(res.Header, raw)
	switch {
	case broke != nil && (why != "" || err != nil || h.x.in.Context().Err() != nil): // it breaks off for the client
		return
	case why != "":
		h.unjudged(res, why)
		return
	case err != nil:
		h.unjudged(res, unfolded(err))
		return
	case reply.Truncated || reply.Failure != nil && len(reply.Calls) == 0: // clients look for an error by the status alone
		return
	}
	began := h.x.h.now()
	rule, ok := h.judge(reply)
	if !ok {
		return
	}
	s := h.sentence(rule, decoded)
	h.quorum.decide(s.outcome)
	h.quorum.decided.HeldSeconds = h.x.h.now().Sub(began).Seconds()
	h.deliver(res, s)
}

// panicked, deferred, ends a panic of our own: what the reply proposes is not known
// then.
func (h *hold) panicked(unjudged func()) {
	if p := recover(); p != nil {
		h.x.h.logPanic(h.x.id, p)
		unjudged()
	}
}

// unjudged is for a reply that cannot be held or read: what it proposes is not
// known, so a rule that refuses without a quorum refuses it.
func (h *hold) unjudged(res *http.Response, why monitor.Reason) {
	rule, refuses := h.x.policy.guard.Strictest(h.in.view)
	h.blind(rule, why)
	if !refuses {
		h.quorum.decide(monitor.GuardReleased)
		h.deliver(res, sentence{outcome: monitor.GuardReleased})
		return
	}
	h.quorum.decide(monitor.GuardRefused)
	h.deliver(res, h.failure(rule))
}

// unfolded is why a reply cannot be read.
func unfolded(err error) monitor.Reason {
	if why := unreadable(err); why != monitor.ReasonMalformed { // which is of requests
		return why
	}
	return monitor.ReasonUnreadable
}

// failure refuses a reply by an error.
func (h *hold) failure(rule config.Guard) sentence {
	contentType, body := wire.ErrorBody(h.in.view.Dialect, http.StatusBadGateway, "hotmess_guard", h.message(rule))
	return sentence{outcome: monitor.GuardRefused, body: body, failed: true, contentType: contentType}
}

// read reads a body as far as the limits go.
func (h *hold) read(r io.Reader) (body []byte, why monitor.Reason, err error) {
	var held int64
	body, why, err = h.x.h.ledger.fill(r, &held, firstRead, int64(h.x.policy.limits.Body))
	h.kept += held
	return body, why, err
}

// fold decodes and folds a whole reply.
func (h *hold) fold(header http.Header, raw []byte) (reply wire.Reply, decoded []byte, why monitor.Reason, err error) {
	decoded = raw
	if encoding := wire.Encoding(header); encoding != "" {
		r, err := wire.Decode(bytes.NewReader(raw), encoding, unlimited)
		if err != nil {
			return wire.Reply{}, nil, "", fmt.Errorf("held reply: %w", err)
		}
		defer r.Close()
		if decoded, why, err = h.read(r); why != "" || err != nil {
			return wire.Reply{}, nil, why, err
		}
	}
	reply, err = wire.Fold(h.in.view.Dialect, false, bytes.NewReader(decoded), nil)
	return reply, decoded, "", err
}

// sentence finds what is delivered in place of a reply whose quorum has ended.
func (h *hold) sentence(rule config.Guard, decoded []byte) sentence {
	fate := h.fate(rule)
	if fate == config.HeldReplace && !h.in.native() {
		if other := h.quorum.best(); other != nil {
			return sentence{outcome: monitor.GuardReplaced, other: other}
		}
	}
	if h.x.in.Context().Err() != nil {
		return sentence{outcome: monitor.GuardGone}
	}
	if fate == config.HeldRelease {
		return sentence{outcome: monitor.GuardReleased}
	}
	if h.in.native() { // no message says which of its choices it is for
		return h.failure(rule)
	}
	body, err := wire.RefuseBody(h.in.view.Dialect, decoded, h.message(rule))
	if err != nil {
		h.x.h.log.Warn("held reply cannot be closed by a message", slog.String("id", h.x.id), slog.Any("error", err))
		return h.failure(rule)
	}
	return sentence{outcome: monitor.GuardRefused, body: body}
}

// best is the sample that most others agree with, of those that propose nothing
// that is guarded; nil if there is none.
func (q *quorum) best() *ensemble.Recording {
	var others []ensemble.Sample
	for _, s := range q.samples {
		if _, guarded := q.guard.Propose(s.Reply.Calls, q.in.compare); !guarded && s.Missing == "" && s.Recording != nil {
			others = append(others, s)
		}
	}
	v, ok := ensemble.Majority(others, votingLevel(q.in.compare))
	if !ok {
		return nil
	}
	for _, s := range others {
		if s.Number == v.Winner {
			return s.Recording
		}
	}
	return nil
}

// deliver puts what was decided in place of the reply.
func (h *hold) deliver(res *http.Response, s sentence) {
	res.Header.Set(headerGuard, s.outcome)
	switch s.outcome {
	case monitor.GuardRefused:
		for _, name := range []string{"Content-Encoding", "Content-Md5", "Content-Digest", "Digest", "Etag"} {
			res.Header.Del(name)
		}
		if h.failed = s.failed; s.failed {
			res.StatusCode, h.x.status = http.StatusBadGateway, http.StatusBadGateway
			res.Header.Set("Content-Type", s.contentType)
			res.Header.Set("X-Should-Retry", "false") // by which the SDKs of OpenAI and Anthropic go
		}
		res.Trailer = nil
		h.replace(res, s.body)
	case monitor.GuardReplaced:
		res.Header = h.headersOf(s.other, res.Header)
		res.Trailer = s.other.Trailer
		h.replace(res, s.other.Body)
	}
}

// headersOf are those of a sample, without what was for its own connection, and
// hotmess's own.
func (h *hold) headersOf(other *ensemble.Recording, own http.Header) http.Header {
	header := other.Header.Clone()
	for name := range strings.SplitSeq(strings.Join(header.Values("Connection"), ","), ",") {
		header.Del(strings.TrimSpace(name))
	}
	for _, name := range []string{"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Te", "Trailer", "Transfer-Encoding", "Upgrade"} {
		header.Del(name)
	}
	for name, values := range own {
		if strings.HasPrefix(name, headerPrefix) {
			header[name] = values
		}
	}
	return header
}

func (h *hold) replace(res *http.Response, with []byte) {
	res.Body = &heldBody{joined{bytes.NewReader(with), res.Body}, h}
	res.ContentLength = int64(len(with))
	res.Header.Set("Content-Length", strconv.Itoa(len(with)))
}

// heldBody gives back what was held once the client has it.
type heldBody struct {
	io.ReadCloser
	hold *hold
}

// Close implements io.Closer.
func (b *heldBody) Close() error {
	b.hold.x.h.ledger.give(b.hold.kept)
	b.hold.kept = 0
	return b.ReadCloser.Close()
}

// blind notes a reply that may not be judged because it cannot be held, and ends the
// quorum that failed on it.
func (h *hold) blind(rule config.Guard, why monitor.Reason) {
	failed := h.quorum
	h.quorum = h.x.newQuorum(h.in, guard.Proposal{Rule: rule}, nil)
	h.quorum.lost = why
	if failed != nil {
		failed.abandon()
		h.quorum.settled = failed.settled
	}
}
