package ensemble

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hotmess/wire"
)

var editor = wire.Tool{Name: "edit", Params: map[string]wire.Param{
	"path":    {Type: "string"},
	"content": {Type: "string"},
	"mode":    {Type: "string", Enum: true},
	"link":    {Type: "string", Format: "uri"},
	"line":    {Type: "integer"},
}}

func comparer(t testing.TB, v wire.View, extract string) Comparer {
	t.Helper()
	c, err := NewComparer(v, extract)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// calls makes a reply of tool calls written "name {arguments}".
func calls(written ...string) wire.Reply {
	var r wire.Reply
	for i, s := range written {
		name, arguments, _ := strings.Cut(s, " ")
		r.Calls = append(r.Calls, wire.Call{ID: string(rune('a' + i)), Name: name, Arguments: arguments})
	}
	return r
}

func TestActionsAgreeFromCoarseToFine(t *testing.T) {
	c := comparer(t, wire.View{Tools: []wire.Tool{editor, {Name: "bash"}, {Name: "get"}}}, "")
	none, tool, target, exact := "", "tool", "tool target", "tool target exact"
	for _, k := range []struct {
		name string
		a, b wire.Reply
		same string
	}{
		{"same call", calls(`edit {"path":"a"}`), calls(`edit {"path":"a"}`), exact},
		{"spelling of JSON", calls(`edit {"path":"a","line":1}`), calls(`edit { "line": 1.0, "path": "a" }`), exact},
		{"no arguments", calls(`get {}`), calls(`get`), exact},
		{"order of parallel calls", calls(`get {"id":1}`, `get {"id":2}`), calls(`get {"id":2}`, `get {"id":1}`), exact},
		{"repeated call", calls(`get {"id":1}`, `get {"id":1}`), calls(`get {"id":1}`), tool},
		{"free text", calls(`edit {"path":"a","content":"say hello"}`), calls(`edit {"path":"a","content":"say bye"}`), target},
		{"spelling of a path", calls(`edit {"path":"./src//a.go"}`), calls(`edit {"path":"src/a.go"}`), target},
		{"null", calls(`edit {"path":"a","content":null}`), calls(`edit {"path":"a"}`), target},
		{"path", calls(`edit {"path":"a"}`), calls(`edit {"path":"b"}`), tool},
		{"enum", calls(`edit {"mode":"append"}`), calls(`edit {"mode":"replace"}`), tool},
		{"format", calls(`edit {"link":"here"}`), calls(`edit {"link":"there"}`), tool},
		{"number", calls(`edit {"line":1}`), calls(`edit {"line":2}`), tool},
		{"number and string", calls(`edit {"line":1}`), calls(`edit {"line":"1"}`), tool},
		{"boolean", calls(`get {"all":true}`), calls(`get {"all":false}`), tool},
		{"id by name", calls(`get {"userId":"bob"}`), calls(`get {"userId":"eve"}`), tool},
		{"id by shape", calls(`get {"what":"ORD-17"}`), calls(`get {"what":"ORD-18"}`), tool},
		{"url by shape", calls(`get {"what":"https://a.example"}`), calls(`get {"what":"https://b.example"}`), tool},
		{"nested", calls(`get {"in":{"file":"a"}}`), calls(`get {"in":{"file":"b"}}`), tool},
		{"list", calls(`get {"files":["a","b"]}`), calls(`get {"files":["b","a"]}`), tool},
		{"argument's name", calls(`get {"a_id":"x"}`), calls(`get {"b_id":"x"}`), tool},
		{"shell command", calls(`bash {"command":"rm -fr a"}`), calls(`bash {"command":"rm -r -f a"}`), target},
		{"shell words", calls(`bash {"command":["rm","-fr","a"]}`), calls(`bash {"command":"rm -rf a"}`), target},
		{"shell description", calls(`bash {"command":"ls","description":"list it"}`), calls(`bash {"command":"ls","description":"look"}`), target},
		{"other shell command", calls(`bash {"command":"rm -r a"}`), calls(`bash {"command":"rm -r b"}`), tool},
		{"tool", calls(`get {}`), calls(`bash {}`), none},
		{"call and no call", calls(`get {}`), wire.Reply{}, none},
		{"no call", wire.Reply{Choice: wire.Choice{Text: "Shall I?"}}, wire.Reply{Choice: wire.Choice{Text: "Done."}}, exact},
		{"refusals", wire.Reply{Choice: wire.Choice{Refusal: "No."}}, wire.Reply{Choice: wire.Choice{Refusal: "Sorry."}}, exact},
		{"refusal and no call", wire.Reply{Choice: wire.Choice{Refusal: "No."}}, wire.Reply{Choice: wire.Choice{Text: "No."}}, none},
		{"malformed", calls(`get {"id":`), calls(`get {"id":`), exact},
		{"malformed otherwise", calls(`get {"id":`), calls(`get {"id`), target},
		{"malformed and not", calls(`get {`), calls(`get {}`), tool},
		{"arguments that are no object", calls(`get [1]`), calls(`get [2]`), tool},
	} {
		t.Run(k.name, func(t *testing.T) {
			if got := sameLevels(c, k.a, k.b); got != k.same {
				t.Errorf("same at %q, want %q\n%v\n%v", got, k.same, c.Keys(k.a), c.Keys(k.b))
			}
		})
	}
}

// sameLevels are the levels at which two replies agree.
func sameLevels(c Comparer, a, b wire.Reply) string {
	var same []string
	x, y := c.Keys(a), c.Keys(b)
	for _, l := range c.Levels() {
		if x[l] == y[l] {
			same = append(same, string(l))
		}
	}
	return strings.Join(same, " ")
}

func TestActionKeysEqualAtALevelAreEqualAtCoarserOnes(t *testing.T) {
	c := comparer(t, wire.View{Tools: []wire.Tool{editor}}, "")
	written := rapid.Custom(func(t *rapid.T) string {
		name := rapid.SampledFrom([]string{"edit", "bash", "other"}).Draw(t, "name")
		arguments := rapid.SampledFrom([]string{
			"", "{}", "{", `{"path":"a"}`, `{"path":"./a"}`, `{"path": "a"}`,
			`{"content":"x y"}`, `{"command":"rm -rf a"}`, `{"command":"rm -fr a"}`, `{"line":1}`, `{"line":1e0}`, `[1,1.0]`,
		}).Draw(t, "arguments")
		return name + " " + arguments
	})
	reply := func(t *rapid.T, label string) wire.Reply {
		return calls(rapid.SliceOfN(written, 0, 3).Draw(t, label)...)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := reply(t, "a"), reply(t, "b")
		switch got := sameLevels(c, a, b); got {
		case "", "tool", "tool target", "tool target exact":
		default:
			t.Fatalf("same at %q only", got)
		}
	})
}

