package ensemble

import (
	"strconv"
	"strings"
)

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
