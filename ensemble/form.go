package ensemble

import (
	"regexp"
	"slices"
	"strings"

	"hotmess/wire"
)

// The forms of final answer, as config.Route.Extract names them.
const (
	formLetter = "letter"
	formNumber = "number"
	formBoxed  = "boxed"
	formTag    = "tag:"
	formRegexp = "regexp:"
)

// maxInstruction is how much of each end of a prompt's text is searched for a
// form, in bytes: instructions stand first or last.
const maxInstruction = 8 << 10

// askedForm is the form of final answer that a prompt asks for; empty if it
// asks for none, or not clearly. The last user message goes before the system
// prompt. It rather misses a form than sees one in prose: a form seen wrongly
// would compare letters and numbers that nobody asked for.
func askedForm(v wire.View) string {
	for _, text := range []string{v.LastUser, v.System} {
		if form := formIn(Ends(text, maxInstruction)); form != "" {
			return form
		}
	}
	return ""
}

// formIn tries the more explicit forms first. The expressions are dear, at
// about a microsecond a byte, so they see only what stands near a word that
// each of their matches holds.
func formIn(text string) string {
	lower := asciiLower(text)
	for _, passage := range near(text, lower, `\boxed`) {
		if m := boxedAsked.FindString(passage); m != "" && !aboutCode.MatchString(m) {
			return formBoxed
		}
	}
	for _, passage := range near(text, lower, "<answer>", "<final", "<result>", "<solution>") {
		if m := tagAsked.FindStringSubmatch(passage); m != nil {
			return formTag + m[1] + m[2]
		}
	}
	if slices.ContainsFunc(near(text, lower, "letter"), letterAsked.MatchString) {
		return formLetter
	}
	if slices.ContainsFunc(near(text, lower, "number", "integer", "decimal", "numeric"), numberAsked.MatchString) {
		return formNumber
	}
	return ""
}

const (
	// reach is how far, in bytes, an expression may look to either side of
	// its word: more than any of them can match.
	reach = 256
	// maxPassages bounds the passages around one word.
	maxPassages = 16
)

// near returns the passages of text around each of the words, which are in
// lower case; lower is text in lower case.
func near(text, lower string, words ...string) []string {
	var passages []string
	for _, word := range words {
		for from, n := 0, 0; n < maxPassages; n++ {
			i := strings.Index(lower[from:], word)
			if i < 0 {
				break
			}
			passages = append(passages, passage(text, from+i, from+i+len(word)))
			from += i + len(word)
		}
	}
	return passages
}

// passage is what stands around text[from:to]. It begins and ends at blanks, if
// there are any, so that no word is cut into another one.
func passage(text string, from, to int) string {
	start, end := max(0, from-reach), min(len(text), to+reach)
	if i := strings.IndexAny(text[start:from], " \n"); start > 0 && i >= 0 {
		start += i
	}
	if i := strings.LastIndexAny(text[to+(end-to)/2:end], " \n"); end < len(text) && i >= 0 {
		end = to + (end-to)/2 + i
	}
	return text[start:end]
}

// asciiLower lowers ASCII letters and keeps every byte in its place.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// What prompts say when they ask for a form.
var (
	// "put your final answer within \boxed{}", "use \boxed{}"
	boxedAsked = regexp.MustCompile(`(?i)(?:[^\n.]{0,80}\b(?:answer|result|solution|conclusion|choice|value)s?\b[^\n]{0,80}` +
		`|答案[^\n]{0,40}|\b(?:put|write|give|place|wrap|enclose)\s+(?:it|this|that|them)\b[^\n]{0,40}|\b(?:use|using|with)\s+(?:the\s+)?)\\boxed\s*\{`)

	// What a question about forms is about: "a function that extracts the
	// answer inside \boxed{}" asks for a function.
	aboutCode = regexp.MustCompile(`(?i)\b(?:functions?|scripts?|regexp?|regular\s+expression|pars(?:e|es|er|ing)|extract(?:s|ed|ing|or)?)\b`)

	// "put the answer in <answer> tags", "end with <answer>X</answer>". The
	// names that other markup has too must be called tags, or be closed.
	tagAsked = regexp.MustCompile(`(?i)\b(?:put|give|write|place|wrap|enclose|return|respond|reply|answer|output|provide|` +
		`end|finish|conclude|state|report|present|format)\b[^\n<>]{0,100}(?:<(answer|final_answer|finalanswer)>|<(final|result|solution)>\s*(?:tags?\b|[^\n<>]{0,60}</))`)

	// "answer with the letter only", "reply with a single letter", "the letter
	// of the correct option", "Answer: <letter>"
	letterAsked = regexp.MustCompile(`(?i)` +
		`\b(?:answer|respond|reply)\s+(?:only\s+)?(?:with|by\s+giving|by\s+writing|using)\s+(?:only\s+|just\s+)*` +
		`(?:the|one|a\s+single|single)\s+(?:single\s+|correct\s+|corresponding\s+|capital\s+|option\s+)*letter\b` +
		`\s*(?:[.,:;()\[\n]|only\b|of\b|for\b|corresponding\b|from\b|$)` +
		`|\bthe\s+letter\s+(?:of|for|corresponding\s+to)\s+(?:the|your)\s+(?:correct\s+|right\s+|best\s+|chosen\s+)*(?:answer|option|choice)\b` +
		`|\banswer:\s*[\[<({$"]*\s*(?:letter|option\s+letter)\b`)

	// "give the final answer as a number", "answer with only an integer",
	// "Answer: <number>", "#### <number>"
	numberAsked = regexp.MustCompile(`(?i)` +
		`\bfinal\s+answer\s+(?:as|is|should\s+be|must\s+be)\s+(?:only\s+|just\s+)?(?:an?|one|the)?\s*(?:single\s+)?` +
		`(?:number|integer|decimal|numeric(?:al)?\s+value)\b\s*(?:[.,:;()\n]|only\b|between\b|without\b|$)` +
		`|\b(?:answer|respond|reply)\s+(?:only\s+)?with\s+(?:only\s+|just\s+)*(?:an?|the|one)\s+(?:single\s+)?` +
		`(?:number|integer)\b\s*(?:[.,:;()\n]|only\b|between\b|without\b|$)` +
		`|(?:\banswer:\s*[\[<({$"]*|####\s*[\[<({$"]+)\s*(?:the\s+|your\s+)?(?:number|integer|numeric|numerical)\b`)
)