func TestActionKeysDoNotDependOnTheOrderOfCalls(t *testing.T) {
	c := comparer(t, wire.View{Tools: []wire.Tool{editor}}, "")
	r := calls(`edit {"path":"a"}`, `edit {"path":"b"}`, `bash {"command":"ls"}`)
	want := c.Keys(r)
	rapid.Check(t, func(t *rapid.T) {
		r := wire.Reply{Choice: wire.Choice{Calls: rapid.Permutation(r.Calls).Draw(t, "calls")}}
		for level, key := range c.Keys(r) {
			if key != want[level] {
				t.Fatalf("%s: %s, want %s", level, key, want[level])
			}
		}
	})
}

func TestIdentityIsReadOffNames(t *testing.T) {
	for name, want := range map[string]bool{
		"path": true, "file_path": true, "filePath": true, "FILE": true, "user-id": true, "userID": true, "ids": true, "repo": true, "baseUrl": true,
		"": false, "pathology": false, "content": false, "pid_text": false, "query": false, "valid": false, "idea": false, "_": false,
	} {
		if got := namesIdentity(name); got != want {
			t.Errorf("namesIdentity(%q) = %v", name, got)
		}
	}
}

func TestIdentityIsReadOffShapes(t *testing.T) {
	yes := []string{"/etc/passwd", "a/b", "~/x", "main.go", "https://a.example/?q=1", "bob@example.com", "ORD-17", "3f2a9c1", "10.0.0.1", `C:\x`, "v1.2.3", "#42"}
	no := []string{"", "paris", "hello world", "a/b c", "Yes.", "what?", "naïve", "{x1}", "f(2)", strings.Repeat("a1", maxIdentity)}
	for _, s := range yes {
		if !looksIdentifying(s) {
			t.Errorf("%q does not look identifying", s)
		}
	}
	for _, s := range no {
		if looksIdentifying(s) {
			t.Errorf("%q looks identifying", s)
		}
	}
}

func BenchmarkActionKeysOf5(b *testing.B) {
	c := comparer(b, wire.View{Tools: []wire.Tool{editor, {Name: "bash"}}}, "")
	replies := slices.Repeat([]wire.Reply{calls(`bash {"command":"cd /srv/app && git status && rm -rf build","description":"clean up"}`,
		`edit {"path":"src/a.go","content":"package a","line":12}`)}, 5)
	for b.Loop() {
		for _, r := range replies {
			c.Keys(r)
		}
	}
}
