package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/genai"
)

// cloudConfig makes upstreams of clouds that serve the vendors' models, and has
// more for each mode.
const cloudConfig = `
upstreams:
  - {name: bedrock, url: "https://bedrock-runtime.us-east-1.amazonaws.com"}
  - {name: vertex, url: "https://us-east5-aiplatform.googleapis.com"}
  - {name: azure, url: "https://resource.openai.azure.com"}
`

// A cloudCall is a generation call in the form of a cloud.
type cloudCall struct {
	name, upstream, host, path, body string
	header                           []string
	// signed: it cannot be changed, nor lead to another host.
	signed bool
	// dialect is what it is read as; empty: it is not.
	dialect string
}

const (
	claudeBody = `{ "anthropic_version":"vertex-2023-10-16", "max_tokens": 100, "messages":[{"role":"user","content":"Hm?\nA) a\nB) b\nEnd with a last line of the form: Answer: <letter>"}] }` + "\n"
	chatBody   = `{"messages":[{"role":"user","content":"Hm?\nA) a\nB) b\nEnd with a last line of the form: Answer: <letter>"}]}`
)

// cloudCalls are those that are tested. The signature is made up: whoever
// verifies it would look at the same bytes.
func cloudCalls() []cloudCall {
	signature := []string{
		"Authorization", "AWS4-HMAC-SHA256 Credential=AKIA/20261126/us-east-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=0123abcd",
		"X-Amz-Date", "20261126T120000Z", "X-Amz-Security-Token", "token", "Accept", "application/json",
	}
	token, key := []string{"Authorization", "Bearer ya29.token"}, []string{"Api-Key", "key"}
	bedrock, vertex, azure := "bedrock-runtime.us-east-1.amazonaws.com", "us-east5-aiplatform.googleapis.com", "resource.openai.azure.com"
	const claude = "/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-4@20250514"
	return []cloudCall{
		{"Bedrock", "bedrock", bedrock, "/model/anthropic.claude-sonnet-4-20250514-v1%3A0/invoke", claudeBody, signature, true, "anthropic-messages"},
		// Unsigned, an extra of it would ask for usage.
		{"Bedrock, by chat", "bedrock", bedrock, "/openai/v1/chat/completions", `{"stream":true,"model":"openai.gpt-oss-120b-1:0",` + chatBody[1:], signature, true, "openai-chat"},
		{"Bedrock, streamed", "bedrock", bedrock, "/model/anthropic.claude-sonnet-4-20250514-v1%3A0/invoke-with-response-stream", claudeBody, append(signature, modelHeader, "frames"), true, ""},
		{"Vertex", "vertex", vertex, claude + ":rawPredict", claudeBody, token, false, "anthropic-messages"},
		{"Vertex, streamed", "vertex", vertex, claude + ":streamRawPredict", claudeBody, token, false, "anthropic-messages"},
		{"Azure", "azure", azure, "/openai/deployments/gpt/chat/completions?api-version=2024-10-21", chatBody, key, false, "openai-chat"},
	}
}

// frames stands for a stream that is no stream of events.
const frames = "\x00\x00\x00\x10not really frames\xff"

// framed answers with it.
func framed() http.Handler {
	return canned{status: http.StatusOK, header: http.Header{"Content-Type": {"application/vnd.amazon.eventstream"}}, chunks: []string{frames}}
}

// TestCloudsAreMeasuredWhereTheyCanBe asks the vendors' models as the clouds serve
// them.
func TestCloudsAreMeasuredWhereTheyCanBe(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota")
	c.front.answer("frames", framed())
	sidecars := c.modes(t, "--config", writeConfig(t, cloudConfig))
	for _, one := range cloudCalls() {
		t.Run(one.name, func(t *testing.T) {
			c.everyPassage(t, sidecars, func(t *testing.T, p passage) { one.test(t, p) })
		})
	}
}

