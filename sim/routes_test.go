package sim

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

func TestUnknownPathsAreRefusedInTheFormOfTheirProvider(t *testing.T) {
	for path, want := range map[string]string{
		"/v1/completions":                      "openai",
		"/openai/deployments/d/completions":    "openai",
		"/v1/messages/batches":                 "anthropic",
		"/messages/other":                      "anthropic",
		"/v1beta/models/m:predict":             "google",
		"/v1/models/m:predict":                 "google",
		"/v1/projects/p/locations/l/endpoints": "google",
		"/v1beta/cachedContents":               "google",
		"/model/m/converse":                    "bedrock",
		"/model/m/invoke-with-response-stream": "bedrock",
		"/v1/projects/p/locations/l/publishers/anthropic/models/m:other": "anthropic",
	} {
		reply := request(&Server{}, http.MethodPost, path, map[string]any{}, http.Header{"Anthropic-Version": nil})
		body := gjson.Parse(reply.Body.String())
		form := "openai"
		switch {
		case body.Get("error.status").String() == "NOT_FOUND":
			form = "google"
		case body.Get("error.type").String() == "not_found_error":
			form = "anthropic"
		case body.Get("message").Exists():
			form = "bedrock"
		}
		if reply.Code != http.StatusNotFound || form != want {
			t.Errorf("%s: %d %s, want the form of %s", path, reply.Code, body, want)
		}
	}
}

func TestModelsAreListedForWhoAsks(t *testing.T) {
	get := func(path, header string) gjson.Result {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		if header != "" {
			r.Header.Set(header, "x")
		}
		w := httptest.NewRecorder()
		(&Server{Model: "sim-x"}).ServeHTTP(w, r)
		return gjson.Parse(w.Body.String())
	}
	const google, claude = "name \"models/sim-x\"\nsupportedGenerationMethods.0 \"generateContent\"", "id \"sim-x\"\ntype \"model\"\ndisplay_name string\ncreated_at string"
	const openai = "id \"sim-x\"\nobject \"model\"\ncreated number\nowned_by string"
	shape(t, "OpenAI", get("/v1/models", "").Get("data.0"), openai)
	shape(t, "OpenAI", get("/v1/models/sim-x", ""), openai)
	shape(t, "Anthropic", get("/v1/models", "anthropic-version"), "has_more false\nfirst_id \"sim-x\"\nlast_id \"sim-x\"")
	shape(t, "Anthropic", get("/v1/models", "anthropic-version").Get("data.0"), claude)
	shape(t, "Anthropic", get("/v1/models/sim-x", "anthropic-version"), claude)
	shape(t, "Gemini", get("/v1/models", "x-goog-api-key").Get("models.0"), google)
	shape(t, "Gemini", get("/v1beta/models", "").Get("models.0"), google)
	shape(t, "Gemini", get("/v1beta/models/sim-x", ""), google)
	shape(t, "unknown", get("/v1/models/gone", ""), "error.code \"model_not_found\"")
}

func TestAzureDeploymentsStandForModels(t *testing.T) {
	body := chatWay().body("Hm?", false)
	delete(body, "model")
	reply := request(&Server{}, http.MethodPost, "/openai/deployments/mine/chat/completions?api-version=2024-10-21", body, nil)
	if got := gjson.Get(reply.Body.String(), "model").String(); got != "mine" {
		t.Errorf("status %d, model %q", reply.Code, got)
	}
	reply = request(&Server{}, http.MethodPost, "/openai/deployments/mine/embeddings", map[string]any{"input": "x"}, nil)
	if got := gjson.Get(reply.Body.String(), "model").String(); got != "mine" {
		t.Errorf("status %d, model %q", reply.Code, got)
	}
	for path, dialect := range map[string]string{"/openai/v1/responses": DialectResponses, "/openai/responses": DialectResponses, "/responses": DialectResponses} {
		w := wayOf(dialect)
		w.path = path
		w.ask(t, &Server{}, w.body("Hm?", false))
	}
}

