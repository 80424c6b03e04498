package shell

import "testing"

func TestArgumentsAreKnownByNameOrByTheirTool(t *testing.T) {
	for _, tt := range []struct {
		tool, argument       string
		command, code, patch bool
	}{
		{tool: "anything", argument: "Command", command: true},
		{tool: "anything", argument: "cmd", command: true},
		{tool: "bash", argument: "", command: true},
		{tool: "run_shell_command", argument: "script", command: true},
		{tool: "bash", argument: "description"},
		{tool: "jira", argument: "input"},
		{tool: "python", argument: "code", code: true},
		{tool: "Execute_Code", argument: "source", code: true},
		{tool: "python", argument: "title"},
		{tool: "apply_patch", argument: "path", patch: true},
		{tool: "Apply_Diff", argument: "path", patch: true},
		{tool: "dispatch_order", argument: "path"},
	} {
		if got := IsCommand(tt.tool, tt.argument); got != tt.command {
			t.Errorf("%s of %s is a command: %v", tt.argument, tt.tool, got)
		}
		if got := IsCode(tt.tool, tt.argument); got != tt.code {
			t.Errorf("%s of %s is code: %v", tt.argument, tt.tool, got)
		}
		if got := IsPatch(tt.tool); got != tt.patch {
			t.Errorf("%s takes patches: %v", tt.tool, got)
		}
	}
}

func TestPathsHaveOneForm(t *testing.T) {
	for path, want := range map[string]string{
		"./a/../b//c/": "b/c", "/a/.": "/a", "a": "a", "": "", "..": "..", "https://a.example//b/../c": "https://a.example//b/../c",
	} {
		if got := CleanPath(path); got != want {
			t.Errorf("CleanPath(%q) = %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]bool{`C:\a`: true, `C:`: false, `C:/a`: false, `a`: false} {
		if got := IsDrivePath(path); got != want {
			t.Errorf("IsDrivePath(%q) = %v", path, got)
		}
	}
}
