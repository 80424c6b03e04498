package wire

import (
	"cmp"
	"slices"
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
