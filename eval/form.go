package eval

import (
	"fmt"
	"regexp"
	"strings"

	"hotmess/ensemble"
	"hotmess/wire"
)

// defaultForm is the form of final answer for references of any kind.
const defaultForm = "tag:answer"

var (
	letterOnly = regexp.MustCompile(`^\(?[A-J]\)?$`)
	numberOnly = regexp.MustCompile(`^[-+]?[0-9][0-9,]*(\.[0-9]+)?$`)
)

// formOf is the form of final answer that suits all references: letter, number,
// else tag:answer.
func formOf(questions []Question) string {
	letters, numbers := true, true
	for _, q := range questions {
		answer := strings.TrimSpace(string(q.Reference))
		letters = letters && letterOnly.MatchString(answer)
		numbers = numbers && numberOnly.MatchString(answer)
	}
	switch {
	case letters:
		return "letter"
	case numbers:
		return "number"
	}
	return defaultForm
}

// instructionFor asks for an answer in a form. What a regexp looks for is not
// known, so there nothing is asked.
func instructionFor(form string) string {
	name, isTag := strings.CutPrefix(form, "tag:")
	switch {
	case form == "letter":
		return `End with a line "Answer: X", where X is the letter of the right option.`
	case form == "number":
		return `End with a line "Answer: N", where N is the number alone.`
	case form == "boxed":
		return `Put the final answer in \boxed{}.`
	case isTag:
		return "Put the final answer, and nothing else, in <" + name + "></" + name + ">."
	}
	return ""
}

// A prompt is one question as it is asked.
type prompt struct {
	Question
	path string
	body []byte
	// right is the key of the right answer.
	right string
}

// A form is how questions are asked and answers found.
type form struct {
	dialect wire.Dialect
	// ask is all but the text.
	ask         wire.Question
	instruction string
	extract     string
	compare     ensemble.Comparer
	// pinned is whether the requests leave little to chance, see wire.View.
	pinned bool
}

// newForm fixes what o leaves to the questions. They must not be empty.
func newForm(o Options, questions []Question) (form, error) {
	f := form{
		dialect: o.Dialect, extract: o.Extract,
		ask: wire.Question{Model: o.Model, Temperature: o.Temperature, OutputCap: o.MaxTokens, Merge: o.Body},
	}
	if f.extract == "" {
		f.extract = formOf(questions)
	}
	f.instruction = instructionFor(f.extract)
	if o.Instruction != nil {
		f.instruction = *o.Instruction
	}
	path, body, err := f.request(questions[0])
	if err != nil {
		return f, fmt.Errorf("--body: %w", err)
	}
	view, err := wire.ReadView(wire.Target{Provider: f.dialect.Provider(), Dialect: f.dialect, Model: o.Model}, body)
	if err != nil {
		return f, fmt.Errorf("--body makes of the request to %s: %w", path, err)
	}
	if view.Choices > 1 {
		return f, fmt.Errorf("--body asks for %d answers a call, of which one would be used: use --samples", view.Choices)
	}
	f.pinned = view.Pinned
	f.compare, err = ensemble.NewComparer(view, f.extract)
	if err != nil {
		return f, fmt.Errorf("--extract: %w", err)
	}
	if f.compare.Kind() == ensemble.KindAction {
		return f, fmt.Errorf("--body offers tools: a data set has answers to compare with, not calls")
	}
	return f, nil
}

// request is a question in the form.
func (f form) request(q Question) (path string, body []byte, err error) {
	ask := f.ask
	ask.Text = q.Text
	if f.instruction != "" {
		ask.Text += "\n\n" + f.instruction
	}
	return ask.Request(f.dialect)
}

// prompts are the questions whose references are answers in the form; the
// others are problems.
func (f form) prompts(questions []Question) ([]prompt, []lineError, error) {
	var prompts []prompt
	var problems []lineError
	for _, q := range questions {
		right, err := f.reference(string(q.Reference))
		if err != nil {
			problems = append(problems, lineError{q.line, fmt.Errorf("the reference %q: %w", q.Reference, err)})
			continue
		}
		path, body, err := f.request(q)
		if err != nil {
			return nil, nil, err
		}
		prompts = append(prompts, prompt{q, path, body, right})
	}
	if len(prompts) == 0 {
		return nil, nil, fmt.Errorf("--extract: %w", first(problems))
	}
	return prompts, problems, nil
}

// reference is the key of a right answer.
func (f form) reference(answer string) (string, error) {
	return ensemble.AnswerKey(f.compare.Kind(), f.compare.Form(), answer)
}

// key is what of a reply is compared.
func (f form) key(r wire.Reply) string { return f.compare.Keys(r)[f.compare.Headline()] }

// name is the form for people.
func (f form) name() string {
	if f.compare.Kind() == ensemble.KindStructured {
		return "JSON"
	}
	return f.extract
}
