package ensemble

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotmess/wire"
)

func shopTools() wire.View {
	return wire.View{Tools: []wire.Tool{
		{Name: "order", Params: map[string]wire.Param{"item": {Type: "string"}, "count": {Type: "integer"}, "note": {Type: "string"}}},
		{Name: "mail", Params: map[string]wire.Param{"to": {Type: "string"}, "body": {Type: "string"}}},
		{Name: "bash"},
		{Name: "patch"},
	}}
}

// replyOf makes a reply of pairs of tool names and arguments.
func replyOf(pairs ...string) wire.Reply {
	r := wire.Reply{Choices: 1}
	for i := 0; i < len(pairs); i += 2 {
		r.Calls = append(r.Calls, wire.Call{Name: pairs[i], Arguments: pairs[i+1]})
	}
	return r
}

func TestTheUnstableArgumentIsNamed(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b wire.Reply
		want map[string]bool
	}{
		{
			"one differs", replyOf("order", `{"item":"pen","count":2,"note":"soon"}`), replyOf("order", `{"note":"please","count":2.0,"item":"pen"}`),
			map[string]bool{"order.item": false, "order.count": false, "order.note": true},
		},
		{
			"one is left out", replyOf("order", `{"item":"pen","note":"x"}`), replyOf("order", `{"item":"pen"}`),
			map[string]bool{"order.item": false, "order.note": true},
		},
		{
			"null is left out", replyOf("order", `{"item":"pen","note":null}`), replyOf("order", `{"item":"pen"}`),
			map[string]bool{"order.item": false},
		},
		{
			"parallel calls in another order", replyOf("order", `{"item":"pen"}`, "mail", `{"to":"a"}`), replyOf("mail", `{"to":"b"}`, "order", `{"item":"pen"}`),
			map[string]bool{"order.item": false, "mail.to": true},
		},
		{
			"a tool that is called twice is left out",
			replyOf("order", `{"item":"pen"}`, "order", `{"item":"ink"}`, "mail", `{"to":"a"}`),
			replyOf("order", `{"item":"ink"}`, "order", `{"item":"pen"}`, "mail", `{"to":"a"}`),
			map[string]bool{"mail.to": false},
		},
		{"another tool", replyOf("order", `{"item":"pen"}`), replyOf("mail", `{"to":"a"}`), nil},
		{"one tool more", replyOf("order", `{"item":"pen"}`), replyOf("order", `{"item":"pen"}`, "mail", `{"to":"a"}`), nil},
		{"no call", replyOf(), replyOf(), nil},
		{"a tool that is not offered", replyOf("burn", `{"secret":"a"}`), replyOf("burn", `{"secret":"b"}`), nil},
		{
			"names that the model made up are one", replyOf("order", `{"item":"pen","my secret":1}`), replyOf("order", `{"item":"pen","my other":1}`),
			map[string]bool{"order.item": false, "order.(unlisted)": true},
		},
		{"a tool without a schema", replyOf("bash", `{"command":"ls"}`), replyOf("bash", `{"command":"pwd"}`), map[string]bool{"bash.command": true}},
		{"free text", replyOf("patch", "*** Begin"), replyOf("patch", "*** Begin"), map[string]bool{"patch.(input)": false}},
		{"broken JSON", replyOf("order", `{"item":`), replyOf("order", `{"item":"pen"}`), map[string]bool{"order.(input)": true, "order.item": true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			compare := comparer(t, shopTools(), "")
			if diff := cmp.Diff(c.want, compare.Arguments(c.a, c.b)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.want, compare.Arguments(c.b, c.a)); diff != "" {
				t.Errorf("the other way round: %s", diff)
			}
		})
	}
}

func TestArgumentsOfAPairAreBounded(t *testing.T) {
	params, arguments := map[string]wire.Param{}, []string{}
	for i := range 1000 {
		name := fmt.Sprintf("a%d", i)
		params[name] = wire.Param{}
		arguments = append(arguments, fmt.Sprintf("%q:%d", name, i))
	}
	compare := comparer(t, wire.View{Tools: []wire.Tool{{Name: "big", Params: params}}}, "")
	r := replyOf("big", "{"+strings.Join(arguments, ",")+"}")
	if got := len(compare.Arguments(r, r)); got != maxArguments {
		t.Errorf("%d arguments", got)
	}
}

func TestOnlyActionsHaveArguments(t *testing.T) {
	r := replyOf("order", `{"item":"pen"}`)
	if got := comparer(t, wire.View{}, "").Arguments(r, r); got != nil {
		t.Errorf("%v", got)
	}
	refused := r
	refused.Refusal = "no"
	if got := comparer(t, shopTools(), "").Arguments(r, refused); got != nil {
		t.Errorf("%v", got)
	}
}

func TestRepeatedCountsTheCommonestCall(t *testing.T) {
	n, key := Repeated([]wire.Call{
		{Name: "read", Arguments: `{"path":"a"}`},
		{Name: "read", Arguments: `{"path":"b"}`},
		{Name: "read", Arguments: ` {"path": "a"}`},
		{Name: "open", Arguments: `{"path":"a"}`},
		{ID: "another", Name: "read", Arguments: `{"path":"a"}`},
		{Name: "stat"},
		{Name: "stat", Arguments: "{}"},
	})
	if n != 3 || key != exactCall(wire.Call{Name: "read", Arguments: `{"path":"a"}`}) {
		t.Errorf("%d of %q", n, key)
	}
	if n, key := Repeated(nil); n != 0 || key != "" {
		t.Errorf("%d of %q without a call", n, key)
	}
}

// BenchmarkRepeated is the longest history that is looked at.
func BenchmarkRepeated(b *testing.B) {
	var past []wire.Call
	for i := range 256 {
		past = append(past, wire.Call{Name: "bash", Arguments: fmt.Sprintf(`{"command":"go test ./room%d -run 'TestSomething' -count 1","timeout":%d}`, i%200, i)})
	}
	for b.Loop() {
		Repeated(past)
	}
}
