package config

import (
	"cmp"
	"os"
	"regexp"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// uncommented is the example file with what stands in it as an example, in
// comments, put in force: below a list that is empty, or a key that is.
func uncommented(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../hotmess.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?m)^#( {2,}\S)`).ReplaceAllString(string(data), " $1")
	text = regexp.MustCompile(`(?m)^( *\w+:) \[\]((?: *#.*)?\n +- )`).ReplaceAllString(text, "$1$2")
	return text
}

func TestExamplesInCommentsAreValid(t *testing.T) {
	text := uncommented(t)
	if n := strings.Count(text, "\n   - ") + strings.Count(text, "\n     - "); n < 7 {
		t.Fatalf("%d examples found", n)
	}
	c := load(t, home(), file(t, text))
	if len(c.Upstreams) != 1 || len(c.Guard) != 1 || len(c.Prices) != 1 || len(c.Routes) != 1 || len(c.Alerts.Rules) != 3 {
		t.Errorf("not all examples are read: %+v", c)
	}
}

// TestExamplesShowDefaults: what a reader would copy to change one thing has to
// leave the others as they are. Of rules that is said in words where it differs.
func TestExamplesShowDefaults(t *testing.T) {
	c := load(t, home(), file(t, uncommented(t)))
	shown, plain := c.Guard[0], Guard{Action: GuardHold}
	if diff := gocmp.Diff(
		[]any{plain.Level(), plain.Split(), plain.Failure(), plain.Patience(), plain.On()},
		[]any{shown.Level(), shown.Split(), shown.Failure(), shown.Patience(), shown.On()},
	); diff != "" {
		t.Errorf("guard (-default +example):\n%s", diff)
	}
	for _, r := range c.Alerts.Rules {
		plain := Rule{Rule: r.Rule}
		of := func(r Rule) []any {
			return []any{r.Repeat(), r.Label(), cmp.Or(r.Conversations, DefaultConversations)}
		}
		if diff := gocmp.Diff(of(plain), of(r)); diff != "" {
			t.Errorf("%s (-default +example):\n%s", r.Rule, diff)
		}
	}
}
