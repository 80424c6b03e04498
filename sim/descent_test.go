package sim

import (
	"bytes"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
)

func promptOf(t *testing.T, start string) string {
	t.Helper()
	q := PaperQuadratic(3, start)
	q.Step = .05
	text, err := q.MarshalPrompt()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// turns is a chat request of an optimiser that has answered so far.
func turns(t *testing.T, s *Server, start string, answers ...string) gjson.Result {
	t.Helper()
	messages := []any{map[string]any{"role": "user", "content": promptOf(t, start)}}
	for _, a := range answers {
		messages = append(messages, map[string]any{"role": "assistant", "content": a}, map[string]any{"role": "user", "content": "Go on."})
	}
	reply := ask(t, s, "", map[string]any{"model": "quadratic-47k", "messages": messages, "n": 2})
	if got := reply.Get("model").String(); got != "quadratic-47k" {
		t.Fatalf("model %s", got)
	}
	return reply
}

func TestOptimisersTakeOneStepAfterTheOther(t *testing.T) {
	var log bytes.Buffer
	s := &Server{TruthLog: &log}
	o, err := NewOptimiser(func() Quadratic { q := PaperQuadratic(3, "a"); q.Step = .05; return q }(), 47_000)
	if err != nil {
		t.Fatal(err)
	}
	var answers []string
	for n := range 4 {
		reply := turns(t, s, "a", answers...)
		text := reply.Get("choices.0.message.content").String()
		if text == reply.Get("choices.1.message.content").String() {
			t.Error("two choices are one draw")
		}
		answer := gjson.Parse(text)
		if !answer.Get("synthetic").Bool() || answer.Get("step").Int() != int64(n+1) || len(answer.Get("x").Array()) != 4 {
			t.Errorf("answer %d is %s", n+1, text)
		}
		answers = append(answers, text)
	}
	got := truths(t, &log)
	if len(got) != 8 {
		t.Fatalf("%d lines of truth", len(got))
	}
	last := got[7]
	if last.Step != 3 || *last.Bias2 != o.Bias2(4) || *last.Variance != o.Variance(4) || *last.D != 1 || !strings.HasPrefix(last.ID, "o-") {
		t.Errorf("truth %+v, want bias² %v and variance %v", last, o.Bias2(4), o.Variance(4))
	}
}

// TestTheNextStepGoesOnFromTheLast: what the history says is where it is.
func TestTheNextStepGoesOnFromTheLast(t *testing.T) {
	s := &Server{}
	far := `It is {"synthetic":true,"step":1,"x":[100,100,100,100]} now.`
	x := gjson.Parse(turns(t, s, "a", far).Get("choices.0.message.content").String()).Get("x").Array()
	for _, v := range x {
		if math.Abs(v.Float()) < 50 {
			t.Errorf("the step from 100 leads to %v", x)
		}
	}
}

func TestOptimisersSpeakEveryDialect(t *testing.T) {
	for _, w := range ways() {
		s := &Server{}
		body := w.body(promptOf(t, "a"), false)
		if _, ok := body["model"]; ok {
			body["model"] = "quadratic-5m"
		}
		w.path = strings.Replace(w.path, "/m:", "/quadratic-5m:", 1)
		for n := range 3 {
			reply := w.ask(t, s, body)
			if got := gjson.Parse(w.whole(reply).Text); !got.Get("synthetic").Bool() || got.Get("step").Int() != int64(n+1) {
				t.Errorf("%s: answer %d is %s", w.dialect, n+1, got)
			}
			w.reply(body, reply)
		}
	}
}

func TestSizesAreReadOffNames(t *testing.T) {
	want := map[string]float64{"quadratic-47k": 47e3, "quadratic-5M": 5e6, "quadratic-1.5b": 1.5e9, "quadratic-900": 900}
	got := map[string]float64{}
	for name := range want {
		got[name], _ = optimiserSize(name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"quadratic", "quadratic-", "quadratic-k", "quadratic-5t", "my-quadratic-5m", "quadratic-5m-turbo", "gpt-5"} {
		if size, ok := optimiserSize(name); ok {
			t.Errorf("%s has size %v", name, size)
		}
	}
}

func TestWhatOptimisersCannotReadIsRefused(t *testing.T) {
	user := func(text string) any { return map[string]any{"role": "user", "content": text} }
	model := func(text string) any { return map[string]any{"role": "assistant", "content": text} }
	good := promptOf(t, "a")
	for want, messages := range map[string][]any{
		"must hold a problem":      {user("Descend, please.")},
		"must hold a problem as":   {user(`{"a": "steep"}`)},
		"b has 0 numbers":          {user(`{}`)},
		"answer 1 of the model":    {user(good), model("I am there."), user("Go on.")},
		"answer 1 of the model is": {user(good), model(`{"x":[1,2]}`), user("Go on.")},
		"answer 2 of the model":    {user(good), model(`{"x":[1,2,3,4]}`), model(`{"x":[1,2,3,1e9]}`), user("Go on.")},
	} {
		res := post(&Server{}, with("", map[string]any{"model": "quadratic-47k", "messages": messages}))
		if res.Code != http.StatusBadRequest || !strings.Contains(res.Body.String(), want) {
			t.Errorf("%s: %d %s", want, res.Code, res.Body)
		}
	}
}

func TestOtherModelsAnswerTheSameQuestion(t *testing.T) {
	if got := answerOf(t, ask(t, &Server{Accuracy: 1}, promptOf(t, "a"), nil)); got == "" {
		t.Error("no answer")
	}
}

// FuzzDescent asks an optimiser anything: there is a step or a refusal.
func FuzzDescent(f *testing.F) {
	f.Add(`{"a":[[2,0],[0,1]],"b":[0,0],"start":[1,1],"step":0.05}`, `{"x":[1,1]}`, "quadratic-47k")
	f.Add(`{"a":[[1e6]],"b":[-1e6],"start":[1e6],"step":1e6}`, `{"x":[-1e6]}`, "quadratic-1")
	f.Add(`{"a":[[0]],"b":[0],"start":[0]}`, `{`, "quadratic-0.00001")
	f.Fuzz(func(t *testing.T, problem, answer, model string) {
		messages := []any{
			map[string]any{"role": "user", "content": problem},
			map[string]any{"role": "assistant", "content": answer},
			map[string]any{"role": "user", "content": "Go on."},
		}
		res := post(&Server{}, with("", map[string]any{"model": model, "messages": messages}))
		if res.Code != http.StatusOK && res.Code != http.StatusBadRequest {
			t.Errorf("status %d: %s", res.Code, res.Body)
		}
	})
}
