package wire

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestQuestionsAreReadBackAsAsked sends every dialect's request through Detect
// and ReadView.
func TestQuestionsAreReadBackAsAsked(t *testing.T) {
	warm := 0.7
	for _, d := range Dialects() {
		q := Question{Model: "some/model-1", Text: "What \"is\" 2 + 2?", Temperature: &warm, OutputCap: 77}
		path, body, err := q.Request(d)
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{}
		SetKey(h, d, "k")
		target := Detect(http.MethodPost, path, "", h)
		v, err := ReadView(target, body)
		if err != nil {
			t.Fatalf("%s: %v", d, err)
		}
		got := []any{v.Dialect, v.Model, v.LastUser, v.FirstUser, v.OutputCap, v.Stored, v.Streams(), v.Pinned, target.Provider}
		want := []any{d, q.Model, q.Text, q.Text, 77, false, false, false, d.Provider()}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", d, diff)
		}
		if _, err := url.Parse(path); err != nil || !strings.Contains(string(body), "0.7") {
			t.Errorf("%s: path %q: %v, body %s", d, path, err, body)
		}
	}
}

func TestQuestionsSendNoTuningUnasked(t *testing.T) {
	for _, d := range Dialects() {
		_, body, err := Question{Model: "m", Text: "x"}.Request(d)
		if err != nil {
			t.Fatal(err)
		}
		limited := d == AnthropicMessages // demands a limit
		if strings.Contains(string(body), "emperature") || strings.Contains(strings.ToLower(string(body)), "tokens") != limited {
			t.Errorf("%s sends %s", d, body)
		}
	}
}

func TestQuestionMergesAsRFC7396(t *testing.T) {
	for _, tc := range []struct{ patch, want string }{
		{`{"top_p":0.10,"model":"n"}`, `{"messages":[{"content":"x","role":"user"}],"model":"n","top_p":0.10}`},
		{`{"model":null}`, `{"messages":[{"content":"x","role":"user"}]}`},
		{`{"r":{"effort":"low","a":null}}`, `{"messages":[{"content":"x","role":"user"}],"model":"m","r":{"effort":"low"}}`},
		{`{"messages":[]}`, `{"messages":[],"model":"m"}`},
	} {
		_, body, err := Question{Model: "m", Text: "x", Merge: json.RawMessage(tc.patch)}.Request(OpenAIChat)
		if err != nil || string(body) != tc.want {
			t.Errorf("%s gives %s, want %s (%v)", tc.patch, body, tc.want, err)
		}
	}
	hot := 1.
	_, body, err := Question{Model: "m", Text: "x", Temperature: &hot, Merge: json.RawMessage(`{"generationConfig":{"topK":3}}`)}.Request(GeminiGenerate)
	if err != nil || !strings.Contains(string(body), `{"temperature":1,"topK":3}`) {
		t.Errorf("nested: %s, %v", body, err)
	}
}

func TestQuestionRefusesWhatIsNoObject(t *testing.T) {
	for _, merge := range []string{`[1]`, `null`, `{"a":`, `7`} {
		if _, _, err := (Question{Merge: json.RawMessage(merge)}).Request(OpenAIChat); !errors.Is(err, ErrNotJSON) {
			t.Errorf("%s: %v", merge, err)
		}
	}
	if _, _, err := (Question{}).Request(Unknown); !errors.Is(err, ErrNotDialect) {
		t.Errorf("unknown dialect: %v", err)
	}
}

func TestKeysGoWhereTheAPIReadsThem(t *testing.T) {
	want := map[Dialect]http.Header{
		OpenAIChat:        {"Content-Type": {"application/json"}, "Authorization": {"Bearer k"}},
		OpenAIResponses:   {"Content-Type": {"application/json"}, "Authorization": {"Bearer k"}},
		AnthropicMessages: {"Content-Type": {"application/json"}, "X-Api-Key": {"k"}, "Anthropic-Version": {"2023-06-01"}},
		GeminiGenerate:    {"Content-Type": {"application/json"}, "X-Goog-Api-Key": {"k"}},
	}
	for d, h := range want {
		got := http.Header{}
		SetKey(got, d, "k")
		if diff := cmp.Diff(h, got); diff != "" {
			t.Errorf("%s: %s", d, diff)
		}
		none := http.Header{}
		SetKey(none, d, "")
		if Credential(none) != CredentialNone {
			t.Errorf("%s: a credential without a key: %v", d, none)
		}
	}
}
