package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"hotmess/config"
	"hotmess/monitor"
)

// rate draws a share of requests, deep has a share of those get five samples.
func rate(share float64) func(*config.Config) {
	return func(c *config.Config) { c.Sampling.Rate = config.Rate{Share: share} }
}

func deep(share float64) func(*config.Config) {
	return func(c *config.Config) { c.Sampling.Deep = config.Deep{Share: share, Samples: 5} }
}

// letterAsked asks for a letter, so that there is a headline level; pinnedAsked
// does so with pinned randomness.
const (
	letterAsked = `{"model":"m","messages":[{"role":"user","content":"Answer with the letter only."}]}`
	pinnedAsked = `{"model":"m","seed":1,"messages":[{"role":"user","content":"Answer with the letter only."}]}`
)

func TestDeepSetsAreDrawnAmongMeasuredRequests(t *testing.T) {
	honoured := func(c *config.Config) { c.ClientHeaders = append(c.ClientHeaders, "samples") }
	for name, c := range map[string]struct {
		edits  []func(*config.Config)
		header []string
		want   int
		body   string
	}{
		"always":        {[]func(*config.Config){deep(1)}, nil, 5, letterAsked},
		"never":         {[]func(*config.Config){deep(0)}, nil, 2, letterAsked},
		"not drawn":     {[]func(*config.Config){deep(1), rate(0)}, nil, 1, letterAsked},
		"other samples": {[]func(*config.Config){deep(1), inMode(config.Observe, 3)}, nil, 3, letterAsked},
		"asked for two": {[]func(*config.Config){deep(1), honoured}, []string{"X-Hotmess-Samples", "2"}, 2, letterAsked},
		"prose":         {[]func(*config.Config){deep(1)}, nil, 2, question},
		"pinned":        {[]func(*config.Config){deep(1)}, nil, 2, pinnedAsked},
		"a vote":        {[]func(*config.Config){deep(1), inMode(config.Ensemble, 2)}, nil, 2, letterAsked},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, &script{primary: says("p", "yes"), extra: saysEach("no")}, func(cfg *config.Config) {
				for _, edit := range c.edits {
					edit(cfg)
				}
			})
			read(t, r.ask(c.body, append(c.header, firstCall, "1")...))
			o := r.observation()
			if len(o.Samples) != c.want {
				t.Errorf("%d samples, want %d", len(o.Samples), c.want)
			}
			if measured := o.Differ != nil; measured != (c.want > 1) || measured && o.Inclusion != 1 || o.Escalated {
				t.Errorf("differ %v, inclusion %v, escalated %t", o.Differ, o.Inclusion, o.Escalated)
			}
		})
	}
}

// reasons answers with so many tokens of reasoning as the request names.
func reasons(t *testing.T) *script {
	reply := func(w http.ResponseWriter, id string, tokens int) {
		w.Header().Set("Content-Type", "application/json")
		body := strings.Replace(completion(id, "yes"), `"total_tokens"`, fmt.Sprintf(`"completion_tokens_details":{"reasoning_tokens":%d},"total_tokens"`, tokens), 1)
		_, _ = io.WriteString(w, body)
	}
	return &script{
		primary: func(w http.ResponseWriter, r *http.Request) {
			tokens := 0
			if _, err := fmt.Sscan(r.Header.Get(reasoningAsked), &tokens); err != nil {
				t.Error(err)
			}
			reply(w, "p", tokens)
		},
		extra: func(n int, w http.ResponseWriter, _ *http.Request) { reply(w, fmt.Sprint("e", n), 100) },
	}
}

// reasoningAsked is the header by which a test says how long the primary reasons.
const reasoningAsked = "X-Test-Reasoning"

func escalating(factor float64) func(*config.Config) {
	return func(c *config.Config) {
		c.Sampling.Escalate = config.Escalate{ReasoningOverMedian: factor, Samples: 4}
	}
}

// asking sends a request whose primary reasons for so many tokens, and gives the
// observation once it is taken in.
func (r *rig) asking(body string, tokens int, header ...string) monitor.Observation {
	r.t.Helper()
	read(r.t, r.ask(body, append(header, firstCall, "1", reasoningAsked, fmt.Sprint(tokens))...))
	o := r.observation()
	r.settled()
	return o
}

func TestLongReasoningGetsMoreSamplesWhetherDrawnOrNot(t *testing.T) {
	for name, c := range map[string]struct {
		share, factor float64
		tokens        int
		header        []string
		want          int
		escalated     bool
		body          string
	}{
		"drawn and long":      {1, 2, 1000, nil, 4, true, letterAsked},
		"undrawn and long":    {0, 2, 1000, nil, 4, true, letterAsked},
		"undrawn and usual":   {0, 2, 150, nil, 1, false, letterAsked},
		"drawn and usual":     {1, 2, 150, nil, 2, false, letterAsked},
		"not long enough":     {0, 20, 1000, nil, 1, false, letterAsked},
		"switched off":        {0, 0, 1000, nil, 1, false, letterAsked},
		"prose":               {0, 2, 1000, nil, 1, false, question},
		"pinned":              {0, 2, 1000, nil, 1, false, pinnedAsked},
		"the library's retry": {0, 2, 1000, []string{"X-Stainless-Retry-Count", "1"}, 1, false, letterAsked},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, reasons(t), func(cfg *config.Config) {
				rate(c.share)(cfg)
				escalating(c.factor)(cfg)
			})
			for range 25 {
				r.asking(letterAsked, 100)
			}
			o := r.asking(c.body, c.tokens, c.header...)
			if len(o.Samples) != c.want || o.Escalated != c.escalated {
				t.Fatalf("%d samples, escalated %t", len(o.Samples), o.Escalated)
			}
			for i, s := range o.Samples {
				if s.Number != i || s.Missing != "" {
					t.Errorf("sample %d: %+v", i, s)
				}
			}
			if o.Replays != nil { // the primary chose the set
				t.Errorf("replays %+v", o.Replays)
			}
			if o.Added != (c.escalated && c.share == 0) {
				t.Errorf("added %t", o.Added)
			}
			if c.escalated && (!o.Drawn || o.Inclusion != 1 || o.Reason != "" || o.Differ == nil) {
				t.Errorf("drawn %t with inclusion %v, reason %q", o.Drawn, o.Inclusion, o.Reason)
			}
		})
	}
}

func TestDrawnSetsKeepTheirSizeWhenReasoningIsLong(t *testing.T) {
	r := newRig(t, reasons(t), func(c *config.Config) {
		c.Sampling.Escalate = config.Escalate{ReasoningOverMedian: 2, Samples: 8}
		deep(1)(c)
	})
	for range 25 {
		r.asking(letterAsked, 100)
	}
	if o := r.asking(letterAsked, 1000); len(o.Samples) != 5 || !o.Escalated || o.Deep != 1 {
		t.Errorf("%d samples, escalated %t, deep %v", len(o.Samples), o.Escalated, o.Deep)
	}
}

func TestNothingEscalatesBeforeTheRouteIsKnown(t *testing.T) {
	r := newRig(t, reasons(t), func(c *config.Config) { rate(0)(c); escalating(2)(c) })
	for range 5 {
		r.asking(letterAsked, 100)
	}
	if o := r.asking(letterAsked, 1000); o.Escalated || len(o.Samples) != 1 {
		t.Errorf("%d samples after 5 replies", len(o.Samples))
	}
}
