package backtest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"hotmess/alerts"
	"hotmess/config"
	"hotmess/monitor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "rewrite golden files")

var epoch = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// A traffic makes conversations whose requests differ with a probability of
// their own: a share concentrated of them always or never does, so that turns
// are correlated.
type traffic struct {
	rng *rand.Rand
	n   int
	at  time.Time
	all []monitor.Observation
}

func newTraffic(seed uint64) *traffic {
	return &traffic{rng: rand.New(rand.NewPCG(seed, 3)), at: epoch}
}

// converse adds conversations of so many requests, one a minute, whose pairs
// differ with probability d on average. Of the conversations
// one in five is all or nothing: intra-class correlation .2.
func (g *traffic) converse(conversations, requests int, d float64) {
	for range conversations {
		g.n++
		p := d
		if g.rng.Float64() < .2 {
			p = float64(boolInt(g.rng.Float64() < d))
		}
		for i := range requests {
			differ := g.rng.Float64() < p
			g.all = append(g.all, monitor.Observation{
				V: monitor.SchemaVersion, ID: id(g.at, g.n, i), Time: g.at.Add(time.Duration(i) * 20 * time.Second),
				Route: "billing", Conversation: fmt.Sprint(g.n), Dialect: "openai-chat", Model: "m", ServedModel: "m",
				Mode: "observe", Outcome: monitor.OutcomeOK, Kind: "action", Headline: "target", Inclusion: 1, Drawn: true,
				Differ:  map[string]bool{"target": differ},
				Samples: []monitor.SampleRecord{{Keys: answer(false)}, {Number: 1, Keys: answer(differ)}},
			})
		}
		g.at = g.at.Add(time.Minute)
	}
}

// answer is one of two.
func answer(other bool) map[string]string {
	return map[string]string{"target": strings.Repeat(strconv.Itoa(boolInt(other)), 32)}
}

// id is a UUIDv7.
func id(at time.Time, conversation, request int) string {
	ms := at.UnixMilli()
	return fmt.Sprintf("%08x-%04x-7%03x-8000-%012x", ms>>16, ms&0xffff, request, conversation)
}

// labels says of the first request of each conversation from one on, a day
// later, that it was wrong with probability p.
func (g *traffic) labels(from int, p float64) (list []monitor.Label) {
	for i, o := range g.all {
		if o.Conversation == g.all[max(0, i-1)].Conversation && i > 0 {
			continue
		}
		if from--; from >= 0 {
			continue
		}
		l := monitor.Label{V: 1, Request: o.ID, Outcome: monitor.Pass, Time: o.Time.Add(24 * time.Hour)}
		if g.rng.Float64() < p {
			l.Outcome = monitor.Fail
		}
		list = append(list, l)
	}
	return list
}

// lines are the observations as a file.
func (g *traffic) lines(t testing.TB) *bytes.Buffer {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	for _, o := range g.all {
		if err := e.Encode(o); err != nil {
			t.Fatal(err)
		}
	}
	return &out
}

func (g *traffic) log() *Log { return &Log{observations: append([]monitor.Observation(nil), g.all...)} }

// above are rules with disagreement_high alone.
func above(threshold float64) config.Alerts {
	a := config.Alerts{Rules: []config.Rule{{Rule: config.RuleDisagreementHigh, Threshold: threshold}}}
	for _, name := range config.RuleNames() {
		if name != config.RuleDisagreementHigh {
			a.Rules = append(a.Rules, config.Rule{Rule: name, Enabled: new(false)})
		}
	}
	return a
}

func settings(a config.Alerts) Settings {
	return Settings{Alerts: a, Placebos: 20, Seed: 1, FalseAlarms: .05}
}

