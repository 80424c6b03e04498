package ensemble

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// textKey compares plain text: composed Unicode (NFC) with every run of white
// space as one blank. Case and compatibility forms are kept, since x² is not x2.
// It is a record of equality, not of meaning: text has no headline.
func textKey(s string) string {
	return list(tagText, foldSpace(norm.NFC.String(s)))
}

func foldSpace(s string) string { return strings.Join(strings.Fields(s), " ") }

// structuredKey compares the JSON value of a text; a code fence around it is
// tolerated. All texts that are not one JSON value are one value, unparsed.
func structuredKey(s string) string {
	v, ok := parseJSON(unfence(s))
	if !ok && len(s) > maxJSON {
		return list(tagMalformed, s)
	}
	if !ok {
		return list(tagUnparsed)
	}
	return list(tagJSON, canonicalJSON(v))
}

// unfence takes the code fence off a text that is one fenced block, with or
// without the word json.
func unfence(s string) string {
	s = strings.TrimSpace(s)
	const fence = "```"
	if len(s) < 2*len(fence) || !strings.HasPrefix(s, fence) || !strings.HasSuffix(s, fence) {
		return s
	}
	s = s[len(fence) : len(s)-len(fence)]
	for _, word := range []string{"json", "JSON"} {
		if rest, ok := strings.CutPrefix(s, word); ok {
			return strings.TrimSpace(rest)
		}
	}
	return strings.TrimSpace(s)
}
