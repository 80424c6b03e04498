package wire

import (
	"cmp"
	"slices"

	"github.com/tidwall/gjson"
)

// A callFold gathers tool calls, whose fragments come interleaved by index.
type callFold struct {
	calls []partialCall
}

// A partialCall is what has come of one call.
type partialCall struct {
	index     int
	id, name  string
	arguments []byte
}

func (f *chatFold) toolCalls(list gjson.Result) {
	if !list.IsArray() {
		return
	}
	position := -1
	list.ForEach(func(_, fragment gjson.Result) bool {
		position++
		f.toolCall(fragment, position)
		return true
	})
}

func (f *chatFold) toolCall(fragment gjson.Result, position int) {
	if !fragment.IsObject() {
		return
	}
	index, ok := count(fragment.Get("index"))
	if !ok {
		index = position
	}
	body, arguments := fragment.Get("function"), "arguments"
	if custom := fragment.Get("custom"); custom.IsObject() {
		body, arguments = custom, "input"
	}
	f.call(index, fragment.Get("id"), body.Get("name"), body.Get(arguments))
}

// functionCall folds the legacy form of a single call.
func (f *chatFold) functionCall(v gjson.Result) {
	if v.IsObject() {
		f.call(0, gjson.Result{}, v.Get("name"), v.Get("arguments"))
	}
}

// call adds a fragment to the call of its index. Names and ids come once or are
// repeated; arguments are continued.
func (f *chatFold) call(index int, id, name, arguments gjson.Result) {
	c := f.calls.at(index, id.String(), name.String())
	if c == nil {
		return
	}
	keep(&c.id, id)
	keep(&c.name, name)
	text := arguments.String() // an object, as some servers send it, as its JSON
	c.arguments = append(c.arguments, text...)
	f.size += len(text)
	f.begin()
}

// at finds the call that a fragment belongs to: the latest of its index, or a
// new one. Some servers give all parallel calls index 0; a fragment with a name
// and an id of its own is a new call there. Beyond maxIndex there is none.
func (s *callFold) at(index int, id, name string) *partialCall {
	for i := len(s.calls) - 1; i >= 0; i-- {
		c := &s.calls[i]
		if c.index != index {
			continue
		}
		if id != "" && name != "" && c.id != "" && c.id != clip(id, maxWord) {
			break
		}
		return c
	}
	if index >= maxIndex || len(s.calls) >= maxIndex {
		return nil
	}
	s.calls = append(s.calls, partialCall{index: index})
	return &s.calls[len(s.calls)-1]
}

// list gives the calls in the order of their indices.
func (s *callFold) list() []Call {
	slices.SortStableFunc(s.calls, func(a, b partialCall) int {
		return cmp.Compare(a.index, b.index)
	})
	var calls []Call
	for _, c := range s.calls {
		calls = append(calls, Call{ID: c.id, Name: c.name, Arguments: string(c.arguments)})
	}
	return calls
}
