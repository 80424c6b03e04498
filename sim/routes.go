package sim

import (
	"net/http"
	"regexp"
)

// A route is what serves one kind of request. Paths are matched decoded, so a
// colon may come as %3A.
type route struct {
	method   string
	path     *regexp.Regexp
	provider func(*http.Request) provider
	serve    func(*Server, *exchange)
}

// at is the pattern of a whole path.
func at(pattern string) *regexp.Regexp { return regexp.MustCompile("^" + pattern + "$") }

// v1 is the prefix of OpenAI's paths: none, as for servers that leave it out,
// or Azure's.
const v1 = `(?:/v1|/openai/v1)?`

// routes is all that is served; the first that fits serves.
var routes = []route{
	{http.MethodPost, at(v1 + `/chat/completions`), asOpenAI, generate(readChat)},
	{http.MethodPost, at(`/openai/deployments/([^/]+)/chat/completions`), asOpenAI, generate(readChat)},
	{http.MethodPost, at(v1 + `/embeddings`), asOpenAI, (*Server).embeddings},
	{http.MethodGet, at(v1 + `/models`), asOpenAI, (*Server).models},
}

func asOpenAI(*http.Request) provider { return openAI{} }

// ServeHTTP serves all dialects, each under the paths that its provider
// documents, those of OpenAI and Anthropic also without /v1.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Simulated", "true")
	// Set here, since else net/http would ask another clock.
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	x := &exchange{w: w, r: r, seed: s.Seed}
	for _, to := range routes {
		match := to.path.FindStringSubmatch(r.URL.Path)
		if match == nil || r.Method != to.method {
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

// providerOf is whose a request to an unknown path is.
func providerOf(*http.Request) provider { return openAI{} }
