package monitor

import "github.com/VictoriaMetrics/metrics"

// repeatedFrom is how often the same call must stand in a history to count.
const repeatedFrom = 3

// signals count requests. All that were read are counted, so they are exact.
type signals struct {
	// Requests counts those that were looked at, without retries. A retry counts
	// for its reply alone.
	Requests int64 `json:"requests"`
	// Repeated counts those whose history has a call with the same arguments
	// three times or more.
	Repeated int64 `json:"repeated"`
	// Invalid counts those whose reply has a call that does not fit its schema.
	Invalid int64 `json:"invalid"`
	// Compacted counts those whose history is shorter than the request's before.
	Compacted int64 `json:"compacted"`
	// Truncated counts those whose reply stopped at its length limit.
	Truncated int64 `json:"truncated"`
	// FreePairs counts those that make up a pair with one before.
	FreePairs int64 `json:"free_pairs"`
	// Retries counts the requests that are another's again.
	Retries int64 `json:"retries"`
}

// A SignalReport counts the signals of a window.
type SignalReport signals

// count adds one observation.
func (s *signals) count(o *Observation) {
	r := o.Signals
	if r == nil {
		return
	}
	s.Retries += boolInt(r.Retry)
	s.Requests += boolInt(!r.Retry)
	s.Repeated += boolInt(r.Repeated >= repeatedFrom)
	s.Invalid += boolInt(r.Invalid > 0)
	s.Compacted += boolInt(r.Compacted)
	s.Truncated += boolInt(r.Truncated)
	s.FreePairs += boolInt(r.Pair != nil)
}

func (s *signals) add(o *signals) {
	s.Requests += o.Requests
	s.Repeated += o.Repeated
	s.Invalid += o.Invalid
	s.Compacted += o.Compacted
	s.Truncated += o.Truncated
	s.FreePairs += o.FreePairs
	s.Retries += o.Retries
}

type signalLabels struct{ route, signal string }

// contentMeters are the metrics of what is seen beyond keys.
type contentMeters struct {
	signals *family[signalLabels, *metrics.Counter]
	// embeddings is by outcome of what was to be embedded, pairs and votes: ok, or
	// why it came to nothing.
	embeddings *family[string, *metrics.Counter]
}

func newContentMeters(set *metrics.Set) contentMeters {
	return contentMeters{
		signals: newFamily(maxHandles, signalLabels{otherLabel, otherLabel}, func(l signalLabels) *metrics.Counter {
			return set.GetOrCreateCounter(metricName("hotmess_signals_total", "route", l.route, "signal", l.signal))
		}),
		embeddings: newFamily(reasonCount+1, string(ReasonUnknown), func(outcome string) *metrics.Counter {
			return set.GetOrCreateCounter(metricName("hotmess_embeddings_total", "outcome", outcome))
		}),
	}
}

// methodEmbeddings is the method of a vote that embeddings decided.
const methodEmbeddings = "embeddings"

// count counts the signals, the distance and the vote of an observation.
func (m *contentMeters) count(route string, o *Observation) {
	switch {
	case o.DistanceMissing != "":
		m.embeddings.get(string(o.DistanceMissing)).Inc()
	case o.Distance != nil:
		m.embeddings.get("ok").Inc()
	}
	switch v := o.Vote; {
	case v == nil:
	case v.EmbeddingsMissing != "":
		m.embeddings.get(string(v.EmbeddingsMissing)).Inc()
	case v.Method == methodEmbeddings:
		m.embeddings.get("ok").Inc()
	}
	var s signals
	s.count(o)
	for name, n := range map[string]int64{
		"repeated": s.Repeated, "invalid": s.Invalid, "compacted": s.Compacted,
		"truncated": s.Truncated, "free_pair": s.FreePairs, "retry": s.Retries,
	} {
		if n > 0 {
			m.signals.get(signalLabels{route, name}).Inc()
		}
	}
}
