package wire

// A Dialect names the wire form of one generation API.
type Dialect string

// The dialects that Detect tells apart.
const (
	// Unknown is every request that is not a generation call: models,
	// embeddings, files, anything new.
	Unknown           Dialect = ""
	OpenAIChat        Dialect = "openai-chat"
	OpenAIResponses   Dialect = "openai-responses"
	AnthropicMessages Dialect = "anthropic-messages"
	GeminiGenerate    Dialect = "gemini-generate"
)

// Dialects lists the dialects that are read.
func Dialects() [4]Dialect {
	return [...]Dialect{OpenAIChat, OpenAIResponses, AnthropicMessages, GeminiGenerate}
}

// Readable reports whether requests and replies of d are parsed.
func (d Dialect) Readable() bool { return grammars(d) != nil }

// name is d for messages.
func (d Dialect) name() string {
	if d == Unknown {
		return "unknown"
	}
	return string(d)
}

// The providers whose APIs Detect tells apart. Each is also the name of the
// built-in upstream that a request goes to when its path names none.
const (
	ProviderOpenAI    = "openai"
	ProviderAnthropic = "anthropic"
	ProviderGemini    = "gemini"
)

// A Framing is how the pieces of a streamed reply are told apart.
type Framing string

// The framings.
const (
	// Whole is one JSON value: nothing is streamed.
	Whole Framing = ""
	// Events are server-sent events.
	Events Framing = "events"
	// Array is one JSON array whose elements come one by one: Gemini's stream
	// without alt=sse.
	Array Framing = "array"
)

// A Target is what Detect reads off a request before its body is there.
type Target struct {
	// Provider is whose API the request speaks: one of the Provider
	// constants. It is never empty: what cannot be told is OpenAI's, the
	// form that most compatible servers share.
	Provider string
	// Dialect is the generation dialect, or Unknown. Where ByBody it is only
	// the likeliest: see View.Dialect.
	Dialect Dialect
	// ByBody is whether the path is shared by several dialects, so that the
	// body has the last word: the clouds' paths for models of any vendor.
	ByBody bool
	// Model is the model that the path names, unescaped; empty where the body
	// names it. Azure's is the name of a deployment.
	Model string
	// Framing is that of the reply, where the path and query say it.
	Framing Framing
}
