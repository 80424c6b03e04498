package ensemble

import (
	"testing"

	"hotmess/wire"
)

// agentTools are tools as coding agents, browsers and tool servers offer them.
func agentTools() []wire.Tool {
	words := wire.Param{Type: "string"}
	number := wire.Param{Type: "integer"}
	return []wire.Tool{
		{Name: "bash", Params: map[string]wire.Param{"command": words, "description": words}},
		{Name: "shell", Params: map[string]wire.Param{"command": {Type: "array"}, "workdir": words}},
		{Name: "read_file", Params: map[string]wire.Param{"file_path": words, "offset": number, "limit": number}},
		{Name: "write_file", Params: map[string]wire.Param{"file_path": words, "content": words}},
		{Name: "edit", Params: map[string]wire.Param{"file_path": words, "old_string": words, "new_string": words, "replace_all": {Type: "boolean"}}},
		{Name: "str_replace_based_edit_tool", Params: map[string]wire.Param{"command": {Type: "string", Enum: true}, "path": words, "old_str": words, "new_str": words}},
		{Name: "apply_patch", Params: map[string]wire.Param{"input": words}},
		{Name: "grep", Params: map[string]wire.Param{"pattern": words, "path": words, "glob": words}},
		{Name: "glob", Params: map[string]wire.Param{"pattern": words}},
		{Name: "web_search", Params: map[string]wire.Param{"query": words}},
		{Name: "fetch", Params: map[string]wire.Param{"url": {Type: "string", Format: "uri"}, "prompt": words}},
		{Name: "click", Params: map[string]wire.Param{"x": number, "y": number}},
		{Name: "browser_click", Params: map[string]wire.Param{"element": words, "ref": words}},
		{Name: "create_issue", Params: map[string]wire.Param{"repo": words, "title": words, "body": words, "labels": {Type: "array"}}},
		{Name: "todo_write", Params: map[string]wire.Param{"todos": {Type: "array"}}},
		{Name: "refund", Params: map[string]wire.Param{"order_id": words, "amount": {Type: "number"}, "reason": words}},
		{Name: "calendar", Params: map[string]wire.Param{"start": {Type: "string", Format: "date-time"}, "title": words}},
		{Name: "get_weather", Params: map[string]wire.Param{"city": words, "units": words}},
		{Name: "computer", Params: map[string]wire.Param{"action": words, "text": words}},
		{Name: "set_status", Params: map[string]wire.Param{"ticket": number, "status": words, "comment": words}},
		{Name: "trade", Params: map[string]wire.Param{"symbol": words, "shares": number}},
		{Name: "list_tables"},
	}
}

