package sim

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestTruthLogHoldsWhatWasDrawn(t *testing.T) {
	var log bytes.Buffer
	at := time.Unix(1_700_000_000, 0).UTC()
	s := &Server{Accuracy: .5, Wrong: 1, TruthLog: &log, Now: func() time.Time { return at }}
	reply := ask(t, s, "What is secret?", map[string]any{"n": 2})
	if strings.Contains(log.String(), "secret") {
		t.Error("the prompt is in the log")
	}
	got := truths(t, &log)
	d := .5
	want := Truth{
		Time: at, Dialect: DialectChat, Model: "test-model", Answer: answerOf(t, reply), PRight: .5, D: &d,
		Right: answerOf(t, reply) == s.RightAnswer("What is secret?"),
	}
	if len(got) != 2 || got[1].Choice != 1 || got[0].Request == "" || got[0].ID == "" || got[0].ReasoningTokens == 0 {
		t.Fatalf("log = %+v", got)
	}
	if diff := cmp.Diff(want, got[0], cmpopts.IgnoreFields(Truth{}, "Request", "ID", "ReasoningTokens"), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Error(diff)
	}
}

func TestTruthLogNamesTaskStepAndFault(t *testing.T) {
	var log bytes.Buffer
	s := &Server{TruthLog: &log, Faults: Faults{ServerError: 1}}
	post(s, with("", map[string]any{"tools": tools, "messages": []any{
		map[string]any{"role": "user", "content": []any{map[string]any{"type": "text", "text": "task 8"}}},
		map[string]any{"role": "tool", "tool_call_id": "c", "content": "ok"},
	}}))
	if got := truths(t, &log); len(got) != 1 || got[0].ID != "8" || got[0].Step != 1 || got[0].Fault != "server_error" {
		t.Errorf("log = %+v", got)
	}
}

// deaf takes nothing.
type deaf struct{}

func (deaf) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestTruthLogFailuresAreCounted(t *testing.T) {
	s := &Server{TruthLog: deaf{}}
	ask(t, s, "Hi", nil)
	if got := s.Summary().LogFailures; got != 1 {
		t.Errorf("LogFailures = %d", got)
	}
}

func TestSummaryIsAbsentWithoutAnswers(t *testing.T) {
	s := &Server{Faults: Faults{ServerError: 1}}
	post(s, with("Hi", nil))
	for name, f := range map[string]func() (float64, bool){
		"TrueDisagreement": s.Summary().TrueDisagreement, "Accuracy": s.Summary().Accuracy,
		"ExpectedAccuracy": s.Summary().ExpectedAccuracy, "ReasoningTokens": s.Summary().ReasoningTokens,
	} {
		if v, ok := f(); ok {
			t.Errorf("%s = %v of no answers", name, v)
		}
	}
}

func TestMarkBeginsANewPeriod(t *testing.T) {
	s := &Server{Accuracy: 1, Wrong: 1, Reasoning: Reasoning{Median: 100, Sigma: -1}}
	for range 3 {
		ask(t, s, "One?", nil)
	}
	s.SetAccuracy(.5)
	before := s.Mark()
	ask(t, s, "One?", nil)
	ask(t, s, "Two?", nil)
	after := s.Summary()
	for _, test := range []struct {
		sum               Summary
		requests, prompts int
		d                 float64
	}{{before, 3, 1, 0}, {after, 2, 2, .5}} {
		d, _ := test.sum.TrueDisagreement()
		if test.sum.Requests != test.requests || test.sum.Prompts != test.prompts || math.Abs(d-test.d) > 1e-12 {
			t.Errorf("%+v: disagreement %v, want %+v", test.sum, d, test)
		}
	}
	if got, _ := after.ReasoningTokens(); got != 100 {
		t.Errorf("reasoning tokens = %v", got)
	}
}
