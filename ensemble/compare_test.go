package ensemble

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotmess/wire"
)

func TestKindIsDecidedByTheRequest(t *testing.T) {
	tools := []wire.Tool{{Name: "get"}}
	for _, c := range []struct {
		name    string
		view    wire.View
		extract string
		kind    Kind
		head    Level
		levels  []Level
	}{
		{"tools", wire.View{Tools: tools, Structured: true}, "letter", KindAction, LevelTarget, []Level{LevelTool, LevelTarget, LevelExact}},
		{"schema", wire.View{Structured: true}, "letter", KindStructured, LevelExact, []Level{LevelExact}},
		{"configured form", wire.View{}, "letter", KindAnswer, LevelExact, []Level{LevelExact}},
		{"asked form", wire.View{LastUser: `Put it in \boxed{}.`}, "", KindAnswer, LevelExact, []Level{LevelExact}},
		{"prose", wire.View{LastUser: "Tell me a story."}, "", KindText, "", []Level{LevelExact}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := comparer(t, c.view, c.extract)
			if got.Kind() != c.kind || got.Headline() != c.head {
				t.Errorf("%s, headline %q; want %s, %q", got.Kind(), got.Headline(), c.kind, c.head)
			}
			if diff := cmp.Diff(c.levels, got.Levels()); diff != "" {
				t.Error(diff)
			}
			if keys := got.Keys(wire.Reply{}); len(keys) != len(c.levels) {
				t.Errorf("%d keys for %d levels", len(keys), len(c.levels))
			}
		})
	}
}

func TestComparerRefusesAnInvalidExtract(t *testing.T) {
	if _, err := NewComparer(wire.View{}, "words"); err == nil {
		t.Error("no error")
	}
}

func TestPromptsAskForAForm(t *testing.T) {
	for prompt, want := range map[string]string{
		`Please reason step by step, and put your final answer within \boxed{}.`: formBoxed,
		"Think, then give the result inside <answer></answer> tags.":             "tag:answer",
		"End your reply with <final_answer>X</final_answer>.":                    "tag:final_answer",
		"Which is it?\nA) one\nB) two\nAnswer with the letter only.":             formLetter,
		"Answer with a single letter.":                                           formLetter,
		"Reply with only the letter of the correct option.":                      formLetter,
		"Respond with just the letter (A, B, C or D).":                           formLetter,
		"The last line must be 'Answer: <letter>'.":                              formLetter,
		"Finish with the line 'Answer: $LETTER' where LETTER is one of ABCD.":    formLetter,
		"Give your final answer as a number.":                                    formNumber,
		"Answer with a single integer.":                                          formNumber,
		"Answer with only a number, no units.":                                   formNumber,
		"End with #### <number>.":                                                formNumber,

		"":                                    "",
		"Write a letter to my landlord.":      "",
		"Reply with a letter to the customer": "",
		"Answer the letter below.":            "",
		"What is the first letter of the alphabet?":                         "",
		"Answer with a number of examples.":                                 "",
		"How many apples are there?":                                        "",
		"The number is 42. Explain.":                                        "",
		"My page shows <answer> in the HTML, why?":                          "",
		"What does box mean?":                                               "",
		"Summarise the final answer as a paragraph.":                        "",
		"Give a numbered list.":                                             "",
		"I got a letter for the right choice of words. Answer it politely.": "",
	} {
		if got := askedForm(wire.View{LastUser: prompt}); got != want {
			t.Errorf("%q asks for %q, want %q", prompt, got, want)
		}
	}
}

func TestUserMessageGoesBeforeSystemPrompt(t *testing.T) {
	v := wire.View{System: `Use \boxed{}.`, LastUser: "Answer with the letter."}
	if got := askedForm(v); got != formLetter {
		t.Errorf("got %q", got)
	}
	if got := askedForm(wire.View{System: v.System, LastUser: "And 2+2?"}); got != formBoxed {
		t.Errorf("got %q", got)
	}
}

func TestFormIsFoundAtBothEndsOfALongPrompt(t *testing.T) {
	long := strings.Repeat("word ", 1<<20)
	for _, prompt := range []string{`Use \boxed{}. ` + long, long + ` Use \boxed{}.`} {
		if got := askedForm(wire.View{LastUser: prompt}); got != formBoxed {
			t.Errorf("got %q", got)
		}
	}
}

