package sim

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"
)

func TestPairsDisagreeAsOftenAsTheTruthSays(t *testing.T) {
	const pairs = 800
	for name, test := range map[string]struct {
		server *Server
		fields map[string]any
		answer func(reply string) string
	}{
		"questions":  {&Server{Accuracy: .7}, nil, textAnswer},
		"few wrongs": {&Server{Accuracy: .5, Wrong: 1}, nil, textAnswer},
		"refusals":   {&Server{Accuracy: .8, Refusals: .3}, nil, textAnswer},
		"tool calls": {&Server{Accuracy: .6}, map[string]any{"tools": tools[:1]}, callAnswer},
		"JSON":       {&Server{Accuracy: .4}, map[string]any{"response_format": map[string]any{"type": "json_object"}}, wholeAnswer},
	} {
		s := test.server
		differ := frequency(pairs, func(question string) bool {
			first := post(s, with(question, test.fields)).Body.String()
			second := post(s, with(question, test.fields)).Body.String()
			return test.answer(first) != test.answer(second)
		})
		truth, _ := s.Summary().TrueDisagreement()
		near(t, name, differ, truth, pairs)
	}
}

func textAnswer(reply string) string {
	_, answer, _ := strings.Cut(gjson.Get(reply, "choices.0.message.content").String(), "Answer: ")
	return answer
}

func wholeAnswer(reply string) string {
	return gjson.Get(reply, "choices.0.message.content").String()
}

func callAnswer(reply string) string {
	return gjson.Get(reply, "choices.0.message.tool_calls.#.function.arguments").Raw
}

func TestDistributionIsZipfOverWrongAnswers(t *testing.T) {
	q := problem{right: content{key: "r"}, wrong: []content{{key: "a"}, {key: "b"}, {key: "c"}}}
	d := q.spread(.6, .1)
	// .9 is left by refusals; .4 of it is wrong, in shares 6:3:2 of 11.
	want := []float64{.54, .36 * 6 / 11, .36 * 3 / 11, .36 * 2 / 11, .1}
	same := 0.
	for i, o := range d {
		same += want[i] * want[i]
		if math.Abs(o.p-want[i]) > 1e-12 {
			t.Errorf("p[%d] = %v, want %v", i, o.p, want[i])
		}
	}
	if got := d.disagreement(); math.Abs(got-(1-same)) > 1e-12 {
		t.Errorf("disagreement = %v, want %v", got, 1-same)
	}
}

func TestDistributionAddsUpToOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := problem{wrong: make([]content, rapid.IntRange(0, 40).Draw(t, "wrong"))}
		sum := 0.
		for _, o := range q.spread(rapid.Float64Range(0, 1).Draw(t, "accuracy"), rapid.Float64Range(0, 1).Draw(t, "refusals")) {
			sum += o.p
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Fatalf("sum = %v", sum)
		}
	})
}

func TestAccuracyIsTheShareOfRightAnswers(t *testing.T) {
	const n = 800
	for _, test := range []struct {
		server *Server
		want   float64
	}{
		{&Server{}, DefaultAccuracy},
		{&Server{Accuracy: .3}, .3},
		{&Server{Accuracy: .8, Refusals: .5}, .4},
		{&Server{Accuracy: 1}, 1},
	} {
		s := test.server
		right := frequency(n, func(question string) bool {
			return textAnswer(post(s, with(question, nil)).Body.String()) == s.RightAnswer(question)
		})
		near(t, "right", right, test.want, n)
		if got, _ := s.Summary().Accuracy(); got != right {
			t.Errorf("Summary has accuracy %v, counted %v", got, right)
		}
		if got, _ := s.Summary().ExpectedAccuracy(); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("expected accuracy %v, want %v", got, test.want)
		}
	}
}

func TestWrongBoundsTheDistinctAnswers(t *testing.T) {
	for _, wrong := range []int{1, 3, 0} {
		s := &Server{Wrong: wrong}
		s.SetAccuracy(0)
		seen := map[string]bool{}
		for range 300 {
			seen[answerOf(t, ask(t, s, "Always wrong?", nil))] = true
		}
		want := wrong
		if wrong == 0 {
			want = DefaultWrong
		}
		if len(seen) != want || seen[s.RightAnswer("Always wrong?")] {
			t.Errorf("Wrong %d: answers %v", wrong, seen)
		}
	}
}

func TestSetAccuracyTurnsAtOnceAndOverridesTheRest(t *testing.T) {
	s := &Server{Accuracy: 1, TurnAfter: 1, TurnTo: 1}
	right := func(question string) bool { return answerOf(t, ask(t, s, question, nil)) == s.RightAnswer(question) }
	if frequency(20, right) != 1 {
		t.Error("a wrong answer at accuracy 1")
	}
	s.SetAccuracy(0)
	if frequency(20, right) != 0 {
		t.Error("a right answer at accuracy 0")
	}
}

