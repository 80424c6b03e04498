package sim

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
)

func TestMessagesHaveTheDocumentedForm(t *testing.T) {
	w := messagesWay()
	const fields = `
		id             msg_…
		type           "message"
		role           "assistant"
		model          "m"
		stop_sequence  null
		container      null
		usage.input_tokens                             number
		usage.output_tokens                            number
		usage.cache_creation_input_tokens              0
		usage.cache_read_input_tokens                  0
		usage.cache_creation.ephemeral_5m_input_tokens 0
		usage.cache_creation.ephemeral_1h_input_tokens 0
		usage.output_tokens_details.thinking_tokens    number
		usage.service_tier                             "standard"`
	reply := w.ask(t, &Server{Reasoning: Reasoning{Show: true}}, w.body("Hm?", true))
	shape(t, "text", reply, fields)
	shape(t, "text", reply, `
		content.0.type       "thinking"
		content.0.thinking   string
		content.0.signature  string
		content.1.type       "text"
		content.1.text       string
		content.1.citations  null
		stop_reason          "end_turn"
		stop_details         null`)
	reply = w.ask(t, &Server{Reasoning: Reasoning{Show: true, Redacted: 1}}, w.body("Hm?", true))
	shape(t, "redacted", reply, "content.0.type \"redacted_thinking\"\ncontent.0.data string\ncontent.0.thinking missing")
	reply = w.ask(t, &Server{Refusals: 1}, w.body("Hm?", false))
	shape(t, "refusal", reply, fields)
	shape(t, "refusal", reply, `
		content                   []
		stop_reason               "refusal"
		stop_details.type         "refusal"
		stop_details.category     string
		stop_details.explanation  string`)
	body := w.body("task 1", false)
	w.offer(body, tools)
	reply = w.ask(t, &Server{ParallelCalls: 2}, body)
	shape(t, "calls", reply, fields)
	shape(t, "calls", reply, `
		content.0.type         "tool_use"
		content.0.id           toolu_…
		content.0.name         string
		content.0.input        object
		content.0.caller.type  "direct"
		content.1.type         "tool_use"
		stop_reason            "tool_use"`)
}

