package proxy

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"hotmess/budget"
	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/monitor"
	"hotmess/wire"
)

// defaultOutput is what a call is reserved at, in output tokens, while neither
// the request nor the route's history says more.
const defaultOutput = 4096

// An inspection is what reading one request's body gave.
type inspection struct {
	// raw is the body as sent, plain the decoded one; they are the same
	// bytes unless the client compressed it.
	raw, plain []byte
	view       wire.View
	route      route
	compare    ensemble.Comparer
	// rate is the probability with which the request was to be drawn, drawn
	// whether it was.
	rate  float64
	drawn bool
	// samples is N of the request, the primary included; deep the probability
	// with which it was drawn to be more than a pair, 0 if it was not;
	// escalated whether it is because the primary reasoned for long, added
	// whether for that alone it is measured.
	samples          int
	deep             float64
	escalated, added bool
	// mitigated is whether it votes because an alert fires on its route,
	// steppedBack whether it would but for the half of its conversation.
	mitigated, steppedBack bool
	// retry is whether the client's library sends the request again.
	retry bool
	// verbatim is whether extras must be the client's own bytes.
	verbatim bool
	// reason says why the request gets no extras; empty: it does.
	reason monitor.Reason
	// barred says why not even a guarded action is sampled again; loyal whether
	// its samples must be the client's own bytes.
	barred monitor.Reason
	loyal  bool
	// readable is whether view is set.
	readable bool
}

// extras is how many samples are wanted beside the primary.
func (in inspection) extras() int {
	if in.reason != "" || in.native() {
		return 0
	}
	return in.samples - 1
}

// native is whether the client itself asks for several choices: they are
// measured, and nothing is sent beside them.
func (in inspection) native() bool { return in.readable && in.view.Choices > 1 }

// inspect reads one request's body and decides what becomes of it.
func (x *exchange) inspect(body []byte, h http.Header) inspection {
	in := inspection{raw: body, route: route{name: x.client + "." + unnamed, sampling: x.policy.sampling}}
	if in.plain, in.reason = decodeRequest(body, h, int64(x.policy.limits.Body)); in.reason != "" {
		return in
	}
	v, err := wire.ReadView(x.dest.target, in.plain)
	if err != nil {
		in.reason = unreadable(err)
		return in
	}
	in.readable, in.view = true, v
	in.route = x.policy.route(x.client, x.dest.upstream.name, v, h, x.asked)
	if in.compare, err = ensemble.NewComparer(v, in.route.extract); err != nil {
		in.reason = monitor.ReasonMalformed
		return in
	}
	x.mitigate(&in, h)
	in.barred, in.loyal = x.harm(in, h)
	in.reason, in.verbatim = x.exclusion(in)
	in.retry = wire.Retried(h)
	x.labelBefore(in)
	x.draw(&in)
	return in
}

// draw decides whether a request is measured. A retry is not a request of its
// own: neither does it arrive, nor is it measured. It votes like any other. What
// costs nothing, a client's own choices, is always measured.
func (x *exchange) draw(in *inspection) {
	if !in.retry {
		x.h.monitor.Arrived(in.route.name)
	}
	in.rate = x.h.monitor.Rate(in.route.name, in.route.sampling.Rate)
	if in.native() {
		in.rate = 1
	}
	in.drawn = in.reason == "" && !in.retry && x.u < in.rate
	in.samples, in.deep = x.size(*in)
	if in.reason == "" && !in.drawn && in.route.sampling.Mode != config.Ensemble {
		in.reason = in.undrawn()
	}
}

// undrawn is why a request that could be measured was not drawn.
func (in inspection) undrawn() monitor.Reason {
	if in.retry {
		return monitor.ReasonRetry
	}
	return monitor.ReasonNotDrawn
}

// exclusion says why a readable request gets no extras whatever is drawn, or
// whether they must be verbatim. A client's own choices need none.
func (x *exchange) exclusion(in inspection) (why monitor.Reason, verbatim bool) {
	if in.route.sampling.Mode == config.Off || in.route.sampling.Samples < 2 {
		return monitor.ReasonOff, false
	}
	if in.native() {
		return "", false
	}
	if why := stored(in); why != "" {
		return why, false
	}
	return in.barred, in.loyal
}

