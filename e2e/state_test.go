package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/conversations"
	"github.com/openai/openai-go/v3/responses"
)

// responsesSDK is openai-go with the Responses API.
func responsesSDK() sdk { return sdks()[1] }

// chained is what a request goes on from, and what it says of store.
type chained struct {
	Previous     string `json:"previous_response_id"`
	Conversation string `json:"conversation"`
	Store        *bool  `json:"store"`
}

// links is what requests go on from.
func links(t *testing.T, calls []seen) (all []chained) {
	t.Helper()
	for _, c := range calls {
		all = append(all, decode[chained](t, []byte(c.Body)))
	}
	return all
}

// observations are those of all requests of a visit, in their order.
func (v *visit) observations(t *testing.T) (all []observation) {
	t.Helper()
	for _, head := range v.heads.since(0) {
		all = append(all, v.sidecar.observation(t, head.Header.Get("X-Hotmess-Id")))
	}
	return all
}

// reasons are why requests were not measured, in their order.
func (v *visit) reasons(t *testing.T) string {
	t.Helper()
	var all []string
	for _, o := range v.observations(t) {
		all = append(all, o.Reason)
	}
	return strings.Join(all, " ")
}

// conversations are those that the requests of visits were counted under.
func conversationsOf(t *testing.T, visits ...*visit) map[string]int {
	t.Helper()
	all := map[string]int{}
	for _, v := range visits {
		for _, o := range v.observations(t) {
			all[o.Conversation]++
		}
	}
	return all
}

// TestChainsOfStoredResponses has an agent go on from kept replies by their ids
// alone. The simulated model refuses ids that it does not keep, and results of
// calls that the reply of that id did not make.
func TestChainsOfStoredResponses(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota", "--show", "--reasoning", "40", "--steps", fmt.Sprint(taskSteps), "--parallel", "2", "--accuracy", "0.6")
	sidecars := c.modes(t)
	allowing := c.serve(t, "--mode", "ensemble", "--rate", "1", "--samples", fmt.Sprint(samples), "--config", writeConfig(t, "sampling: {allow: [stored]}\n"))
	c.everyPassage(t, append(sidecars, allowing), func(t *testing.T, p passage) {
		bothForms(t, fmt.Sprintf("allowed %v", p.sidecar == allowing), func(t *testing.T, stream bool) {
			v := p.visit(t, responsesSDK())
			done, err := perform(t.Context(), v.open(t, manner{stream: stream, tools: true, think: true, kept: true}), "task "+t.Name())
			if err != nil {
				t.Fatal(err)
			}
			if len(done.calls) != taskSteps || done.answer == "" {
				t.Errorf("%+v", done)
			}
			v.goesOn(t, done, p.sidecar == allowing)
		})
	})
}

// goesOn checks what chains did upstream, and how they were counted.
func (v *visit) goesOn(t *testing.T, done work, allowed bool) {
	t.Helper()
	own, others := v.calls()
	for n, link := range links(t, own) {
		want := ""
		if n > 0 {
			want = done.steps[n-1].ID
		}
		if link.Previous != want || link.Store != nil {
			t.Errorf("turn %d goes on from %q, want %q; store %v", n, link.Previous, want, link.Store)
		}
	}
	turns := len(done.steps)
	switch mode := v.mode(); {
	case mode == "" || mode == "off":
		v.reached(t, turns, 0)
		return
	case mode == "ensemble" && !allowed:
		if got, want := v.reasons(t), "stored"+strings.Repeat(" chain", turns-1); got != want {
			t.Errorf("counted as %s, want %s", got, want)
		}
		v.reached(t, turns, 0)
	default:
		v.measured(t)
		v.reached(t, turns, samples-1)
	}
	// What is sent beside the client's calls is not kept, unless it may be the
	// client's.
	for _, link := range links(t, others) {
		if kept := link.Store == nil || *link.Store; kept != allowed {
			t.Errorf("beside the client's calls: kept %v", kept)
		}
	}
	if got := conversationsOf(t, v); len(got) != 1 {
		t.Errorf("one chain is counted as conversations %v", got)
	}
}

