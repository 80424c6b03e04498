package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
)

func TestGeminiHasTheDocumentedForm(t *testing.T) {
	w := geminiWay()
	const fields = `
		modelVersion                             "m"
		responseId                               string
		usageMetadata.promptTokenCount           number
		usageMetadata.totalTokenCount            number
		usageMetadata.promptTokensDetails.0.modality    "TEXT"
		usageMetadata.promptTokensDetails.0.tokenCount  number`
	reply := w.ask(t, &Server{Reasoning: Reasoning{Show: true}}, w.body("Hm?", true))
	shape(t, "text", reply, fields)
	shape(t, "text", reply, `
		candidates.0.index                            0
		candidates.0.finishReason                     "STOP"
		candidates.0.content.role                     "model"
		candidates.0.content.parts.0.text             string
		candidates.0.content.parts.0.thought          true
		candidates.0.content.parts.1.text             string
		candidates.0.content.parts.1.thought          missing
		candidates.0.content.parts.1.thoughtSignature string
		usageMetadata.candidatesTokenCount            number
		usageMetadata.thoughtsTokenCount              number
		promptFeedback                                missing`)
	u := reply.Get("usageMetadata")
	sum := u.Get("promptTokenCount").Int() + u.Get("candidatesTokenCount").Int() + u.Get("thoughtsTokenCount").Int()
	if sum != u.Get("totalTokenCount").Int() {
		t.Errorf("usage %s", u)
	}
	body := w.body("task 1", false)
	w.offer(body, tools)
	reply = w.ask(t, &Server{ParallelCalls: 2}, body)
	shape(t, "calls", reply, fields)
	shape(t, "calls", reply, `
		candidates.0.finishReason                        "STOP"
		candidates.0.content.parts.0.functionCall.id     string
		candidates.0.content.parts.0.functionCall.name   string
		candidates.0.content.parts.0.functionCall.args   object
		candidates.0.content.parts.0.thoughtSignature    string
		candidates.0.content.parts.1.functionCall.name   string
		candidates.0.content.parts.1.thoughtSignature    missing`)
}

func TestGeminiRefusesThePromptOrStopsTheCandidate(t *testing.T) {
	w := geminiWay()
	blocked := frequency(200, func(question string) bool {
		body := w.body(question, false)
		reply := w.ask(t, &Server{Refusals: 1}, body)
		if !reply.Get("candidates").Exists() {
			shape(t, "blocked", reply, "promptFeedback.blockReason \"PROHIBITED_CONTENT\"\nusageMetadata.promptTokenCount number")
			return true
		}
		shape(t, "stopped", reply, `
			promptFeedback                        missing
			candidates.0.finishReason             "SAFETY"
			candidates.0.content                  missing
			candidates.0.safetyRatings.0.category HARM_CATEGORY_…
			candidates.0.safetyRatings.0.blocked  true`)
		return false
	})
	near(t, "blocked", blocked, .5, 200)
	body := w.body("Hm?", false)
	body["generationConfig"] = map[string]any{"candidateCount": 3}
	if got := w.ask(t, &Server{Refusals: 1}, body).Get("candidates.#.finishReason").Raw; got != `["SAFETY","SAFETY","SAFETY"]` {
		t.Errorf("finish reasons %s", got)
	}
}

func TestGeminiStreamsAsAnArrayUnlessEventsAreAskedFor(t *testing.T) {
	w := geminiWay()
	calls := w.body("task 1", false)
	w.offer(calls, tools)
	for _, body := range []map[string]any{w.body("Hm?", false), calls} {
		reply := request(&Server{}, http.MethodPost, "/v1beta/models/m:streamGenerateContent", body, nil)
		if got := reply.Header().Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
			t.Errorf("Content-Type %q", got)
		}
		var array said
		list := gjson.Parse(reply.Body.String())
		for _, one := range list.Array() {
			array.addGemini(one)
		}
		events := w.send(&Server{}, body, true)
		if got := events.Header().Get("Content-Type"); got != "text/event-stream" {
			t.Errorf("Content-Type %q", got)
		}
		if diff := cmp.Diff(w.fold(t, events.Body.String()), array); diff != "" || len(list.Array()) < 2 || !json.Valid(reply.Body.Bytes()) {
			t.Errorf("events -, array +: %s", diff)
		}
	}
	for _, faults := range []Faults{{RateLimited: 1}, {Failed: 1}} {
		reply := request(&Server{Faults: faults}, http.MethodPost, "/v1beta/models/m:streamGenerateContent", w.body("Hm?", false), nil)
		body := gjson.Parse(reply.Body.String())
		list := body.Array()
		if !json.Valid(reply.Body.Bytes()) || !body.IsArray() || !list[len(list)-1].Get("error.code").Exists() {
			t.Errorf("status %d, %s", reply.Code, reply.Body)
		}
	}
	reply := request(&Server{Faults: Faults{RateLimited: 1}}, http.MethodPost, w.stream, w.body("Hm?", false), nil)
	shape(t, "rate limit", gjson.Parse(reply.Body.String()), `
		error.code                  429
		error.status                "RESOURCE_EXHAUSTED"
		error.details.0.@type       type.googleapis.com/google.rpc.RetryInfo…
		error.details.0.retryDelay  "1s"`)
}

