package monitor

import (
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"hotmess/wire"
)

const (
	// maxHandles bounds the label combinations of one metric.
	maxHandles = 4096
	// maxModelLabels bounds the models told apart in labels.
	maxModelLabels = 100
)

// meters holds the metrics of one Monitor in a set of its own, with all
// handles cached: on the request path a metric costs a map look-up.
type meters struct {
	set      *metrics.Set
	requests *family[requestLabels, *metrics.Counter]
	samples  *family[sampleLabels, *metrics.Counter]
	reasons  map[Reason]*metrics.Counter
	// overhead and seconds are of all requests, measured or not.
	overhead, seconds *metrics.PrometheusHistogram
	// reasoning is by route.
	reasoning *family[string, *metrics.PrometheusHistogram]
	usage     *family[usageLabels, *metrics.PrometheusHistogram]
	duration  *family[callLabels, *metrics.PrometheusHistogram]
	// labels counts what became of labels.
	labels map[LabelStatus]*metrics.Counter

	content     contentMeters
	cost        costMeters
	guard       guardMeters
	models      *names
	allRequests atomic.Int64
}

type requestLabels struct {
	route, dialect, mode string
	outcome              Outcome
}

type sampleLabels struct {
	route   string
	outcome string
}

// callLabels are the OpenTelemetry attributes of a call to a model.
type callLabels struct{ provider, model string }

type usageLabels struct {
	callLabels
	tokenType string
}

// newMeters registers the metrics. Metadata is a switch of the whole process
// in the metrics library; every Monitor sets it the same way.
func newMeters() *meters {
	metrics.ExposeMetadata(true)
	m := &meters{set: metrics.NewSet(), models: newNames(maxModelLabels), reasons: map[Reason]*metrics.Counter{}}
	m.content = newContentMeters(m.set)
	m.requests = newFamily(maxHandles, requestLabels{otherLabel, otherLabel, otherLabel, otherLabel}, m.newRequests)
	m.samples = newFamily(maxHandles, sampleLabels{otherLabel, otherLabel}, m.newSamples)
	for _, r := range Reasons() {
		m.reasons[r] = m.set.GetOrCreateCounter(metricName("hotmess_unmeasured_total", "reason", string(r)))
	}
	m.labels = map[LabelStatus]*metrics.Counter{}
	for _, s := range labelStatuses() {
		m.labels[s] = m.set.GetOrCreateCounter(metricName("hotmess_labels_total", "result", string(s)))
	}
	m.overhead = m.set.NewPrometheusHistogramExt("hotmess_overhead_seconds", overheadBuckets())
	m.seconds = m.set.NewPrometheusHistogramExt("hotmess_request_seconds", durationBuckets())
	m.reasoning = newFamily(maxRoutes+1, otherLabel, m.newReasoning)
	m.usage = newFamily(8*maxModelLabels, usageLabels{callLabels{otherLabel, otherLabel}, otherLabel}, m.newUsage)
	m.duration = newFamily(4*maxModelLabels, callLabels{otherLabel, otherLabel}, m.newDuration)
	m.cost = newCostMeters(m.set)
	m.guard = newGuardMeters(m.set)
	m.set.NewGauge(buildInfo(), func() float64 { return 1 })
	return m
}

// overheadBuckets run from 50 µs to 1.6 s.
func overheadBuckets() []float64 { return metrics.ExponentialBuckets(50e-6, 2, 16) }

// tokenBuckets are those of the OpenTelemetry GenAI conventions: 4^0 … 4^13.
func tokenBuckets() []float64 { return metrics.ExponentialBuckets(1, 4, 14) }

// durationBuckets are those of the OpenTelemetry GenAI conventions, in
// seconds: 0.01·2^k up to 81.92, and on to 655.36 for long reasoning.
func durationBuckets() []float64 { return metrics.ExponentialBuckets(0.01, 2, 17) }

func (m *meters) newRequests(l requestLabels) *metrics.Counter {
	return m.set.GetOrCreateCounter(metricName("hotmess_requests_total",
		"route", l.route, "dialect", l.dialect, "mode", l.mode, "outcome", string(l.outcome)))
}

func (m *meters) newSamples(l sampleLabels) *metrics.Counter {
	return m.set.GetOrCreateCounter(metricName("hotmess_samples_total", "route", l.route, "outcome", l.outcome))
}

