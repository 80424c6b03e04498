package sim

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// prefixes are the lengths, in bytes, of the beginnings by which questions are
// found inside a message, longest first. A question is filed under the longest
// that fits.
var prefixes = [...]int{64, 32, 16, 8, 4, 1}

// wholeWord is the length in bytes below which a question is only found where
// no letter or digit touches it.
const wholeWord = 32

// An index finds which question of one model stands in a message.
type index struct {
	// byText holds the records of each exact question text: several where a
	// cut text is shared.
	byText map[string][]*record
	// byPrefix holds the texts that begin with a prefix of a length in
	// prefixes.
	byPrefix [len(prefixes)]map[string][]string
}

func newIndex() *index {
	x := &index{byText: map[string][]*record{}}
	for i := range x.byPrefix {
		x.byPrefix[i] = map[string][]string{}
	}
	return x
}

func (x *index) add(r *record) {
	same := x.byText[r.Question]
	x.byText[r.Question] = append(same, r)
	if len(same) > 0 {
		return
	}
	for i, size := range prefixes {
		if len(r.Question) >= size {
			start := r.Question[:size]
			x.byPrefix[i][start] = append(x.byPrefix[i][start], r.Question)
			return
		}
	}
}

// find is the record whose question stands in message, the longest if there
// are several; of records with the same text the one with the longest id that
// stands there too, else the first. nil: none.
func (x *index) find(message string) *record {
	records := x.byText[message]
	if records == nil {
		records = x.byText[x.longest(message)]
	}
	if len(records) == 0 {
		return nil
	}
	named, size := records[0], 0
	for _, r := range records {
		if len(r.ID) > size && strings.Contains(message, r.ID) {
			named, size = r, len(r.ID)
		}
	}
	return named
}

// longest is the longest question text inside message, or empty.
func (x *index) longest(message string) string {
	best := ""
	for i, size := range prefixes {
		if len(x.byPrefix[i]) == 0 {
			continue
		}
		for at := 0; at+size <= len(message); at++ {
			for _, text := range x.byPrefix[i][message[at:at+size]] {
				if len(text) > len(best) && strings.HasPrefix(message[at:], text) && standsAlone(message, at, len(text)) {
					best = text
				}
			}
		}
	}
	return best
}

// standsAlone reports whether the size bytes of message from at are not part
// of a longer word, which matters for short texts only.
func standsAlone(message string, at, size int) bool {
	if size >= wholeWord {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(message[:at])
	after, _ := utf8.DecodeRuneInString(message[at+size:])
	return !isWord(before) && !isWord(after)
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
