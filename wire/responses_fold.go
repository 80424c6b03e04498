package wire

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// A responsesFold gathers one reply of the Responses API. Its one choice is made
// of the items of its output; those that the provider executed itself are
// skipped.
type responsesFold struct {
	gathering
	items []*outputItem
	// answered is whether the reply came to an end that is an answer.
	answered bool
	finish   string
}

func (responses) fold(started func()) folder {
	return &responsesFold{gathering: newGathering(started)}
}

// event folds an event of a stream; unknown ones are skipped. The end mark is an
// event that holds the whole response, or an error. Some servers send [DONE]
// behind it.
func (f *responsesFold) event(data []byte) error {
	if string(data) == "[DONE]" {
		return nil
	}
	root, ok := parse(data)
	if !ok || !root.IsObject() {
		return fmt.Errorf("stream event is no JSON object: %w", ErrNotDialect)
	}
	if !f.ended {
		f.named(root.Get("type").String(), root)
	}
	return f.bounded()
}

// named folds an event by its name.
func (f *responsesFold) named(name string, event gjson.Result) {
	switch name {
	case "response.created", "response.queued", "response.in_progress":
		f.head(event.Get("response"))
	case "response.output_item.added":
		f.added(event)
	case "response.output_item.done":
		f.done(event)
	case "response.output_text.delta":
		f.delta(messageItem, event, (*outputItem).say)
	case "response.refusal.delta":
		f.delta(messageItem, event, (*outputItem).refuse)
	case "response.reasoning_text.delta":
		f.delta(reasoningItem, event, (*outputItem).reason)
	case "response.reasoning_summary_text.delta":
		f.delta(reasoningItem, event, (*outputItem).summarise)
	case "response.function_call_arguments.delta":
		f.delta(functionCall, event, (*outputItem).argue)
	case "response.custom_tool_call_input.delta":
		f.delta(customCall, event, (*outputItem).argue)
	case "response.completed", "response.incomplete":
		f.conclude(event.Get("response"), strings.TrimPrefix(name, "response."))
	case "response.failed":
		f.failed(event)
		f.conclude(event.Get("response"), "failed")
	default:
		f.failed(event)
	}
}

// failed takes an error from an event, if it holds one. OpenAI documents an
// event with a code, but sends one with an error inside; compatible servers do
// either, or send the error without a type of event.
func (f *responsesFold) failed(event gjson.Result) {
	switch e := event.Get("error"); {
	case present(e):
		f.fail(e.Get("type"), e.Get("code"))
	case event.Get("type").String() == "error":
		f.fail(gjson.Result{}, event.Get("code"))
	}
}

func (f *responsesFold) body(data []byte) error {
	root, ok := parse(data)
	if !ok || !root.IsObject() {
		return fmt.Errorf("body is no JSON object: %w", ErrNotDialect)
	}
	if !present(root.Get("error")) && !root.Get("output").IsArray() {
		return fmt.Errorf("neither output nor error: %w", ErrNotDialect)
	}
	f.conclude(root, root.Get("status").String())
	return f.bounded()
}

// conclude folds a response at its end. One that is still to come, or was
// cancelled, is no answer, whatever it holds.
func (f *responsesFold) conclude(response gjson.Result, status string) {
	f.head(response)
	f.output(response.Get("output"))
	f.ended, f.closed = true, true
	e := response.Get("error")
	switch {
	case present(e), status == "failed" && f.reply.Failure == nil:
		f.fail(e.Get("type"), e.Get("code"))
	case status == "failed": // the event has told why
	case status == "completed", status == "incomplete", status == "":
		f.answered = true
		f.finish = clip(status, maxWord)
		keep(&f.finish, response.Get("incomplete_details.reason"))
		f.begin()
	default:
		f.items = nil
	}
}

// head reads what all forms of a response have.
func (f *responsesFold) head(response gjson.Result) {
	keep(&f.reply.ID, response.Get("id"))
	keep(&f.reply.Model, response.Get("model"))
	readResponsesUsage(&f.reply.Usage, response.Get("usage"))
}

// output takes the items of a whole response for those gathered so far. Where it
// has none (some servers leave them out of the last event), those stay.
func (f *responsesFold) output(list gjson.Result) {
	if !list.IsArray() {
		return
	}
	position := 0
	list.ForEach(func(_, item gjson.Result) bool {
		if position == 0 {
			f.items, f.size = nil, 0
		}
		if it := f.add(position, item.Get("type").String(), item); it != nil {
			it.read(item)
			f.size += it.size()
		}
		position++
		return true
	})
}

// result makes the choice of the items. Some servers show reasoning and report
// that none of its tokens were counted: that is no count.
func (f *responsesFold) result(whole bool) Reply {
	if f.answered || len(f.items) > 0 {
		compose(f.choice(0), f.items)
		f.choice(0).finish = f.finish
	}
	u := &f.reply.Usage
	if u.Reasoning == 0 && slices.ContainsFunc(f.items, func(it *outputItem) bool { return it.shown }) {
		u.HasReasoning = false
	}
	return f.gathering.result(whole)
}

// readResponsesUsage keeps the last counts.
func readResponsesUsage(u *Usage, v gjson.Result) {
	if !v.IsObject() {
		return
	}
	input, hasInput := count(v.Get("input_tokens"))
	output, hasOutput := count(v.Get("output_tokens"))
	*u = Usage{Input: input, Output: output, HasTotals: hasInput && hasOutput}
	u.CachedInput, _ = count(v.Get("input_tokens_details.cached_tokens"))
	u.Reasoning, u.HasReasoning = count(v.Get("output_tokens_details.reasoning_tokens"))
	u.reconcile(v.Get("total_tokens"))
}