// harm says why repeating a request would be harmful, or no independent draw,
// whatever it is repeated for, or whether it must be repeated verbatim.
func (x *exchange) harm(in inspection, h http.Header) (why monitor.Reason, verbatim bool) {
	credential := wire.Credential(h)
	switch {
	case credential == wire.CredentialSubscription && slices.Contains(in.route.sampling.Allow, config.AllowSubscription):
		credential = wire.CredentialKey
	case credential == wire.CredentialSigned && x.repeatable(in.view, h):
		credential, verbatim = wire.CredentialKey, true
	}
	return ensemble.Exclusion(in.view, credential), verbatim
}

// stored says why the samples of a vote may not be kept upstream: nobody allowed
// it, and where they go on from a stored reply, that would get several next
// ones. Extras in observe mode are never kept.
func stored(in inspection) monitor.Reason {
	kept := in.view.Stored && in.route.sampling.Mode == config.Ensemble
	switch {
	case !kept || slices.Contains(in.route.sampling.Allow, config.AllowStored):
		return ""
	case in.view.Chain.Previous != "":
		return monitor.ReasonChain
	}
	return monitor.ReasonStored
}

// signedFor is how long after its arrival a signed request is repeated: services
// take signatures of up to five minutes (AWS, Signature Version 4).
const signedFor = 4 * time.Minute

// repeatable reports whether a signed request may be sent again as it is. By a
// base URL it is not even valid once: the signature covers the host. An extra of
// what is kept upstream would have to be edited.
func (x *exchange) repeatable(v wire.View, h http.Header) bool {
	return x.dest.forward && !v.Stored && !wire.NamesCall(h)
}

// decodeRequest undoes the Content-Encoding of a request.
func decodeRequest(body []byte, h http.Header, limit int64) ([]byte, monitor.Reason) {
	encoding := wire.Encoding(h)
	if encoding == "" {
		return body, ""
	}
	r, err := wire.Decode(bytes.NewReader(body), encoding, limit)
	if err != nil {
		return nil, unreadable(err)
	}
	defer r.Close()
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, unreadable(err)
	}
	return plain, ""
}

// unreadable names the reason for an error of package wire.
func unreadable(err error) monitor.Reason {
	switch {
	case errors.Is(err, wire.ErrDuplicateKey):
		return monitor.ReasonDuplicateKey
	case errors.Is(err, wire.ErrTooBig):
		return monitor.ReasonTooBig
	case errors.Is(err, wire.ErrEncoding):
		return monitor.ReasonEncoding
	case errors.Is(err, wire.ErrOtherAPI):
		return monitor.ReasonDialect
	}
	return monitor.ReasonMalformed
}

// call makes what the ensemble sends of a request that is about to leave or
// has left.
func (x *exchange) call(out *http.Request, header http.Header, body []byte, in inspection) ensemble.Call {
	call := ensemble.Call{
		Method:   out.Method,
		URL:      out.URL,
		Host:     out.Host,
		Header:   header,
		Body:     body,
		View:     in.view,
		Compare:  in.compare,
		Upstream: x.dest.upstream.name,
		Route:    in.route.name,
		Worst:    x.worstCase(in),
		Verbatim: in.verbatim,
	}
	if in.verbatim {
		call.Expires = x.began.Add(signedFor)
	}
	return call
}

// worstCase is the most tokens that one call is expected to use: its prompt,
// estimated, and the request's own cap on output, else the route's p99.
func (x *exchange) worstCase(in inspection) budget.Spend {
	output := in.view.OutputCap
	if output == 0 {
		p99, ok := x.h.monitor.OutputP99(in.route.name)
		if output = defaultOutput; ok {
			output = p99
		}
	}
	return budget.Spend{Input: int64(x.h.monitor.EstimateTokens(in.view.Model, in.view.PromptBytes)), Output: int64(output)}
}
