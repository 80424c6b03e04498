package wire

// A Dialect names the wire form of one generation API.
type Dialect string

// The dialects that Detect tells apart. Only those for which Readable is true
// are parsed; the others are recognised so that they reach the right upstream
// and are counted by name.
const (
	// Unknown is every request that is not a generation call: models,
	// embeddings, files, anything new.
	Unknown           Dialect = ""
	OpenAIChat        Dialect = "openai-chat"
	OpenAIResponses   Dialect = "openai-responses"
	AnthropicMessages Dialect = "anthropic-messages"
	GeminiGenerate    Dialect = "gemini-generate"
)

// Readable reports whether this version parses requests and replies of d.
func (d Dialect) Readable() bool { return d == OpenAIChat }

// The providers whose APIs Detect tells apart. Each is also the name of the
// built-in upstream that a request goes to when its path names none.
const (
	ProviderOpenAI    = "openai"
	ProviderAnthropic = "anthropic"
	ProviderGemini    = "gemini"
)

// A Target is what Detect reads off a request before its body is there.
type Target struct {
	// Provider is whose API the request speaks: one of the Provider
	// constants. It is never empty: what cannot be told is OpenAI's, the
	// form that most compatible servers share.
	Provider string
	// Dialect is the generation dialect, or Unknown.
	Dialect Dialect
}
