package ensemble

import (
	"math/big"
	"regexp"
	"strings"
)

// The pieces of a number as people and models write it: 1,234.50, .5, 6e23,
// -3, $42, 1/2, 12 %.
const (
	numberSign = `(?:[-+−]?[$€£]?|[$€£][-+−])`
	numberBody = `(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?`
	numberOver = `(?:\s*/\s*([0-9]+))?`
)

var (
	anyNumber  = regexp.MustCompile(`(` + numberSign + `)(` + numberBody + `)` + numberOver)
	onlyNumber = regexp.MustCompile(`^(` + numberSign + `)\s*(` + numberBody + `)` + numberOver + `\s*%?\s*\.?$`)
)

// maxDigits bounds the length, in bytes, of what is taken for a number.
const maxDigits = 256

// extractNumber finds the last number behind the last mark of a final answer
// that is followed by one, else the last number of the last line. A sign of
// currency, % and thousands commas do not matter: $1,250.00 is 1250, and 50 % is
// 50.
func extractNumber(text string) (string, bool) {
	candidates := answerStatements(text)
	if lines := filledLines(text); len(lines) > 0 {
		candidates = append(candidates, lines[len(lines)-1])
	}
	for _, statement := range candidates {
		if rat, ok := lastNumber(statement); ok {
			return list(tagNumber, rat), true
		}
	}
	return "", false
}

func lastNumber(s string) (string, bool) {
	all := anyNumber.FindAllStringSubmatchIndex(s, -1)
	if len(all) == 0 {
		return "", false
	}
	m := all[len(all)-1]
	sign := s[m[2]:m[3]]
	if m[2] > 0 && isWordByte(s[m[2]-1]) {
		sign = "" // 10-5 is no -5
	}
	return rational(sign, s[m[4]:m[5]], group(s, m, 3))
}

func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == ')'
}

func group(s string, m []int, i int) string {
	if m[2*i] < 0 {
		return ""
	}
	return s[m[2*i]:m[2*i+1]]
}

// wholeNumber reads a text that is one number.
func wholeNumber(s string) (string, bool) {
	if len(s) > maxDigits {
		return "", false
	}
	m := onlyNumber.FindStringSubmatch(s)
	if m == nil {
		return "", false
	}
	return rational(m[1], m[2], m[3])
}

// rational is a number as a fraction in lowest terms, so that 0.5, .50 and 1/2
// are one. The exponent has at most four digits by numberBody.
func rational(sign, body, over string) (string, bool) {
	if len(body)+len(over) > maxDigits {
		return "", false
	}
	r, ok := new(big.Rat).SetString(strings.ReplaceAll(body, ",", ""))
	if !ok {
		return "", false
	}
	if over != "" {
		d, ok := new(big.Rat).SetString(over)
		if !ok || d.Sign() == 0 {
			return "", false
		}
		r.Quo(r, d)
	}
	if strings.ContainsAny(sign, "-−") {
		r.Neg(r)
	}
	return r.RatString(), true
}
