package sim

import (
	"net/http"
	"regexp"
	"strings"
)

// A route is what serves one kind of request. Paths are matched decoded, so a
// colon may come as %3A.
type route struct {
	// call matches a method, a space and a path.
	call     *regexp.Regexp
	provider func(*http.Request) provider
	serve    func(*Server, *exchange)
}

// on is the pattern of a whole call.
func on(pattern string) *regexp.Regexp { return regexp.MustCompile("^" + pattern + "$") }

const (
	// v1 is the prefix of OpenAI's and Anthropic's paths: optional, for
	// clients whose base URL leaves it out.
	v1 = `(?:/v1)?`
	// azure is what OpenAI's paths begin with at Azure too, deployment where
	// it has no version, the wildcard standing for the model.
	azure      = `(?:/v1|/openai/v1|/openai)?`
	deployment = `/openai/deployments/([^/]+)`
	// google is what comes before a Gemini model: of the Gemini API or of
	// Vertex AI, claude what comes before one of Anthropic's there.
	google = `/v1(?:beta|alpha|beta1)?/(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/google/)?models/`
	claude = `/v1(?:beta1)?/projects/[^/]+/locations/[^/]+/publishers/anthropic/models/`
)

// routes is all that is served; the first that fits serves.
var routes = []route{
	{on(`POST ` + azure + `/chat/completions`), asOpenAI, generate(readChat)},
	{on(`POST ` + deployment + `/chat/completions`), asOpenAI, generate(readChat)},
	{on(`POST ` + azure + `/responses`), asOpenAI, generate(readResponses)},
	{on(`GET ` + azure + `/responses/([^/]+)`), asOpenAI, (*Server).fetchResponse},
	{on(`DELETE ` + azure + `/responses/([^/]+)`), asOpenAI, (*Server).deleteResponse},
	{on(`POST ` + azure + `/responses/([^/]+)/cancel`), asOpenAI, (*Server).cancelResponse},
	{on(`GET ` + azure + `/responses/([^/]+)/input_items`), asOpenAI, (*Server).inputOfResponse},
	{on(`POST ` + azure + `/conversations`), asOpenAI, (*Server).createConversation},
	{on(`GET ` + azure + `/conversations/([^/]+)`), asOpenAI, (*Server).fetchConversation},
	{on(`POST ` + azure + `/conversations/([^/]+)`), asOpenAI, (*Server).updateConversation},
	{on(`DELETE ` + azure + `/conversations/([^/]+)`), asOpenAI, (*Server).deleteConversation},
	{on(`GET ` + azure + `/conversations/([^/]+)/items`), asOpenAI, (*Server).itemsOfConversation},
	{on(`POST ` + azure + `/embeddings`), asOpenAI, (*Server).embeddings},
	{on(`POST ` + deployment + `/embeddings`), asOpenAI, (*Server).embeddings},
	{on(`POST ` + azure + `/images/generations`), asOpenAI, (*Server).images},
	{on(`POST ` + azure + `/audio/speech`), asOpenAI, (*Server).speech},
	{on(`POST ` + azure + `/audio/transcriptions`), asOpenAI, (*Server).transcription},

	{on(`POST ` + v1 + `/messages`), asAnthropic, generate(readMessages)},
	{on(`POST ` + v1 + `/messages/count_tokens`), asAnthropic, (*Server).countMessages},
	{on(`POST ` + claude + `(count-tokens):rawPredict`), asAnthropic, (*Server).countMessages},
	{on(`POST ` + claude + `([^/]+):(rawPredict|streamRawPredict)`), asAnthropic, generate(readPredict)},
	{on(`POST /model/(.+)/invoke`), asBedrock, generate(readPredict)},

	{on(`POST ` + google + `(.+):(generateContent|streamGenerateContent)`), asGemini, generate(readGemini)},
	{on(`POST ` + google + `(.+):countTokens`), asGemini, (*Server).countGemini},
	{on(`POST ` + google + `(.+):embedContent`), asGemini, (*Server).embedContent},
	{on(`POST ` + google + `(.+):batchEmbedContents`), asGemini, (*Server).batchEmbedContents},

	{on(`GET ` + azure + `/models`), asMarked, (*Server).models},
	{on(`GET ` + azure + `/models/([^:]+)`), asMarked, (*Server).model},
	{on(`GET /v1(?:beta|alpha)/models`), asGemini, (*Server).models},
	{on(`GET /v1(?:beta|alpha)/models/([^:]+)`), asGemini, (*Server).model},
	{on(`POST ` + azure + `/files`), asMarked, (*Server).uploadFile},
}

func asOpenAI(*http.Request) provider    { return openAI{} }
func asAnthropic(*http.Request) provider { return anthropic{} }
func asBedrock(*http.Request) provider   { return bedrock{} }

// ServeHTTP serves all dialects, each under the paths that its provider
// documents, those of OpenAI and Anthropic also without /v1.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Simulated", "true")
	// Set here, since else net/http would ask another clock.
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	x := &exchange{w: w, r: r, seed: s.Seed}
	for _, to := range routes {
		match := to.call.FindStringSubmatch(r.Method + " " + r.URL.Path)
		if match == nil {
			continue
		}
		x.vars, x.provider = match[1:], to.provider(r)
		if fail := s.readBody(x); fail != nil {
			s.refuse(x, fail)
			return
		}
		to.serve(s, x)
		return
	}
	x.provider = providerOf(r)
	s.refuse(x, unknownURL(r.Method, r.URL.Path))
}

// googles are the paths that only Google has.
var googles = regexp.MustCompile(`^/v1(?:beta|alpha|beta1)/|^/v1/(?:projects|publishers)/|^/v1/models/.*:`)

// providerOf is whose a request is that no route serves, by its path, else by
// its headers.
func providerOf(r *http.Request) provider {
	path := strings.TrimPrefix(r.URL.Path, "/v1")
	switch {
	case strings.HasPrefix(path, "/messages"), strings.Contains(path, "/publishers/anthropic/"):
		return anthropic{}
	case strings.HasPrefix(path, "/model/"):
		return bedrock{}
	case googles.MatchString(r.URL.Path):
		return asGemini(r)
	}
	return asMarked(r)
}
