package ensemble

import (
	"strconv"
	"strings"
)

// AnswerKey is the key that a reply of kind answer has at every level if it
// gives this right answer in the form (a value of CheckExtract, not empty). It
// is false if the answer is none in that form, such as a word where a letter is
// asked for, or the form is invalid.
func AnswerKey(form, answer string) (key string, ok bool) {
	if form == "" || CheckExtract(form) != nil {
		return "", false
	}
	switch form {
	case formLetter:
		return extractLetter(answer)
	case formNumber:
		return extractNumber(answer)
	case formBoxed:
		answer = unlatex(answer)
	}
	if strings.TrimSpace(answer) == "" {
		return "", false
	}
	return answerValue(answer), true
}

// Refused is what PlainAnswer gives for a refusal. Brackets keep it apart from
// what an extractor finds.
const Refused = "(refused)"

// PlainAnswer is the value in the key of an answer or a structured reply, for
// people and data sets: A, 1250, 1/2, paris, {"a":1}. Equal keys have equal
// values. It is false for a reply in which no answer was found, and for keys of
// other kinds.
func PlainAnswer(key string) (value string, ok bool) {
	tag, rest, _ := strings.Cut(key, "(")
	switch tag {
	case tagRefusal:
		return Refused, true
	case tagLetter, tagNumber, tagWords, tagJSON:
	default:
		return "", false
	}
	size, rest, _ := strings.Cut(rest, ":")
	n, err := strconv.Atoi(size)
	if err != nil || n < 0 || n >= len(rest) {
		return "", false
	}
	return rest[:n], true
}
