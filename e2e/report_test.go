package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
)

// summary is what the tests read of GET /api/v1/summary.
type summary struct {
	Requests   int64            `json:"requests"`
	Measured   int64            `json:"measured"`
	Unmeasured map[string]int64 `json:"unmeasured"`
	Tunnels    map[string]int64 `json:"tunnels"`
}

func (s *sidecar) summary(t *testing.T) summary {
	t.Helper()
	return decode[summary](t, s.ask(t, "/api/v1/summary"))
}

// An estimate is what the tests read of a disagreement.
type estimate struct {
	Value         *float64 `json:"value"`
	Low           *float64 `json:"low"`
	High          *float64 `json:"high"`
	Pairs         int64    `json:"pairs"`
	Conversations int64    `json:"conversations"`
}

// routes is what the tests read of GET /api/v1/routes.
type routes struct {
	Routes []struct {
		Route   string `json:"route"`
		Windows []struct {
			Window string `json:"window"`
			Series []struct {
				Kind         string   `json:"kind"`
				Level        string   `json:"level"`
				Headline     bool     `json:"headline"`
				Disagreement estimate `json:"disagreement"`
			} `json:"series"`
		} `json:"windows"`
	} `json:"routes"`
}

// headline is the disagreement of a route over its first window, if there is
// one.
func (s *sidecar) headline(t *testing.T, route string) (e estimate, ok bool) {
	t.Helper()
	for _, r := range decode[routes](t, s.ask(t, "/api/v1/routes")).Routes {
		if r.Route != route || len(r.Windows) == 0 {
			continue
		}
		for _, series := range r.Windows[0].Series {
			if series.Headline {
				return series.Disagreement, true
			}
		}
	}
	return e, false
}

// An observation is what the tests read of GET /api/v1/requests/{id}.
type observation struct {
	Route        string          `json:"route"`
	Conversation string          `json:"conversation"`
	Dialect      string          `json:"dialect"`
	Upstream     string          `json:"upstream"`
	Model        string          `json:"model"`
	Mode         string          `json:"mode"`
	Kind         string          `json:"kind"`
	Reason       string          `json:"reason"`
	Differ       map[string]bool `json:"differ"`
	ExtraTokens  int64           `json:"extra_tokens"`
	Samples      []struct {
		Missing   string `json:"missing"`
		Reasoning length `json:"reasoning"`
		Output    length `json:"output"`
		Context   length `json:"context"`
	} `json:"samples"`
	Vote *struct {
		Method string `json:"method"`
		Votes  int    `json:"votes"`
		Stop   string `json:"stop"`
	} `json:"vote"`
	Guard *struct {
		Rule     string `json:"rule"`
		Decision string `json:"decision"`
		Outcome  string `json:"outcome"`
		Votes    int    `json:"votes"`
		Agreed   int    `json:"agreed"`
	} `json:"guard"`
}

// A length is a number of tokens, and where it comes from.
type length struct {
	Tokens int    `json:"tokens"`
	Source string `json:"source"`
}

// observation waits until a request is measured, extras included, and gives
// what was.
func (s *sidecar) observation(t *testing.T, id string) (o observation) {
	t.Helper()
	eventually(t, "request "+id+" is observed", func() bool {
		res, err := http.Get(s.admin + "/api/v1/requests/" + id)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK && json.NewDecoder(res.Body).Decode(&o) == nil
	})
	return o
}

// decode reads JSON.
func decode[T any](t *testing.T, body []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}
