package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"hotmess/config"
	"hotmess/detect"
)

// labelCounts reads hotmess_labels_total off the metrics.
func labelCounts(m *Monitor) string {
	var b bytes.Buffer
	m.WriteMetrics(&b)
	var found []string
	for line := range strings.Lines(b.String()) {
		if rest, ok := strings.CutPrefix(line, `hotmess_labels_total{result="`); ok && !strings.HasSuffix(rest, " 0\n") {
			found = append(found, strings.ReplaceAll(strings.TrimSpace(rest), `"}`, ""))
		}
	}
	return strings.Join(found, ", ")
}

func TestRelabelReplacesExactly(t *testing.T) {
	m, _ := newTest(t)
	for i := range 3 {
		o := answered("c", base.Add(time.Duration(i)*time.Minute), i, "a", "b")
		m.take(o)
		mustCount(t, m, Label{Request: o.ID, Outcome: Pass, Source: "ci"})
	}
	id := idAt(base, 0)
	nearFigure(t, "accuracy", month(t, m).Accuracy, 1)
	if r := say(t, m, Label{Request: id, Outcome: Pass, Source: "user"}); r.Status != LabelRepeated {
		t.Errorf("%+v", r)
	}
	if r := say(t, m, Label{Request: id, Outcome: Fail, Source: "user"}); r.Status != LabelReplaced {
		t.Errorf("%+v", r)
	}
	nearFigure(t, "accuracy", month(t, m).Accuracy, 2./3)
	nearFigure(t, "error", month(t, m).Error, 2./3)
	if r := say(t, m, Label{Request: id, Outcome: Pass}); r.Status != LabelReplaced {
		t.Errorf("%+v", r)
	}
	nearFigure(t, "error", month(t, m).Error, 0)
	if rep := month(t, m); rep.Error.N != 3 || rep.Error.Clusters != 1 {
		t.Errorf("%d requests of %d conversations", rep.Error.N, rep.Error.Clusters)
	}
	if got, want := labelCounts(m), "counted 3, repeated 1, replaced 2"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestAnswerGoesBeforeOutcomes(t *testing.T) {
	m, _ := newTest(t)
	o := answered("c", base, 1, "a", "b")
	m.take(o)
	mustCount(t, m, Label{Request: o.ID, Key: sealed("b")})
	mustCount(t, m, Label{Request: o.ID, Outcome: Pass})
	nearFigure(t, "error", month(t, m).Error, 1)
	nearFigure(t, "accuracy", month(t, m).Accuracy, 0)
}

func TestLabelsThatCannotBeAreRefusedWithTheReason(t *testing.T) {
	m, _ := newTest(t)
	m.labelling.Answer = func(_ *Observation, answer string) (string, error) {
		if answer == "odd" {
			return "", errors.New("no letter")
		}
		return sealed(answer), nil
	}
	whole := answered("c", base, 1, "a", "b")
	m.take(whole)
	failed := answered("c", base, 2, "a")
	failed.Samples[0] = SampleRecord{Missing: ReasonGone}
	m.take(failed)
	text := measured("c", base, true)
	text.ID, text.Kind, text.Headline = idAt(base, 3), "text", ""
	text.Samples = whole.Samples
	m.take(text)
	one, seven := 1, 7
	mustCount(t, m, Label{Request: whole.ID, Tests: []bool{true, false}})
	for _, c := range []struct {
		label Label
		want  string
	}{
		{Label{Request: whole.ID, Answer: "odd"}, "label: answer: no letter"},
		{Label{Request: whole.ID, Outcome: Pass, Sample: &seven}, "label: sample: 7, but the request has 2 samples"},
		{Label{Request: whole.ID, Tests: []bool{true}, Sample: &one}, "label: tests: 1 outcomes, but an earlier label of this request has 2"},
		{Label{Request: failed.ID, Outcome: Fail}, "label: request: it has no whole reply that could be right or wrong (gone)"},
		{Label{Request: text.ID, Key: sealed("a")}, "label: answer: replies of kind text are not compared as answers"},
		{Label{Request: idAt(base.Add(time.Hour), 1), Outcome: Pass}, "label: request: " + idAt(base.Add(time.Hour), 1) + " is of a time to come"},
	} {
		if r := say(t, m, c.label); r.Status != LabelRefused || !strings.HasPrefix(r.Error, c.want) {
			t.Errorf("%+v: %+v, want %s", c.label, r, c.want)
		}
	}
	m.labelling.Answer = nil
	if r := say(t, m, Label{Request: whole.ID, Answer: "a"}); r.Status != LabelRefused {
		t.Errorf("without a key: %+v", r)
	}
}

func TestTextIsLabelledByOutcomeAlone(t *testing.T) {
	m, _ := newTest(t)
	o := measured("c", base, true)
	o.ID, o.Kind, o.Headline = idAt(base, 3), "text", ""
	o.Samples = answered("c", base, 1, "a", "b").Samples
	m.take(o)
	mustCount(t, m, Label{Request: o.ID, Outcome: Pass})
	rep := month(t, m)
	nearFigure(t, "accuracy", rep.Accuracy, 1)
	if rep.Variance.Absent != AbsentNoLabels {
		t.Errorf("variance without a headline: %+v", rep.Variance)
	}
}

func TestUndrawnRequestsCountAsAccuracyAlone(t *testing.T) {
	m, _ := newTest(t)
	o := answered("c", base, 1, "a")
	o.Drawn, o.Differ = false, nil
	m.take(o)
	mustCount(t, m, Label{Request: o.ID, Outcome: Fail})
	rep := month(t, m)
	nearFigure(t, "accuracy", rep.Accuracy, 0)
	if rep.Error.Absent != AbsentNoLabels {
		t.Errorf("%+v", rep.Error)
	}
}

func TestLabelWaitsForItsRequest(t *testing.T) {
	m, clock := newTest(t)
	var kept []Label
	m.labelling.Keep = func(l Label) { kept = append(kept, l) }
	m.labelling.Answer = func(_ *Observation, answer string) (string, error) { return sealed(answer), nil }
	at := clock.now()
	o := answered("c", at, 1, "a", "b")
	if r := say(t, m, Label{Request: o.ID, Answer: "a"}); r.Status != LabelWaiting {
		t.Fatalf("%+v", r)
	}
	if len(kept) != 0 {
		t.Fatal("kept before it counts")
	}
	m.take(o)
	nearFigure(t, "accuracy", month(t, m).Accuracy, 1)
	if len(kept) != 1 || kept[0].Answer != "" || kept[0].Key != sealed("a") || kept[0].Time.IsZero() {
		t.Errorf("kept %+v", kept)
	}
	if r := say(t, m, Label{Request: idAt(at, 2), Outcome: Pass}); r.Status != LabelWaiting {
		t.Fatalf("%+v", r)
	}
	clock.advance(labelPatience + time.Second)
	m.sweep()
	m.take(answered("c", at, 2, "a", "b"))
	if rep := month(t, m); rep.Accuracy.N != 1 {
		t.Errorf("a label counts that was given up: %+v", rep.Accuracy)
	}
	if got, want := labelCounts(m), "counted 1, expired 1, waiting 2"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestWaitingLabelsAreBounded(t *testing.T) {
	w := newWaiting(2, 1<<20)
	for i, want := range []bool{true, true, false} {
		if got := w.add(Label{Request: fmt.Sprint(i)}, base); got != want {
			t.Errorf("label %d: %t", i, got)
		}
	}
	if n := len(w.take("0")); n != 1 || w.labels != 1 {
		t.Errorf("took %d, %d left", n, w.labels)
	}
	big := newWaiting(100, 1000)
	if !big.add(Label{Request: "a"}, base) || big.add(Label{Request: "b", Answer: string(make([]byte, 600))}, base) {
		t.Error("bytes are not bounded")
	}
	m, clock := newTest(t)
	m.waiting = newWaiting(0, 0)
	if r := say(t, m, Label{Request: idAt(clock.now(), 1), Outcome: Pass}); r.Status != LabelRefused || !strings.Contains(r.Error, "too many labels wait") {
		t.Errorf("%+v", r)
	}
}

func TestOldRequestsComeFromTheArchive(t *testing.T) {
	m, clock := newTest(t)
	old := answered("c", base.Add(-48*time.Hour), 1, "a", "b")
	var asked [][]string
	failure := error(nil)
	m.labelling.Archive = func(_ context.Context, ids []string) (map[string]Observation, error) {
		asked = append(asked, ids)
		if failure != nil {
			return nil, failure
		}
		return map[string]Observation{old.ID: old}, nil
	}
	recent := answered("c", base, 2, "a", "a")
	m.take(recent)
	failure = errors.New("no NATS")
	if r := say(t, m, Label{Request: old.ID, Outcome: Fail}); r.Status != LabelRefused || !strings.Contains(r.Error, "send the label again: no NATS") {
		t.Errorf("%+v", r)
	}
	if r := say(t, m, Label{Request: idAt(clock.now(), 9), Outcome: Fail}); r.Status != LabelWaiting {
		t.Errorf("a young one while the archive fails: %+v", r)
	}
	failure = nil
	results := m.Label(t.Context(), []Label{
		{Request: old.ID, Outcome: Fail}, {Request: recent.ID, Outcome: Pass}, {Request: old.ID, Outcome: Fail},
	})
	if results[0].Status != LabelCounted || results[1].Status != LabelCounted || results[2].Status != LabelRepeated {
		t.Errorf("%+v", results)
	}
	if last := asked[len(asked)-1]; len(last) != 1 || last[0] != old.ID {
		t.Errorf("asked for %v", last)
	}
	// It counts in the bucket of its own time: in 30 days, not in two.
	nearFigure(t, "accuracy", month(t, m).Accuracy, .5)
	for _, l := range m.Routes()[0].Labelled {
		if l.Window == "48h" {
			nearFigure(t, "accuracy of 48h", l.Accuracy, 1)
		}
	}
}

func TestLabelsOfOtherSidecarsAreNoErrors(t *testing.T) {
	m, _ := newTest(t)
	own, other := answered("c", base, 1, "a", "b"), idAt(base.Add(-time.Hour), 1)
	m.take(own)
	if r := say(t, m, Label{Request: other, Outcome: Pass}); r.Status != LabelUnknown || !strings.HasPrefix(r.Error, "label: request: no observation of "+other+": it was not read") {
		t.Errorf("%+v", r)
	}
	for body, elsewhere := range map[string]bool{
		`{"request":"` + other + `","outcome":"pass"}`:                                                 true,
		`[{"request":"` + other + `","outcome":"pass"},{"request":"` + own.ID + `","outcome":"pass"}]`: false,
		`[{"request":"` + other + `","outcome":"pass"},{"request":"` + other + `","outcome":"odd"}]`:   false,
		"[]": false,
	} {
		reply, err := m.LabelBody(t.Context(), []byte(body), "nats")
		if err != nil || reply.Elsewhere() != elsewhere || reply.Unknown > 1 || reply.Accepted+reply.Refused != len(reply.Results) {
			t.Errorf("%s: %+v, %v", body, reply, err)
		}
	}
	if got := labelCounts(m); got != "counted 1, refused 1, unknown 4" {
		t.Errorf("counted as %s", got)
	}
}

func TestBodiesOfLabels(t *testing.T) {
	m, _ := newTest(t)
	var ids []string
	for i := range 3 {
		o := answered("c", base, i, "a", "b")
		m.take(o)
		ids = append(ids, o.ID)
	}
	pass := func(i int) string { return `{"request":"` + ids[i] + `","outcome":"pass"}` }
	for _, c := range []struct {
		body              string
		accepted, refused int
		items             []int
	}{
		{pass(0), 1, 0, []int{1}},
		{"{\n  \"request\": \"" + ids[1] + "\",\n  \"outcome\": \"pass\"\n}\n", 1, 0, []int{1}},
		{"\n" + pass(0) + "\n\nodd\n" + pass(2) + "\n", 2, 1, []int{2, 4, 5}},
		{"[" + pass(0) + `,{"v":2},` + pass(1) + "]", 2, 1, []int{1, 2, 3}},
		{"[]", 0, 0, nil},
	} {
		reply, err := m.LabelBody(t.Context(), []byte(c.body), "api")
		if err != nil || reply.Accepted != c.accepted || reply.Refused != c.refused {
			t.Errorf("%q: %+v, %v", c.body, reply, err)
		}
		for i, item := range reply.Results {
			if item.Item != c.items[i] {
				t.Errorf("%q: result %d is of item %d, want %d", c.body, i, item.Item, c.items[i])
			}
			if (item.Status == LabelRefused) != (item.Error != "") {
				t.Errorf("%q: %+v", c.body, item)
			}
		}
	}
	for body, want := range map[string]string{
		" \n": "no label in it", "[{]": "the array of labels is not JSON",
		strings.Repeat("x\n", maxLabelItems+1):           "more than 10000 labels, send as many at a time at most",
		"[" + strings.Repeat("1,", maxLabelItems) + "1]": "more than 10000 labels",
	} {
		if _, err := m.LabelBody(t.Context(), []byte(body), "api"); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.10q: %v, want %s", body, err, want)
		}
	}
}

func FuzzLabelItems(f *testing.F) {
	for _, s := range []string{"{}\n{}", "[{},1]", "[", "\n\n", `{"a":` + "\n1}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		items, err := labelItems(body)
		for _, item := range items {
			if err == nil && item.number < 1 {
				t.Fatalf("item %d", item.number)
			}
		}
	})
}