func TestGeminiPartsOfStreamsSayWhoseTheyAre(t *testing.T) {
	w := geminiWay()
	body := w.body("Hm?", false)
	body["generationConfig"] = map[string]any{"candidateCount": 2}
	_, data := sse(t, w.send(&Server{}, body, true).Body.String(), "\r\n")
	texts, ends := map[int64]string{}, map[int64]string{}
	for n, e := range data {
		shape(t, "part", e, "responseId string\nmodelVersion \"m\"\nusageMetadata.promptTokenCount number\ncandidates.# 1")
		c := e.Get("candidates.0")
		texts[c.Get("index").Int()] += c.Get("content.parts.0.text").String()
		ends[c.Get("index").Int()] += c.Get("finishReason").String()
		if last := n == len(data)-1; e.Get("usageMetadata.candidatesTokenCount").Exists() != last {
			t.Errorf("part %d of %d: %s", n, len(data), e.Get("usageMetadata"))
		}
	}
	for i, c := range w.ask(t, &Server{}, body).Get("candidates").Array() {
		if texts[int64(i)] != c.Get("content.parts.0.text").String() || ends[int64(i)] != "STOP" {
			t.Errorf("candidate %d: %q, %s", i, texts[int64(i)], c)
		}
	}
}

func TestGeminiReadsBothSpellings(t *testing.T) {
	text := `{"system_instruction":{"parts":[{"text":"be good"}]},"contents":[{"role":"user","parts":[{"text":"task 1"}]}],
		"tools":[{"function_declarations":[{"name":"get_it","parameters_json_schema":{"type":"object","properties":{"user_id":{"type":"string"}}}}]}],
		"tool_config":{"function_calling_config":{"mode":"ANY","allowed_function_names":["get_it"]}},
		"generation_config":{"candidate_count":2,"thinking_config":{"include_thoughts":true}}}`
	s := &Server{Reasoning: Reasoning{Show: true}}
	reply := geminiWay().ask(t, s, gjson.Parse(text).Value().(map[string]any))
	shape(t, "snake", reply, `
		candidates.#                                            2
		candidates.0.content.parts.0.thought                    true
		candidates.0.content.parts.1.functionCall.name          "get_it"
		candidates.0.content.parts.1.functionCall.args.user_id  string`)
}

func TestGeminiToolConfigNarrowsTheTools(t *testing.T) {
	w := geminiWay()
	for config, want := range map[string]string{
		`{"mode":"NONE"}`: "", `{"mode":"ANY","allowedFunctionNames":["stop"]}`: "stop", `{"mode":"ANY","allowedFunctionNames":["gone"]}`: "error",
	} {
		body := w.body("task 1", false)
		w.offer(body, tools)
		body["toolConfig"] = map[string]any{"functionCallingConfig": gjson.Parse(config).Value()}
		if want == "error" {
			w.refused(t, &Server{}, body, 400)
			continue
		}
		got := w.whole(w.ask(t, &Server{Accuracy: 1}, body))
		if (want == "") != (len(got.Calls) == 0) || (want != "" && got.Calls[0].Name != want) {
			t.Errorf("%s: %+v", config, got)
		}
	}
}

func TestAlteredThoughtSignaturesAreRefused(t *testing.T) {
	w, s := geminiWay(), &Server{}
	ask := func(change func(p map[string]any)) map[string]any {
		body := w.body("task 1", false)
		w.offer(body, tools)
		reply := w.ask(t, s, body)
		w.reply(body, reply)
		list := body["contents"].([]any)
		change(list[1].(map[string]any)["parts"].([]any)[0].(map[string]any))
		return body
	}
	w.ask(t, s, ask(func(map[string]any) {}))
	w.ask(t, s, ask(func(p map[string]any) { p["thoughtSignature"] = "skip_thought_signature_validator" }))
	for name, change := range map[string]func(p map[string]any){
		"altered":           func(p map[string]any) { p["thoughtSignature"] = "QUJD" },
		"not even base64":   func(p map[string]any) { p["thoughtSignature"] = "%" },
		"of another call":   func(p map[string]any) { p["functionCall"].(map[string]any)["name"] = "other" },
		"of another server": nil,
	} {
		if change == nil {
			w.refused(t, &Server{Seed: 8}, ask(func(map[string]any) {}), 400)
			continue
		}
		if e := w.refused(t, s, ask(change), 400); e.Get("status").String() != "INVALID_ARGUMENT" {
			t.Errorf("%s: %s", name, e)
		}
	}
}

