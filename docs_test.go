package main_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/proxy"
	"hotmess/sim"
)

const (
	trafficPage   = "docs/traffic.md"
	alertsPage    = "docs/alerts.md"
	operatingPage = "docs/operating.md"
	// maxReadme is the length of a README that is read to its end, in lines.
	maxReadme = 200
)

// section is the part of a page under a heading of the second level.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(read(t, page), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("%s has no section %s", page, heading)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// rows are the rows of the tables in text whose first cell is one piece of
// code: the second cell by the first.
func rows(text string) map[string]string {
	found := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]*) ?\\|").FindAllStringSubmatch(text, -1) {
		found[m[1]] = strings.TrimSpace(m[2])
	}
	return found
}

// sameNames compares what a page lists with what there is.
func sameNames(t *testing.T, page string, listed, real []string) {
	t.Helper()
	slices.Sort(listed)
	slices.Sort(real)
	if diff := gocmp.Diff(real, listed); diff != "" {
		t.Errorf("%s lists other names than the code has (-code +page):\n%s", page, diff)
	}
}

func keys[V any](m map[string]V) []string { return slices.Collect(maps.Keys(m)) }

func TestEveryReasonIsExplained(t *testing.T) {
	var real []string
	for _, r := range monitor.Reasons() {
		real = append(real, string(r))
	}
	sameNames(t, trafficPage, keys(rows(section(t, trafficPage, "Why a request is not measured"))), real)
}

func TestEveryErrorTypeIsExplained(t *testing.T) {
	types := map[string]bool{}
	for _, f := range sources(t) {
		if f.room != "proxy" || f.test {
			continue
		}
		for _, m := range regexp.MustCompile(`"(hotmess_[a-z_]+)"`).FindAllSubmatch(f.text, -1) {
			types[string(m[1])] = true
		}
	}
	sameNames(t, trafficPage, keys(rows(section(t, trafficPage, "Errors of hotmess itself"))), keys(types))
}

func TestEveryVariableIsListed(t *testing.T) {
	listed := rows(section(t, operatingPage, "Configuration"))
	real := map[string]string{}
	for _, v := range config.Variables() {
		real[v.Name] = "`" + v.Key + "`"
		if v.Key == "" {
			real[v.Name] = "the " + v.Help
		}
	}
	if diff := gocmp.Diff(real, listed); diff != "" {
		t.Errorf("%s lists other variables than config.Variables (-code +page):\n%s", operatingPage, diff)
	}
}

