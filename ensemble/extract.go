package ensemble

import (
	"fmt"
	"regexp"
	"strings"
)

// An extractor finds the final answer in a text and gives its key; it is false
// if the text has none in the form.
type extractor func(text string) (key string, ok bool)

var tagName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,63}$`)

// CheckExtract reports what is wrong with the value of a route's extract key.
// Right are letter, number, boxed, tag:NAME with a NAME of letters, digits, _
// and -, and regexp:EXPR with an RE2 expression that has a group. Empty is
// right too: the prompt is asked.
func CheckExtract(extract string) error {
	if extract == "" {
		return nil
	}
	_, err := newExtractor(extract)
	return err
}

func newExtractor(extract string) (extractor, error) {
	switch extract {
	case formLetter:
		return extractLetter, nil
	case formNumber:
		return extractNumber, nil
	case formBoxed:
		return extractBoxed, nil
	}
	if name, ok := strings.CutPrefix(extract, formTag); ok {
		return newTagExtractor(name)
	}
	if expr, ok := strings.CutPrefix(extract, formRegexp); ok {
		return newRegexpExtractor(expr)
	}
	return nil, fmt.Errorf("extract: %q is none of letter, number, boxed, tag:NAME, regexp:EXPR", extract)
}

// newTagExtractor finds the content of the last <name>…</name>.
func newTagExtractor(name string) (extractor, error) {
	if !tagName.MatchString(name) {
		return nil, fmt.Errorf("extract: %q is no tag name: use letters, digits, _ and -", name)
	}
	start, end := "<"+name+">", "</"+name+">"
	return func(text string) (string, bool) {
		stop := strings.LastIndex(text, end)
		if stop < 0 {
			return "", false
		}
		at := strings.LastIndex(text[:stop], start)
		if at < 0 {
			return "", false
		}
		return answerValue(text[at+len(start) : stop]), true
	}, nil
}

// newRegexpExtractor finds the first group of the first match. An expression
// that begins with (?s).* finds the last.
func newRegexpExtractor(expr string) (extractor, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, fmt.Errorf("extract: regexp: %w", err)
	}
	if re.NumSubexp() == 0 {
		return nil, fmt.Errorf("extract: regexp %q has no group: put ( ) around the answer", expr)
	}
	return func(text string) (string, bool) {
		m := re.FindStringSubmatch(text)
		if m == nil {
			return "", false
		}
		return answerValue(m[1]), true
	}, nil
}

// extractBoxed finds the content of the last \boxed{…}, braces balanced.
func extractBoxed(text string) (string, bool) {
	content, ok := lastBoxed(text)
	if !ok {
		return "", false
	}
	return answerValue(unlatex(content)), true
}

func lastBoxed(text string) (string, bool) {
	const open = `\boxed{`
	at := strings.LastIndex(text, open)
	if at < 0 {
		return "", false
	}
	at += len(open)
	depth := 1
	for i := at; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++ // \{ and \} are no braces
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return text[at:i], true
			}
		}
	}
	return "", false
}

var (
	latexFraction = regexp.MustCompile(`\\[dt]?frac\s*\{\s*([0-9]+)\s*\}\s*\{\s*([0-9]+)\s*\}`)
	latexText     = regexp.MustCompile(`\\(?:text|mathrm|mathbf|textbf)\s*\{([^{}]*)\}`)
	latexSpace    = strings.NewReplacer(`\!`, "", `\,`, "", `\;`, " ", `\ `, " ", `\$`, "$", `\%`, "%", `\left`, "", `\right`, "")
)

// unlatex takes off the markup that changes the look of a value only.
func unlatex(s string) string {
	s = latexText.ReplaceAllString(s, "$1")
	s = latexFraction.ReplaceAllString(s, "$1/$2")
	return latexSpace.Replace(s)
}

// answerValue is the key of an extracted answer: a number if it is one and
// nothing else, so that .50 is 1/2; else its text, blanks folded, without
// quotes and emphasis around it or a full stop behind it.
func answerValue(s string) string {
	s = strings.Trim(foldSpace(s), " *_`\"'")
	if rat, ok := wholeNumber(s); ok {
		return list(tagNumber, rat)
	}
	return list(tagWords, strings.TrimRight(s, ".*_ "))
}

// answerMark is what introduces a final answer: "The final answer is",
// "**Answer:**", "Option = ", "####".
var answerMark = regexp.MustCompile(`(?i)\b(?:answer|option|choice|result)\b["'*_\s]*(?:(?:is|would\s+be|should\s+be|must\s+be)\b\s*:?|[:=])[*_]*|####`)

// answerStatements are the lines that introduce a final answer, from the mark
// on, last first; a line that ends in its mark goes on in the next. A \boxed
// answer is the last word.
func answerStatements(text string) []string {
	var found []string
	if content, ok := lastBoxed(text); ok {
		found = append(found, unlatex(content))
	}
	marks := answerMark.FindAllStringIndex(text, -1)
	const most = 8 // the last ones; more are no final answer
	for i := len(marks) - 1; i >= 0 && i >= len(marks)-most; i-- {
		rest := strings.TrimLeft(text[marks[i][1]:], " *_\t\r\n")
		line, _, _ := strings.Cut(rest, "\n")
		found = append(found, line)
	}
	return found
}
