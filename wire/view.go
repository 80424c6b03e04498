package wire

// A View is the few fields of a request that hotmess acts on. The request
// itself stays bytes and is never rebuilt from a View.
type View struct {
	Dialect Dialect
	// Model as the client asked for it.
	Model string
	// Framing is how the client asked for the reply; Whole: not streamed.
	Framing Framing
	// IncludeUsage is whether a streaming client asked for a usage event,
	// where there is none unasked.
	IncludeUsage bool
	// Choices is the number of completions that the client asks of one call
	// (n, candidateCount), at least 1.
	Choices int
	// OutputCap is the request's own cap on generated tokens; 0: none given.
	OutputCap int
	// Pinned is whether the client pinned the randomness: a seed is set or
	// the temperature is 0. Such requests form a stratum of their own.
	Pinned bool
	// Stored is whether the reply will live upstream, as the request stands.
	Stored bool
	// Chain is the state upstream that the request builds on.
	Chain Chain
	// Background is whether the reply is to be fetched later.
	Background bool
	// ProviderTools is whether the request lets the provider itself act, for
	// example by searching the web. Such a call is not repeated.
	ProviderTools bool
	// Tools that the request offers, in its order.
	Tools []Tool
	// HiddenTools is whether the request may bring tools that it does not show:
	// those of a stored prompt, or of a cached context.
	HiddenTools bool
	// CallsBarred is whether the reply may hold no tool call (tool_choice is
	// none), whatever Tools the request offers.
	CallsBarred bool
	// Structured is whether the request asks for JSON by a schema or as an
	// object.
	Structured bool
	// System is the text of the system and developer messages, a line end
	// between them.
	System string
	// FirstUser and LastUser are the texts of the first and the last user
	// message.
	FirstUser, LastUser string
	// Actions counts the assistant turns with tool calls in the history. It
	// means nothing where Chain.Holds part of the history.
	Actions int
	// Past are the latest calls in the history, 256 at most, without their
	// ids. Arguments of more than 512 bytes are replaced by their SHA-256.
	Past []Call
	// Messages counts the messages of the request.
	Messages int
	// PromptBytes is the size of the text of all messages and tools, in
	// bytes: what the prompt's tokens are estimated from where usage does not
	// say. Images and sound count nothing.
	PromptBytes int
}

// UnreadView is what the path alone tells of a request that could not be read: it may
// offer any tool, and its reply lives upstream where that is the API's default.
func UnreadView(t Target) View {
	return View{Dialect: t.Dialect, Framing: t.Framing, HiddenTools: true, Stored: t.Dialect == OpenAIResponses}
}

// Streams reports whether the client asked for a streamed reply.
func (v View) Streams() bool { return v.Framing != Whole }

// UsageUnasked reports whether a stream ends without its usage because the client
// did not ask for it; EditExtra does.
func (v View) UsageUnasked() bool {
	return v.Dialect == OpenAIChat && v.Streams() && !v.IncludeUsage
}

// StopsWhenLeft reports whether the upstream is likely to stop generating, and
// billing, when its client hangs up on the reply. Of a reply that does not stream
// servers learn so only when they write it, at its end. Of streams OpenRouter's
// documentation lists the providers that stop (OpenAI, Azure, Anthropic and most
// servers of open models) and that do not (Google, Bedrock, Groq, Mistral); only
// the first of these has a dialect to be known by.
func (v View) StopsWhenLeft() bool { return v.Streams() && v.Dialect != GeminiGenerate }

// A Chain is state upstream that a request builds on. The zero Chain is none.
type Chain struct {
	// Previous is the id of the reply that the request goes on from.
	Previous string
	// Conversation is the id of the conversation upstream that the request and
	// its reply are added to.
	Conversation string
	// Once is whether the state takes one call only: a second one would be
	// added to it, or be refused.
	Once bool
}

// Holds reports whether the state holds history that is not in the request.
func (c Chain) Holds() bool { return c.Previous != "" || c.Conversation != "" }

// A Tool is one function or custom tool that a request offers.
type Tool struct {
	Name string
	// Params describes the top-level arguments by name; an argument that the
	// schema does not describe is absent. It is nil for a tool without a
	// schema.
	Params map[string]Param
}

// A Param is what a tool's schema says of one argument.
type Param struct {
	// Type is the JSON Schema type: string, number, integer, boolean, array,
	// object; empty if the schema gives none or several, null aside.
	Type string
	// Enum is whether the schema lists the allowed values.
	Enum bool
	// Format is the schema's format, such as uri, uuid or date-time.
	Format string
}
