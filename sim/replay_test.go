package sim

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

func loadTestData(t *testing.T) *Replay {
	t.Helper()
	file, err := os.Open("testdata/replay.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	r, err := LoadReplay(file)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReplayDisagreementIsUnbiasedAndCountsNone(t *testing.T) {
	r := loadTestData(t)
	for _, test := range []struct {
		model, dataset string
		d              float64
		questions      int
	}{
		// q1: two of four agree, one pair of six: 5/6. q2: 0. q3 has no pair.
		{"alpha", "made-up", 5. / 12, 2},
		{"beta", "made-up", .5, 2},
		{"beta", "other", 1, 1},
		{"gamma", "made-up", 0, 0},
	} {
		d, questions := r.Disagreement(test.model, test.dataset)
		if math.Abs(d-test.d) > 1e-12 || questions != test.questions {
			t.Errorf("%+v: %v over %d questions", test, d, questions)
		}
	}
}

func TestReplayListsModelsAndQuestions(t *testing.T) {
	r := loadTestData(t)
	if got := r.Models(); !slices.Equal(got, []string{"alpha", "beta"}) {
		t.Errorf("models = %v", got)
	}
	want := Question{Dataset: "made-up", Model: "alpha", Task: "sums", ID: "q1", Text: "What is two plus two, in digits?", Reference: "4", Samples: 4}
	if got := r.Questions(); len(got) != 6 || got[0] != want || got[1].Reference != "" {
		t.Errorf("questions = %+v", got)
	}
}

func TestReplayFindsTheQuestionInAMessage(t *testing.T) {
	for _, test := range []struct{ model, message, want string }{
		{"alpha", "What is two plus two, in digits?", "q1"},
		{"alpha", "Think first. What is two plus two, in digits?\nEnd with Answer: X.", "q1"},
		{"alpha", "Use 4 5 6 1 to make 24", "q2"},
		{"alpha", "Use 4 5 6 10 to make 24", "q3"},
		{"alpha", "Use 4 5 6 12 to make 24", ""},
		{"alpha", "Use 14 5 6 1 to make 24", ""},
		{"beta", "You are placed in a maze whose description was cut short here", "b1"},
		{"beta", "[b1-long] You are placed in a maze whose description was cut", "b1-long"},
		{"beta", "What is two plus two, in digits?", ""},
	} {
		var log bytes.Buffer
		w := post(&Server{Replay: loadTestData(t), TruthLog: &log}, with(test.message, map[string]any{"model": test.model}))
		if test.want == "" {
			if w.Code != 404 || gjson.Get(w.Body.String(), "error.code").String() != "question_not_found" {
				t.Errorf("%+v: status %d, %s", test, w.Code, w.Body)
			}
			continue
		}
		if got := truths(t, &log); len(got) != 1 || got[0].ID != test.want {
			t.Errorf("%+v: found %+v", test, got)
		}
	}
}

func TestReplayRefusesUnknownModels(t *testing.T) {
	w := post(&Server{Replay: loadTestData(t)}, with("What is two plus two, in digits?", nil))
	problem := gjson.Get(w.Body.String(), "error")
	if w.Code != 404 || problem.Get("code").String() != "model_not_found" || !strings.Contains(problem.Get("message").String(), "alpha, beta") {
		t.Errorf("status %d, %s", w.Code, w.Body)
	}
}

func TestReplaySendsTheRecordedSamples(t *testing.T) {
	r := loadTestData(t)
	s := &Server{Replay: r}
	seen := map[string]int{}
	for range 4 {
		reply := ask(t, s, "What is two plus two, in digits?", map[string]any{"model": "alpha"})
		_, answer, found := strings.Cut(wholeAnswer(reply.Raw), "Answer: ")
		if !found {
			answer = None
		}
		seen[fmt.Sprint(answer, " after ", reply.Get("usage.completion_tokens_details.reasoning_tokens"))]++
	}
	// Characters / 4, rounded up.
	for _, want := range []string{"4 after 3", "4 after 5", "5 after 11", "NONE after 0"} {
		if seen[want] != 1 {
			t.Errorf("four requests gave %v, want each of the four samples once", seen)
		}
	}
	reply := ask(t, s, "4 5 6 1", map[string]any{"model": "alpha"})
	if got := wholeAnswer(reply.Raw); got != "Answer: (5 - 1) * 6 = 24" {
		t.Errorf("recorded text came as %q", got)
	}
	reply = ask(t, s, "4 5 6 10", map[string]any{"model": "alpha"})
	if got := reply.Get("usage.completion_tokens_details.reasoning_tokens").Int(); got != 77 {
		t.Errorf("output_tokens 77 came as %d", got)
	}
}

func TestReplayedTruthIsThatOfTheData(t *testing.T) {
	var log bytes.Buffer
	s := &Server{Replay: loadTestData(t), TruthLog: &log}
	ask(t, s, "What is two plus two, in digits?", map[string]any{"model": "alpha"})
	ask(t, s, "4 5 6 10", map[string]any{"model": "alpha"})
	got := truths(t, &log)
	if got[0].D == nil || math.Abs(*got[0].D-5./6) > 1e-12 || got[0].PRight != .5 || got[1].D != nil {
		t.Errorf("log = %+v", got)
	}
	if d, ok := s.Summary().TrueDisagreement(); !ok || math.Abs(d-5./6) > 1e-12 {
		t.Errorf("true disagreement = %v, %v", d, ok)
	}
}

func TestReplayedPairsAreUnbiased(t *testing.T) {
	// Four samples of which two agree: D = 5/6. The pairs of one prompt that
	// is asked again and again straddle the rounds of its deck if one more
	// request comes first.
	const pairs = 800
	r := loadTestData(t)
	for _, extra := range []int{0, 3} {
		differ := 0
		for seed := range pairs {
			s := &Server{Seed: uint64(seed), Replay: r}
			var answers []string
			for range extra + 2 {
				reply := ask(t, s, "What is two plus two, in digits?", map[string]any{"model": "alpha"})
				answers = append(answers, textAnswer(reply.Raw))
			}
			if answers[extra] != answers[extra+1] {
				differ++
			}
		}
		near(t, fmt.Sprintf("pairs after %d more", extra), float64(differ)/pairs, 5./6, pairs)
	}
}

func TestDeckDealsEvenPairsAcrossRounds(t *testing.T) {
	const decks, n = 3000, 3
	for at := range 7 {
		counts := map[[2]int]int{}
		for seed := range decks {
			rng := source(uint64(seed), "deck")
			var d deck
			var dealt []int
			for range at + 2 {
				dealt = append(dealt, d.deal(rng, n))
			}
			counts[[2]int{dealt[at], dealt[at+1]}]++
		}
		for a := range n {
			for b := range n {
				want := 0.
				if a != b {
					want = 1. / (n * (n - 1))
				}
				near(t, fmt.Sprintf("cards %d and %d as %d, %d", at, at+1, a, b), float64(counts[[2]int{a, b}])/decks, want, decks)
			}
		}
	}
}

func TestLoadReplayNamesTheBadLine(t *testing.T) {
	good := `{"dataset":"d","model":"m","question_id":"q","question":"x","samples":[{"answer":"1","correct":true}]}`
	for name, test := range map[string]struct{ text, want string }{
		"not JSON":        {good + "\n{", "line 2: unexpected end"},
		"no samples":      {"\n" + strings.Replace(good, `[{"answer":"1","correct":true}]`, "[]", 1), "line 2: samples is empty"},
		"no model":        {strings.Replace(good, `"m"`, `""`, 1), "line 1: model is missing"},
		"no question":     {strings.Replace(good, `"x"`, `""`, 1), "line 1: question is missing"},
		"twice":           {good + "\n" + good, "line 2: question_id \"q\" stands there twice"},
		"negative length": {strings.Replace(good, `"correct"`, `"reasoning_chars":-1,"correct"`, 1), "line 1: samples[0] has a negative length"},
		"line too long":   {good + "\n" + strings.Repeat(" ", maxReplayLine+1), "line 2: bufio.Scanner: token too long"},
		"nothing":         {"", "no questions"},
	} {
		_, err := LoadReplay(strings.NewReader(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q in it", name, err, test.want)
		}
	}
}

func FuzzLoadReplay(f *testing.F) {
	data, err := os.ReadFile("testdata/replay.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(data), "You are placed in a maze")
	f.Add(`{"dataset":"d","model":"m","question_id":"q","question":"é","samples":[{}]}`, "é")
	f.Fuzz(func(t *testing.T, data, message string) {
		r, err := LoadReplay(strings.NewReader(data))
		if err != nil {
			return
		}
		for _, q := range r.Questions() {
			found := r.models[q.Model].find(message)
			if found != nil && !strings.Contains(message, found.Question) {
				t.Errorf("%q found in %q", found.Question, message)
			}
			if r.models[q.Model].find(q.Text) == nil {
				t.Errorf("%q not found in itself", q.Text)
			}
		}
	})
}
