package e2e

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// tolerance is how many standard errors a measured disagreement may be off
// what the data gives. Beyond 4 lies 1 of 16,000 of a normal; the draws follow
// from the simulator's seed, so a run that passes passes again.
const tolerance = 4

// replayVariable names recorded samples of real models.
const replayVariable = "HOTMESS_REPLAY_DATA"

// letter is an answer that a question with options asks for.
var letter = regexp.MustCompile(`^[A-J]$`)

func TestMeasuredDisagreementIsThatOfTheData(t *testing.T) {
	t.Parallel()
	calm, split := generate("calm-model", 120, 12, 1), generate("split-model", 60, 8, 2)
	for i := range calm { // most samples of the calm model are right
		for j := range calm[i].Samples {
			if j%4 != 0 {
				calm[i].Samples[j] = recorded{Answer: calm[i].Reference, Correct: true}
			}
		}
	}
	for _, m := range replay(t, write(t, calm, split), []population{calm, split}) {
		t.Log(m)
		m.check(t)
	}
}

// TestReplayOfRecordedModels prints, for each model of the data that the
// variable names, the disagreement in the data beside the measured one.
func TestReplayOfRecordedModels(t *testing.T) {
	where := os.Getenv(replayVariable)
	if where == "" {
		t.Skipf("%s is not set: it names recorded samples, a directory or files separated by %c", replayVariable, filepath.ListSeparator)
	}
	for _, file := range dataFiles(t, where) {
		for _, m := range replay(t, file, readRecordings(t, file)) {
			t.Log(m)
			m.check(t)
		}
	}
}

// dataFiles are the files that a value of the variable names.
func dataFiles(t *testing.T, where string) []string {
	t.Helper()
	var files []string
	for _, name := range filepath.SplitList(where) {
		if info, err := os.Stat(name); err != nil {
			t.Fatal(err)
		} else if !info.IsDir() {
			files = append(files, name)
			continue
		}
		found, err := filepath.Glob(filepath.Join(name, "*.jsonl"))
		if err != nil || len(found) == 0 {
			t.Fatalf("no *.jsonl in %s: %v", name, err)
		}
		files = append(files, found...)
	}
	return files
}

// A measurement is one model's disagreement: in the data, and as measured.
type measurement struct {
	dataset, model  string
	questions, asks int
	truth, se       float64
	measured        estimate
}

// String is one line of a report.
func (m measurement) String() string {
	value, low, high := math.NaN(), math.NaN(), math.NaN()
	if e := m.measured; e.Value != nil && e.Low != nil && e.High != nil {
		value, low, high = *e.Value, *e.Low, *e.High
	}
	return fmt.Sprintf("%-14s %-28s %4d questions x %d: data %.3f (se %.3f), measured %.3f [%.3f, %.3f] from %d pairs in %d conversations",
		m.dataset, m.model, m.questions, m.asks, m.truth, m.se, value, low, high, m.measured.Pairs, m.measured.Conversations)
}

// check holds what was measured to the data.
func (m measurement) check(t *testing.T) {
	t.Helper()
	e := m.measured
	if e.Value == nil || e.Pairs != int64(m.questions*m.asks) || e.Conversations != int64(m.questions) {
		t.Errorf("not every question was measured: %s", m)
		return
	}
	if off := math.Abs(*e.Value - m.truth); off > tolerance*m.se {
		t.Errorf("off by %.1f standard errors: %s", off/m.se, m)
	}
}

// replay asks every question of every population through a sidecar, each
// question as a conversation of its own and as often as it has pairs, and
// reports what was measured.
func replay(t *testing.T, file string, populations []population) []measurement {
	t.Helper()
	model := simulate(t, "--replay", file)
	s := serve(t, model, "--rate", "1", "--samples", "2", "--config", writeConfig(t, replayConfig(populations)))
	c := client(s.base)
	asked := int64(0)
	for i, p := range populations {
		for range p.pairs() {
			for _, r := range p {
				pose(t, c, routeOf(i), r)
				asked++
			}
		}
	}
	eventually(t, "all pairs are measured", func() bool { return s.summary(t).Requests == asked })
	var report []measurement
	for i, p := range populations {
		m := measurement{dataset: p[0].Dataset, model: p[0].Model, questions: len(p), asks: p.pairs()}
		m.truth, m.se = p.truth(m.asks)
		m.measured, _ = s.headline(t, routeOf(i))
		report = append(report, m)
	}
	return report
}

func routeOf(i int) string { return fmt.Sprint("population-", i) }

// pose asks one question.
func pose(t *testing.T, c *openai.Client, route string, r recording) {
	t.Helper()
	_, err := c.Chat.Completions.New(t.Context(), openai.ChatCompletionNewParams{
		Model:    r.Model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("(" + r.ID + ") " + r.Question + "\n\nEnd with a last line of the form: Answer: <letter>")},
	}, option.WithHeader("X-Population", route), option.WithHeader("X-Hotmess-Session", r.ID))
	if err != nil {
		t.Fatalf("%s of %s: %v", r.ID, r.Model, err)
	}
}

// replayConfig has a route for each population. Where its answers are letters,
// they are found by what the prompt asks for; others by an expression.
func replayConfig(populations []population) string {
	var b strings.Builder
	b.WriteString("budget: {extra_tokens_per_hour: 1_000_000_000}\nroutes:\n")
	for i, p := range populations {
		fmt.Fprintf(&b, "  - {name: %[1]s, match: {header: {X-Population: %[1]s}}", routeOf(i))
		if !p.lettered() {
			b.WriteString(`, extract: 'regexp:(?s)Answer: (.*)\z'`)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// lettered reports whether all answers are letters.
func (p population) lettered() bool {
	for _, r := range p {
		for _, s := range r.Samples {
			if s.Answer != nil && !letter.MatchString(*s.Answer) {
				return false
			}
		}
	}
	return true
}