// upload is a multipart form with a file.
func upload(t *testing.T, path string, header http.Header) gjson.Result {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", "a.txt")
	if err == nil {
		_, err = part.Write([]byte("content"))
	}
	if err == nil {
		err = form.WriteField("purpose", "batch")
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, &b)
	r.Header = header
	r.Header.Set("Content-Type", form.FormDataContentType())
	w := httptest.NewRecorder()
	new(Server).ServeHTTP(w, r)
	return gjson.Parse(w.Body.String())
}

func TestFilesAreTakenAndForgotten(t *testing.T) {
	shape(t, "OpenAI", upload(t, "/v1/files", http.Header{}), `
		id        file-…
		object    "file"
		bytes     7
		filename  "a.txt"
		purpose   "batch"
		status    "processed"`)
	shape(t, "Anthropic", upload(t, "/v1/files", http.Header{"Anthropic-Version": {"x"}}), `
		id          file_…
		type        "file"
		size_bytes  7
		filename    "a.txt"
		mime_type   "application/octet-stream"`)
	shape(t, "transcription", upload(t, "/v1/audio/transcriptions", http.Header{}), "text string")
	for _, path := range []string{"/v1/files", "/v1/audio/transcriptions"} {
		if reply := request(&Server{}, http.MethodPost, path, map[string]any{}, nil); reply.Code != 400 {
			t.Errorf("%s without a form: %d", path, reply.Code)
		}
	}
}

func TestPicturesAndSpeechAreCanned(t *testing.T) {
	reply := request(&Server{}, http.MethodPost, "/v1/images/generations", map[string]any{}, nil)
	shape(t, "image", gjson.Parse(reply.Body.String()), "created number\ndata.0.b64_json iVBORw0KGgo…")
	reply = request(&Server{}, http.MethodPost, "/v1/audio/speech", map[string]any{}, nil)
	if got := reply.Body.String(); !strings.HasPrefix(got, "RIFF") || len(got) != 844 || reply.Header().Get("Content-Type") != "audio/wav" {
		t.Errorf("%d bytes of speech", len(got))
	}
	if reply.Header().Get("X-Simulated") != "true" {
		t.Error("speech does not say that it is simulated")
	}
}

func TestLogprobsWhereTheyAreAskedFor(t *testing.T) {
	w := chatWay()
	body := w.body("Hm?", false)
	body["logprobs"], body["top_logprobs"] = true, 3
	s, twin := &Server{}, &Server{}
	reply := w.ask(t, s, body)
	shape(t, "logprobs", reply.Get("choices.0.logprobs"), `
		refusal                          null
		content.0.token                  string
		content.0.logprob                number
		content.0.bytes                  list
		content.0.top_logprobs.#         3
		content.0.top_logprobs.2.token   string`)
	joined := func(tokens gjson.Result) string {
		var text strings.Builder
		for _, one := range tokens.Array() {
			text.WriteString(one.String())
		}
		return text.String()
	}
	if got, want := joined(reply.Get("choices.0.logprobs.content.#.token")), w.whole(reply).Text; got != want {
		t.Errorf("tokens %q, text %q", got, want)
	}
	_, data := sse(t, w.send(twin, body, true).Body.String(), "\n")
	var streamed []string
	for _, e := range data {
		for _, one := range e.Get("choices.0.logprobs.content").Array() {
			streamed = append(streamed, one.Raw)
		}
	}
	if got := fmt.Sprint("[", strings.Join(streamed, ","), "]"); got != reply.Get("choices.0.logprobs.content").Raw {
		t.Error("the stream has other log probabilities than the whole reply")
	}
	refused := w.ask(t, &Server{Refusals: 1}, body)
	shape(t, "refusal", refused.Get("choices.0.logprobs"), "content null\nrefusal.0.token string")
	w.offer(body, tools)
	shape(t, "calls", w.ask(t, s, body), "choices.0.logprobs null")
	body["top_logprobs"] = 21
	w.refused(t, s, body, 400)
}
