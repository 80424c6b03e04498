package config

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Duration is a time.Duration written like 15s or 5m.
type Duration time.Duration

// UnmarshalText parses what time.ParseDuration does: a number with a unit, or
// a sum of such.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration: write a number with a unit, like 15s or 5m", text)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes the form that UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String is the form of time.Duration.
func (d Duration) String() string { return time.Duration(d).String() }

// A Size is a number of bytes written like 32MiB.
type Size int64

// A unit is a suffix of a size.
type unit struct {
	name  string
	bytes int64
}

// sizeUnits has the binary units first, the largest of each kind leading, so
// that String finds the one that leaves the smallest number.
func sizeUnits() []unit {
	return []unit{
		{"TiB", 1 << 40},
		{"GiB", 1 << 30},
		{"MiB", 1 << 20},
		{"KiB", 1 << 10},
		{"TB", 1e12},
		{"GB", 1e9},
		{"MB", 1e6},
		{"KB", 1e3},
		{"B", 1},
	}
}

// UnmarshalText parses a whole number of bytes with an optional unit: B, KB,
// MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of 1024), in
// either case.
func (s *Size) UnmarshalText(text []byte) error {
	number, factor := string(text), int64(1)
	for _, u := range sizeUnits() {
		if n, ok := cutSuffixFold(number, u.name); ok {
			number, factor = strings.TrimSpace(n), u.bytes
			break
		}
	}
	n, err := parseInt(number, 64)
	if errors.Is(err, strconv.ErrSyntax) {
		return fmt.Errorf("%q is not a size: write bytes, or a whole number with a unit, like 32MiB", text)
	}
	if err != nil || n > math.MaxInt64/factor || n < math.MinInt64/factor {
		return fmt.Errorf("%q is too large", text)
	}
	*s = Size(n * factor)
	return nil
}

// MarshalText writes the form that UnmarshalText reads.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String writes the size with the first unit of sizeUnits that divides it.
func (s Size) String() string {
	for _, u := range sizeUnits() {
		if s != 0 && u.bytes > 1 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// auto is the word for a rate that hotmess chooses.
const auto = "auto"

// UnmarshalText parses auto or a number; Validate checks its range.
func (r *Rate) UnmarshalText(text []byte) error {
	chosen, share, ok := parseShare(text)
	if !ok {
		return fmt.Errorf("%q is not a rate: write auto or a number from 0 to 1", text)
	}
	*r = Rate{chosen, share}
	return nil
}

// MarshalText writes the form that UnmarshalText reads.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// String is auto or the share.
func (r Rate) String() string { return formatShare(r.Auto, r.Share) }

// parseShare reads a share, or that hotmess chooses it.
func parseShare(text []byte) (chosen bool, share float64, ok bool) {
	if string(text) == auto {
		return true, 0, true
	}
	share, err := strconv.ParseFloat(string(text), 64)
	return false, share, err == nil
}

// formatShare writes what parseShare reads.
func formatShare(chosen bool, share float64) string {
	if chosen {
		return auto
	}
	return strconv.FormatFloat(share, 'g', -1, 64)
}

// wholeNumber allows _ between digits, as in 2_000_000.
var wholeNumber = regexp.MustCompile(`^[+-]?\d+(_\d+)*$`)

// parseInt parses a decimal number; 010 is ten, as people mean it. The error is
// strconv.ErrSyntax or strconv.ErrRange.
func parseInt(text string, bits int) (int64, error) {
	if !wholeNumber.MatchString(text) {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, bits)
	if err != nil {
		return 0, strconv.ErrRange
	}
	return n, nil
}

// cutSuffixFold is strings.CutSuffix without regard to case.
func cutSuffixFold(s, suffix string) (string, bool) {
	at := len(s) - len(suffix)
	if at < 0 || !strings.EqualFold(s[at:], suffix) {
		return s, false
	}
	return s[:at], true
}
