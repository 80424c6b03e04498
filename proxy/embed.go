package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"hotmess/budget"
	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/monitor"
	"hotmess/wire"
)

const (
	// embedWithin bounds a call that embeds, its turn at the gate included.
	embedWithin = 30 * time.Second
	// maxEmbedded is how much of each end of an answer is embedded, in bytes:
	// together less than the 8,192 tokens that models of today take, at two
	// bytes a token.
	maxEmbedded = 8 << 10
	// maxEmbeddings is the largest reply of an embeddings endpoint, in bytes.
	maxEmbeddings = 8 << 20
)

// distance fills in how far the texts of samples 0 and 1 are apart by their
// embeddings, where embeddings are configured, or why that is not known. The
// call goes to the upstream that the client's own call went to, with the
// credentials of that call, or is not made.
func (o *observer) distance(obs *monitor.Observation, in inspection, first, second string) {
	e := o.x.policy.embeddings
	if !o.embeds(in) || first == "" || second == "" {
		return
	}
	if obs.DistanceMissing = o.bars(in); obs.DistanceMissing != "" {
		return
	}
	texts := []string{ensemble.Ends(first, maxEmbedded), ensemble.Ends(second, maxEmbedded)}
	ctx, cancel := context.WithTimeout(o.extras, embedWithin)
	defer cancel()
	vectors, cost, missing := o.embed(ctx, e.Model, obs.Route, texts)
	obs.Charge(cost)
	if missing == "" {
		obs.Distance, missing = cosineDistance(vectors[0], vectors[1])
	}
	obs.DistanceMissing = missing
}

// embeds is whether texts of a request may be embedded at all: they go to the
// upstream that wrote them, or nowhere.
func (o *observer) embeds(in inspection) bool {
	e := o.x.policy.embeddings
	return e.Upstream != "" && e.Upstream == o.x.dest.upstream.name && config.Fits(e.Routes, in.route.name) && in.compare.Kind() == ensemble.KindText
}

// bars says why the credential of the client's call is not for calls that embed;
// a client's own choices are measured whatever it is. A signature is of that call
// alone.
func (o *observer) bars(in inspection) monitor.Reason {
	switch credential := wire.Credential(o.header); {
	case credential == wire.CredentialSigned:
		return monitor.ReasonSigned
	case credential == wire.CredentialSubscription && !slices.Contains(in.route.sampling.Allow, config.AllowSubscription):
		return monitor.ReasonSubscription
	}
	return ""
}

// cosineDistance is 1 − cosine of two vectors, 0..2. A vector of length 0 has no
// direction.
func cosineDistance(a, b []float64) (*float64, monitor.Reason) {
	cosine, ok := ensemble.Cosine(a, b)
	if !ok {
		return nil, monitor.ReasonUnreadable
	}
	d := 1 - cosine
	return &d, ""
}

// embed makes the call, once the gate lets it in like any extra. cost is what it
// was settled at.
func (o *observer) embed(ctx context.Context, model, route string, texts []string) (vectors [][]float64, cost budget.Settlement, missing monitor.Reason) {
	var used budget.Spend
	for _, text := range texts {
		used.Input += int64(o.x.h.monitor.EstimateTokens(model, len(text)))
	}
	settle, refused := o.x.h.monitor.Gate().Enter(ctx, budget.Ask{Upstream: o.x.dest.upstream.name, Route: route, Model: model, Worst: used})
	if refused != "" {
		return nil, budget.Settlement{}, monitor.Reason(refused)
	}
	estimated := true
	defer func() { cost = budget.Settlement{Spend: used, Bill: settle(used, estimated), Estimated: estimated} }()
	body, missing := o.callEmbeddings(ctx, model, texts)
	if missing != "" {
		return nil, cost, missing
	}
	vectors, tokens, err := wire.ReadEmbeddings(body, len(texts))
	if err != nil {
		return nil, cost, monitor.ReasonUnreadable
	}
	if tokens > 0 {
		used, estimated = budget.Spend{Input: int64(tokens)}, false
	}
	return vectors, cost, ""
}

// callEmbeddings posts the texts and gives the body of the reply.
func (o *observer) callEmbeddings(ctx context.Context, model string, texts []string) ([]byte, monitor.Reason) {
	body, err := wire.EmbeddingsRequest(model, texts)
	if err != nil {
		return nil, monitor.ReasonMalformed
	}
	out := (&http.Request{
		Method: http.MethodPost, URL: o.embeddingsURL(), Host: o.out.Host,
		Header: wire.Credentials(o.header), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}).WithContext(ctx)
	out.Header.Set("Content-Type", "application/json")
	out.Header.Set("Accept-Encoding", "identity")
	res, err := o.x.h.transport.RoundTrip(out)
	if err != nil {
		return nil, lostEmbedding(ctx)
	}
	defer res.Body.Close()
	o.x.h.heard(o.x.dest.upstream.name, res.StatusCode, res.Header)
	if res.StatusCode != http.StatusOK {
		return nil, monitor.ReasonFailed
	}
	reply, err := io.ReadAll(io.LimitReader(res.Body, maxEmbeddings+1))
	switch {
	case err != nil:
		return nil, lostEmbedding(ctx)
	case len(reply) > maxEmbeddings:
		return nil, monitor.ReasonTooBig
	}
	return reply, ""
}

// embeddingsURL is the endpoint at the very host that the client's call went to,
// in the version of the upstream's base, else in v1.
func (o *observer) embeddingsURL() *url.URL {
	base := o.x.dest.upstream.base
	out := &http.Request{URL: &url.URL{Scheme: o.out.URL.Scheme, Host: o.out.URL.Host, RawQuery: base.RawQuery}}
	path := wire.EmbeddingsPath
	if config.HasVersion(base.EscapedPath()) {
		path = strings.TrimPrefix(path, "/v1")
	}
	setRawPath(out, config.JoinPath(base.EscapedPath(), path))
	return out.URL
}

func lostEmbedding(ctx context.Context) monitor.Reason {
	switch {
	case ctx.Err() == nil:
		return monitor.ReasonFailed
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return monitor.ReasonTimeout
	}
	return monitor.ReasonGone
}
