package alerts

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode"
)

func FuzzPrinterKeepsOneEventOnOneLine(f *testing.F) {
	golden, err := os.ReadFile("testdata/alert_firing.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden, false)
	f.Add(golden, true)
	f.Add([]byte(`{"type":"dev.hotmess.observation.v1","subject":"a\u001b[2J","data":{"headline":"a.b","differ":{"a.b":true}}}`), false)
	f.Add([]byte(`{"type":"dev.hotmess.alert.v1","data":{"labels":{"route":"x\ny"}}}`), false)
	f.Add([]byte(`{"data":[1]}`), false)
	f.Fuzz(func(t *testing.T, event []byte, asJSON bool) {
		var e Event
		if json.Unmarshal(event, &e) != nil {
			return
		}
		line := (&printer{json: asJSON}).line(e)
		if asJSON {
			if strings.ContainsAny(line, "\r\n") || !json.Valid([]byte(line)) {
				t.Errorf("not a line of JSON: %q", line)
			}
			return
		}
		if at := strings.IndexFunc(line, unicode.IsControl); at >= 0 {
			t.Errorf("control character at %d of %q", at, line)
		}
	})
}

func TestAlertLineNamesWhatItIsAbout(t *testing.T) {
	for want, id := range map[string]identity{
		"FIRING   disagreement_high billing action/target: ":     {rule: "disagreement_high", route: "billing", kind: "action", level: "target"},
		"FIRING   model_changed billing: ":                       {rule: "model_changed", route: "billing"},
		"FIRING   error_rising r answer tests pinned: ":          {rule: "error_rising", route: "r", kind: "answer", stratum: "tests", pinned: true},
		"FIRING   repeating billing conversation 0123456789ab: ": {rule: "repeating", route: "billing", conversation: "0123456789abcdef"},
	} {
		data, err := json.Marshal(Alert{Status: Firing, Labels: id.labels("i")})
		if err != nil {
			t.Fatal(err)
		}
		if got := alertLine(Event{Data: data}); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want it to begin %q", got, want)
		}
	}
}

func TestObservationLineSaysWhatIsKnown(t *testing.T) {
	tests := map[string]string{
		`{"kind":"action","headline":"target","differ":{"target":true}}`:       "observed r action/target: samples differ",
		`{"kind":"action","headline":"target","differ":{"target":false}}`:      "observed r action/target: samples agree",
		`{"kind":"action","headline":"target","reason":"budget"}`:              "observed r action/target: not measured: budget",
		`{"kind":"text","differ":{"text":true}}`:                               "observed r text: measured, without a headline level",
		`{"kind":"action","headline":"a.b","differ":{"a":{"b":true},"a.b":0}}`: "observed r action/a.b: samples agree",
	}
	for data, want := range tests {
		if got := observationLine(Event{Subject: "r", Data: json.RawMessage(data)}); got != want {
			t.Errorf("%s: %q, want %q", data, got, want)
		}
	}
}
