package monitor

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	// maxLabel bounds the bytes of a label value.
	maxLabel = 128
	// otherLabel stands for values beyond a family's bound.
	otherLabel = "other"
)

// label gives one name="value" pair in the Prometheus text form. Quoting as
// Go does would break a scrape: only backslash, quote and newline are escaped
// there, so what cannot be shown is dropped.
func label(name, value string) string {
	var b strings.Builder
	b.WriteString(name)
	b.WriteString(`="`)
	for _, r := range clip(strings.ToValidUTF8(value, "")) {
		switch {
		case r == '\\' || r == '"':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// clip cuts a valid string to maxLabel bytes, between runes.
func clip(s string) string {
	if len(s) <= maxLabel {
		return s
	}
	return strings.ToValidUTF8(s[:maxLabel], "")
}

// presentable is whether a label shows the value unchanged, so that two values
// never share a label.
func presentable(value string) bool {
	if value == "" || len(value) > maxLabel || !utf8.ValidString(value) {
		return false
	}
	return strings.IndexFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// metricName joins a metric with its labels, given as name, value, name,
// value …
func metricName(family string, labels ...string) string {
	pairs := make([]string, 0, len(labels)/2)
	for i := 0; i+1 < len(labels); i += 2 {
		pairs = append(pairs, label(labels[i], labels[i+1]))
	}
	return family + "{" + strings.Join(pairs, ",") + "}"
}

// A family holds the handles of one metric, by label values. It is bounded:
// beyond limit all further label values share the handle of rest.
type family[K comparable, M any] struct {
	limit int
	rest  K
	// make registers the metric of a key.
	make func(K) M

	mu   sync.RWMutex
	held map[K]M
}

func newFamily[K comparable, M any](limit int, rest K, mk func(K) M) *family[K, M] {
	return &family[K, M]{limit: limit, rest: rest, make: mk, held: map[K]M{}}
}

// get gives the handle of a key: one map look-up once it is known.
func (f *family[K, M]) get(key K) M {
	f.mu.RLock()
	h, ok := f.held[key]
	f.mu.RUnlock()
	if ok {
		return h
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if h, ok := f.held[key]; ok {
		return h
	}
	if len(f.held) >= f.limit {
		key = f.rest
		if h, ok := f.held[key]; ok {
			return h
		}
	}
	h = f.make(key)
	f.held[key] = h
	return h
}
