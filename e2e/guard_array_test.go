package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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
// outside of elements is passed over. The samples of the quorum are held until the
// client was told three times that it is still being served.
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
			f := newFront(t)
			f.model(t, "model", append([]string{"--quota", "--show", "--reasoning", "40", "--deletions", "1"}, c.wrong...)...)
			f.answer("", ownOrExtra(f.named("model"), func(w http.ResponseWriter, r *http.Request) {
				select {
				case <-f.hold(t.Name()):
					f.named("model")(w, r)
				case <-r.Context().Done():
				}
			}))
			u := httptest.NewServer(f)
			t.Cleanup(u.Close)
			s := serve(t, u.URL, "--rate", "0", "--config", writeConfig(t, `
ensemble: {keepalive: 5ms}
guard:
  - {name: trees, command: {program: rm, recursive: true}, action: hold}
`))
			res, err := bare(t).Do(request(t, http.MethodPost, strings.TrimSuffix(s.base, "/v1")+arrayPath, deletes, "Content-Type", "application/json", "X-Goog-Api-Key", "k", "Idempotency-Key", "k"))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := readPast(res.Body, "\n\n\n", func() { close(f.hold(t.Name())) })
			if err != nil || len(body) == 0 || body[0] != '[' || res.StatusCode != http.StatusOK {
				t.Fatalf("%s: %v: %.300q", res.Status, err, body)
			}
			var pieces []geminiPiece
			if err := json.Unmarshal(body, &pieces); err != nil || len(pieces) < 2 {
				t.Fatalf("%v in %q", err, body)
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

// readPast reads all, and calls seen once it has read what is looked for, which has
// to come.
func readPast(r io.Reader, wanted string, seen func()) (all []byte, err error) {
	piece := make([]byte, 1024)
	found := false
	for err == nil {
		var n int
		n, err = r.Read(piece)
		all = append(all, piece[:n]...)
		if !found && strings.Contains(string(all), wanted) {
			found = true
			seen()
		}
	}
	if err == io.EOF && found {
		return all, nil
	}
	return all, fmt.Errorf("%w; %q seen: %t", err, wanted, found)
}
