package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// withShell are the usual tools and a shell.
func withShell() []Tool {
	return append(slices.Clone(tools), Tool{
		Name: "bash", Parameters: json.RawMessage(`{"type":"object","properties":{"command":{"type":"string"},"why":{"type":"string"}},"required":["command","why"]}`),
	})
}

// commandsOf asks n times for the first step and gives the commands.
func commandsOf(t *testing.T, w way, s *Server, n int) (commands []string) {
	t.Helper()
	for i := range n {
		body := w.body("What about task 3?", false)
		w.offer(body, withShell())
		stream := i%2 == 1
		reply := w.send(s, body, stream).Body.String()
		said := w.whole(gjson.Parse(reply))
		if stream {
			said = w.fold(t, reply)
		}
		if len(said.Calls) != 1 || said.Calls[0].Name != "bash" {
			t.Fatalf("%+v", said)
		}
		commands = append(commands, gjson.Get(said.Calls[0].Arguments, "command").String())
	}
	return commands
}

// treeOf is the operand of a deletion, in any spelling.
func treeOf(command string) string { return command[strings.LastIndex(command, " ")+1:] }

// Of n samples a share p is wrong: the tolerance is four standard errors,
// 4·√(p·(1−p)/n).
func TestDeletionsAreWrongAtTheirRate(t *testing.T) {
	const n, p = 400, .3
	eachWay(t, func(t *testing.T, w way) {
		for _, vary := range []bool{false, true} {
			var log bytes.Buffer
			s := &Server{Seed: 5, Deletions: Deletions{Every: 1, Wrong: p, Vary: vary}, TruthLog: &log}
			wrong, spelled := map[string]int{}, map[string]bool{}
			commands := commandsOf(t, w, s, n)
			for i, truth := range truths(t, &log) {
				tree := treeOf(commands[i])
				spelled[strings.TrimSuffix(commands[i], tree)] = true
				if truth.Deletes != tree || truth.Right != (tree == truth.Meant) || math.Abs(truth.PRight-(1-p)) > 1e-12 {
					t.Fatalf("%q is logged as %+v", commands[i], truth)
				}
				if !truth.Right {
					wrong[tree]++
				}
				same := p*p + (1-p)*(1-p)
				if vary {
					same = (1 - p) * (1 - p)
				}
				if math.Abs(*truth.D-(1-same)) > 1e-12 {
					t.Fatalf("D = %g, want %g", *truth.D, 1-same)
				}
			}
			total := 0
			for _, times := range wrong {
				total += times
			}
			if off := math.Abs(float64(total)/n - p); off > 4*math.Sqrt(p*(1-p)/n) {
				t.Errorf("%d of %d are wrong", total, n)
			}
			if vary && len(wrong) != total || !vary && len(wrong) != 1 {
				t.Errorf("vary %v: %d wrong deletions of %d trees", vary, total, len(wrong))
			}
			if len(spelled) != len(spellings()) {
				t.Errorf("only spelled %v", spelled)
			}
		}
	})
}

func TestOnlyEachNthStepOfAShellDeletes(t *testing.T) {
	for _, tt := range []struct {
		every int
		tools []Tool
		want  []int
	}{{3, withShell(), []int{2, 5}}, {3, tools, nil}, {0, withShell(), nil}} {
		s := &Server{Seed: 2, Deletions: Deletions{Every: tt.every}}
		var got []int
		for step := range 7 {
			if _, arguments := s.Right("1", step, tt.tools); strings.Contains(arguments, "rm -") {
				got = append(got, step)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("every %d: %v, want %v", tt.every, got, tt.want)
		}
	}
}

func TestADeletionIsRightInAnySpelling(t *testing.T) {
	s := &Server{Deletions: Deletions{Every: 1}}
	_, arguments := s.Right("1", 0, withShell())
	tree := treeOf(gjson.Get(arguments, "command").String())
	for _, flags := range spellings() {
		if !s.IsRight("1", 0, withShell(), "bash", fmt.Sprintf(`{"command":%q,"why":"tidy"}`, flags+tree)) {
			t.Errorf("%s is wrong", flags)
		}
		if s.IsRight("1", 0, withShell(), "bash", fmt.Sprintf(`{"command":%q,"why":"tidy"}`, flags+tree+"-2")) {
			t.Errorf("%s of another tree is right", flags)
		}
	}
}
