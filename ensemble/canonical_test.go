package ensemble

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hotmess/wire"
)

func TestCanonicalNumberGivesOneFormPerValue(t *testing.T) {
	for want, spellings := range map[string][]string{
		"1":                {"1", "1.0", "1e0", "1E0", "10e-1", "0.1e1", "1.000E+00"},
		"0":                {"0", "-0", "0.0", "0e99999999", "-0.000e5"},
		"-15e-1":           {"-1.5", "-15e-1", "-1.50"},
		"1e3":              {"1000", "1e3", "1.0E+3"},
		"9007199254740993": {"9007199254740993", "9007199254740993.0"},
		"1e9999":           {"1e9999", "1E+09999"},
		"1e10000":          {"1e10000", "1E10000", "10e9999"},
		"1e99999999999999": {"1E99999999999999"},
	} {
		for _, raw := range spellings {
			if got := canonicalNumber(raw); got != want {
				t.Errorf("canonicalNumber(%s) = %s, want %s", raw, got, want)
			}
		}
	}
}

func TestCanonicalNumberAgreesWithRationals(t *testing.T) {
	number := rapid.Custom(func(t *rapid.T) string {
		s := strconv.Itoa(rapid.IntRange(-200, 200).Draw(t, "whole"))
		if rapid.Bool().Draw(t, "fraction") {
			s += "." + rapid.StringMatching(`[0-9]{1,3}`).Draw(t, "digits")
		}
		if rapid.Bool().Draw(t, "exponent") {
			s += "e" + strconv.Itoa(rapid.IntRange(-3, 3).Draw(t, "e"))
		}
		return s
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		if got, want := canonicalNumber(a) == canonicalNumber(b), x.Cmp(y) == 0; got != want {
			t.Fatalf("%s and %s: equal %v, want %v", a, b, got, want)
		}
	})
}

func TestCanonicalJSONIgnoresOnlyTheSpelling(t *testing.T) {
	same := []string{
		`{"a":1,"b":[true,null,"x"]}`,
		` { "b" : [ true , null , "x" ] , "a" : 1.0 } `,
		"{\"b\":[true,null,\"\\u0078\"],\n\"a\":1e0}",
	}
	other := []string{
		`{"a":"1","b":[true,null,"x"]}`,
		`{"a":1,"b":[null,true,"x"]}`,
		`{"a":1,"b":[true,null,"X"]}`,
		`{"a":1}`,
		`[{"a":1,"b":[true,null,"x"]}]`,
	}
	want := structuredKey(same[0])
	for _, s := range same {
		if structuredKey(s) != want {
			t.Errorf("%s differs from %s", s, same[0])
		}
	}
	for _, s := range other {
		if structuredKey(s) == want {
			t.Errorf("%s equals %s", s, same[0])
		}
	}
}

func TestParseJSONRefusesWhatIsNotOneValue(t *testing.T) {
	for _, raw := range []string{"", " ", "{", "{} {}", "nul", `{"a":1,}`, "\ufeff{}", strings.Repeat("[", 1<<20)} {
		if _, ok := parseJSON(raw); ok {
			t.Errorf("parseJSON(%.20q) is ok", raw)
		}
	}
}

func FuzzCanonicalJSON(f *testing.F) {
	for _, s := range []string{`{"a":1.50,"b":[1e0,"\u00e9"]}`, `-0.0`, `1e99999`, `{"a":{"a":{}}}`, `"\ud800"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		v, ok := parseJSON(raw)
		if ok != json.Valid([]byte(raw)) {
			t.Fatalf("parseJSON(%q) ok = %v", raw, ok)
		}
		if !ok {
			return
		}
		once := canonicalJSON(v)
		if len(once) > 8*len(raw)+16 {
			t.Fatalf("%d bytes became %d", len(raw), len(once))
		}
		if again := canonicalJSON(v); again != once {
			t.Fatalf("not one form: %q and %q", once, again)
		}
	})
}

// TestWhatIsTooLongIsComparedAsWritten: thirty megabytes of numbers took three
// gigabytes and half a minute to be taken apart.
func TestWhatIsTooLongIsComparedAsWritten(t *testing.T) {
	c, err := NewComparer(wire.View{Tools: []wire.Tool{{Name: "t"}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	long := func(last string) wire.Reply {
		return wire.Reply{Choices: 1, Choice: wire.Choice{Calls: []wire.Call{{Name: "t", Arguments: `{"a":[` + strings.Repeat("1,", maxJSON/2) + last + `]}`}}}}
	}
	one, same, other := c.Keys(long("1")), c.Keys(long("1")), c.Keys(long("2"))
	for level := range one {
		if one[level] != same[level] || level != LevelTool && one[level] == other[level] {
			t.Errorf("%s: same %v, other %v", level, one[level] == same[level], one[level] == other[level])
		}
	}
	if _, ok := parseJSON("[" + strings.Repeat("1,", maxJSON/2) + "1]"); ok {
		t.Error("it is taken apart")
	}
	if a, b := structuredKey("["+strings.Repeat("1,", maxJSON/2)+"1]"), structuredKey("["+strings.Repeat("1,", maxJSON/2)+"2]"); a == b {
		t.Error("two long texts are one")
	}
}