func TestMessagesStreamHasTheDocumentedEvents(t *testing.T) {
	w := messagesWay()
	const block = "content_block_start content_block_delta content_block_stop "
	for name, test := range map[string]struct {
		server *Server
		tools  bool
		events string
	}{
		"text":     {&Server{}, false, "message_start content_block_start ping content_block_delta content_block_stop message_delta message_stop"},
		"thinking": {&Server{Reasoning: Reasoning{Show: true}}, false, "message_start content_block_start ping content_block_delta content_block_stop " + block + "message_delta message_stop"},
		"calls":    {&Server{ParallelCalls: 2}, true, "message_start content_block_start ping content_block_delta content_block_stop " + block + "message_delta message_stop"},
		"refusal":  {&Server{Refusals: 1}, false, "message_start message_delta message_stop"},
	} {
		body := w.body("task 1", true)
		if test.tools {
			w.offer(body, tools)
		}
		names, data := sse(t, w.send(test.server, body, true).Body.String(), "\n")
		if diff := cmp.Diff(strings.Fields(test.events), slices.Compact(slices.Clone(names))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for n, e := range data {
			checkMessageEvent(t, names[n], e)
		}
	}
}

func checkMessageEvent(t *testing.T, name string, e gjson.Result) {
	t.Helper()
	fields := map[string]string{
		"message_start": `
			message.id                   msg_…
			message.content              []
			message.stop_reason          null
			message.usage.input_tokens   number
			message.usage.output_tokens  1`,
		"content_block_start": "index number\ncontent_block.type string",
		"content_block_delta": "index number\ndelta.type string",
		"content_block_stop":  "index number",
		"message_delta": `
			delta.stop_reason           string
			delta.stop_sequence         null
			usage.input_tokens          number
			usage.output_tokens         number
			usage.cache_read_input_tokens  number`,
		"message_stop": "type \"message_stop\"",
		"ping":         "type \"ping\"",
	}[name]
	if b := e.Get("content_block"); name == "content_block_start" {
		fields += map[string]string{
			"text":     "\ncontent_block.text \"\"",
			"thinking": "\ncontent_block.thinking \"\"\ncontent_block.signature \"\"",
			"tool_use": "\ncontent_block.input {}\ncontent_block.id toolu_…\ncontent_block.name string",
		}[b.Get("type").String()]
	}
	if fields == "" {
		t.Errorf("event %s is not known", name)
	}
	shape(t, name, e, fields)
}

func TestOmittedThinkingIsSignedAllTheSame(t *testing.T) {
	w := messagesWay()
	body := w.body("Hm?", false)
	body["thinking"] = map[string]any{"type": "enabled", "budget_tokens": 2000, "display": "omitted"}
	s := &Server{Reasoning: Reasoning{Show: true}}
	reply := w.ask(t, s, body)
	shape(t, "omitted", reply, "content.0.type \"thinking\"\ncontent.0.thinking \"\"\ncontent.0.signature string")
	w.reply(body, reply)
	body["messages"] = append(body["messages"].([]any), map[string]any{"role": "user", "content": "And?"})
	w.ask(t, s, body)
}

func TestAlteredThinkingIsRefused(t *testing.T) {
	for _, redacted := range []float64{0, 1} {
		w, s := messagesWay(), &Server{Reasoning: Reasoning{Show: true, Redacted: redacted}}
		ask := func(change func(b map[string]any)) map[string]any {
			body := w.body("Hm?", true)
			reply := w.ask(t, s, body)
			w.reply(body, reply)
			list := body["messages"].([]any)
			change(list[1].(map[string]any)["content"].([]any)[0].(map[string]any))
			body["messages"] = append(list, map[string]any{"role": "user", "content": "And?"})
			return body
		}
		w.ask(t, s, ask(func(map[string]any) {}))
		for field, value := range map[string]string{"signature": "AAAA", "data": "AAAA", "thinking": "other thoughts"} {
			if (field == "data") != (redacted == 1) {
				continue
			}
			e := w.refused(t, s, ask(func(b map[string]any) { b[field] = value }), 400)
			if e.Get("type").String() != "invalid_request_error" || !strings.HasPrefix(e.Get("message").String(), "messages.1.content.0: ") {
				t.Errorf("%s: %s", field, e)
			}
		}
		w.refused(t, &Server{Seed: 9}, ask(func(map[string]any) {}), 400)
	}
}

func TestToolsNeedTheirResultsRightAfter(t *testing.T) {
	w, s := messagesWay(), &Server{}
	body := w.body("task 1", false)
	w.offer(body, tools)
	reply := w.ask(t, s, body)
	w.reply(body, reply)
	list := body["messages"].([]any)
	w.ask(t, s, body)
	for name, messages := range map[string][]any{
		"no result":       {list[0], list[1]},
		"something else":  {list[0], list[1], list[0]},
		"result alone":    {list[0], list[2]},
		"result too late": {list[0], list[1], list[0], list[2]},
	} {
		bad := maps.Clone(body)
		bad["messages"] = messages
		if e := w.refused(t, s, bad, 400); e.Get("type").String() != "invalid_request_error" {
			t.Errorf("%s: %s", name, e)
		}
	}
}

func TestMessagesNeedAVersionAndWhatTheReferenceRequires(t *testing.T) {
	w := messagesWay()
	r := request(&Server{}, http.MethodPost, "/v1/messages", w.body("Hm?", false), http.Header{"Anthropic-Version": nil})
	if r.Code != 400 || !strings.Contains(r.Body.String(), "anthropic-version") {
		t.Errorf("without a version: %d %s", r.Code, r.Body)
	}
	for _, auth := range []http.Header{{"X-Api-Key": {"k"}}, {"Authorization": {"Bearer k"}}} {
		if r := request(&Server{}, http.MethodPost, "/v1/messages", w.body("Hm?", false), auth); r.Code != 200 {
			t.Errorf("%v: status %d", auth, r.Code)
		}
	}
	for field, value := range map[string]any{
		"model": "", "max_tokens": nil, "messages": []any{}, "tool_choice": map[string]any{"type": "tool", "name": "gone"},
		"system": "fine", "tools": "none",
	} {
		body := w.body("Hm?", false)
		body[field] = value
		if field != "system" {
			w.refused(t, &Server{}, body, 400)
			continue
		}
		w.ask(t, &Server{}, body)
	}
}

func TestToolChoiceNarrowsTheToolsOfMessages(t *testing.T) {
	w := messagesWay()
	for choice, want := range map[string]string{`{"type":"none"}`: "", `{"type":"tool","name":"stop"}`: "stop"} {
		body := w.body("task 1", false)
		w.offer(body, tools)
		body["tool_choice"] = gjson.Parse(choice).Value()
		got := w.whole(w.ask(t, &Server{Accuracy: 1}, body))
		if (want == "") != (len(got.Calls) == 0) || (want != "" && got.Calls[0].Name != want) {
			t.Errorf("%s: %+v", choice, got)
		}
	}
}

func TestPromptCacheIsWrittenThenRead(t *testing.T) {
	w, s := messagesWay(), &Server{}
	cached := func(text string) map[string]any {
		return map[string]any{"type": "text", "text": text, "cache_control": map[string]any{"type": "ephemeral"}}
	}
	body := w.body("One?", false)
	body["system"] = []any{cached(strings.Repeat("Be good. ", 100))}
	usage := func(body map[string]any) (written, read, rest int64) {
		u := w.ask(t, s, body).Get("usage")
		if u.Get("cache_creation.ephemeral_5m_input_tokens").Int() != u.Get("cache_creation_input_tokens").Int() {
			t.Errorf("usage %s", u)
		}
		return u.Get("cache_creation_input_tokens").Int(), u.Get("cache_read_input_tokens").Int(), u.Get("input_tokens").Int()
	}
	written, read, rest := usage(body)
	if written < 225 || read != 0 || written+read+rest != int64(len(encode(body))+3)/4 {
		t.Errorf("first: %d written, %d read, %d besides", written, read, rest)
	}
	if w2, r2, _ := usage(body); w2 != 0 || r2 != written {
		t.Errorf("second: %d written, %d read, want 0 and %d", w2, r2, written)
	}
	// The next turn moves the mark on.
	body["system"] = []any{map[string]any{"type": "text", "text": strings.Repeat("Be good. ", 100)}}
	body["messages"] = []any{map[string]any{"role": "user", "content": []any{cached("One?")}}}
	if w3, r3, _ := usage(body); w3 == 0 || w3 > 50 || r3 < 225 {
		t.Errorf("third: %d written, %d read", w3, r3)
	}
	plain := w.body("Two?", false)
	if w4, r4, _ := usage(plain); w4 != 0 || r4 != 0 {
		t.Errorf("without marks: %d written, %d read", w4, r4)
	}
	plain["cache_control"] = map[string]any{"type": "ephemeral"}
	if w5, _, _ := usage(plain); w5 == 0 {
		t.Error("cache_control of the request as a whole does nothing")
	}
	s.Faults = Faults{ServerError: 1}
	body["system"] = []any{cached("never cached, since the request fails")}
	w.refused(t, s, body, 500)
	s.Faults = Faults{}
	if w6, _, _ := usage(body); w6 == 0 {
		t.Error("a request that failed filled the cache")
	}
}

// threads is a client of message threads.
type threads struct {
	t *testing.T
	s *Server
	w way
}

var threadsHeader = http.Header{"Anthropic-Beta": {"other-beta", "message-threads-2026-08-12"}}

// post sends a message in a thread: after the reply of an id, or in a new one.
func (c threads) post(after, text string, fields map[string]any) (status int, reply gjson.Result) {
	body := c.w.body(text, false)
	body["thread"] = map[string]any{"type": "create"}
	if after != "" {
		body["thread"] = map[string]any{"type": "continue", "previous_message_id": after}
	}
	maps.Copy(body, fields)
	r := request(c.s, http.MethodPost, "/v1/messages?beta=true", body, threadsHeader)
	return r.Code, gjson.Parse(r.Body.String())
}

func (c threads) refused(status int, code string, after string, fields map[string]any) {
	c.t.Helper()
	got, reply := c.post(after, "x", fields)
	if got != status || reply.Get("error.details.error_code").String() != code {
		c.t.Errorf("status %d, %s; want %d and %q", got, reply, status, code)
	}
}

func TestThreadsHoldTheConversationAndGoOnOnce(t *testing.T) {
	c := threads{t, &Server{Steps: 2, Accuracy: 1}, messagesWay()}
	fields := map[string]any{"system": "Be good."}
	c.w.offer(fields, tools)
	_, one := c.post("", "Please do task 3.", fields)
	result := func(of gjson.Result) map[string]any {
		return map[string]any{"messages": []any{map[string]any{"role": "user", "content": []any{
			map[string]any{"type": "tool_result", "tool_use_id": of.Get("content.0.id").String(), "content": "ok"},
		}}}}
	}
	_, two := c.post(one.Get("id").String(), "", result(one))
	if c0 := two.Get("content.0"); !c.s.IsRight("3", 1, tools, c0.Get("name").String(), c0.Get("input").Raw) {
		t.Errorf("second step: %s", two)
	}
	if two.Get("usage.input_tokens").Int() <= one.Get("usage.input_tokens").Int() {
		t.Error("what the thread holds does not count as input")
	}
	_, three := c.post(two.Get("id").String(), "", result(two))
	if three.Get("stop_reason").String() != "end_turn" {
		t.Errorf("at the end: %s", three)
	}
	c.refused(400, "thread_already_continued", one.Get("id").String(), result(one))
	c.refused(404, "thread_not_found", "msg_gone", nil)
	c.refused(400, "", three.Get("id").String(), map[string]any{"system": "Be bad."})
	if status, _ := c.post(three.Get("id").String(), "More?", nil); status != 200 {
		t.Errorf("status %d", status)
	}
	body := c.w.body("x", false)
	body["thread"] = map[string]any{"type": "create"}
	c.w.refused(t, c.s, body, 400) // without the beta header
}

func TestThreadsInFlightAreBusyAndFailuresFreeThem(t *testing.T) {
	held, free := make(chan struct{}), make(chan struct{})
	s := &Server{Hold: func(_ context.Context, r Request) {
		if r.Model == "held" {
			close(held)
			<-free
		}
	}}
	c := threads{t, s, messagesWay()}
	_, one := c.post("", "One?", nil)
	id := one.Get("id").String()
	var first sync.WaitGroup
	first.Go(func() { c.post(id, "Two?", map[string]any{"model": "held"}) })
	<-held
	c.refused(400, "thread_continue_in_flight", id, nil)
	close(free)
	first.Wait()
	c.refused(400, "thread_already_continued", id, nil)

	_, one = c.post("", "Three?", nil)
	s.Faults = Faults{RateLimited: 1}
	c.refused(429, "", one.Get("id").String(), nil)
	s.Faults = Faults{}
	if status, reply := c.post(one.Get("id").String(), "Four?", nil); status != 200 {
		t.Errorf("after a failure: %d %s", status, reply)
	}
}

func TestTokensAreCounted(t *testing.T) {
	for path, want := range map[string]int{
		"/v1/messages/count_tokens": 200, "/messages/count_tokens": 200,
		"/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict": 200,
	} {
		r := request(&Server{}, http.MethodPost, path, messagesWay().body("Hm?", false), nil)
		if r.Code != want || gjson.Get(r.Body.String(), "input_tokens").Int() < 15 {
			t.Errorf("%s: %d %s", path, r.Code, r.Body)
		}
	}
	for _, body := range []map[string]any{{}, {"model": "m"}, {"messages": "x"}} {
		if r := request(&Server{}, http.MethodPost, "/v1/messages/count_tokens", body, nil); r.Code != 400 {
			t.Errorf("%v: %d", body, r.Code)
		}
	}
}

func TestVertexAndBedrockServeMessages(t *testing.T) {
	const vertex = "/v1/projects/p/locations/l/publishers/anthropic/models/claude@1:"
	body := messagesWay().body("Hm?", false)
	delete(body, "model")
	body["anthropic_version"] = "vertex-2023-10-16"
	for _, path := range []string{vertex + "rawPredict", "/model/anthropic.claude-v1%3A0/invoke"} {
		r := request(&Server{}, http.MethodPost, path, body, nil)
		if got := wholeMessage(gjson.Parse(r.Body.String())); r.Code != 200 || got.Finish != "end_turn" {
			t.Errorf("%s: %d %s", path, r.Code, r.Body)
		}
	}
	r := request(&Server{}, http.MethodPost, vertex+"streamRawPredict", body, nil)
	if got := foldMessage(t, r.Body.String()); got.Finish != "end_turn" || got.Text == "" {
		t.Errorf("streamed: %+v", got)
	}
	r = request(&Server{}, http.MethodPost, strings.Replace(vertex, ":", "%3A", 1)+"rawPredict", body, nil)
	if got := gjson.Get(r.Body.String(), "model").String(); got != "claude@1" {
		t.Errorf("model %q", got)
	}
	delete(body, "anthropic_version")
	if r := request(&Server{}, http.MethodPost, vertex+"rawPredict", body, nil); r.Code != 400 || gjson.Get(r.Body.String(), "type").String() != "error" {
		t.Errorf("without a version: %d %s", r.Code, r.Body)
	}
	r = request(&Server{}, http.MethodPost, "/model/m/invoke", body, nil)
	if r.Code != 400 || gjson.Get(r.Body.String(), "message").String() == "" || r.Header().Get("x-amzn-requestid") == "" {
		t.Errorf("Bedrock: %d %s", r.Code, r.Body)
	}
}

func TestUsersTextBesideResultsIsTheirs(t *testing.T) {
	w, s := messagesWay(), &Server{Accuracy: 1}
	body := w.body("task 1", false)
	w.offer(body, tools)
	w.reply(body, w.ask(t, s, body))
	list := body["messages"].([]any)
	last := list[2].(map[string]any)
	last["content"] = append(last["content"].([]any), map[string]any{"type": "text", "text": "Which?\nA) one\nB) two"})
	delete(body, "tools")
	got := w.whole(w.ask(t, s, body)).Text
	if want := s.RightAnswer("Which?\nA) one\nB) two"); !strings.HasSuffix(got, fmt.Sprint("Answer: ", want)) {
		t.Errorf("answer %q, want %q", got, want)
	}
}
