package wire

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

const (
	ownType    = "hotmess_upstream_timeout"
	ownMessage = "no \"answer\" in 30s"
)

// TestErrorBodies holds each form to the one that the provider documents.
func TestErrorBodies(t *testing.T) {
	openai := `{"error":{"message":"no \"answer\" in 30s","type":"hotmess_upstream_timeout","param":null,"code":"hotmess_upstream_timeout"}}`
	want := map[Dialect]string{
		Unknown:           openai,
		OpenAIChat:        openai,
		OpenAIResponses:   openai,
		AnthropicMessages: `{"type":"error","error":{"type":"hotmess_upstream_timeout","message":"no \"answer\" in 30s"}}`,
		GeminiGenerate: `{"error":{"code":504,"message":"no \"answer\" in 30s","status":"DEADLINE_EXCEEDED","details":[` +
			`{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"hotmess_upstream_timeout","domain":"hotmess"}]}}`,
	}
	for d, body := range want {
		contentType, got := ErrorBody(d, http.StatusGatewayTimeout, ownType, ownMessage)
		if diff := cmp.Diff(body, string(got)); diff != "" || contentType != "application/json" {
			t.Errorf("%q: type %s (-want +got):\n%s", d, contentType, diff)
		}
	}
}

func TestStreamErrors(t *testing.T) {
	tests := []struct {
		dialect       Dialect
		event, member string
	}{
		{Unknown, "", "error"},
		{OpenAIChat, "", "error"},
		{OpenAIResponses, "event: error\n", "sequence_number"},
		{AnthropicMessages, "event: error\n", "error"},
		{GeminiGenerate, "", "error"},
	}
	for _, test := range tests {
		got := string(StreamError(test.dialect, Events, 502, ownType, "line one\nline two"))
		if !strings.HasPrefix(got, test.event+"data: {") || !strings.HasSuffix(got, "}\n\n") {
			t.Errorf("%q: %q", test.dialect, got)
		}
		events := eventsOf(t, strings.NewReader(got))
		var data map[string]any
		if len(events) != 1 || json.Unmarshal([]byte(events[0]), &data) != nil || data[test.member] == nil {
			t.Errorf("%q: events %q", test.dialect, events)
		}
	}
}

func TestOwnStreamErrorFoldsToFailure(t *testing.T) {
	stream := append(KeepAlive(OpenAIChat, Events), StreamError(OpenAIChat, Events, 502, ownType, ownMessage)...)
	got, err := Fold(OpenAIChat, true, bytes.NewReader(stream), nil)
	want := Reply{Failure: &Failure{Type: ownType, Code: ownType}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestKeepAliveIsNoEvent: clients see a ping of Anthropic's and nothing else.
func TestKeepAliveIsNoEvent(t *testing.T) {
	for _, d := range []Dialect{Unknown, OpenAIChat, OpenAIResponses, GeminiGenerate} {
		if events := eventsOf(t, bytes.NewReader(KeepAlive(d, Events))); events != nil {
			t.Errorf("%q: events %q", d, events)
		}
	}
	if got := string(KeepAlive(AnthropicMessages, Events)); got != "event: ping\ndata: {\"type\": \"ping\"}\n\n" {
		t.Errorf("Anthropic: %q", got)
	}
}

// TestKeepAliveOfGeminiIsWholeEmptyEvents: Google's client for Python reads each
// line that is not empty as JSON, that for Go whatever stands between two pairs
// of line ends.
func TestKeepAliveOfGeminiIsWholeEmptyEvents(t *testing.T) {
	for between := range strings.SplitSeq(string(KeepAlive(GeminiGenerate, Events)), "\n\n") {
		if between != "" {
			t.Errorf("an event of %q", between)
		}
	}
}

func TestGeminiStatusOfEveryError(t *testing.T) {
	want := map[int]string{
		400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
		429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 501: "UNIMPLEMENTED", 502: "UNAVAILABLE",
		503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED", 418: "UNKNOWN",
	}
	for status, name := range want {
		if got := rpcStatus(status); got != name {
			t.Errorf("%d: %s, want %s", status, got, name)
		}
	}
}

func TestAnOpenedArrayGoesOnBehindItsBracket(t *testing.T) {
	for given, want := range map[string]string{
		`[{"a":1},{}]`: `{"a":1},{}]`,
		"\r\n [{}]\n":  "{}]\n",
		`{"a":1}`:      `{"error":1}]`,
		"":             "",
	} {
		got, err := io.ReadAll(Opened(iotest.OneByteReader(strings.NewReader(given)), []byte(`[{"error":1}]`)))
		if string(got) != want || err != nil {
			t.Errorf("%q: %q, %v, want %q", given, got, err, want)
		}
	}
}

// TestAnUpstreamsOwnErrorIsToldAsItStands: what the client would read without keep-alives
// in the body, it reads in the event, in one line.
func TestAnUpstreamsOwnErrorIsToldAsItStands(t *testing.T) {
	openai := "{\n \"error\": {\"message\": \"too long\", \"type\": \"invalid_request_error\", \"param\": \"messages\", \"code\": \"context_length_exceeded\"}\n}"
	google := `{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"7s"}]}}`
	for name, test := range map[string]struct {
		dialect    Dialect
		framing    Framing
		body, want string
	}{
		"chat": {
			OpenAIChat, Events, openai,
			`data: {"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`,
		},
		"responses": {
			OpenAIResponses, Events, openai,
			"event: error\n" + `data: {"type":"error","code":"context_length_exceeded","message":"too long","param":"messages","sequence_number":0}`,
		},
		"responses without a code": {
			OpenAIResponses, Events, `{"error":{"message":"no","type":"server_error","code":null}}`,
			"event: error\n" + `data: {"type":"error","code":"server_error","message":"no","param":null,"sequence_number":0}`,
		},
		"anthropic": {
			AnthropicMessages, Events, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}`,
			"event: error\n" + `data: {"error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1","type":"error"}`,
		},
		"gemini":                {GeminiGenerate, Events, google, "data: " + google},
		"gemini, array":         {GeminiGenerate, Array, google, "[" + google + "]"},
		"gemini, from an array": {GeminiGenerate, Array, "[" + google + "\n]", "[" + google + "]"},
	} {
		if got := strings.TrimSuffix(string(UpstreamError(test.dialect, test.framing, 429, ownType, []byte(test.body))), "\n\n"); got != test.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, body := range []string{"", "<html>", `{"detail":"no"}`, `{"error":"no"}`, `[]`, `[{"error":`, `"error"`, `{"error":{"message":"cut`} {
		for _, d := range []Dialect{OpenAIChat, OpenAIResponses, AnthropicMessages, GeminiGenerate} {
			if got := string(UpstreamError(d, Events, 418, ownType, []byte(body))); !strings.Contains(got, ownType) || !strings.Contains(got, "status 418") {
				t.Errorf("%s, %q: %s", d, body, got)
			}
		}
	}
}
