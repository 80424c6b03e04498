package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

const (
	arrayPath = "/v1beta/models/m:streamGenerateContent"
	deletes   = `{"contents":[{"role":"user","parts":[{"text":"Please do task 7."}]}],"tools":[{"functionDeclarations":[{"name":"bash",` +
		`"parameters":{"type":"OBJECT","properties":{"command":{"type":"STRING"}},"required":["command"]}}]}],"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}`
)

// A geminiPiece is an element of a streamed array, as far as it matters here.
type geminiPiece struct {
	Candidates []struct {
		Content struct {
			Parts []struct {
				Text         string          `json:"text"`
				FunctionCall json.RawMessage `json:"functionCall"`
			} `json:"parts"`
		} `json:"content"`
		FinishReason string `json:"finishReason"`
	} `json:"candidates"`
}

// TestHeldArraysAreReadAsGooglesReadersDo reads arrays that wait for a quorum the
// way that google-api-core and gax do: the bracket is the first byte, white space
// outside of elements is passed over.
func TestHeldArraysAreReadAsGooglesReadersDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wrong []string
		calls bool
	}{
		"agreed": {[]string{"--delete-wrong", "0"}, true},
		"split":  {[]string{"--delete-wrong", "1", "--delete-vary"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			model := simulate(t, append([]string{"--quota", "--show", "--reasoning", "40", "--deletions", "1", "--first", "100ms"}, c.wrong...)...)
			s := serve(t, strings.TrimSuffix(model, "/v1"), "--rate", "0", "--config", writeConfig(t, `
ensemble: {keepalive: 5ms}
guard:
  - {name: trees, command: {program: rm, recursive: true}, action: hold}
`))
			res, err := bare(t).Do(request(t, http.MethodPost, strings.TrimSuffix(s.base, "/v1")+arrayPath, deletes, "Content-Type", "application/json", "X-Goog-Api-Key", "k"))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil || len(body) == 0 || body[0] != '[' || res.StatusCode != http.StatusOK {
				t.Fatalf("%s: %v: %.300q", res.Status, err, body)
			}
			var pieces []geminiPiece
			if err := json.Unmarshal(body, &pieces); err != nil || len(pieces) < 2 {
				t.Fatalf("%v in %q", err, body)
			}
			if !strings.Contains(string(body), "\n\n\n") {
				t.Errorf("no signs of life while it waits: %q", body)
			}
			var said strings.Builder
			calls, ended := 0, ""
			for _, p := range pieces {
				for _, c := range p.Candidates {
					ended += c.FinishReason
					for _, part := range c.Content.Parts {
						said.WriteString(part.Text)
						if part.FunctionCall != nil {
							calls++
						}
					}
				}
			}
			if (calls == 1) != c.calls || strings.Contains(said.String(), "[hotmess]") == c.calls || ended != "STOP" {
				t.Errorf("%d calls, ended %q: %s", calls, ended, said.String())
			}
		})
	}
}
