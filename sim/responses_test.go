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

// responseFields are those of a response, from OpenAI's reference.
const responseFields = `
	id                    resp_…
	object                "response"
	created_at            number
	status                "completed"
	completed_at          number
	background            false
	error                 null
	incomplete_details    null
	instructions          null
	max_output_tokens     null
	model                 "m"
	output                list
	parallel_tool_calls   true
	previous_response_id  null
	reasoning.effort      null
	service_tier          "default"
	store                 true
	temperature           number
	text.format.type      "text"
	tool_choice           "auto"
	tools                 []
	top_p                 number
	truncation            "disabled"
	usage.input_tokens                           number
	usage.input_tokens_details.cached_tokens     0
	usage.output_tokens                          number
	usage.output_tokens_details.reasoning_tokens number
	usage.total_tokens                           number
	user                  null
	metadata              {}`

func TestResponsesHaveTheDocumentedForm(t *testing.T) {
	w := responsesWay()
	reply := w.ask(t, &Server{Reasoning: Reasoning{Show: true}}, w.body("Hm?", true))
	shape(t, "text", reply, responseFields)
	shape(t, "text", reply, `
		output.0.type               "reasoning"
		output.0.id                 rs_…
		output.0.summary.0.type     "summary_text"
		output.0.summary.0.text     string
		output.0.encrypted_content  string
		output.1.type               "message"
		output.1.id                 msg_…
		output.1.status             "completed"
		output.1.role               "assistant"
		output.1.content.0.type         "output_text"
		output.1.content.0.text         string
		output.1.content.0.annotations  []
		output.1.content.0.logprobs     []`)
	reply = w.ask(t, &Server{Refusals: 1}, w.body("Hm?", false))
	shape(t, "refusal", reply, `
		output.0.summary            []
		output.0.encrypted_content  missing
		output.1.content.0.type     "refusal"
		output.1.content.0.refusal  string`)
	body := w.body("task 1", false)
	w.offer(body, tools)
	shape(t, "call", w.ask(t, &Server{}, body), `
		tools.0.name        "read_file"
		output.1.type       "function_call"
		output.1.id         fc_…
		output.1.call_id    call_…
		output.1.name       string
		output.1.arguments  string
		output.1.status     "completed"`)
}

func TestResponsesTellBackWhatWasAsked(t *testing.T) {
	w := responsesWay()
	body := w.body("Hm?", false)
	maps.Copy(body, map[string]any{
		"instructions": "be good", "max_output_tokens": 50, "metadata": map[string]any{"a": "b"}, "store": false,
		"tool_choice": "none", "include": []any{"message.output_text.logprobs"}, "top_logprobs": 2,
	})
	shape(t, "echo", w.ask(t, &Server{}, body), `
		instructions       "be good"
		max_output_tokens  50
		metadata.a         "b"
		store              false
		tool_choice        "none"
		output.1.content.0.logprobs.0.token                 string
		output.1.content.0.logprobs.0.top_logprobs.1.token  string
		output.1.content.0.logprobs.0.top_logprobs.#        2`)
}

