package ensemble

import (
	"errors"
	"strings"
)

// Form names the form of final answer that replies are compared by: letter,
// number, boxed, tag:NAME or regexp:EXPR. It is empty but for KindAnswer.
func (c Comparer) Form() string { return c.form }

// Why a request has no right answer to compare with.
var (
	errActionAnswer = errors.New("the request offers tools, and its replies are compared as calls: send outcome")
	errTextAnswer   = errors.New("the request asks for free text, where equality says little: send outcome")
	errEmptyAnswer  = errors.New("nothing is left of it in the form that is compared")
)

// AnswerKey is the key that a sample with the given answer has at the headline
// level of its kind and form (see Comparer.Form). The answer is given bare, as B
// or 42, or as a reply would say it. An error says why replies of that kind have
// no right answer, or why this is none of that form.
func AnswerKey(kind Kind, form, answer string) (string, error) {
	switch kind {
	case KindAction:
		return "", errActionAnswer
	case KindStructured:
		key := structuredKey(answer)
		if key == list(tagUnparsed) {
			return "", errors.New("not a JSON value, which the request asks for")
		}
		return key, nil
	case KindAnswer:
		return formKey(form, answer)
	}
	return "", errTextAnswer
}

// formKey tries the answer as a reply first, then as the bare content of a form
// that has a frame around it.
func formKey(form, answer string) (string, error) {
	find, err := newExtractor(form)
	if err != nil {
		return "", err
	}
	if strings.TrimSpace(answer) == "" {
		return "", errEmptyAnswer
	}
	if key, ok := find(answer); ok {
		return key, nil
	}
	switch form {
	case formLetter:
		return "", errors.New("no letter from A to J, which the request asks for")
	case formNumber:
		return "", errors.New("no number, which the request asks for")
	case formBoxed:
		answer = unlatex(answer)
	}
	return answerValue(answer), nil
}