func run(t *testing.T, s Settings, log *Log) Result {
	t.Helper()
	r, err := Run(t.Context(), s, log)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestPlantedChangeIsFoundAndPrinted(t *testing.T) {
	g := newTraffic(1)
	g.converse(250, 6, .1)
	planted := g.at
	g.converse(100, 6, .7)
	file := g.lines(t)
	first, _, _ := strings.Cut(file.String(), "\n")
	file.WriteString("{\"v\":1,\n" + first + "\n" + `{"specversion":"1.0","type":"dev.hotmess.alert.v1","data":{}}` + "\n")
	log := &Log{}
	if err := log.Read("observed.jsonl", file); err != nil {
		t.Fatal(err)
	}
	a := config.Alerts{Rules: []config.Rule{{
		Rule: config.RuleDisagreementHigh, Threshold: .3, KeepFiringFor: new(config.Duration(2 * time.Hour)),
	}}}
	r := run(t, settings(a), log)
	var out bytes.Buffer
	if err := r.Print(&out); err != nil {
		t.Fatal(err)
	}
	golden(t, "planted.txt", out.String())
	routes := map[string]int{}
	for _, f := range r.Alerts {
		if f.Labels["conversation"] != "" {
			continue
		}
		routes[f.Labels["alertname"]]++
		if f.FiredAt.Before(planted) || f.EndsAt != nil {
			t.Errorf("%s fired at %s, ended at %v, want after %s and never", f.Labels["alertname"], f.FiredAt, f.EndsAt, planted)
		}
	}
	if want := map[string]int{config.RuleDisagreementHigh: 1, config.RuleDisagreementRising: 1}; !cmp.Equal(routes, want) {
		t.Errorf("alerts about the route: %v, want %v", routes, want)
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "planted.json", string(text)+"\n")
}

// TestPlaceboOfStationaryTrafficFiresAtItsRate plays one other order of each of
// 100 logs without a change, whose true disagreement is at the threshold. The
// bound exceeds it with probability at most .05 each; four standard deviations
// of that count above it are 5 + 4·√(100·.05·.95) = 13.7.
func TestPlaceboOfStationaryTrafficFiresAtItsRate(t *testing.T) {
	fired := 0
	for seed := range uint64(100) {
		g := newTraffic(seed)
		g.converse(60, 4, .3)
		s := settings(above(.3))
		s.Placebos, s.Seed = 1, seed
		r := run(t, s, g.log())
		fired += r.Placebo.Rules[0].Fired
	}
	if fired > 13 {
		t.Errorf("fired in %d of 100 placebos, want at most 13", fired)
	}
}

// TestPlaceboOfStationaryTrafficKeepsThePromiseOfDetectors plays other orders of
// a log without a change. The detector judges the 200 conversations that follow
// those of its baseline. Its e-process has mean n after n of them, so it crosses
// K = 1,000 with probability at most .2 (Doob); that the baseline's bound is too
// low adds at most .05. Of 20 runs, 5 and four standard deviations are 12.
func TestPlaceboOfStationaryTrafficKeepsThePromiseOfDetectors(t *testing.T) {
	g := newTraffic(4)
	g.converse(400, 2, .3)
	a := config.Alerts{}
	for _, rate := range run(t, settings(a), g.log()).Placebo.Rules {
		switch {
		case rate.Rule == config.RuleErrorRising && (rate.Share != nil || rate.Absent == ""):
			t.Errorf("nothing is labelled, yet error_rising has a rate: %+v", rate)
		case rate.Rule == config.RuleDisagreementRising && (rate.Judged != 20 || rate.Fired > 12):
			t.Errorf("%+v, want at most 12 of 20 runs to fire", rate)
		}
	}
}

// TestPlaceboFiresWhereTheThresholdIsTooLow holds that the test before could
// fail.
func TestPlaceboFiresWhereTheThresholdIsTooLow(t *testing.T) {
	g := newTraffic(1)
	g.converse(60, 4, .3)
	r := run(t, settings(above(.05)), g.log())
	if rate := r.Placebo.Rules[0]; rate.Fired != 20 || rate.Judged != 20 || *rate.Share != 1 || *rate.Low < .8 || *rate.High != 1 {
		t.Errorf("placebo %+v, want all 20 runs to fire", rate)
	}
}

// TestProposedThresholdKeepsTheFalseAlarmRate tries thresholds that one log
// gives on the placebos of another seed. By exchangeability each new one exceeds
// the threshold with probability at most .1: of 200, at most 20 and four
// standard deviations, 37.
func TestProposedThresholdKeepsTheFalseAlarmRate(t *testing.T) {
	g := newTraffic(5)
	g.converse(60, 4, .3)
	s := settings(above(.9))
	s.Placebos, s.FalseAlarms = 99, .1
	proposed := run(t, s, g.log()).Thresholds
	if len(proposed) != 2 || proposed[0].Threshold == nil || proposed[1].Route != "billing" || *proposed[0].Threshold != *proposed[1].Threshold {
		t.Fatalf("proposed %+v, want one for all routes and the same for the only one", proposed)
	}
	s = settings(above(*proposed[0].Threshold))
	s.Placebos, s.Seed = 200, 2
	if rate := run(t, s, g.log()).Placebo.Rules[0]; rate.Fired > 37 {
		t.Errorf("a threshold for 10 %% fires in %d of 200", rate.Fired)
	}
}

// A route of a few conversations has no bound, and .01 for it would be advice
// that rests on nothing.
func TestSeriesWithoutABoundGetNoThreshold(t *testing.T) {
	quiet := series{route: "quiet", kind: "action", level: "target"}
	runs := make([]placebo, 20)
	for i := range runs {
		runs[i].highest = map[series]float64{quiet: 0, {route: "busy"}: .3}
	}
	for _, got := range propose(.05, runs) {
		if none := got.Threshold == nil; none != (got.Route == "quiet") || none != (got.Absent == neverBound) {
			t.Errorf("%+v", got)
		}
	}
}

func TestRulesThatWereNeverJudgedStandBelowTheColumns(t *testing.T) {
	var out bytes.Buffer
	share := new(0.0)
	r := &Result{Placebo: Placebo{Runs: 20, Rules: []RuleRate{
		{Rule: "error_rising", Absent: neverJudged},
		{Rule: "overthinking", Judged: 20, Share: share, Low: share, High: share, PerThousand: share},
	}}}
	if err := r.Print(&out); err != nil {
		t.Fatal(err)
	}
	judged, never := strings.Index(out.String(), "overthinking  0 of 20   0 %"), strings.Index(out.String(), "error_rising")
	if judged < 0 || never < judged {
		t.Errorf("printed:\n%s", out.String())
	}
}

func TestThresholdNeedsEnoughPlacebos(t *testing.T) {
	runs := make([]placebo, 18)
	for i := range runs {
		runs[i] = placebo{highest: map[series]float64{{route: "r", kind: "action", level: "target"}: float64(i) / 100}}
	}
	if got := propose(.05, runs)[1]; got.Threshold != nil || got.Absent != "needs at least 19 placebos" {
		t.Errorf("with 18 placebos: %+v", got)
	}
	if got := propose(.05, append(runs, runs[0]))[1]; got.Threshold == nil || *got.Threshold != .17 || got.Runs != 19 {
		t.Errorf("with 19 placebos: %+v, want the highest, .17", got)
	}
	if got := propose(.5, runs)[1]; got.Threshold == nil || *got.Threshold != .09 { // the 10th of 18
		t.Errorf("at one half: %+v", got)
	}
	if got := propose(.05, nil); len(got) != 0 {
		t.Errorf("without placebos: %+v", got)
	}
}

func TestConversationsMoveAsAWholeWithinTheirRoute(t *testing.T) {
	g := newTraffic(1)
	g.converse(40, 3, .5)
	for i := range g.all {
		if i%2 == 0 {
			g.all[i].Route, g.all[i].Conversation = "other", g.all[i].Conversation+"x"
		}
	}
	recorded := (&backtest{log: g.log()}).asRecorded()
	routes := blocks(recorded)
	log := shuffled(recorded, routes, 1, 1)
	if len(log) != len(g.all) {
		t.Fatalf("%d observations of %d", len(log), len(g.all))
	}
	shift, starts, moved := map[string]time.Duration{}, map[time.Time]bool{}, 0
	for _, b := range routes["billing"] {
		starts[b.start] = true
	}
	for i, p := range log {
		if i > 0 && p.at.Before(log[i-1].at) {
			t.Fatal("not in order of time")
		}
		o := p.observation
		by := p.at.Sub(o.Time)
		if before, ok := shift[o.Conversation]; ok && before != by {
			t.Fatalf("conversation %s is torn apart: %s and %s", o.Conversation, before, by)
		} else if !ok && o.Route == "billing" {
			if !starts[p.at] {
				t.Errorf("conversation %s starts at %s, where none of its route did", o.Conversation, p.at)
			}
			delete(starts, p.at)
		}
		shift[o.Conversation] = by
		moved += boolInt(by != 0)
	}
	if moved < len(log)/2 {
		t.Errorf("only %d of %d observations moved", moved, len(log))
	}
	if diff := cmp.Diff(times(log), times(shuffled(recorded, routes, 1, 1))); diff != "" {
		t.Error("the same seed gives another order")
	}
	if cmp.Equal(times(log), times(shuffled(recorded, routes, 2, 1))) {
		t.Error("another seed gives the same order")
	}
}

func times(log []played) (list []time.Time) {
	for _, p := range log {
		list = append(list, p.at)
	}
	return list
}

func TestLabelsArePlayedWhenTheyWereGiven(t *testing.T) {
	g := newTraffic(1)
	g.converse(350, 2, .1)
	log := g.log()
	log.labels = append(g.labels(0, .1)[:250], g.labels(250, .8)...)
	stray := log.labels[0]
	stray.Request = id(epoch, 1_000_000, 0)
	answer := monitor.Label{V: 1, Request: log.labels[1].Request, Answer: "42"} // nothing here can compare it
	log.labels = append(log.labels, stray, answer)
	r := run(t, settings(above(.9)), log)
	if len(r.Alerts) != 0 || r.Labels != 351 || r.Left.Strays != 2 {
		t.Errorf("fired %d with %d labels and %d strays", len(r.Alerts), r.Labels, r.Left.Strays)
	}
	changed := log.labels[250].Time
	r = run(t, settings(config.Alerts{}), log)
	var fired []string
	for _, f := range r.Alerts {
		fired = append(fired, f.Labels["alertname"])
		if f.FiredAt.Before(changed) {
			t.Errorf("%s at %s, before the change that was told at %s", fired, f.FiredAt, changed)
		}
		if f.Evidence.Detail["onset_term"] != "bias2" {
			t.Errorf("evidence %v, want bias² to have risen: samples differ as before", f.Evidence.Detail)
		}
	}
	if !cmp.Equal(fired, []string{config.RuleErrorRising}) {
		t.Errorf("fired %v", fired)
	}
	for _, rate := range r.Placebo.Rules {
		if rate.Rule == config.RuleErrorRising && (rate.Judged != 20 || rate.Fired > 12) {
			t.Errorf("placebo %+v", rate)
		}
	}
}

func TestBacktestJudgesAsTheSidecarDoes(t *testing.T) {
	// A short outage in a long silence: what fires and when it ends is a matter
	// of the lifecycle, judged although no observation comes.
	a := above(.3)
	a.Rules[0].For = new(config.Duration(10 * time.Minute))
	g := newTraffic(2)
	g.converse(60, 6, .9)
	g.at = g.at.Add(100 * time.Hour)
	g.converse(1, 1, .9)
	r := run(t, settings(a), g.log())
	if len(r.Alerts) != 1 {
		t.Fatalf("fired %+v", r.Alerts)
	}
	f := r.Alerts[0]
	if wait := f.FiredAt.Sub(f.StartsAt); wait != 10*time.Minute {
		t.Errorf("fired %s after it began to hold, want 10 min", wait)
	}
	if f.Status != alerts.Firing {
		t.Errorf("status %s: silence does not end an alert", f.Status)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	g := newTraffic(1)
	g.converse(1, 1, .5)
	for want, s := range map[string]Settings{
		"--placebo: -1":       {Placebos: -1, FalseAlarms: .1},
		"--false-alarms: 0":   {},
		"--false-alarms: 1":   {FalseAlarms: 1},
		"alerts.rules[0]: th": {FalseAlarms: .1, Alerts: config.Alerts{Rules: []config.Rule{{Rule: config.RuleDisagreementHigh}}}},
	} {
		if _, err := Run(t.Context(), s, g.log()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestWithoutPlaceboNoRateIsGiven(t *testing.T) {
	g := newTraffic(1)
	g.converse(5, 2, .5)
	s := settings(above(.3))
	s.Placebos = 0
	r := run(t, s, g.log())
	var out bytes.Buffer
	if err := r.Print(&out); err != nil {
		t.Fatal(err)
	}
	if len(r.Placebo.Rules)+len(r.Thresholds) != 0 || strings.Contains(out.String(), "Placebo") || !strings.Contains(out.String(), "No rule would have fired") {
		t.Errorf("%+v\n%s", r.Placebo, out.String())
	}
}

func TestProgressReachesTheTotal(t *testing.T) {
	g := newTraffic(1)
	g.converse(100, 3, .5)
	s := settings(above(.3))
	s.Placebos = 3
	heard := make(chan [2]int64, 100)
	s.Progress = func(done, total int64) { heard <- [2]int64{done, total} }
	run(t, s, g.log())
	close(heard)
	var last int64
	for h := range heard {
		last = max(last, h[0])
		if h[1] != 1200 {
			t.Errorf("total %d, want 1200", h[1])
		}
	}
	if last != 1200 {
		t.Errorf("heard of %d observations, want 1200", last)
	}
}

func TestMeterTellsEveryTwoSeconds(t *testing.T) {
	var out bytes.Buffer
	now := epoch
	hear := Progress(&out, func() time.Time { return now })
	hear(1, 10)
	now = now.Add(2 * time.Second)
	hear(5, 10)
	hear(6, 10)
	if got, want := out.String(), "hotmess: played 5 of 10 observations (50 %)\n"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}