func TestResponsesStreamHasTheDocumentedEvents(t *testing.T) {
	w := responsesWay()
	const reasoning = `response.created response.in_progress
		response.output_item.added response.reasoning_summary_part.added response.reasoning_summary_text.delta
		response.reasoning_summary_text.done response.reasoning_summary_part.done response.output_item.done
		response.output_item.added `
	for name, test := range map[string]struct {
		server *Server
		tools  bool
		events string
	}{
		"text": {&Server{}, false, reasoning + `response.content_part.added response.output_text.delta response.output_text.done
			response.content_part.done response.output_item.done response.completed`},
		"refusal": {&Server{Refusals: 1}, false, reasoning + `response.content_part.added response.refusal.delta response.refusal.done
			response.content_part.done response.output_item.done response.completed`},
		"call": {&Server{}, true, reasoning + `response.function_call_arguments.delta response.function_call_arguments.done
			response.output_item.done response.completed`},
		"length": {&Server{Faults: Faults{Length: 1}}, false, reasoning + `response.content_part.added response.output_text.delta
			response.output_text.done response.content_part.done response.output_item.done response.incomplete`},
	} {
		test.server.Reasoning.Show = true
		body := w.body("task 1", true)
		if test.tools {
			w.offer(body, tools)
		}
		names, data := sse(t, w.send(test.server, body, true).Body.String(), "\n")
		if diff := cmp.Diff(strings.Fields(test.events), slices.Compact(slices.Clone(names))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for n, e := range data {
			checkEvent(t, names[n], e)
		}
	}
}

// checkEvent checks the fields that a kind of event has.
func checkEvent(t *testing.T, name string, e gjson.Result) {
	t.Helper()
	_, kind, _ := strings.Cut(name, ".")
	item := "item_id string\noutput_index number\n"
	fields := map[string]string{
		"created": "response.status \"in_progress\"\nresponse.output []\nresponse.usage null", "in_progress": "response.status \"in_progress\"",
		"completed": "response.status \"completed\"", "incomplete": "response.status \"incomplete\"\nresponse.completed_at null",
		"output_item.added": "output_index number\nitem.id string\nitem.type string", "output_item.done": "output_index number\nitem.id string",
		"content_part.added": item + "content_index 0\npart.type string", "content_part.done": item + "content_index 0\npart.type string",
		"output_text.delta": item + "content_index 0\ndelta string\nlogprobs list", "output_text.done": item + "content_index 0\ntext string\nlogprobs list",
		"refusal.delta": item + "content_index 0\ndelta string", "refusal.done": item + "content_index 0\nrefusal string",
		"reasoning_summary_part.added": item + "summary_index 0\npart.type \"summary_text\"\npart.text \"\"",
		"reasoning_summary_part.done":  item + "summary_index 0\npart.text string",
		"reasoning_summary_text.delta": item + "summary_index 0\ndelta string", "reasoning_summary_text.done": item + "summary_index 0\ntext string",
		"function_call_arguments.delta": item + "delta string", "function_call_arguments.done": item + "arguments string\nname string",
	}[kind]
	if fields == "" {
		t.Errorf("event %s is not known", name)
	}
	shape(t, name, e, fields)
}

func TestFailingResponsesSayItInOneOfTwoWays(t *testing.T) {
	w := responsesWay()
	seen := map[string]bool{}
	for n := range 20 {
		names, data := sse(t, w.send(&Server{Faults: Faults{Failed: 1}}, w.body(fmt.Sprint("Fail ", n), false), true).Body.String(), "\n")
		last := data[len(data)-1]
		seen[names[len(names)-1]] = true
		if last.Get("sequence_number").Int() != int64(len(data)-1) {
			t.Errorf("sequence_number %s of %d events", last.Get("sequence_number"), len(data))
		}
		if names[len(names)-1] == "error" {
			shape(t, "error", last, "type \"error\"\ncode \"server_error\"\nmessage string\nparam null")
		} else {
			shape(t, "failed", last, "response.status \"failed\"\nresponse.error.code \"server_error\"\nresponse.error.message string\nresponse.output []")
		}
	}
	if !seen["error"] || !seen["response.failed"] {
		t.Errorf("20 streams ended only with %v", seen)
	}
}

// A responsesClient is a client of a server that keeps state.
type responsesClient struct {
	t *testing.T
	s *Server
	w way
}

func newResponsesClient(t *testing.T, s *Server) responsesClient {
	return responsesClient{t: t, s: s, w: responsesWay()}
}

// with is a body that says something, changed by fields.
func (c responsesClient) with(text string, fields map[string]any) map[string]any {
	body := c.w.body(text, false)
	maps.Copy(body, fields)
	return body
}

func (c responsesClient) ask(text string, fields map[string]any) gjson.Result {
	c.t.Helper()
	return c.w.ask(c.t, c.s, c.with(text, fields))
}

// refused checks that a body gets an error with a status, param and code.
func (c responsesClient) refused(body map[string]any, status int, param, code string) {
	c.t.Helper()
	e := c.w.refused(c.t, c.s, body, status)
	if e.Get("param").String() != param || e.Get("code").String() != code {
		c.t.Errorf("error %s, want param %q and code %q", e, param, code)
	}
}

func (c responsesClient) get(path string, status int) gjson.Result {
	return c.call(http.MethodGet, path, status)
}

func (c responsesClient) call(method, path string, status int) gjson.Result {
	c.t.Helper()
	reply := request(c.s, method, path, nil, nil)
	if reply.Code != status {
		c.t.Errorf("%s %s: status %d, want %d", method, path, reply.Code, status)
	}
	return gjson.Parse(reply.Body.String())
}

func TestStoredResponsesCanBeFetchedAndDeleted(t *testing.T) {
	c := newResponsesClient(t, &Server{})
	for _, store := range []any{nil, true} {
		reply := c.ask("One?", map[string]any{"store": store})
		path := "/v1/responses/" + reply.Get("id").String()
		if got := c.get(path, 200); got.Raw != reply.Raw {
			t.Errorf("fetched %s, want %s", got, reply)
		}
		shape(t, "input", c.get(path+"/input_items", 200), `
			object                  "list"
			has_more                false
			data.0.id               msg_…
			data.0.content.0.text   "One?"
			first_id                msg_…`)
		shape(t, "deleted", c.call(http.MethodDelete, path, 200), "object \"response\"\ndeleted true")
		c.get(path, 404)
		c.call(http.MethodDelete, path, 404)
	}
	unstored := c.ask("One?", map[string]any{"store": false}).Get("id").String()
	c.get("/v1/responses/"+unstored, 404)
	c.refused(c.with("Two?", map[string]any{"previous_response_id": unstored}), 400, "previous_response_id", "previous_response_not_found")
	c.refused(c.with("Two?", map[string]any{"previous_response_id": "resp_gone"}), 400, "previous_response_id", "previous_response_not_found")
}

func TestChainsCarryTheHistory(t *testing.T) {
	s := &Server{Steps: 3, Accuracy: 1, ParallelCalls: 1}
	c := newResponsesClient(t, s)
	fields := map[string]any{}
	c.w.offer(fields, tools)
	reply := c.ask("Please do task 7.", fields)
	for step := range 3 {
		i := reply.Get("output.1")
		if !s.IsRight("7", step, tools, i.Get("name").String(), i.Get("arguments").String()) {
			t.Errorf("step %d: %s", step, i)
		}
		fields["previous_response_id"] = reply.Get("id").String()
		fields["input"] = []any{map[string]any{"type": "function_call_output", "call_id": i.Get("call_id").String(), "output": "ok"}}
		reply = c.ask("", fields)
		if reply.Get("previous_response_id").String() != fields["previous_response_id"] {
			t.Errorf("reply %s", reply)
		}
		if sent := len(encode(c.with("", fields))); reply.Get("usage.input_tokens").Int() <= int64(tokens(sent)) {
			t.Error("the history does not count as input")
		}
	}
	if got := reply.Get("output.1.content.0.text").String(); !strings.HasSuffix(got, "done") {
		t.Errorf("after three steps: %s", reply)
	}
}

func TestCallsAndResultsHaveToMatch(t *testing.T) {
	c := newResponsesClient(t, &Server{Accuracy: .5, FixedText: true})
	fields := map[string]any{}
	c.w.offer(fields, tools)
	one, two := c.ask("task 7", fields), c.ask("task 7", fields)
	result := func(of gjson.Result) []any {
		return []any{map[string]any{"type": "function_call_output", "call_id": of.Get("output.1.call_id").String(), "output": "ok"}}
	}
	fields["previous_response_id"], fields["input"] = one.Get("id").String(), result(two)
	c.refused(c.with("", fields), 400, "input", "")
	fields["input"] = "and now?"
	c.refused(c.with("", fields), 400, "input", "")
	fields["input"] = result(one)
	c.ask("", fields)
	c.refused(c.with("", map[string]any{"input": result(one)}), 400, "input", "") // of no call at all
}

func TestReasoningAndItsCallStayTogether(t *testing.T) {
	for _, store := range []bool{true, false} {
		c := newResponsesClient(t, &Server{})
		fields := map[string]any{"store": store, "include": []any{"reasoning.encrypted_content"}}
		c.w.offer(fields, tools)
		one, two := c.ask("task 7", fields).Get("output"), c.ask("task 7", fields).Get("output")
		history := func(items ...gjson.Result) map[string]any {
			body := c.with("task 7", fields)
			list := body["input"].([]any)
			for _, i := range items {
				list = append(list, i.Value())
			}
			last := items[len(items)-1]
			body["input"] = append(list, map[string]any{"type": "function_call_output", "call_id": last.Get("call_id").String(), "output": "ok"})
			return body
		}
		c.w.ask(t, c.s, history(one.Get("0"), one.Get("1")))
		c.w.ask(t, c.s, history(two.Get("0"), two.Get("1")))
		c.refused(history(one.Get("0"), two.Get("1")), 400, "input", "") // of two draws
		c.refused(history(one.Get("1")), 400, "input", "")               // without its reasoning
		c.refused(history(one.Get("1"), one.Get("0"), one.Get("1")), 400, "input", "")
		body := history(one.Get("0"), two.Get("1"))
		delete(body["input"].([]any)[2].(map[string]any), "id")
		c.refused(body, 400, "input", "") // the call's own id tells it too
		body = history(one.Get("0"), one.Get("1"))
		body["input"] = body["input"].([]any)[:2]
		c.refused(body, 400, "input", "") // reasoning that nothing follows
		// Clients that do not store may drop ids, and then the reasoning too.
		for _, drop := range []int{2, 1} {
			body := history(one.Get("0"), one.Get("1"))
			list := body["input"].([]any)
			delete(list[1].(map[string]any), "id")
			delete(list[2].(map[string]any), "id")
			body["input"] = slices.Concat(list[:1], list[3-drop:])
			c.w.ask(t, c.s, body)
		}
	}
}

func TestMessagesNeedTheirReasoningToo(t *testing.T) {
	c := newResponsesClient(t, &Server{})
	reply := c.ask("One?", nil).Get("output")
	input := []any{map[string]any{"role": "user", "content": "One?"}, reply.Get("1").Value(), map[string]any{"role": "user", "content": "Two?"}}
	c.refused(c.with("", map[string]any{"input": input}), 400, "input", "")
	c.ask("", map[string]any{"input": slices.Insert(input, 1, reply.Get("0").Value())})
}

func TestIDsOfItemsAreShortAndTheirOwn(t *testing.T) {
	c := newResponsesClient(t, &Server{})
	said := func(id string) any {
		return map[string]any{"type": "message", "role": "assistant", "id": id, "content": []any{map[string]any{"type": "output_text", "text": "Yes."}}}
	}
	ask := func(ids ...string) map[string]any {
		input := []any{map[string]any{"role": "user", "content": "One?"}}
		for _, id := range ids {
			input = append(input, said(id))
		}
		return map[string]any{"input": append(input, map[string]any{"role": "user", "content": "Two?"})}
	}
	c.refused(c.with("", ask("msg_one", "msg_one")), 400, "input", "")
	c.refused(c.with("", ask("msg_"+strings.Repeat("1", 61))), 400, "input", "")
	c.ask("", ask("msg_one", "msg_two", "msg_"+strings.Repeat("1", 60)))
}

func TestEncryptedContentIsVerified(t *testing.T) {
	c := newResponsesClient(t, &Server{Seed: 1})
	fields := map[string]any{"store": false, "include": []any{"reasoning.encrypted_content"}}
	reply := c.ask("One?", fields).Get("output")
	body := func(change func(i map[string]any)) map[string]any {
		reasoning := reply.Get("0").Value().(map[string]any)
		change(reasoning)
		return c.with("", map[string]any{"store": false, "input": []any{
			map[string]any{"role": "user", "content": "One?"}, reasoning, reply.Get("1").Value(), map[string]any{"role": "user", "content": "Two?"},
		}})
	}
	c.w.ask(t, c.s, body(func(map[string]any) {}))
	alter := func(i map[string]any) {
		text := i["encrypted_content"].(string)
		i["encrypted_content"] = strings.Replace(text, text[4:5], map[bool]string{true: "B", false: "A"}[text[4] == 'A'], 1)
	}
	c.refused(body(alter), 400, "", "invalid_encrypted_content")
	c.refused(body(func(i map[string]any) { i["encrypted_content"] = "no" }), 400, "", "invalid_encrypted_content")
	c.refused(body(func(i map[string]any) { i["id"] = "rs_" + strings.Repeat("0", 27) }), 400, "", "invalid_encrypted_content")
	c.refused(body(func(i map[string]any) { delete(i, "encrypted_content") }), 404, "input", "") // it was not stored
	c.s = &Server{Seed: 2}
	c.refused(body(func(map[string]any) {}), 400, "", "invalid_encrypted_content")
}

func TestItemsCanBeReferredTo(t *testing.T) {
	c := newResponsesClient(t, &Server{Steps: 1})
	fields := map[string]any{}
	c.w.offer(fields, tools)
	reply := c.ask("task 7", fields).Get("output")
	refer := func(id string) any { return map[string]any{"type": "item_reference", "id": id} }
	input := []any{
		map[string]any{"role": "user", "content": "task 7"},
		refer(reply.Get("0.id").String()),
		refer(reply.Get("1.id").String()),
		map[string]any{"type": "function_call_output", "call_id": reply.Get("1.call_id").String(), "output": "ok"},
	}
	fields["input"] = input
	if got := c.ask("", fields).Get("output.1.type").String(); got != "message" {
		t.Errorf("after the only step: %s", got)
	}
	input[1] = refer("rs_" + strings.Repeat("0", 27))
	c.refused(c.with("", fields), 404, "input", "")
}

func TestConversationsGrow(t *testing.T) {
	s := &Server{}
	c := newResponsesClient(t, s)
	made := c.call(http.MethodPost, "/v1/conversations", 200)
	shape(t, "conversation", made, "id conv_…\nobject \"conversation\"\ncreated_at number\nmetadata {}")
	id := made.Get("id").String()
	for n, conversation := range []any{id, map[string]any{"id": id}} {
		reply := c.ask(fmt.Sprint("Question ", n), map[string]any{"conversation": conversation, "store": false})
		if reply.Get("conversation.id").String() != id {
			t.Errorf("reply %s", reply)
		}
	}
	list := c.get("/v1/conversations/"+id+"/items", 200)
	if got := list.Get("data.#.type").Raw; got != `["reasoning","message","reasoning","message"]` && list.Get("data.#").Int() != 6 {
		t.Errorf("items %s", list)
	}
	c.refused(c.with("x", map[string]any{"conversation": id, "previous_response_id": "resp_x"}), 400, "previous_response_id", "")
	c.call(http.MethodDelete, "/v1/conversations/"+id, 200)
	c.refused(c.with("x", map[string]any{"conversation": id}), 404, "", "")
	c.get("/v1/conversations/"+id, 404)
}

func TestConversationsAreLockedWhileTheyAreAnswered(t *testing.T) {
	held, free := make(chan struct{}), make(chan struct{})
	s := &Server{Hold: func(_ context.Context, r Request) {
		if r.Model == "held" {
			close(held)
			<-free
		}
	}}
	c := newResponsesClient(t, s)
	id := c.call(http.MethodPost, "/v1/conversations", 200).Get("id").String()
	var first sync.WaitGroup
	first.Go(func() { c.ask("One?", map[string]any{"conversation": id, "model": "held"}) })
	<-held
	c.refused(c.with("Two?", map[string]any{"conversation": id}), 400, "conversation", "conversation_locked")
	close(free)
	first.Wait()
	c.ask("Two?", map[string]any{"conversation": id})
	c.refused(c.with("x", map[string]any{"conversation": id, "tools": 7}), 400, "", "")
	c.ask("Three?", map[string]any{"conversation": id}) // the refused one left no lock
}

func TestBackgroundResponsesAreFetchedLater(t *testing.T) {
	c := newResponsesClient(t, &Server{})
	reply := c.ask("One?", map[string]any{"background": true})
	shape(t, "queued", reply, "status \"queued\"\noutput []\nusage null\nbackground true")
	path := "/v1/responses/" + reply.Get("id").String()
	for _, want := range []string{"in_progress", "completed", "completed"} {
		if got := c.get(path, 200).Get("status").String(); got != want {
			t.Errorf("status %s, want %s", got, want)
		}
	}
	if got := c.call(http.MethodPost, path+"/cancel", 200).Get("status").String(); got != "completed" {
		t.Errorf("cancelled when it was completed: %s", got)
	}
	path = "/v1/responses/" + c.ask("One?", map[string]any{"background": true}).Get("id").String()
	c.call(http.MethodPost, path+"/cancel", 200)
	if got := c.get(path, 200).Get("status").String(); got != "cancelled" {
		t.Errorf("status %s after it was cancelled", got)
	}
	c.refused(c.with("One?", map[string]any{"background": true, "store": false}), 400, "background", "")
	c.s = &Server{Faults: Faults{Failed: 1}}
	path = "/v1/responses/" + c.ask("One?", map[string]any{"background": true}).Get("id").String()
	c.get(path, 200)
	shape(t, "failed", c.get(path, 200), "status \"failed\"\nerror.code \"server_error\"")
}

func TestBadResponsesRequests(t *testing.T) {
	c := newResponsesClient(t, &Server{})
	for name, test := range map[string]struct {
		fields map[string]any
		param  string
	}{
		"no model":      {map[string]any{"model": ""}, "model"},
		"no input":      {map[string]any{"input": nil}, "input"},
		"odd input":     {map[string]any{"input": 3}, "input"},
		"odd item":      {map[string]any{"input": []any{3}}, "input"},
		"unknown tool":  {map[string]any{"tools": []any{}, "tool_choice": map[string]any{"type": "function", "name": "gone"}}, "tool_choice"},
		"many logprobs": {map[string]any{"top_logprobs": 21}, "top_logprobs"},
	} {
		t.Run(name, func(t *testing.T) {
			c.t = t
			c.refused(c.with("Hm?", test.fields), 400, test.param, "")
		})
	}
	c.t = t
	c.ask("", map[string]any{"input": "just a text"})
}
