package ensemble

import (
	"regexp"
	"strings"
)

var (
	// A letter A..J and nothing else but brackets, emphasis and a full stop.
	bareLetter = regexp.MustCompile(`^[\s*_("'\[{$]*(?i:option\s+|choice\s+)?([A-Ja-j])[\s*_)"'\]}$.:]*$`)

	// A letter A..J at the start of a statement, set off from what follows:
	// "B) Paris", "(C), since", "D because". A and I are words too, so a blank
	// sets off only the others.
	leadingLetter = regexp.MustCompile(`^[\s*_("'\[{$]*(?i:option\s+|choice\s+)?(?:([A-J])[*_]*(?:[)"'\]}$.,:;]|\s+(?:because|since|as|–|—|-)\s)|([B-HJ])\s)`)

	// A letter with its bracket or stop at the start of a line of its own.
	labelledLetter = regexp.MustCompile(`^[\s*_(]*([A-J])[*_]*[).:]`)
)

// extractLetter finds a choice A to J: behind the last mark of a final answer
// that is followed by one, else as the whole of the last line, else of the
// first line, else as the label of a reply of one line.
func extractLetter(text string) (string, bool) {
	for _, statement := range answerStatements(text) {
		if letter, ok := statedLetter(statement); ok {
			return list(tagLetter, letter), true
		}
	}
	lines := filledLines(text)
	if len(lines) == 0 {
		return "", false
	}
	for _, line := range []string{lines[len(lines)-1], lines[0]} {
		if m := bareLetter.FindStringSubmatch(line); m != nil {
			return list(tagLetter, strings.ToUpper(m[1])), true
		}
	}
	if m := labelledLetter.FindStringSubmatch(lines[0]); m != nil && len(lines) == 1 {
		return list(tagLetter, m[1]), true
	}
	return "", false
}

func statedLetter(statement string) (string, bool) {
	if m := bareLetter.FindStringSubmatch(statement); m != nil {
		return strings.ToUpper(m[1]), true
	}
	if m := leadingLetter.FindStringSubmatch(statement); m != nil {
		return m[1] + m[2], true
	}
	return "", false
}

// filledLines are the first and the last line that are not blank; one or none
// if there are no two.
func filledLines(text string) []string {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	first, rest, more := strings.Cut(text, "\n")
	if !more {
		return []string{first}
	}
	return []string{first, rest[strings.LastIndexByte(rest, '\n')+1:]}
}
