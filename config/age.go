package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// An Age is how far back something lies, written like 7d, 36h or 1d12h. A day
// has 24 hours.
type Age time.Duration

// maxAgeDays keeps days within a time.Duration: 100 years.
const maxAgeDays = 36500

// UnmarshalText parses an Age, which must be more than nothing.
func (a *Age) UnmarshalText(text []byte) error {
	days, rest, ok := strings.Cut(string(text), "d")
	if !ok {
		days, rest = "0", string(text)
	}
	n, err := strconv.ParseUint(days, 10, 32)
	bad := err != nil || n > maxAgeDays
	var clock time.Duration
	if rest != "" {
		clock, err = time.ParseDuration(rest)
		bad = bad || err != nil
	}
	age := time.Duration(n)*24*time.Hour + clock
	if bad || clock < 0 || age <= 0 {
		return fmt.Errorf("%q is not an age: write a number with a unit, like 7d, 36h or 15m", text)
	}
	*a = Age(age)
	return nil
}