func TestTurnAfterChangesAccuracy(t *testing.T) {
	s := &Server{Accuracy: 1, TurnAfter: 10, TurnTo: 0}
	for i := range 20 {
		question := fmt.Sprintf("Number %d?", i)
		if got, want := answerOf(t, ask(t, s, question, nil)) == s.RightAnswer(question), i < 10; got != want {
			t.Errorf("request %d right: %v, want %v", i, got, want)
		}
	}
}

func TestRefusalsReplaceTheText(t *testing.T) {
	reply := ask(t, &Server{Refusals: 1}, "May I?", nil)
	message := reply.Get("choices.0.message")
	if message.Get("refusal").String() == "" || message.Get("content").Type != gjson.Null {
		t.Errorf("message = %s", message)
	}
}

func TestQuestionWithOptionsIsAnsweredByLetter(t *testing.T) {
	question := "Which?\nA) one\nB) two\n(C) three\nE) five"
	s := &Server{Accuracy: .3}
	for range 50 {
		if got := answerOf(t, ask(t, s, question, nil)); !strings.Contains("ABC", got) {
			t.Errorf("answer %q", got)
		}
	}
}

func TestProseVariesUnlessFixed(t *testing.T) {
	for _, fixed := range []bool{false, true} {
		s := &Server{Accuracy: 1, FixedText: fixed}
		texts := map[string]bool{}
		for range 20 {
			texts[wholeAnswer(ask(t, s, "The same?", nil).Raw)] = true
		}
		if fixed != (len(texts) == 1) || (!fixed && len(texts) < 15) {
			t.Errorf("FixedText %v: %d texts in 20 samples", fixed, len(texts))
		}
	}
}

func TestStructuredAnswersFollowTheSchema(t *testing.T) {
	schema := `{"type":"object","properties":{"level":{"type":"integer","minimum":3,"maximum":5},"color":{"enum":["red","blue"]},
		"tags":{"type":"array","items":{"type":"string"}},"at":{"type":"string","format":"date-time"},"ok":{"type":["null","boolean"]},
		"inner":{"type":"object","properties":{"x":{"type":"number"}}}},"required":["level","color","tags","at","ok","inner"]}`
	s := &Server{Accuracy: .2}
	for range 30 {
		reply := ask(t, s, "Fill it in", map[string]any{"response_format": map[string]any{
			"type": "json_schema", "json_schema": map[string]any{"name": "x", "schema": gjson.Parse(schema).Value()},
		}})
		got := gjson.Parse(wholeAnswer(reply.Raw))
		level := got.Get("level").Int()
		if level < 3 || level > 5 || !strings.Contains("red blue", got.Get("color").String()) || !got.Get("tags").IsArray() ||
			!got.Get("ok").IsBool() || !got.Get("inner.x").Exists() || !strings.HasSuffix(got.Get("at").String(), "Z") {
			t.Errorf("answer %s", got)
		}
	}
}

func TestReasoningIsLogNormal(t *testing.T) {
	const n = 800
	for _, test := range []struct {
		knob          Reasoning
		median, sigma float64
	}{
		{Reasoning{}, DefaultReasoningMedian, DefaultReasoningSigma},
		{Reasoning{Median: 1000, Sigma: .2}, 1000, .2},
		{Reasoning{Median: 500, Sigma: 1, WhenWrong: 3}, 1500, 1},
	} {
		var log bytes.Buffer
		s := &Server{Reasoning: test.knob, TruthLog: &log}
		s.SetAccuracy(0)
		frequency(n, func(question string) bool { post(s, with(question, nil)); return true })
		below, within := 0, 0
		for _, line := range truths(t, &log) {
			x := math.Log(float64(line.ReasoningTokens) / test.median)
			if x < 0 {
				below++
			}
			if math.Abs(x) < test.sigma {
				within++
			}
		}
		near(t, "below the median", float64(below)/n, .5, n)
		near(t, "within a sigma", float64(within)/n, math.Erf(1/math.Sqrt2), n)
	}
}

func TestReasoningOffAndShown(t *testing.T) {
	reply := ask(t, &Server{Reasoning: Reasoning{Median: -1}}, "Hi", nil)
	if got := reply.Get("usage.completion_tokens_details.reasoning_tokens").Int(); got != 0 {
		t.Errorf("a model that does not reason used %d tokens", got)
	}
	if reply.Get("choices.0.message.reasoning_content").Exists() {
		t.Error("reasoning is shown without Show")
	}
	reply = ask(t, &Server{Reasoning: Reasoning{Median: 40, Sigma: -1, Show: true}}, "Hi", nil)
	shown := len(reply.Get("choices.0.message.reasoning_content").String())
	if used := reply.Get("usage.completion_tokens_details.reasoning_tokens").Int(); used != 40 || shown < 155 || shown > 160 {
		t.Errorf("%d tokens, %d bytes shown", used, shown)
	}
}
