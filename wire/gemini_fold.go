package wire

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// A geminiFold gathers one reply of generateContent from one body, from events
// or from the elements of an array. Each piece has the form of a whole reply and
// holds a part of the answer, so that all fold alike.
//
// The end mark is the finish reason of the first candidate, that the prompt was
// blocked, or an error: streams just end.
type geminiFold struct {
	gathering
	// open are the calls whose arguments are still to come, by candidate.
	open map[int]*openCall
	// flaw is why the reply cannot be read.
	flaw error
}

func (gemini) fold(started func()) folder {
	return &geminiFold{gathering: newGathering(started), open: make(map[int]*openCall)}
}

// event folds one piece. Some compatible servers end their streams with OpenAI's
// [DONE].
func (f *geminiFold) event(data []byte) error {
	if string(data) == "[DONE]" {
		return nil
	}
	root, ok := parse(data)
	if !ok || !root.IsObject() {
		return fmt.Errorf("piece is no JSON object: %w", ErrNotDialect)
	}
	return f.fields(root)
}

// body needs no finish reason, but one that goes on elsewhere is no answer.
func (f *geminiFold) body(data []byte) error {
	root, ok := parse(data)
	if !ok || !root.IsObject() {
		return fmt.Errorf("body is no JSON object: %w", ErrNotDialect)
	}
	if !geminiReply(root) {
		return fmt.Errorf("neither candidates, feedback, usage nor error: %w", ErrNotDialect)
	}
	if err := f.fields(root); err != nil {
		return err
	}
	if first := f.choices[0]; first != nil && first.finish != goesOn {
		f.ended = true
		f.begin()
	}
	return nil
}

func (f *geminiFold) result(whole bool) Reply {
	for index := range f.open {
		f.close(index)
	}
	return f.gathering.result(whole)
}

// geminiReply tells a reply by its fields. One without candidates has usage or
// feedback on the prompt.
func geminiReply(root gjson.Result) bool {
	for _, key := range [...]string{"candidates", "promptFeedback", "usageMetadata", "error"} {
		if present(root.Get(key)) {
			return true
		}
	}
	return false
}

func (f *geminiFold) fields(root gjson.Result) error {
	root.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "responseId":
			keep(&f.reply.ID, value)
		case "modelVersion":
			keep(&f.reply.Model, value)
		case "usageMetadata":
			readGeminiUsage(&f.reply.Usage, value)
		case "promptFeedback":
			f.promptBlocked(value.Get("blockReason"))
		case "error":
			if present(value) {
				f.fail(value.Get("status"), value.Get("code"))
			}
		case "candidates":
			eachIndexed(value, f.candidate)
		}
		return f.flaw == nil
	})
	if f.flaw != nil {
		return f.flaw
	}
	return f.bounded()
}

// candidate folds a candidate, or what has come of it.
func (f *geminiFold) candidate(index int, candidate gjson.Result) {
	if !candidate.IsObject() {
		return
	}
	c := f.choice(index)
	if c == nil {
		return
	}
	eachOf(candidate.Get("content.parts"), func(part gjson.Result) { f.part(index, c, part) })
	if reason := candidate.Get("finishReason"); given(reason) {
		if refuses(reason.Str) {
			c.refusedFor(reason)
		}
		c.end(reason)
		f.ended = f.ended || (index == 0 && reason.Str != goesOn)
	}
}

// part folds one part of a candidate. Thoughts are summaries; a signature is
// reasoning in sealed form. What the provider runs itself, and media, are
// skipped.
func (f *geminiFold) part(index int, c *choiceFold, part gjson.Result) {
	var text, call gjson.Result
	thought, sealed := false, false
	part.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "text":
			text = value
		case "thought":
			thought = value.Type == gjson.True
		case "thoughtSignature":
			sealed = value.Type == gjson.String && value.Str != ""
		case "functionCall":
			call = value
		}
		return true
	})
	if thought || sealed {
		c.reasonUnseen()
	}
	if !thought && text.Type == gjson.String {
		c.say(text.Str)
	}
	if call.IsObject() {
		f.functionCall(index, c, call)
	}
}

// promptBlocked folds the feedback on a prompt. A blocked one has no candidate:
// the refusal is its one choice.
func (f *geminiFold) promptBlocked(reason gjson.Result) {
	if !given(reason) {
		return
	}
	c := f.choice(0)
	c.refusedFor(reason)
	c.end(reason)
	f.ended = true
}

// refusedFor keeps the API's own word for a refusal, once: there is no text.
func (c *choiceFold) refusedFor(reason gjson.Result) {
	if len(c.refusal) == 0 {
		c.refuse(clip(reason.Str, maxWord))
	}
}

// goesOn is the finish reason of an answer that is not complete: the client is
// to send its request again with the token that comes with it.
const goesOn = "CONTINUATION"

// refuses tells the finish reasons for which a candidate was stopped because of
// what it says, or would have said. A call that is malformed or not allowed, a
// missing image, OTHER and MAX_TOKENS are none.
func refuses(finishReason string) bool {
	switch finishReason {
	case "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR",
		"IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION":
		return true
	}
	return false
}

// given reports whether an enum has a value: FINISH_REASON_UNSPECIFIED and its
// like stand for none.
func given(enum gjson.Result) bool {
	return enum.Type == gjson.String && enum.Str != "" && !strings.HasSuffix(enum.Str, "_UNSPECIFIED")
}

// readGeminiUsage keeps the last counts: those of a stream are running ones, and
// its first pieces may have none. ProtoJSON leaves out zeros, but not all models
// count candidates: what the total leaves is theirs.
func readGeminiUsage(u *Usage, v gjson.Result) {
	prompt, ok := count(v.Get("promptTokenCount"))
	if !ok {
		return
	}
	tools, _ := count(v.Get("toolUsePromptTokenCount"))
	thoughts, hasThoughts := count(v.Get("thoughtsTokenCount"))
	candidates, hasCandidates := count(v.Get("candidatesTokenCount"))
	if total, _ := count(v.Get("totalTokenCount")); !hasCandidates {
		candidates = max(0, total-prompt-tools-thoughts)
	}
	*u = Usage{
		Input: min(prompt+tools, maxNumber), Output: min(candidates+thoughts, maxNumber),
		Reasoning: thoughts, HasTotals: true, HasReasoning: hasThoughts,
	}
	u.CachedInput, _ = count(v.Get("cachedContentTokenCount"))
}