// TestBodiesOfManyLabelsTakeLittleMemory has bodies of the largest size in the
// smallest pieces, which are refused: taking them apart first takes 30 times their
// size and more.
func TestBodiesOfManyLabelsTakeLittleMemory(t *testing.T) {
	for name, body := range map[string][]byte{
		"array": []byte("[" + strings.Repeat("1,", MaxLabelBody/2-1) + "1]"),
		"lines": bytes.Repeat([]byte("x\n"), MaxLabelBody/2),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := labelItems(body); err == nil {
			t.Errorf("%s: no error", name)
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 2*MaxLabelBody {
			t.Errorf("%s: %d bytes for a body of %d", name, took, len(body))
		}
	}
}

func TestLabelledSeriesAreBounded(t *testing.T) {
	m, _ := newTest(t)
	m.labelledCount = maxLabelled
	o := answered("c", base, 1, "a", "b")
	m.take(o)
	if r := say(t, m, Label{Request: o.ID, Outcome: Pass}); r.Status != LabelRefused || !strings.Contains(r.Error, "256") {
		t.Errorf("%+v", r)
	}
	m.labelledCount = labelledCurved
	mustCount(t, m, Label{Request: o.ID, Outcome: Pass})
	if rep := month(t, m); rep.Curves != nil {
		t.Error("a series beyond the bound has curves")
	}
}

func TestLabelledFiguresAreMetrics(t *testing.T) {
	m, _ := newTest(t)
	for i := range 30 {
		o := answered(fmt.Sprint("c", i), base, i, "a", string(rune('a'+i%2)))
		m.take(o)
		outcome := Pass
		if i < 20 {
			outcome = Fail
		}
		mustCount(t, m, Label{Request: o.ID, Outcome: outcome})
	}
	var b bytes.Buffer
	m.WriteMetrics(&b)
	for _, want := range []string{
		`hotmess_error{route="r",kind="answer",pinned="false",scale="answers"} 1.3333333333333333`,
		`hotmess_incoherence{route="r",kind="answer",pinned="false",scale="answers"} 0.375`,
		`hotmess_incoherence_low{route="r"`, `hotmess_incoherence_high{route="r"`,
		`hotmess_labelled_requests{route="r",kind="answer",pinned="false",scale="answers"} 30`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestCurvesOfLabelledRequestsRunOverTheirLengths(t *testing.T) {
	m, _ := newTest(t)
	for i := range 60 {
		second := "a"
		if i%2 == 1 { // the long ones differ, and are wrong
			second = "b"
		}
		o := answered(fmt.Sprint("c", i), base, i, "a", second)
		for s := range o.Samples {
			o.Samples[s].Reasoning.Tokens = 100 + 900*(i%2)
		}
		m.take(o)
		outcome := Pass
		if i%2 == 1 {
			outcome = Fail
		}
		mustCount(t, m, Label{Request: o.ID, Outcome: outcome})
	}
	c := month(t, m).Curves
	if len(c) != 4 || c[0].Length != "reasoning_tokens" || len(c[0].Bins) != 2 || len(c[3].Bins) != 0 {
		b, _ := json.Marshal(c)
		t.Fatalf("%s", b)
	}
	short, long := c[0].Bins[0], c[0].Bins[1]
	if short.Low != 64 || long.Low != 512 || *long.High != 1023 {
		t.Errorf("bins from %d and %d", short.Low, long.Low)
	}
	nearFigure(t, "short error", short.Error, 0)
	nearFigure(t, "long error", long.Error, 2)
	nearFigure(t, "long variance", long.Variance, 1)
	nearFigure(t, "long incoherence", long.Incoherence, .5)
}

func TestConversationWithoutScoresKeepsItsValue(t *testing.T) {
	m, clock := newTest(t)
	o := answered("c", base, 1, "a")
	o.Drawn = false
	m.take(o)
	mustCount(t, m, Label{Request: o.ID, Outcome: Fail})
	clock.advance(conversationSilence)
	m.sweep()
	c := m.judged.get(conversationKey{"r", "c"})
	if c.Settled {
		t.Fatal("settled without a score")
	}
	for i := range labelledUnitSize {
		if c.Settled {
			t.Errorf("settled after %d scored requests", i)
		}
		o := answered("c", base, 2+i, "a", "b")
		m.take(o)
		mustCount(t, m, Label{Request: o.ID, Outcome: Fail})
	}
	if !c.Settled {
		t.Error("not settled at its 20th scored request")
	}
}

func TestLabelledConversationGivesOneValue(t *testing.T) {
	dir := t.TempDir()
	m, clock := newTestIn(t, dir)
	o := answered("c", base, 1, "a", "b")
	m.take(o)
	mustCount(t, m, Label{Request: o.ID, Outcome: Fail})
	c := m.judged.get(conversationKey{"r", "c"})
	if c.Settled {
		t.Fatal("settled at its first label")
	}
	clock.advance(conversationSilence)
	m.sweep()
	if !c.Settled {
		t.Error("not settled after its end")
	}
	m.save()
	again, err := New(Settings{Budget: config.Default().Budget, Dir: dir, Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	if c := again.judged.get(conversationKey{"r", "c"}); c == nil || !c.Settled {
		t.Error("it would give its value again after a restart")
	}
	for i := range labelledUnitSize {
		o := answered("d", base, 100+i, "a", "b")
		m.take(o)
		mustCount(t, m, Label{Request: o.ID, Outcome: Fail})
	}
	if !m.judged.get(conversationKey{"r", "d"}).Settled {
		t.Error("not settled at its 20th label")
	}
	// All failed and all pairs differ: the greatest error in Brier form is 2.
	one := []detect.Value{{X: 1}, {X: 1}}
	for key, l := range m.routes["r"].detection.labelled {
		if key.Kind != o.Kind || key.Scale != scaleAnswers || !slices.Equal(l.Errors.Baseline.Values, one) || !slices.Equal(l.Variances.Baseline.Values, one) {
			t.Errorf("detectors of %+v hold %v and %v", key, l.Errors.Baseline.Values, l.Variances.Baseline.Values)
		}
	}
	if n := len(m.routes["r"].detection.labelled); n != 1 {
		t.Errorf("%d labelled series have detectors", n)
	}
}
