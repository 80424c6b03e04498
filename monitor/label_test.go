package monitor

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// labelled is an id of the form that requests have.
const labelledID = "01a2016c-61e0-7e7a-b2e2-359072d7ffeb"

func TestLabelsAreRead(t *testing.T) {
	one := 1
	for text, want := range map[string]Label{
		`{"v":1,"request":"` + labelledID + `","outcome":"pass"}`:                                                      {V: 1, Request: labelledID, Outcome: Pass},
		` {"request":"` + labelledID + `","answer":"B","source":"ci"} `:                                                {V: 1, Request: labelledID, Answer: "B", Source: "ci"},
		`{"request":"` + labelledID + `","tests":[true,false],"sample":1}`:                                             {V: 1, Request: labelledID, Tests: []bool{true, false}, Sample: &one},
		`{"request":"` + labelledID + `","outcome":"fail","time":"2026-03-04T12:30:00Z"}`:                              {V: 1, Request: labelledID, Outcome: Fail, Time: base},
		`{"specversion":"1.0","type":"dev.hotmess.label.v1","data":{"request":"` + labelledID + `","outcome":"pass"}}`: {V: 1, Request: labelledID, Outcome: Pass},
	} {
		got, err := ParseLabel([]byte(text))
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

func TestBadLabelsNameTheField(t *testing.T) {
	id := `"request":"` + labelledID + `"`
	for text, want := range map[string]string{
		``:                            "label: the JSON breaks off",
		`{`:                           "label: the JSON breaks off",
		`[]`:                          "label: a JSON array, want an object",
		`{} {}`:                       "label: something follows the JSON object",
		`{}`:                          "label: request: missing",
		`{"v":2,` + id + `}`:          "label: v: 2, this hotmess reads 1",
		`{"request":"7"}`:             `label: request: "7" is no X-Hotmess-Id`,
		`{"request":7}`:               "label: request: a JSON number does not belong there",
		`{` + id + `}`:                "label: outcome: one of outcome, answer and tests",
		`{` + id + `,"outcome":"ok"}`: `label: outcome: "ok" is neither pass nor fail`,
		`{` + id + `,"outcome":"pass","answer":"B"}`:                         "label: answer: given beside outcome",
		`{` + id + `,"tests":[]}`:                                            "label: tests: 0 outcomes",
		`{` + id + `,"tests":[1]}`:                                           "label: tests: a JSON number",
		`{` + id + `,"tests":[true],"sample":32}`:                            "label: sample: 32 is no launch number",
		`{` + id + `,"answer":"B","sample":0}`:                               "label: sample: a right answer is that of the request",
		`{` + id + `,"key":"xyz"}`:                                           "label: key: not 32 hex digits",
		`{` + id + `,"outcome":"pass","source":"a\nb"}`:                      "label: source:",
		`{` + id + `,"outcom":"pass"}`:                                       `label: unknown field "outcom"`,
		`{"specversion":"1.0","type":"dev.hotmess.alert.v1","data":{}}`:      `label: type: a CloudEvent of type "dev.hotmess.alert.v1"`,
		`{` + id + `,"answer":"` + strings.Repeat("a", maxAnswer+1) + `"}`:   "label: answer: longer than",
		`{` + id + `,"answer":"` + strings.Repeat("a", MaxLabelBytes) + `"}`: "label: longer than",
	} {
		if _, err := ParseLabel([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.80s: %v, want %s", text, err, want)
		}
	}
}

func TestTimeOfARequestIsInItsID(t *testing.T) {
	at, err := requestTimeOf(labelledID)
	if want := time.Date(2026, 11, 22, 4, 3, 29, 888e6, time.UTC); err != nil || !at.UTC().Truncate(time.Millisecond).Equal(want) {
		t.Errorf("%v, %v, want %v", at.UTC(), err, want)
	}
}

func FuzzParseLabel(f *testing.F) {
	for _, s := range []string{
		`{"v":1,"request":"` + labelledID + `","outcome":"pass"}`, `{"tests":[true,null],"sample":-1}`,
		`{"specversion":"1.0","type":"dev.hotmess.label.v1","data":null}`, `null`, `{"request":"\ud800","answer":"x"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseLabel(b)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "label: ") {
				t.Errorf("error without a subject: %v", err)
			}
			return
		}
		if err := l.check(); err != nil {
			t.Errorf("a label that was read does not check: %v", err)
		}
	})
}
