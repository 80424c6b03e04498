package monitor

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// sampleLine is the text form of one sample: name, labels whose values hold
// only the three escapes that Prometheus knows, and a value.
var sampleLine = regexp.MustCompile(
	`^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"(?:, ?[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*")*\})? (\S+)$`)

// scrape parses the exposition as strictly as a scraper would: every series
// once, every family typed once and in one block.
func scrape(t *testing.T, m *Monitor) map[string]string {
	t.Helper()
	var b bytes.Buffer
	m.WriteMetrics(&b)
	if !utf8.Valid(b.Bytes()) {
		t.Fatal("not UTF-8")
	}
	samples, typed := map[string]string{}, map[string]bool{}
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		if family, ok := strings.CutPrefix(line, "# TYPE "); ok {
			if typed[family] {
				t.Errorf("typed twice: %s", line)
			}
			typed[family] = true
			continue
		}
		if strings.HasPrefix(line, "# HELP ") {
			continue
		}
		parts := sampleLine.FindStringSubmatch(line)
		if parts == nil {
			t.Errorf("not a sample: %q", line)
			continue
		}
		if _, twice := samples[parts[1]+parts[2]]; twice {
			t.Errorf("series twice: %s", line)
		}
		samples[parts[1]+parts[2]] = parts[3]
	}
	return samples
}

func TestMetricsCarryWhatWasObserved(t *testing.T) {
	m, _ := newTest(t)
	for i := range 12 {
		o := measured(fmt.Sprintf("c%d", i), base, i%4 == 0)
		o.OverheadSeconds, o.Seconds = 80e-6, 3
		o.Samples = []SampleRecord{
			{Reasoning: Length{Tokens: 900, Source: SourceUsage}, Output: Length{Tokens: 1000, Source: SourceUsage}, Context: Length{Tokens: 5000, Source: SourceEstimate}},
			{Number: 1, Missing: ReasonTimeout},
		}
		m.meters.observed("r", &o)
		m.take(o)
	}
	m.Passed(Unobserved{Dialect: "openai-chat", Mode: "off", Outcome: OutcomeOK, Overhead: time.Millisecond, Total: time.Second, Reason: ReasonOff})
	got := scrape(t, m)
	const at = `{route="r",kind="action",level="target",pinned="false"}`
	for series, want := range map[string]string{
		`hotmess_requests_total{route="r",dialect="openai-chat",mode="observe",outcome="ok"}`: "12",
		`hotmess_requests_total{route="other",dialect="openai-chat",mode="off",outcome="ok"}`: "1",
		`hotmess_unmeasured_total{reason="off"}`:                                              "1",
		`hotmess_samples_total{route="r",outcome="ok"}`:                                       "12",
		`hotmess_samples_total{route="r",outcome="timeout"}`:                                  "12",
		`hotmess_overhead_seconds_bucket{le="0.0001"}`:                                        "12",
		`hotmess_overhead_seconds_count`:                                                      "13",
		`hotmess_disagreement` + at:                                                           "0.25",
		`hotmess_disagreement_pairs` + at:                                                     "12",
		`hotmess_disagreement_conversations` + at:                                             "12",
		`hotmess_disagreement_measured_share` + at:                                            "1",
		`hotmess_reasoning_tokens_sum{route="r"}`:                                             "10800",
		`gen_ai_client_token_usage_count{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="m",gen_ai_token_type="output"}`:            "12",
		`gen_ai_client_operation_duration_seconds_bucket{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="m",le="5.12"}`:             "12",
		`gen_ai_client_token_usage_bucket{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="m",gen_ai_token_type="output",le="1024"}`: "12",
	} {
		if got[series] != want {
			t.Errorf("%s is %q, want %s", series, got[series], want)
		}
	}
	for _, series := range []string{"_low", "_high"} {
		if _, ok := got["hotmess_disagreement"+series+at]; !ok {
			t.Errorf("no %s of 12 conversations", series)
		}
	}
	for series := range got {
		if strings.Contains(series, `gen_ai_token_type="input"`) {
			t.Errorf("estimated tokens reported as the provider's: %s", series)
		}
	}
}

