package ensemble

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxJSON bounds the JSON that is taken apart, in bytes: decoded it takes up to a
// hundred times as much. Models do not write as much in one reply.
const maxJSON = 1 << 20

// parseJSON reads one JSON value of maxJSON bytes at most; numbers stay json.Number. Of a repeated key
// the last counts, as in most readers. It is false for anything but exactly
// one valid value, and for nesting beyond encoding/json's 10,000 levels.
func parseJSON(raw string) (any, bool) {
	if len(raw) > maxJSON || !json.Valid([]byte(raw)) {
		return nil, false
	}
	dec := json.NewDecoder(strings.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, false
	}
	return v, true
}

// canonicalJSON writes a value of parseJSON as JSON in one form only: no
// blanks, keys sorted by bytes, numbers as canonicalNumber.
func canonicalJSON(v any) string {
	return string(appendJSON(nil, v))
}

func appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case map[string]any:
		return appendObject(b, v)
	case []any:
		return appendArray(b, v)
	case json.Number:
		return append(b, canonicalNumber(v.String())...)
	case string:
		return strconv.AppendQuote(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	default:
		return append(b, "null"...)
	}
}

func appendObject(b []byte, object map[string]any) []byte {
	b = append(b, '{')
	for i, name := range slices.Sorted(maps.Keys(object)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendQuote(b, name)
		b = append(b, ':')
		b = appendJSON(b, object[name])
	}
	return append(b, '}')
}

func appendArray(b []byte, array []any) []byte {
	b = append(b, '[')
	for i, element := range array {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSON(b, element)
	}
	return append(b, ']')
}

// maxExponentDigits bounds the exponents that numbers are computed with: a
// larger one is compared as it is written.
const maxExponentDigits = 4

// canonicalNumber writes a JSON number as [-]digits[eN], digits without zeros
// at either end: 1, 1.0, 10e-1 and 1E0 are all 1, and -0 is 0. An exponent of
// more than maxExponentDigits digits is left as it is written, in lower case.
// The length of the result is bounded by that of raw and a few bytes.
func canonicalNumber(raw string) string {
	lower := strings.ToLower(raw)
	mantissa, exponent, _ := strings.Cut(lower, "e")
	sign := ""
	if strings.HasPrefix(mantissa, "-") {
		sign, mantissa = "-", mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return "0"
	}
	e, ok := smallExponent(exponent)
	if !ok {
		return lower
	}
	e -= len(fraction)
	short := strings.TrimRight(digits, "0")
	e += len(digits) - len(short)
	if e == 0 {
		return sign + short
	}
	return sign + short + "e" + strconv.Itoa(e)
}

// smallExponent reads an exponent; an empty one is 0.
func smallExponent(s string) (int, bool) {
	if s == "" {
		return 0, true
	}
	digits := strings.TrimLeft(strings.TrimLeft(s, "+-"), "0")
	if len(digits) > maxExponentDigits {
		return 0, false
	}
	if digits == "" {
		return 0, true
	}
	e, err := strconv.Atoi(digits)
	if strings.HasPrefix(s, "-") {
		e = -e
	}
	return e, err == nil
}
