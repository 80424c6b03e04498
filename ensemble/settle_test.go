package ensemble

import (
	"testing"

	"hotmess/budget"
)

// chat is a reply with the usage member, which may be empty.
func chat(usage string) reply {
	return reply{body: `{"id":"c","choices":[{"index":0,"finish_reason":"stop","message":{"content":"a"}}]` + usage + `}`}
}

func TestExtraIsSettledAtWhatItsReplySays(t *testing.T) {
	usage := `,"usage":{"prompt_tokens":1000,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":800},` +
		`"completion_tokens_details":{"reasoning_tokens":30}}`
	worst := budget.Spend{Input: 10, Output: 990}
	for name, c := range map[string]struct {
		reply     reply
		want      budget.Spend
		estimated bool
	}{
		"usage":    {chat(usage), budget.Spend{Input: 1000, CachedInput: 800, Output: 50, Reasoning: 30}, false},
		"no usage": {chat(""), worst, true},
		"an error": {reply{status: 500, body: "{}"}, worst, true},
	} {
		t.Run(name, func(t *testing.T) {
			g := &turnstile{}
			call := newCall(t)
			call.Route, call.Worst = "r", worst
			s := newRunner(&script{extras: []reply{c.reply}}, g).Extras(t.Context(), call, 1, 1)[0]
			if s.Spend != c.want || s.Estimated != c.estimated || s.Tokens != c.want.Input+c.want.Output {
				t.Errorf("settled at %+v", s.Settlement)
			}
			if want := (budget.Ask{Upstream: "openai", Route: "r", Model: call.View.Model, Worst: worst}); g.asked[0] != want {
				t.Errorf("asked for %+v, want %+v", g.asked[0], want)
			}
		})
	}
}