// TestChainsAreConversationsOfTheirOwn has two agents take turns.
func TestChainsAreConversationsOfTheirOwn(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota")
	p := passage{c, c.serve(t, "--mode", "observe", "--rate", "1"), ways()[0]}
	var visits []*visit
	var talks []conversation
	for n := range 2 {
		v := p.visit(t, responsesSDK())
		visits, talks = append(visits, v), append(talks, v.open(t, manner{kept: true}))
		talks[n].say(fmt.Sprintf("I am agent %d.\n%s", n, letterPrompt))
	}
	const turns = 4
	for turn := range turns {
		for _, talk := range talks {
			if turn > 0 {
				talk.say("And now? " + letterPrompt)
			}
			if _, err := talk.step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, v := range visits {
		if got := conversationsOf(t, v); len(got) != 1 {
			t.Errorf("one chain is counted as conversations %v", got)
		}
	}
	if got := conversationsOf(t, visits...); len(got) != len(visits) {
		t.Errorf("%d chains are counted as conversations %v", len(visits), got)
	}
}

// TestConversationsUpstreamAreAddedToOnce has the API keep the conversation: what
// is repeated would be added to it.
func TestConversationsUpstreamAreAddedToOnce(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota", "--reasoning=-1") // else reasoning is an item too
	sidecars := c.modes(t, "--config", writeConfig(t, "sampling: {allow: [stored]}\n"))
	c.everyPassage(t, sidecars, func(t *testing.T, p passage) {
		v := p.visit(t, responsesSDK())
		client := openai.NewClient(openAIOptions(v.client, v.base("/v1"), manner{header: v.marks()})...)
		conv, err := client.Conversations.New(t.Context(), conversations.ConversationNewParams{})
		if err != nil {
			t.Fatal(err)
		}
		const turns = 3
		for range turns {
			params := responses.ResponseNewParams{
				Model: "m", Input: responses.ResponseNewParamsInputUnion{OfString: openai.String(letterPrompt)},
				Conversation: responses.ResponseNewParamsConversationUnion{OfString: openai.String(conv.ID)},
			}
			if _, err := client.Responses.New(t.Context(), params); err != nil {
				t.Fatal(err)
			}
		}
		if items := itemsOf(t, &client, conv.ID); items != 2*turns {
			t.Errorf("%d items in the conversation, want %d", items, 2*turns)
		}
		v.reached(t, turns+2, 0) // beside making it and looking at it
		v.counted(t, "chain", v.heads.since(1)[:turns])
	})
}

// itemsOf counts the items that a conversation upstream holds.
func itemsOf(t *testing.T, client *openai.Client, id string) (n int) {
	t.Helper()
	page, err := client.Conversations.Items.List(t.Context(), id, conversations.ItemListParams{})
	if err != nil {
		t.Fatal(err)
	}
	return len(page.Data)
}

// counted fails unless requests were counted under a reason and one conversation,
// by a sidecar that reads them.
func (v *visit) counted(t *testing.T, reason string, heads []http.Response) {
	t.Helper()
	if mode := v.mode(); mode == "" || mode == "off" {
		return
	}
	conversations := map[string]bool{}
	for _, head := range heads {
		o := v.sidecar.observation(t, head.Header.Get("X-Hotmess-Id"))
		if o.Reason != reason || len(o.Samples) != 1 {
			t.Errorf("reason %q, want %q; %d samples", o.Reason, reason, len(o.Samples))
		}
		conversations[o.Conversation] = true
	}
	if len(conversations) != 1 {
		t.Errorf("conversations %v", conversations)
	}
}

// TestBackgroundResponsesAreFetchedNotRepeated asks for a reply that is made while
// nobody waits.
func TestBackgroundResponsesAreFetchedNotRepeated(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota")
	sidecars := c.modes(t, "--config", writeConfig(t, "sampling: {allow: [stored]}\n"))
	c.everyPassage(t, sidecars, func(t *testing.T, p passage) {
		v := p.visit(t, responsesSDK())
		client := openai.NewClient(openAIOptions(v.client, v.base("/v1"), manner{header: v.marks()})...)
		got, err := client.Responses.New(t.Context(), responses.ResponseNewParams{
			Model: "m", Background: openai.Bool(true), Input: responses.ResponseNewParamsInputUnion{OfString: openai.String(letterPrompt)},
		})
		if err != nil {
			t.Fatal(err)
		}
		looks := 0
		for ; got.Status == "queued" || got.Status == "in_progress"; looks++ {
			if got, err = client.Responses.Get(t.Context(), got.ID, responses.ResponseGetParams{}); err != nil {
				t.Fatal(err)
			}
		}
		if got.Status != "completed" || !strings.Contains(got.OutputText(), "Answer: ") || looks == 0 {
			t.Errorf("after %d looks: %s %q", looks, got.Status, got.OutputText())
		}
		v.reached(t, 1+looks, 0)
		v.counted(t, "background", v.heads.since(0)[:1])
	})
}