// test makes the call on a passage.
func (c cloudCall) test(t *testing.T, p passage) {
	v := p.visit(t, sdk{})
	base := "https://" + c.host
	if !p.way.proxy {
		base = p.sidecar.base + "/" + c.upstream
	}
	header := append([]string{testHeader, v.test, "Content-Type", "application/json", "X-Client", "t"}, c.header...)
	got := call(t, v.client, request(t, "POST", base+c.path, c.body, header...))
	if got.Status != http.StatusOK || got.Broke || c.dialect == "" && got.Body != frames {
		t.Fatalf("got %+v", got)
	}
	id := v.heads.since(0)[0].Header.Get("X-Hotmess-Id")
	switch mode := p.mode(); {
	case mode == "" || mode == "off" || c.dialect == "":
		c.alone(t, v)
		return
	case c.signed && !p.way.proxy:
		if o := p.sidecar.observation(t, id); o.Reason != "signed" {
			t.Errorf("reason %q", o.Reason)
		}
		c.alone(t, v)
		return
	}
	v.measured(t)
	if o := p.sidecar.observation(t, id); o.Dialect != c.dialect || o.Upstream != c.upstream {
		t.Errorf("observed %+v", o)
	}
	calls := v.front.of(v.test)
	if len(calls) < 2 {
		t.Fatalf("%d calls", len(calls))
	}
	for _, extra := range calls[1:] { // nothing of these is to be edited
		same(t, "an extra", calls[0], extra)
	}
}

// alone fails unless the client's own call was the only one, just as it was sent.
func (c cloudCall) alone(t *testing.T, v *visit) {
	t.Helper()
	calls := v.front.of(v.test)
	if len(calls) != 1 || calls[0].Body != c.body || calls[0].URI != c.path || calls[0].Host != c.host {
		t.Errorf("calls %+v", calls)
	}
}

// TestStreamsOfUnreadFramingAreCountedAsDialect is about what Bedrock streams.
func TestStreamsOfUnreadFramingAreCountedAsDialect(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.answer("frames", framed())
	s := c.serve(t, "--mode", "observe", "--rate", "1", "--config", writeConfig(t, cloudConfig))
	for n, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			cloudCalls()[2].test(t, passage{c, s, w})
			s.unmeasured(t, "dialect", n+1)
		})
	}
}

// TestGeminiOnVertexIsMeasured has the SDK call Vertex AI.
func TestGeminiOnVertexIsMeasured(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--show", "--reasoning", "40")
	sidecars := c.modes(t, "--config", writeConfig(t, cloudConfig))
	c.everyPassage(t, sidecars, func(t *testing.T, p passage) {
		v := p.visit(t, sdk{})
		client, err := genai.NewClient(t.Context(), &genai.ClientConfig{
			Backend: genai.BackendVertexAI, Project: "p", Location: "us-east5", HTTPClient: v.client,
			HTTPOptions: genai.HTTPOptions{BaseURL: v.base("/vertex"), Headers: http.Header{testHeader: {v.test}, "Authorization": {"Bearer ya29.token"}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.Models.GenerateContent(t.Context(), "gemini-x", genai.Text(letterPrompt), nil)
		if err != nil || !strings.Contains(got.Text(), "Answer: ") {
			t.Fatalf("got %+v, %v", got, err)
		}
		v.arrived(t, 0)
		v.measured(t)
	})
}

// TestLoginsAreLeftAloneUnlessAllowed sends the token of a person's plan, whose
// quota extras would eat. Its lengths are measured all the same.
func TestLoginsAreLeftAloneUnlessAllowed(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota", "--reasoning", "40")
	for _, allow := range []string{"", "subscription"} {
		t.Run("allow "+allow, func(t *testing.T) {
			sidecars := c.modes(t, "--config", writeConfig(t, fmt.Sprintf("sampling: {allow: [%s]}\n", allow)))
			c.everyPassage(t, sidecars, func(t *testing.T, p passage) { logsIn(t, p.visit(t, sdks()[2]), allow != "") })
		})
	}
}

// logsIn asks a question as a person.
func logsIn(t *testing.T, v *visit, allowed bool) {
	t.Helper()
	talk := v.open(t, manner{stream: true, header: http.Header{"Authorization": {"Bearer sk-ant-oat01-token"}, "X-Api-Key": {""}, "Anthropic-Beta": {"oauth-2025-04-20"}}})
	talk.say(letterPrompt)
	if _, err := talk.step(context.Background()); err != nil {
		t.Fatal(err)
	}
	mode := v.mode()
	if allowed || mode == "" || mode == "off" {
		v.measured(t)
		v.reached(t, 1, samples-1)
		return
	}
	v.reached(t, 1, 0)
	o := v.observations(t)[0]
	if o.Reason != "subscription" || len(o.Samples) != 1 || o.ExtraTokens != 0 {
		t.Errorf("observed %+v", o)
	}
	for what, l := range map[string]length{"context": o.Samples[0].Context, "output": o.Samples[0].Output, "reasoning": o.Samples[0].Reasoning} {
		if l.Tokens == 0 || l.Source != "usage" {
			t.Errorf("%s: %+v", what, l)
		}
	}
}