// TestTargetOfRealisticCalls holds level target to what a person would say of
// two calls of coding agents: do they aim at the same?
func TestTargetOfRealisticCalls(t *testing.T) {
	const same, other = true, false
	c := comparer(t, wire.View{Tools: agentTools()}, "")
	for _, p := range []struct {
		what, tool, a, b string
		want             bool
	}{
		// Shell commands.
		{"description of a command", "bash", `{"command":"ls -la","description":"List"}`, `{"command":"ls","description":"Show the files"}`, same},
		{"several commands", "shell", `{"commands":["ls -la src","rm -fr a"]}`, `{"commands":["ls src","rm -r -f a"]}`, same},
		{"several commands, another one", "shell", `{"commands":["ls src","rm -rf a"]}`, `{"commands":["ls src","rm -rf b"]}`, other},
		{"another directory", "bash", `{"command":"ls src"}`, `{"command":"ls test"}`, other},
		{"spelling of a path", "bash", `{"command":"cat ./src/a.go"}`, `{"command":"cat src/a.go"}`, same},
		{"quotes", "bash", `{"command":"cat 'a b.txt'"}`, `{"command":"cat \"a b.txt\""}`, same},
		{"flags in a cluster", "bash", `{"command":"rm -rf build"}`, `{"command":"rm -r -f build"}`, same},
		{"recursive or not", "bash", `{"command":"rm build"}`, `{"command":"rm -r build"}`, other},
		{"what is removed", "bash", `{"command":"rm -rf build"}`, `{"command":"rm -rf /"}`, other},
		{"noise of a test run", "bash", `{"command":"go test ./... 2>&1"}`, `{"command":"go test ./..."}`, same},
		{"package that is tested", "bash", `{"command":"go test ./wire"}`, `{"command":"go test ./proxy"}`, other},
		{"commit message", "bash", `{"command":"git commit -m \"fix the parser\""}`, `{"command":"git commit -m 'Fix parser bug'"}`, same},
		{"commit message, all changes", "bash", `{"command":"git commit -am \"one\""}`, `{"command":"git commit -am \"two words\""}`, same},
		{"commit or push", "bash", `{"command":"git commit -m x"}`, `{"command":"git push"}`, other},
		{"branch that is pushed to", "bash", `{"command":"git push origin main"}`, `{"command":"git push origin dev"}`, other},
		{"forced push", "bash", `{"command":"git push"}`, `{"command":"git push --force"}`, other},
		{"grep for another word", "bash", `{"command":"grep -rn 'func main' src"}`, `{"command":"grep -rn \"main()\" src"}`, same},
		{"grep elsewhere", "bash", `{"command":"grep -rn main src"}`, `{"command":"grep -rn main test"}`, other},
		{"grep with lines around", "bash", `{"command":"grep -A 3 foo src/a.go"}`, `{"command":"grep -A 3 bar src/a.go"}`, same},
		{"grep with lines around, joined", "bash", `{"command":"grep -n -A3 foo a.go"}`, `{"command":"grep -A 3 -n foo a.go"}`, same},
		{"ripgrep by type", "bash", `{"command":"rg -t go foo src"}`, `{"command":"rg -t go 'bar baz' src"}`, same},
		{"ripgrep by long type", "bash", `{"command":"rg --type go foo src"}`, `{"command":"rg --type go bar src"}`, same},
		{"ripgrep of another type", "bash", `{"command":"rg -t go foo src"}`, `{"command":"rg -t py foo src"}`, other},
		{"sed on another file", "bash", `{"command":"sed -i 's/a/b/' x.go"}`, `{"command":"sed -i 's/a/b/' y.go"}`, other},
		{"sed with another replacement", "bash", `{"command":"sed -i 's/a/b/' x.go"}`, `{"command":"sed -i 's/a/c/g' x.go"}`, same},
		{"sed in place or not", "bash", `{"command":"sed -i 's/a/b/' x.go"}`, `{"command":"sed 's/a/b/' x.go"}`, other},
		{"lines that sed shows", "bash", `{"command":"sed -n '1,50p' x.go"}`, `{"command":"sed -n '200,260p' x.go"}`, other},
		{"lines that sed shows, quoted otherwise", "bash", `{"command":"sed -n 1,50p x.go"}`, `{"command":"sed -n '1,50p' ./x.go"}`, same},
		{"text of a file from a here-document", "bash", `{"command":"cat > a.py <<'EOF'\nprint(1)\nEOF"}`, `{"command":"cat > a.py <<EOF\nprint(2)\nEOF"}`, same},
		{"file from a here-document", "bash", `{"command":"cat > a.py <<'EOF'\nx\nEOF"}`, `{"command":"cat > b.py <<'EOF'\nx\nEOF"}`, other},
		{"patch of a here-document", "bash", `{"command":"apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: a.go\n@@\n-x\n+y\n*** End Patch\nEOF"}`, `{"command":"apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: b.go\n@@\n-x\n+y\n*** End Patch\nEOF"}`, other},
		{"words instead of a line", "shell", `{"command":["bash","-lc","ls src"]}`, `{"command":["bash","-lc","ls  'src'"]}`, same},
		{"words of another command", "shell", `{"command":["ls","src"]}`, `{"command":["rm","src"]}`, other},
		{"where it runs", "shell", `{"command":["ls"],"workdir":"/a"}`, `{"command":["ls"],"workdir":"/b"}`, other},
		{"patch given as a word", "shell", `{"command":["apply_patch","*** Begin Patch\n*** Delete File: a.go\n*** End Patch"]}`, `{"command":["apply_patch","*** Begin Patch\n*** Delete File: b.go\n*** End Patch"]}`, other},
		{"chained by another operator", "bash", `{"command":"make && make install"}`, `{"command":"make || make install"}`, other},
		{"with or without privileges", "bash", `{"command":"apt-get install jq"}`, `{"command":"sudo apt-get install jq"}`, other},
		{"package that is installed", "bash", `{"command":"npm install lodash"}`, `{"command":"npm install 1odash"}`, other},
		{"method of a request", "bash", `{"command":"curl https://a.io/x"}`, `{"command":"curl -X DELETE https://a.io/x"}`, other},

		// Files.
		{"lines that are read", "read_file", `{"file_path":"a.go","offset":1}`, `{"file_path":"a.go","offset":400}`, other},
		{"null is absent", "read_file", `{"file_path":"a.go","limit":null}`, `{"file_path":"./a.go"}`, same},
		{"content of a file", "write_file", `{"file_path":"a.md","content":"# One way"}`, `{"file_path":"a.md","content":"# Another way\n"}`, same},
		{"file that is written", "write_file", `{"file_path":"a.md","content":"x"}`, `{"file_path":"b.md","content":"x"}`, other},
		{"text that is replaced", "edit", `{"file_path":"a.go","old_string":"x := 1","new_string":"x := 2"}`, `{"file_path":"a.go","old_string":"\tx := 1\n","new_string":"\tx := 2\n"}`, same},
		{"once or everywhere", "edit", `{"file_path":"a.go","old_string":"a b","replace_all":true}`, `{"file_path":"a.go","old_string":"a b","replace_all":false}`, other},
		{"view or replace", "str_replace_based_edit_tool", `{"command":"view","path":"/a.go"}`, `{"command":"str_replace","path":"/a.go","old_str":"a b"}`, other},
		{"patch of another file", "apply_patch", `{"input":"*** Begin Patch\n*** Update File: a.go\n@@\n-x\n+y\n*** End Patch"}`, `{"input":"*** Begin Patch\n*** Update File: b.go\n@@\n-x\n+y\n*** End Patch"}`, other},
		{"patch of the same file", "apply_patch", `{"input":"*** Begin Patch\n*** Update File: a.go\n@@\n-x\n+y\n*** End Patch"}`, `{"input":"*** Begin Patch\n*** Update File: ./a.go\n@@\n-x\n+z\n*** End Patch\n"}`, same},
		{"patch that updates or deletes", "apply_patch", `{"input":"*** Begin Patch\n*** Update File: a.go\n*** End Patch"}`, `{"input":"*** Begin Patch\n*** Delete File: a.go\n*** End Patch"}`, other},
		{"unified diff of another file", "apply_patch", `{"input":"--- a/x.go\n+++ b/x.go\n@@ -1 +1 @@\n-a\n+b\n"}`, `{"input":"--- a/y.go\n+++ b/y.go\n@@ -1 +1 @@\n-a\n+b\n"}`, other},
		{"unified diff of the same file", "apply_patch", `{"input":"--- a/x.go\n+++ b/x.go\n@@ -1 +1 @@\n-a\n+b\n"}`, `{"input":"diff --git a/x.go b/x.go\n--- a/x.go\n+++ b/x.go\n@@ -1 +1 @@\n-a\n+c\n"}`, same},

		// Searches.
		{"pattern of a search", "grep", `{"pattern":"func main","path":"src"}`, `{"pattern":"func  main\\(","path":"src/"}`, same},
		{"where is searched", "grep", `{"pattern":"main","path":"src"}`, `{"pattern":"main","path":"test"}`, other},
		{"files that are listed", "glob", `{"pattern":"**/*.go"}`, `{"pattern":"**/*.py"}`, other},
		{"words of a search", "web_search", `{"query":"go http timeout"}`, `{"query":"golang http client timeouts"}`, same},
		{"page that is fetched", "fetch", `{"url":"https://a.io/1","prompt":"sum up"}`, `{"url":"https://a.io/2","prompt":"sum up"}`, other},
		{"what is asked of a page", "fetch", `{"url":"https://a.io/1","prompt":"sum it up"}`, `{"url":"https://a.io/1","prompt":"what does it say"}`, same},

		// Browsers and tool servers.
		{"where is clicked", "click", `{"x":100,"y":200}`, `{"x":640,"y":200}`, other},
		{"number as written", "click", `{"x":100,"y":200}`, `{"y":2e2,"x":100.0}`, same},
		{"element as described", "browser_click", `{"element":"the Submit button","ref":"e12"}`, `{"element":"Submit","ref":"e12"}`, same},
		{"element that is clicked", "browser_click", `{"element":"Submit","ref":"e12"}`, `{"element":"Submit","ref":"e13"}`, other},
		{"wording of an issue", "create_issue", `{"repo":"o/r","title":"It crashes","body":"When I"}`, `{"repo":"o/r","title":"Crash at start","body":"On start"}`, same},
		{"repository of an issue", "create_issue", `{"repo":"o/r","title":"It crashes"}`, `{"repo":"o/s","title":"It crashes"}`, other},
		{"ids in a list of objects", "todo_write", `{"todos":[{"id":"1","content":"read it"},{"id":"2","content":"fix it"}]}`, `{"todos":[{"id":"1","content":"read all"},{"id":"2","content":"mend it"}]}`, same},
		{"amount of a refund", "refund", `{"order_id":"A-1","amount":10,"reason":"late"}`, `{"order_id":"A-1","amount":100,"reason":"it was late"}`, other},
		{"order of a refund", "refund", `{"order_id":"A-1","amount":10}`, `{"order_id":"A-2","amount":10}`, other},
		{"when it is", "calendar", `{"start":"2026-01-01T10:00:00Z","title":"a talk"}`, `{"start":"2026-01-02T10:00:00Z","title":"a talk"}`, other},

		// Arguments that are no JSON.
		{"broken JSON, broken elsewhere", "write_file", `{"file_path":"a","content":"x`, `{"file_path":"a","content":"x y`, same},
		{"broken JSON or whole", "write_file", `{"content":"x`, `{"content":"x"}`, other},
		{"custom tool, patch of the same file", "apply_patch", "*** Begin Patch\n*** Add File: a\n+1\n*** End Patch", "*** Begin Patch\n*** Add File: a\n+2\n*** End Patch", same},
		{"custom tool, patch of another file", "apply_patch", "*** Begin Patch\n*** Add File: a\n+1\n*** End Patch", "*** Begin Patch\n*** Add File: b\n+1\n*** End Patch", other},
		{"custom shell, another directory", "bash", "ls src", "ls test", other},

		// Names of things whose schema lists no values.
		{"city of a weather report", "get_weather", `{"city":"Paris"}`, `{"city":"Rome"}`, other},
		{"city with blanks", "get_weather", `{"city":"New York"}`, `{"city":"New  York "}`, same},
		{"click or type", "computer", `{"action":"click"}`, `{"action":"type","text":"hello"}`, other},
		{"what is typed", "computer", `{"action":"type","text":"hello"}`, `{"action":"type","text":"hello there"}`, same},
		{"approved or denied", "set_status", `{"ticket":7,"status":"approved"}`, `{"ticket":7,"status":"denied"}`, other},
		{"comment on a status", "set_status", `{"ticket":7,"status":"denied","comment":"no budget"}`, `{"ticket":7,"status":"denied","comment":"too dear"}`, same},
		{"stock that is bought", "trade", `{"symbol":"AAPL","shares":10}`, `{"symbol":"MSFT","shares":10}`, other},
		{"no arguments", "list_tables", `{}`, ``, same},
	} {
		a, b := c.Keys(asked(p.tool, p.a)), c.Keys(asked(p.tool, p.b))
		if got := a[LevelTarget] == b[LevelTarget]; got != p.want {
			t.Errorf("%s: same %v, want %v\n%s\n%s", p.what, got, p.want, a[LevelTarget], b[LevelTarget])
		}
	}
}

// asked is a reply with one call.
func asked(tool, arguments string) wire.Reply {
	return wire.Reply{Choice: wire.Choice{Calls: []wire.Call{{Name: tool, Arguments: arguments}}}}
}
