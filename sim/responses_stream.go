package sim

import "maps"

// A sequence is the events of a response, counted from 0.
type sequence struct {
	parts []part
	cuts  cutter
}

// add adds an event; more are its fields besides type and sequence_number.
func (e *sequence) add(name string, more map[string]any) {
	fields := map[string]any{"type": name, "sequence_number": len(e.parts)}
	maps.Copy(fields, more)
	e.parts = append(e.parts, event(name, fields))
}

func (f *responsesForm) stream(t *turn) stream {
	e := &sequence{cuts: t.cutter()}
	state := func(name string, o responseObject) { e.add("response."+name, map[string]any{"response": o}) }
	begun := "in_progress"
	if f.request.Background {
		begun = "queued"
	}
	state("created", f.object(t, begun))
	if f.request.Background {
		state("queued", f.object(t, begun))
	}
	state("in_progress", f.object(t, "in_progress"))
	final := f.final(t)
	for at, i := range f.output(t) {
		switch i := i.(type) {
		case reasoningItem:
			e.reasoning(i, at)
		case messageItem:
			e.message(i, at)
		case callItem:
			e.call(i, at)
		}
	}
	state(final.Status, final)
	return stream{contentType: eventStream, parts: e.parts}
}

// breakdown is one of the two ways in which the real API says it: the response
// in the state failed, or an error.
func (f *responsesForm) breakdown(t *turn, sent int) []part {
	e := &sequence{parts: make([]part, sent)}
	if t.source("breakdown").IntN(2) == 0 {
		e.add("response.failed", map[string]any{"response": f.final(t)})
	} else {
		e.add("error", map[string]any{"code": "server_error", "message": serverError().message, "param": nil})
	}
	return e.parts[sent:]
}

// place is where a delta belongs: fields that all events of an item have.
func place(id string, at int, more map[string]any) map[string]any {
	more["item_id"], more["output_index"] = id, at
	return more
}

func (e *sequence) item(event string, i any, at int) {
	e.add("response.output_item."+event, map[string]any{"output_index": at, "item": i})
}

func (e *sequence) reasoning(whole reasoningItem, at int) {
	e.item("added", reasoningItem{ID: whole.ID, Type: whole.Type, Summary: []summaryPart{}}, at)
	for n, p := range whole.Summary {
		in := func(more map[string]any) map[string]any {
			more["summary_index"] = n
			return place(whole.ID, at, more)
		}
		e.add("response.reasoning_summary_part.added", in(map[string]any{"part": summaryPart{Type: p.Type}}))
		for _, piece := range e.cuts.cut(p.Text) {
			e.add("response.reasoning_summary_text.delta", in(map[string]any{"delta": piece}))
		}
		e.add("response.reasoning_summary_text.done", in(map[string]any{"text": p.Text}))
		e.add("response.reasoning_summary_part.done", in(map[string]any{"part": p}))
	}
	e.item("done", whole, at)
}

func (e *sequence) message(whole messageItem, at int) {
	e.item("added", messageItem{ID: whole.ID, Type: whole.Type, Status: "in_progress", Role: whole.Role, Content: []any{}}, at)
	for n, p := range whole.Content {
		in := func(more map[string]any) map[string]any {
			more["content_index"] = n
			return place(whole.ID, at, more)
		}
		switch p := p.(type) {
		case textPart:
			e.text(p, in)
		case refusalPart:
			e.refusal(p, in)
		}
		e.add("response.content_part.done", in(map[string]any{"part": p}))
	}
	e.item("done", whole, at)
}

// text is the deltas of a text: pieces of it, or, with their log
// probabilities, its tokens.
func (e *sequence) text(p textPart, in func(map[string]any) map[string]any) {
	e.add("response.content_part.added", in(map[string]any{
		"part": textPart{Type: p.Type, Annotations: []string{}, Logprobs: []tokenProb{}},
	}))
	const name = "response.output_text.delta"
	for _, one := range p.Logprobs {
		e.add(name, in(map[string]any{"delta": one.Token, "logprobs": []tokenProb{one}}))
	}
	if len(p.Logprobs) == 0 {
		for _, piece := range e.cuts.cut(p.Text) {
			e.add(name, in(map[string]any{"delta": piece, "logprobs": []tokenProb{}}))
		}
	}
	e.add("response.output_text.done", in(map[string]any{"text": p.Text, "logprobs": p.Logprobs}))
}

func (e *sequence) refusal(p refusalPart, in func(map[string]any) map[string]any) {
	e.add("response.content_part.added", in(map[string]any{"part": refusalPart{Type: p.Type}}))
	for _, piece := range e.cuts.cut(p.Refusal) {
		e.add("response.refusal.delta", in(map[string]any{"delta": piece}))
	}
	e.add("response.refusal.done", in(map[string]any{"refusal": p.Refusal}))
}

func (e *sequence) call(whole callItem, at int) {
	begun := whole
	begun.Status, begun.Arguments = "in_progress", ""
	e.item("added", begun, at)
	for _, piece := range e.cuts.cut(whole.Arguments) {
		e.add("response.function_call_arguments.delta", place(whole.ID, at, map[string]any{"delta": piece}))
	}
	e.add("response.function_call_arguments.done", place(whole.ID, at, map[string]any{"arguments": whole.Arguments, "name": whole.Name}))
	e.item("done", whole, at)
}
