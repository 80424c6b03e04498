package ensemble

import (
	"strings"
	"testing"
)

// found is an extracted answer without its tag's writing, or "unparsed".
func found(t *testing.T, form, text string) string {
	t.Helper()
	find, err := newExtractor(form)
	if err != nil {
		t.Fatal(err)
	}
	key, ok := find(text)
	if !ok {
		return tagUnparsed
	}
	_, value, _ := strings.Cut(key, ":")
	return strings.TrimSuffix(value, ")")
}

func TestExtractors(t *testing.T) {
	for _, c := range []struct{ form, text, want string }{
		{"letter", "B", "B"},
		{"letter", "b.", "B"},
		{"letter", "(B)", "B"},
		{"letter", "**B**", "B"},
		{"letter", "B) Paris", "B"},
		{"letter", "Answer: B", "B"},
		{"letter", "answer: c", "C"},
		{"letter", "**Answer:** (D)", "D"},
		{"letter", "The answer is **J**.", "J"},
		{"letter", "Answer: A\nNo, wait.\nFinal answer: C", "C"},
		{"letter", "The correct answer is (B) because A is wrong.", "B"},
		{"letter", "I think hard.\n\nThe answer is B because of that.", "B"},
		{"letter", "The answer is A because of that.", "A"},
		{"letter", "Answer:\nC", "C"},
		{"letter", `So \boxed{\text{D}}`, "D"},
		{"letter", "D\n\nA is wrong since it is small.", "D"},
		{"letter", "Long thoughts about A and B.\nE", "E"},
		{"letter", "The answer is a question of taste.", tagUnparsed},
		{"letter", "Answer: I think both.", tagUnparsed},
		{"letter", "A good plan: B and C.", tagUnparsed},
		{"letter", "Answer: Z", tagUnparsed},
		{"letter", "Answer: Because", tagUnparsed},
		{"letter", "", tagUnparsed},

		{"number", "42", "42"},
		{"number", "The answer is 42.", "42"},
		{"number", "Answer: $1,250.00", "1250"},
		{"number", "Final answer: 12 %", "12"},
		{"number", "#### .50", "1/2"},
		{"number", "answer: 0.5", "1/2"},
		{"number", "answer: 1/2", "1/2"},
		{"number", "Answer: 3 + 4 = 7", "7"},
		{"number", "Answer: -3", "-3"},
		{"number", "Answer: 10-5", "5"},
		{"number", "Answer: 6.02e23", "602000000000000000000000"},
		{"number", "We have 3 cats.\nThey eat 12 mice.", "12"},
		{"number", "Answer: 7\nThat took 3 steps.", "7"},
		{"number", "Answer: seven", tagUnparsed},
		{"number", "Answer: 1/0", tagUnparsed},
		{"number", "", tagUnparsed},

		{"boxed", `so \boxed{4}`, "4"},
		{"boxed", `first \boxed{3}, then \boxed{4}.`, "4"},
		{"boxed", `\boxed{\frac{1}{2}}`, "1/2"},
		{"boxed", `\boxed{\dfrac{2}{4}}`, "1/2"},
		{"boxed", `\boxed{x^{2}+1}`, "x^{2}+1"},
		{"boxed", `\boxed{\{1\}}`, `\{1\}`},
		{"boxed", `\boxed{\text{even}}`, "even"},
		{"boxed", `\boxed{4`, tagUnparsed},
		{"boxed", `4`, tagUnparsed},

		{"tag:answer", "<answer>Paris</answer>", "Paris"},
		{"tag:answer", "<answer>a</answer> or <answer> **b** </answer>", "b"},
		{"tag:answer", "<answer>\n.50\n</answer>", "1/2"},
		{"tag:answer", "<answer>Paris", tagUnparsed},
		{"tag:answer", "Paris</answer>", tagUnparsed},

		{`regexp:verdict=(\w+)`, "verdict=yes, verdict=no", "yes"},
		{`regexp:(?s).*verdict=(\w+)`, "verdict=yes, verdict=no", "no"},
		{`regexp:verdict=(\w+)`, "no verdict", tagUnparsed},
	} {
		if got := found(t, c.form, c.text); got != c.want {
			t.Errorf("%s of %q is %q, want %q", c.form, c.text, got, c.want)
		}
	}
}

func TestExtractIsChecked(t *testing.T) {
	for _, good := range []string{"", "letter", "number", "boxed", "tag:answer", `regexp:a(b)`} {
		if err := CheckExtract(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for bad, want := range map[string]string{
		"letters":   `extract: "letters" is none of letter, number, boxed, tag:NAME, regexp:EXPR`,
		"tag:":      `extract: "" is no tag name: use letters, digits, _ and -`,
		"tag:<a>":   `extract: "<a>" is no tag name: use letters, digits, _ and -`,
		"regexp:a":  `extract: regexp "a" has no group: put ( ) around the answer`,
		"regexp:(a": "extract: regexp: error parsing regexp: missing closing ): `(a`",
	} {
		if err := CheckExtract(bad); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", bad, err, want)
		}
	}
}

func FuzzExtractors(f *testing.F) {
	for _, s := range []string{"Answer: B", "#### 1,234.5e3/7%", `\boxed{\frac{1}{2}`, "<a>1</a>", "answer is\n\n(A", "1e9999/3", "−$.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, form := range []string{"letter", "number", "boxed", "tag:a", `regexp:(\d+)`} {
			find, err := newExtractor(form)
			if err != nil {
				t.Fatal(err)
			}
			if key, ok := find(text); ok && len(key) > len(text)+3*maxDigits+20_000 {
				t.Fatalf("%s gives %d bytes for %d", form, len(key), len(text))
			}
		}
	})
}