func TestGeminiResponsesAreAsManyAsTheCalls(t *testing.T) {
	w, s := geminiWay(), &Server{ParallelCalls: 2}
	body := w.body("task 1", false)
	w.offer(body, tools)
	w.reply(body, w.ask(t, s, body))
	list := body["contents"].([]any)
	both := list[2].(map[string]any)["parts"].([]any)
	calls := list[1].(map[string]any)["parts"].([]any)
	part := func(parts ...any) any { return map[string]any{"role": "user", "parts": parts} }
	model := func(parts ...any) any { return map[string]any{"role": "model", "parts": parts} }
	for name, test := range map[string]struct {
		contents []any
		status   int
	}{
		"both":          {list, 200},
		"one by one":    {[]any{list[0], list[1], part(both[0]), part(both[1])}, 200},
		"as streamed":   {[]any{list[0], model(calls[0]), model(calls[1]), model(map[string]any{"text": ""}), list[2]}, 200},
		"one streamed":  {[]any{list[0], model(calls[0]), model(map[string]any{"text": ""}), list[2]}, 400},
		"one":           {[]any{list[0], list[1], part(both[0])}, 400},
		"one too many":  {[]any{list[0], list[1], part(both[0], both[0], both[1])}, 400},
		"without calls": {[]any{list[0], part(both[0])}, 400},
	} {
		asked := maps.Clone(body)
		asked["contents"] = test.contents
		if got := w.send(s, asked, false).Code; got != test.status {
			t.Errorf("%s: status %d, want %d", name, got, test.status)
		}
	}
}

func TestBadGeminiRequests(t *testing.T) {
	w := geminiWay()
	for name, fields := range map[string]map[string]any{
		"no contents":         {"contents": nil},
		"empty contents":      {"contents": []any{}},
		"odd contents":        {"contents": "Hm?"},
		"too many candidates": {"generationConfig": map[string]any{"candidateCount": 9}},
		"no candidates":       {"generationConfig": map[string]any{"candidateCount": 0}},
		"odd tools":           {"tools": 3},
		"odd config":          {"toolConfig": 3},
		"odd schema":          {"generationConfig": map[string]any{"responseSchema": 3}},
	} {
		body := w.body("Hm?", false)
		maps.Copy(body, fields)
		if e := w.refused(t, &Server{}, body, 400); e.Get("status").String() != "INVALID_ARGUMENT" {
			t.Errorf("%s: %s", name, e)
		}
	}
}

func TestGeminiPathsOfAllKinds(t *testing.T) {
	body := geminiWay().body("Hm?", false)
	for _, prefix := range []string{
		"/v1beta/models/", "/v1/models/", "/v1alpha/models/", "/v1/publishers/google/models/",
		"/v1/projects/p/locations/l/publishers/google/models/", "/v1beta1/projects/p/locations/l/publishers/google/models/",
	} {
		for _, colon := range []string{":", "%3A"} {
			reply := request(&Server{}, http.MethodPost, prefix+"gemini-x"+colon+"generateContent", body, nil)
			if got := gjson.Get(reply.Body.String(), "modelVersion").String(); got != "gemini-x" {
				t.Errorf("%s with %s: status %d, model %q", prefix, colon, reply.Code, got)
			}
		}
	}
}

func TestGeminiCountsAndEmbeds(t *testing.T) {
	w := geminiWay()
	one := w.body("Hm?", false)
	for _, body := range []map[string]any{one, {"generateContentRequest": one}} {
		reply := request(&Server{}, http.MethodPost, "/v1beta/models/m:countTokens", body, nil)
		shape(t, "count", gjson.Parse(reply.Body.String()), "totalTokens number\npromptTokensDetails.0.tokenCount number")
	}
	if reply := request(&Server{}, http.MethodPost, "/v1beta/models/m:countTokens", map[string]any{}, nil); reply.Code != 400 {
		t.Errorf("count of nothing: status %d", reply.Code)
	}
	content := map[string]any{"content": map[string]any{"parts": []any{map[string]any{"text": "x"}}}}
	single := request(&Server{}, http.MethodPost, "/v1beta/models/m:embedContent", content, nil).Body.String()
	batch := request(&Server{}, http.MethodPost, "/v1beta/models/m:batchEmbedContents", map[string]any{"requests": []any{content, content}}, nil).Body.String()
	if gjson.Get(single, "embedding.values.#").Int() != embeddingSize || gjson.Get(batch, "embeddings.#").Int() != 2 ||
		gjson.Get(batch, "embeddings.1.values").Raw != gjson.Get(single, "embedding.values").Raw {
		t.Errorf("one: %s, two: %s", single, batch)
	}
	for _, verb := range []string{"embedContent", "batchEmbedContents", "countTokens"} {
		if reply := request(&Server{}, http.MethodPost, fmt.Sprintf("/v1beta/models/m:%s", verb), "no object", nil); reply.Code != 400 {
			t.Errorf("%s of a text: status %d", verb, reply.Code)
		}
	}
}