func TestStructuredToleratesAFence(t *testing.T) {
	c := comparer(t, wire.View{Structured: true}, "")
	key := func(text string) string { return c.Keys(wire.Reply{Choice: wire.Choice{Text: text}})[LevelExact] }
	want := key(`{"a":1}`)
	for _, s := range []string{"```json\n{\"a\":1}\n```", "```\n{\"a\": 1.0}\n```", " {\"a\":1}\n", "```JSON {\"a\":1}```"} {
		if got := key(s); got != want {
			t.Errorf("%q is %s", s, got)
		}
	}
	if a, b := key("sorry"), key("{"); a != b || a == want {
		t.Errorf("unparsed replies are %s and %s", a, b)
	}
}

func TestTextFoldsBlanksAndCompositionOnly(t *testing.T) {
	c := comparer(t, wire.View{}, "")
	key := func(text string) string { return c.Keys(wire.Reply{Choice: wire.Choice{Text: text}})[LevelExact] }
	if key(" a\tb\n\nc ") != key("a b c") || key("e\u0301") != key("\u00e9") {
		t.Error("blanks or composition matter")
	}
	for _, pair := range [][2]string{{"a", "A"}, {"x²", "x2"}, {"ab", "a b"}} {
		if key(pair[0]) == key(pair[1]) {
			t.Errorf("%q is %q", pair[0], pair[1])
		}
	}
}

// TestKindsOfValuesNeverCollide gives each kind of value the words of another.
func TestKindsOfValuesNeverCollide(t *testing.T) {
	text := comparer(t, wire.View{}, "")
	structured := comparer(t, wire.View{Structured: true}, "")
	answer := comparer(t, wire.View{}, "tag:a")
	number := comparer(t, wire.View{}, "number")
	letter := comparer(t, wire.View{}, "letter")
	action := comparer(t, wire.View{Tools: []wire.Tool{editor}}, "")
	said := func(s string) wire.Reply { return wire.Reply{Choice: wire.Choice{Text: s}} }
	refusal := wire.Reply{Choice: wire.Choice{Refusal: "refusal"}}
	keys := map[string]string{}
	for name, key := range map[string]string{
		"refusal":       text.Keys(refusal)[LevelExact],
		"text":          text.Keys(said("refusal"))[LevelExact],
		"written key":   text.Keys(said("refusal()"))[LevelExact],
		"unparsed":      structured.Keys(said("unparsed"))[LevelExact],
		"json":          structured.Keys(said(`"unparsed"`))[LevelExact],
		"tag unparsed":  answer.Keys(said("<a>unparsed</a>"))[LevelExact],
		"tag refusal":   answer.Keys(said("<a>refusal()</a>"))[LevelExact],
		"number":        number.Keys(said("1"))[LevelExact],
		"letter":        letter.Keys(said("B"))[LevelExact],
		"words":         answer.Keys(said("<a>B</a>"))[LevelExact],
		"no call":       action.Keys(said("none"))[LevelExact],
		"call of none":  action.Keys(calls("none {}"))[LevelExact],
		"tools of none": action.Keys(calls("none {}"))[LevelTool],
	} {
		if other, ok := keys[key]; ok {
			t.Errorf("%s collides with %s: %s", name, other, key)
		}
		keys[key] = name
	}
	if answer.Keys(said("no tag"))[LevelExact] != structured.Keys(said("unparsed"))[LevelExact] {
		t.Error("unparsed is not one value")
	}
}

func TestRequestThatBarsCallsIsNoAction(t *testing.T) {
	tools := []wire.Tool{{Name: "get"}}
	for name, c := range map[string]struct {
		view wire.View
		want Kind
	}{
		"calls allowed":         {wire.View{Tools: tools}, KindAction},
		"calls barred":          {wire.View{Tools: tools, CallsBarred: true}, KindText},
		"calls barred, schema":  {wire.View{Tools: tools, CallsBarred: true, Structured: true}, KindStructured},
		"calls allowed, schema": {wire.View{Tools: tools, Structured: true}, KindAction},
	} {
		if got := comparer(t, c.view, "").Kind(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
