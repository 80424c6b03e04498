package proxy

import (
	"net/http"
	"strconv"
	"strings"

	"hotmess/config"
)

// Names of hotmess's own headers.
const (
	headerPrefix     = "X-Hotmess-"
	headerID         = headerPrefix + "Id"
	headerMode       = headerPrefix + "Mode"
	headerSamples    = headerPrefix + "Samples"
	headerRoute      = headerPrefix + "Route"
	headerSession    = headerPrefix + "Session"
	headerAgreement  = headerPrefix + "Agreement"
	headerMethod     = headerPrefix + "Method"
	headerMargin     = headerPrefix + "Margin"
	headerConfidence = headerPrefix + "Confidence"
	headerStop       = headerPrefix + "Stop"
	headerGuard      = headerPrefix + "Guard"
)

// sessionHeaders are the headers by which known clients name a conversation of
// their own accord.
var sessionHeaders = []string{"Session-Id", "Session_id", "X-Session-Id", "X-Session-Affinity", "Thread-Id"}

// askedBy reads the X-Hotmess-* headers that the configuration honours. What
// is malformed is as good as absent.
func (p *policy) askedBy(h http.Header) asked {
	var a asked
	switch m := config.Mode(strings.ToLower(p.honoured(h, "mode", headerMode))); m {
	case config.Off, config.Observe, config.Ensemble:
		a.mode = m
	}
	if n, err := strconv.Atoi(p.honoured(h, "samples", headerSamples)); err == nil && n >= 1 && n <= config.MaxSamples {
		a.samples = n
	}
	a.route = p.honoured(h, "route", headerRoute)
	a.session = p.honoured(h, "session", headerSession)
	a.label = p.honoured(h, "label", headerLabel)
	return a
}

// honoured is the value of a header, given in its canonical form, that the
// configuration lets clients set under this name.
func (p *policy) honoured(h http.Header, name, canonical string) string {
	if v := h[canonical]; len(v) > 0 && p.honours[name] {
		return v[0]
	}
	return ""
}

// stripOwn removes every X-Hotmess-* header.
func stripOwn(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, headerPrefix) {
			delete(h, name)
		}
	}
}

// upgrades reports whether a request wants another protocol than HTTP.
func upgrades(h http.Header) bool {
	up := h.Get("Upgrade")
	return up != "" && !strings.EqualFold(up, "h2c")
}

// dropUpgradeToHTTP2 removes the offer to go on in HTTP/2 over the connection
// between client and sidecar, which some clients make on every request.
func dropUpgradeToHTTP2(h http.Header) {
	if strings.EqualFold(h.Get("Upgrade"), "h2c") {
		h.Del("Upgrade")
		h.Del("Connection")
		h.Del("Http2-Settings")
	}
}

// session is what the client itself calls its conversation, or empty.
func session(h http.Header, a asked) string {
	if a.session != "" {
		return a.session
	}
	for _, name := range sessionHeaders {
		if v := h.Get(name); v != "" {
			return v
		}
	}
	return ""
}