func TestEveryFlagAndCommandIsListed(t *testing.T) {
	text := section(t, operatingPage, "Commands")
	for flag := range reflect.TypeFor[config.Overrides]().Fields() {
		tag := flag.Tag
		if row := "| `--" + tag.Get("name") + " " + tag.Get("placeholder") + "` |"; !strings.Contains(text, row) {
			t.Errorf("%s has no row beginning %s", operatingPage, row)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^\t([A-Z]\w+) +\w+ +.cmd:"`).FindAllStringSubmatch(read(t, "main.go"), -1) {
		if name := "`hotmess " + strings.ToLower(m[1]); !strings.Contains(text, name) {
			t.Errorf("%s does not list %s`", operatingPage, name)
		}
	}
}

func TestEveryHeaderIsListed(t *testing.T) {
	var real []string
	for _, f := range sources(t) {
		if f.room != "proxy" || f.test {
			continue
		}
		for _, m := range regexp.MustCompile(`headerPrefix \+ "(\w+)"`).FindAllSubmatch(f.text, -1) {
			real = append(real, "X-Hotmess-"+string(m[1]))
		}
	}
	if len(real) == 0 {
		t.Fatal("proxy has no header")
	}
	sameNames(t, trafficPage, keys(rows(section(t, trafficPage, "Headers"))), real)
}

func TestEveryEndpointIsListed(t *testing.T) {
	var real []string
	for _, m := range regexp.MustCompile(`HandleFunc\("([^"]+)"`).FindAllStringSubmatch(read(t, "dashboard/server.go"), -1) {
		real = append(real, strings.TrimSuffix(m[1], "{$}"))
	}
	sameNames(t, operatingPage, keys(rows(section(t, operatingPage, "Admin API"))), real)
}

var (
	// settingLine is a line of the example file that sets a key, commented or
	// not.
	settingLine = regexp.MustCompile(`^#? *(?:- )?([a-z_]+):(?: |$)`)
	codeOrYAML  = regexp.MustCompile("(?s)```yaml.*?```|`[^`\n]+`")
)

func TestEverySettingIsMentioned(t *testing.T) {
	var code strings.Builder
	for _, page := range pages(t) {
		for _, m := range codeOrYAML.FindAllString(read(t, page), -1) {
			code.WriteString(m + "\n")
		}
	}
	for line := range strings.Lines(read(t, "hotmess.example.yaml")) {
		m := settingLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil {
			continue
		}
		if !regexp.MustCompile(`(?m)(?:^|[^a-z_])` + m[1] + "(?:[.:`]|$)").MatchString(code.String()) {
			t.Errorf("no page mentions the setting %s of hotmess.example.yaml as code", m[1])
		}
	}
}

func TestTheExampleEventIsTheGoldenOne(t *testing.T) {
	_, rest, _ := strings.Cut(section(t, alertsPage, "The event"), "```json\n")
	shown, _, _ := strings.Cut(rest, "```")
	var page, golden any
	if err := json.Unmarshal([]byte(shown), &page); err != nil {
		t.Fatalf("%s: %v", alertsPage, err)
	}
	if err := json.Unmarshal([]byte(read(t, "alerts/testdata/alert_firing.json")), &golden); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(golden, page); diff != "" {
		t.Errorf("%s shows another event (-golden +page):\n%s", alertsPage, diff)
	}
}

func TestReadmeIsShort(t *testing.T) {
	if n := strings.Count(read(t, "README.md"), "\n"); n > maxReadme {
		t.Errorf("README.md has %d lines, more than %d: move details to docs", n, maxReadme)
	}
}

// pages are all pages that users read.
func pages(t *testing.T) []string {
	t.Helper()
	all := []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}
	for _, pattern := range []string{"docs/*.md", "docs/adr/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}

func TestEveryPageIsListed(t *testing.T) {
	for _, dir := range []string{"docs", "docs/adr"} {
		index := path.Join(dir, "README.md")
		listed := read(t, index)
		for _, page := range pages(t) {
			if path.Dir(page) == dir && page != index && !strings.Contains(listed, "]("+path.Base(page)+")") {
				t.Errorf("%s does not list %s", index, path.Base(page))
			}
		}
	}
}

// anchor is what the heading of a page is linked by.
func anchor(heading string) string {
	kept := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(kept, " ", "-")
}

func TestRelativeLinksLead(t *testing.T) {
	for _, page := range pages(t) {
		for _, m := range regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)\s]*))?\)`).FindAllStringSubmatch(read(t, page), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target := page
			if m[1] != "" {
				target = path.Join(path.Dir(page), m[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: link to %s: %v", page, m[1], err)
			} else if m[2] != "" && !hasAnchor(read(t, target), m[2]) {
				t.Errorf("%s: %s has no heading for #%s", page, target, m[2])
			}
		}
	}
}

func hasAnchor(text, name string) bool {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		if anchor(m[1]) == name {
			return true
		}
	}
	return false
}

// seen is a transport that notes where a request would have gone.
type seen struct{ url string }

// RoundTrip implements http.RoundTripper.
func (s *seen) RoundTrip(r *http.Request) (*http.Response, error) {
	s.url = r.URL.Scheme + "://" + r.URL.Host + cmp.Or(r.URL.Opaque, r.URL.EscapedPath())
	return nil, errors.New("this is as far as it goes")
}

func TestBaseURLsJoinAsListed(t *testing.T) {
	table := regexp.MustCompile("(?m)^\\| `(http[^`]+)` \\| `([^`]+)` \\| `([^`]+)`")
	rows := table.FindAllStringSubmatch(section(t, trafficPage, "Base URLs"), -1)
	if len(rows) < 5 {
		t.Fatalf("%s has %d base URLs", trafficPage, len(rows))
	}
	m, err := monitor.New(monitor.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		base, err := url.Parse(row[1])
		if err != nil {
			t.Fatal(err)
		}
		// Whatever name the path leads to, this base URL is the one.
		ups := proxy.NewUpstreams(map[string]*url.URL{"openai": base, "anthropic": base, "gemini": base, "local": base}, nil)
		to := &seen{}
		h := proxy.NewHandler(proxy.Settings{
			Config: config.Default(), Upstreams: ups, Transport: to, Monitor: m,
			Log: slog.New(slog.DiscardHandler), Now: time.Now,
		})
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, row[2], strings.NewReader("{}")))
		h.Close()
		if to.url != row[3] {
			t.Errorf("%s with %s goes to %s, not to %s", row[1], row[2], to.url, row[3])
		}
	}
}

