package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// maxDecision is the length of one page, in lines.
const maxDecision = 60

// read returns a file of the repository as text.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// decisions lists the files of docs/adr in order.
func decisions(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("docs/adr/[0-9]*.md")
	if err != nil || len(names) == 0 {
		t.Fatalf("no decisions: %v", err)
	}
	return names
}

var (
	decisionTitle  = regexp.MustCompile(`(?m)\A# (\d{4}): (.+)$`)
	decisionStatus = regexp.MustCompile(`(?m)^\| Status +\| (accepted|proposed|superseded by \d{4}) +\|$`)
	decisionDate   = regexp.MustCompile(`(?m)^\| Date +\| \d{4}-\d{2}-\d{2} +\|$`)
)

func TestDecisionsHaveTheirParts(t *testing.T) {
	for i, name := range decisions(t) {
		text := read(t, name)
		title := decisionTitle.FindStringSubmatch(text)
		if title == nil || !strings.HasPrefix(filepath.Base(name), title[1]+"-") || title[1] != fmt.Sprintf("%04d", i+1) {
			t.Errorf("%s: want a first line # %04d: title", name, i+1)
		}
		if !decisionStatus.MatchString(text) || !decisionDate.MatchString(text) {
			t.Errorf("%s: want Status and Date in the table", name)
		}
		for _, part := range []string{"## Context", "## Decision", "## Consequences"} {
			if !strings.Contains(text, "\n"+part+"\n") {
				t.Errorf("%s: no %s", name, part)
			}
		}
		if n := strings.Count(text, "\n"); n > maxDecision {
			t.Errorf("%s has %d lines; a decision is one page, %d", name, n, maxDecision)
		}
	}
}

func TestDecisionsAreIndexed(t *testing.T) {
	index := read(t, "docs/adr/README.md")
	for _, name := range decisions(t) {
		if title := decisionTitle.FindStringSubmatch(read(t, name)); title != nil {
			row := fmt.Sprintf("| [%s](%s) | %s |", title[1], filepath.Base(name), title[2])
			if !strings.Contains(index, row) {
				t.Errorf("docs/adr/README.md has no row beginning %s", row)
			}
		}
	}
}

func TestEveryDirectDependencyEarnsItsPlace(t *testing.T) {
	reasons := read(t, "docs/adr/0006-direct-dependencies.md")
	for line := range strings.Lines(read(t, "go.mod")) {
		fields := strings.Fields(strings.TrimPrefix(line, "require "))
		if len(fields) != 2 || !strings.Contains(fields[0], ".") || fields[0] == "go" {
			continue // not a requirement, or an indirect one
		}
		if !strings.Contains(reasons, "| "+fields[0]+" |") {
			t.Errorf("%s is required but has no row in docs/adr/0006-direct-dependencies.md", fields[0])
		}
	}
}