func TestAbsentDisagreementIsNotExported(t *testing.T) {
	m, _ := newTest(t)
	m.take(measured("c", base, true))
	for series, value := range scrape(t, m) {
		if strings.HasPrefix(series, "hotmess_disagreement_low") || strings.HasPrefix(series, "hotmess_disagreement_bound") {
			t.Errorf("%s %s from one conversation", series, value)
		}
		if value == "NaN" {
			t.Errorf("%s is NaN", series)
		}
	}
}

func TestHostileLabelsDoNotBreakTheScrape(t *testing.T) {
	m, _ := newTest(t)
	for i, name := range []string{"a\x00b", "a\tb", "a\u200bb", "\xff\xfe", "new\nline", `quote"`, `back\slash`, `{le="1"}`, strings.Repeat("é", 500)} {
		o := measured(fmt.Sprint(i), base, true)
		o.Route, o.Model, o.Kind, o.Dialect = name, name, name, name
		o.Mode, o.Outcome, o.Reason = name, Outcome(name), Reason(name)
		o.Differ = map[string]bool{name: true}
		o.Samples = []SampleRecord{{Missing: Reason(name)}}
		m.meters.observed(m.names.resolve(name), &o)
		m.meters.unmeasured(o.Reason)
		m.take(o)
	}
	got := scrape(t, m)
	if got[`hotmess_unmeasured_total{reason="unknown"}`] != "9" {
		t.Errorf("unknown reasons: %q", got[`hotmess_unmeasured_total{reason="unknown"}`])
	}
	if got[`hotmess_disagreement{route="quote\"",kind="quote\"",level="quote\"",pinned="false"}`] != "1" {
		t.Error("a quote in a route name got lost")
	}
}

func TestLabelValuesAreBounded(t *testing.T) {
	m, _ := newTest(t)
	for i := range maxHandles + 500 {
		m.Passed(Unobserved{Dialect: fmt.Sprint("dialect", i), Mode: "off", Outcome: OutcomeOK})
	}
	for i := range 3 * maxModelLabels {
		o := measured("c", base, false)
		o.Model = fmt.Sprint("model", i)
		m.take(o)
	}
	requests, models := 0, 0
	for series := range scrape(t, m) {
		requests += int(boolInt(strings.HasPrefix(series, "hotmess_requests_total")))
		models += int(boolInt(strings.HasPrefix(series, "gen_ai_client_operation_duration_seconds_count")))
	}
	if requests != maxHandles+1 || models != maxModelLabels+1 {
		t.Errorf("%d request series, %d models", requests, models)
	}
	if got := m.meters.requests.get(requestLabels{otherLabel, otherLabel, otherLabel, otherLabel}).Get(); got != 500 {
		t.Errorf("other counts %d requests, want 500", got)
	}
}

func FuzzLabelIsOnePrometheusLabel(f *testing.F) {
	for _, seed := range []string{"", "gpt-5", "a\"b", "a\\", "a\nb", "\xff", "\x00", "\u202e", "🙂"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		line := "x{" + label("l", value) + "} 1"
		if !sampleLine.MatchString(line) || !utf8.ValidString(line) {
			t.Errorf("%q", line)
		}
		if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("unprintable at %d: %q", i, line)
		}
	})
}

func TestPassedAllocatesAtMostOnce(t *testing.T) {
	m, _ := newTest(t)
	pass := func() {
		m.Passed(Unobserved{Dialect: "openai-chat", Mode: "off", Outcome: OutcomeOK, Overhead: 50 * time.Microsecond, Total: time.Second, Reason: ReasonOff})
	}
	pass()
	if n := testing.AllocsPerRun(100, pass); n > 1 {
		t.Errorf("%v allocations a request", n)
	}
}