// TestEveryMetricIsListed drives a sidecar until an alert fires, labels its
// requests, and holds names and labels of the live page to the listed ones. A
// family that is listed but not live, because it says nothing yet, has to be
// named in the code.
func TestEveryMetricIsListed(t *testing.T) {
	var dir string
	l := newLine(t, &sim.Server{Seed: 3, Accuracy: .5, Reasoning: sim.Reasoning{Median: 8}}, func(c *config.Config) {
		dir = c.DataDir
		c.Alerts.Rules = []config.Rule{{Rule: config.RuleDisagreementHigh, Threshold: .05}}
	})
	ids := make(chan string, 12*20)
	l.answered = func(id string) { ids <- id }
	l.converse(t, 12, 20, false)
	l.measured(t, 12*20)
	for i := range 12 * 20 {
		l.label(t, <-ids, i%2 == 0)
	}
	running, err := config.ReadRunning(dir)
	if err != nil {
		t.Fatal(err)
	}
	live := families(t, "http://"+running.Admin+"/metrics", `hotmess_alerts_firing{rule="disagreement_high"`)
	text := section(t, operatingPage, "Metrics")
	listed := rows(text)
	for name, labels := range live {
		if got, ok := listed[listedAs(name, text)]; !ok || got != labels {
			t.Errorf("%s lists %s with labels %q, /metrics has %q", operatingPage, name, got, labels)
		}
	}
	for name := range listed {
		if _, ok := live[name]; !ok && !namedInCode(t, name) {
			t.Errorf("%s lists %s, which nothing writes", operatingPage, name)
		}
	}
}

// listedAs is the row of a metric: its own, or, of an end of an interval, that of
// the figure if it says that it has such ends.
func listedAs(name, text string) string {
	for _, end := range []string{"_low", "_high"} {
		if figure, ok := strings.CutSuffix(name, end); ok && !strings.Contains(text, "| `"+name+"` |") &&
			regexp.MustCompile("(?m)^\\| `"+figure+"` .*`"+end+"`").MatchString(text) {
			return figure
		}
	}
	return name
}

// namedInCode reports whether a file that is no test has the name of a metric in a
// string, the end of an interval aside.
func namedInCode(t *testing.T, name string) bool {
	t.Helper()
	figure := strings.TrimSuffix(strings.TrimSuffix(name, "_low"), "_high")
	return slices.ContainsFunc(sources(t), func(f goFile) bool {
		return !f.test && (bytes.Contains(f.text, []byte(`"`+name)) || bytes.Contains(f.text, []byte(`"`+figure+`"`)) || bytes.Contains(f.text, []byte("`"+name)))
	})
}

// families gives the labels of every metric of hotmess's own at url, once the
// one that comes last is there. A family that is there twice fails the test:
// Prometheus refuses such a page.
func families(t *testing.T, url, last string) map[string]string {
	t.Helper()
	for deadline := time.Now().Add(maxWait); ; {
		text := page(t, url)
		if strings.Contains(text, "\n"+last) {
			return labelsByFamily(t, text)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s never showed %s", url, last)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-t.Context().Done():
		}
	}
}

func page(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	typeLine   = regexp.MustCompile(`(?m)^# TYPE ((?:hotmess|gen_ai)\w+) \w+$`)
	sampleLine = regexp.MustCompile(`(?m)^((?:hotmess|gen_ai)\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? \S+$`)
	labelName  = regexp.MustCompile(`(\w+)="(?:[^"\\]|\\.)*"`)
)

// labelsByFamily reads the Prometheus text form.
func labelsByFamily(t *testing.T, text string) map[string]string {
	t.Helper()
	declared, found := map[string]bool{}, map[string]string{}
	for _, m := range typeLine.FindAllStringSubmatch(text, -1) {
		if declared[m[1]] {
			t.Errorf("/metrics declares %s twice", m[1])
		}
		declared[m[1]] = true
	}
	for _, m := range sampleLine.FindAllStringSubmatch(text, -1) {
		var names []string
		for _, label := range labelName.FindAllStringSubmatch(m[2], -1) {
			if label[1] != "le" {
				names = append(names, label[1])
			}
		}
		if !declared[m[1]] {
			t.Errorf("/metrics does not declare %s", m[1])
		}
		found[m[1]] = strings.Join(names, ", ")
	}
	return found
}
