package eval

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"hotmess/wire"
)

// plain are options that are right.
func plain() Options {
	return Options{
		Dialect: wire.OpenAIChat, Model: "m", Samples: 2, Concurrency: 1, Timeout: time.Minute, Upstream: "http://127.0.0.1:1/v1",
	}
}

func asked(references ...string) []Question {
	var list []Question
	for i, r := range references {
		list = append(list, Question{Dataset: "d", ID: string(rune('a' + i)), Text: "What?", Reference: reference(r), line: i + 1})
	}
	return list
}

func TestReferencesDecideTheForm(t *testing.T) {
	for want, references := range map[string][]string{
		"letter":     {"A", "(C)", "J"},
		"number":     {"1", "-2.50", "1,000"},
		"tag:answer": {"A", "1"},
	} {
		if got := formOf(asked(references...)); got != want {
			t.Errorf("%v: %s, want %s", references, got, want)
		}
	}
	if got := formOf(asked("K")); got != "tag:answer" {
		t.Errorf("K: %s", got)
	}
}

// TestTheInstructionAsksForWhatIsExtracted has the form's own example taken
// apart again.
func TestTheInstructionAsksForWhatIsExtracted(t *testing.T) {
	for extract, reply := range map[string]string{
		"letter": "Answer: B", "number": "Answer: 12", "boxed": `\boxed{12}`, "tag:answer": "<answer>12</answer>",
	} {
		o := plain()
		o.Extract = extract
		f, err := newForm(o, asked("x"))
		if err != nil {
			t.Fatal(err)
		}
		right, err := f.reference(map[bool]string{true: "B", false: "12"}[extract == "letter"])
		if got := f.key(wire.Reply{Choice: wire.Choice{Text: "So.\n" + reply}}); err != nil || got != right {
			t.Errorf("%s: %q is %q, want %q", extract, reply, got, right)
		}
		shape, _, _ := strings.Cut(strings.NewReplacer("B", "X", "12", "N").Replace(reply), "N")
		if !strings.Contains(f.instruction, strings.TrimSuffix(shape, "{")) {
			t.Errorf("%s: %q does not ask for %q", extract, f.instruction, shape)
		}
	}
}

func TestTheInstructionIsWhatTheUserSays(t *testing.T) {
	for _, said := range []string{"", "Be brief."} {
		o := plain()
		o.Instruction = &said
		f, err := newForm(o, asked("A"))
		if err != nil {
			t.Fatal(err)
		}
		_, body, err := f.request(asked("A")[0])
		view, readErr := wire.ReadView(wire.Target{Dialect: o.Dialect}, body)
		if want := strings.TrimSuffix("What?\n\n"+said, "\n\n"); err != nil || readErr != nil || view.LastUser != want {
			t.Errorf("asked %q, want %q (%v, %v)", view.LastUser, want, err, readErr)
		}
	}
}

func TestReferencesThatAreNotInTheFormAreProblems(t *testing.T) {
	o := plain()
	o.Extract = "letter"
	questions := asked("A", "Paris is nice", "C")
	f, err := newForm(o, questions)
	if err != nil {
		t.Fatal(err)
	}
	prompts, problems, err := f.prompts(questions)
	if err != nil || len(prompts) != 2 || len(problems) != 1 || problems[0].Line != 2 || !strings.Contains(problems[0].Error(), "letter") {
		t.Errorf("%d prompts, %v, %v", len(prompts), problems, err)
	}
	if _, _, err := f.prompts(asked("Paris is nice")); err == nil || !strings.Contains(err.Error(), "--extract") {
		t.Errorf("none fits: %v", err)
	}
}

func TestJSONIsComparedWhereTheBodyAsksForIt(t *testing.T) {
	o := plain()
	o.Body = json.RawMessage(`{"response_format":{"type":"json_object"}}`)
	f, err := newForm(o, asked(`{"a":1.0}`))
	if err != nil {
		t.Fatal(err)
	}
	right, err := f.reference(`{"a":1.0}`)
	if got := f.key(wire.Reply{Choice: wire.Choice{Text: "```json\n{\"a\": 1}\n```"}}); err != nil || got != right || f.name() != "JSON" {
		t.Errorf("%q is not %q (%v), by %s", got, right, err, f.name())
	}
	if _, err := f.reference("no JSON"); err == nil {
		t.Error("a reference that is no JSON is taken")
	}
}

func TestBodiesThatDoNotAskForAnAnswerAreRefused(t *testing.T) {
	for body, want := range map[string]string{
		`[1]`:             "no object",
		`{"n":3}`:         "3 answers a call",
		`{"messages":{}}`: "--body makes",
		`{"tools":[{"type":"function","function":{"name":"f"}}]}`: "tools",
	} {
		o := plain()
		o.Body = json.RawMessage(body)
		if _, err := newForm(o, asked("A")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}

func TestOptionsAreCheckedAllAtOnce(t *testing.T) {
	cold := -1.
	o := Options{
		Samples: 1, Limit: -1, MaxTokens: -1, Temperature: &cold, Dialect: "esperanto", Extract: "roman",
		Upstream: "example.com", Price: &Price{In: -1},
	}
	err := o.check()
	for _, flag := range []string{
		"--samples", "--concurrency", "--limit", "--max-tokens", "--temperature", "--timeout",
		"--model", "--dialect", "--extract", "--price", "--upstream",
	} {
		if err == nil || !strings.Contains(err.Error(), flag+":") {
			t.Errorf("%s is not named: %v", flag, err)
		}
	}
	if err := plain().check(); err != nil {
		t.Error(err)
	}
}

func TestWithoutUpstreamTheProviderIsAsked(t *testing.T) {
	for d, host := range map[wire.Dialect]string{
		wire.OpenAIResponses: "api.openai.com", wire.AnthropicMessages: "api.anthropic.com",
		wire.GeminiGenerate: "generativelanguage.googleapis.com",
	} {
		o := plain()
		o.Upstream, o.Dialect = "", d
		if base, err := o.base(); err != nil || base.Host != host {
			t.Errorf("%s: %v, %v", d, base, err)
		}
	}
}
