package proxy

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"hotmess/config"
)

// saysIn answers with a completion of so many output tokens.
func saysIn(id, text string, tokens int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, strings.Replace(completion(id, text), `"completion_tokens":5`, `"completion_tokens":`+strconv.Itoa(tokens), 1))
	}
}

// TestSamplesOverTheP99OfTheirRouteDoNotVoteButAreMeasured gives a route a history
// of replies of 5 tokens, whose p99 is 7, the upper edge of their bin. Then the
// primary says A in 7 tokens, both extras say B in 8.
func TestSamplesOverTheP99OfTheirRouteDoNotVoteButAreMeasured(t *testing.T) {
	for name, c := range map[string]struct {
		flag    config.Excess
		says    string
		flagged int
	}{
		"p99":         {config.Excess{P99: true}, "A", 2},
		"as many":     {config.Excess{Tokens: 8}, "B", 0},
		"no red flag": {config.Excess{}, "B", 0},
	} {
		t.Run(name, func(t *testing.T) {
			u := &script{primary: says("p", "A")}
			r := newRig(t, u, func(cfg *config.Config) { cfg.Sampling.Rate = config.Rate{} })
			for range 20 {
				read(t, r.ask(letterAsked, firstCall, "1"))
				r.observation()
			}
			r.settled()
			u.primary, u.extra = saysIn("p", "A", 7), func(n int, w http.ResponseWriter, r *http.Request) {
				saysIn("e"+strconv.Itoa(n), "B", 8)(w, r)
			}
			cfg := config.Default()
			cfg.Sampling.Mode, cfg.Sampling.Rate = config.Ensemble, config.Rate{Share: 1}
			cfg.Ensemble.Samples, cfg.Ensemble.Stop = config.Range{Min: 3, Max: 3}, config.Stop{First: 3}
			cfg.Ensemble.RedFlag.OutputOver = c.flag
			r.handler.Reload(cfg)
			got := read(t, r.ask(letterAsked, firstCall, "1"))
			o := r.observation()
			if v := o.Vote; v == nil || v.Flagged != c.flagged || v.Votes != 3-c.flagged || !strings.Contains(got, `"content":"`+c.says+`"`) {
				t.Errorf("%s, vote %+v", got, v)
			}
			// Samples 0 and 1 are measured, and differ, whether 1 voted or not.
			if !o.Differ["exact"] || o.Reason != "" || len(o.Samples) != 3 || o.Samples[1].Output.Tokens != 8 {
				t.Errorf("%+v", o)
			}
			r.settled()
			series := r.monitor.Routes()[0].Windows[1].Series
			if len(series) != 1 || series[0].Disagreement.Pairs != 1 || *series[0].Disagreement.Value != 1 {
				t.Errorf("series %+v", series)
			}
		})
	}
}