func (m *meters) newReasoning(route string) *metrics.PrometheusHistogram {
	return m.set.GetOrCreatePrometheusHistogramExt(metricName("hotmess_reasoning_tokens", "route", route), tokenBuckets())
}

func (m *meters) newUsage(l usageLabels) *metrics.PrometheusHistogram {
	return m.set.GetOrCreatePrometheusHistogramExt(metricName("gen_ai_client_token_usage",
		"gen_ai_operation_name", "chat", "gen_ai_provider_name", l.provider,
		"gen_ai_request_model", l.model, "gen_ai_token_type", l.tokenType), tokenBuckets())
}

func (m *meters) newDuration(l callLabels) *metrics.PrometheusHistogram {
	return m.set.GetOrCreatePrometheusHistogramExt(metricName("gen_ai_client_operation_duration_seconds",
		"gen_ai_operation_name", "chat", "gen_ai_provider_name", l.provider,
		"gen_ai_request_model", l.model), durationBuckets())
}

// An Unobserved is a request of which no observation is made, such as any in mode
// off. It has no route: that is found in what was not read.
type Unobserved struct {
	Dialect, Mode string
	Outcome       Outcome
	// Overhead is what hotmess added before the upstream was called, Total the
	// whole time of the call.
	Overhead, Total time.Duration
	// Reason is why it was not measured; empty: it is not counted as unmeasured.
	Reason Reason
}

// Passed counts a request of which no observation is made.
func (m *Monitor) Passed(u Unobserved) {
	m.meters.request(requestLabels{OtherRoute, u.Dialect, u.Mode, u.Outcome}, u.Overhead)
	m.meters.seconds.Update(max(0, u.Total.Seconds()))
	m.meters.unmeasured(u.Reason)
	m.passUnread(u.Outcome)
}

func (m *meters) request(l requestLabels, overhead time.Duration) {
	m.allRequests.Add(1)
	m.requests.get(l).Inc()
	m.overhead.Update(max(0, overhead.Seconds()))
}

// unmeasured counts a request that was not measured; the empty reason is that
// of a measured one.
func (m *meters) unmeasured(r Reason) {
	if r == "" {
		return
	}
	m.reasons[m.known(r)].Inc()
}

// known is r if it is listed, else ReasonUnknown.
func (m *meters) known(r Reason) Reason {
	if _, ok := m.reasons[r]; ok {
		return r
	}
	return ReasonUnknown
}

func (m *meters) reasonCount(r Reason) int64 { return int64(m.reasons[r].Get()) }

// observed counts what must not get lost when the queue is full.
func (m *meters) observed(route string, o *Observation) {
	overhead := time.Duration(o.OverheadSeconds * float64(time.Second))
	m.request(requestLabels{route, o.Dialect, o.Mode, o.Outcome}, overhead)
	m.seconds.Update(max(0, o.Seconds))
}

// taken counts the samples and lengths of an observation.
func (m *meters) taken(route string, o *Observation) {
	m.content.count(route, o)
	m.guard.count(o.Guard)
	for _, s := range o.Samples {
		outcome := "ok"
		if s.Missing != "" {
			outcome = string(m.known(s.Missing))
		}
		m.samples.get(sampleLabels{route, outcome}).Inc()
	}
	call := callLabels{provider: providerName(o.Dialect), model: m.models.resolve(o.Model)}
	m.duration.get(call).Update(max(0, o.Seconds))
	if len(o.Samples) > 0 && o.Samples[0].Missing == "" {
		m.primary(route, call, o.Samples[0])
	}
}

// primary counts the tokens of the client's own call. Estimates are left out:
// the convention is to report only what the provider counted.
func (m *meters) primary(route string, call callLabels, s SampleRecord) {
	if s.Reasoning.Source != "" {
		m.reasoning.get(route).Update(float64(s.Reasoning.Tokens))
	}
	if s.Context.Source == SourceUsage {
		m.usage.get(usageLabels{call, "input"}).Update(float64(s.Context.Tokens))
	}
	if s.Output.Source == SourceUsage {
		m.usage.get(usageLabels{call, "output"}).Update(float64(s.Output.Tokens))
	}
}

// providerName is the gen_ai.provider.name of a dialect.
func providerName(dialect string) string {
	switch wire.Dialect(dialect) {
	case wire.OpenAIChat, wire.OpenAIResponses:
		return "openai"
	case wire.AnthropicMessages:
		return "anthropic"
	case wire.GeminiGenerate:
		return "gcp.gemini"
	}
	return otherLabel
}
