package monitor

import (
	"encoding/json"
	"testing"
)

func TestLinesAreKnownByTheirHeads(t *testing.T) {
	const observation, label = `{"route":"r","id":"x"}`, `{"request":"x","outcome":"pass"}`
	event := func(kind, data string) string {
		return `{"specversion":"1.0","type":"` + kind + `","data":` + data + `}`
	}
	for line, want := range map[string]struct {
		kind LineKind
		data string
	}{
		observation: {LineObservation, observation},
		label:       {LineLabel, label},
		event("dev.hotmess.observation.v1", observation): {LineObservation, observation},
		event("dev.hotmess.label.v1", label):             {LineLabel, label},
		event("dev.hotmess.alert.v1", `{}`):              {LineAlert, ""},
		event("dev.hotmess.observation.v9", observation): {LineEvent, ""},
		event("com.example.x", observation):              {LineEvent, ""},
		`{"question_id":"q"}`:                            {LineUnknown, ""},
		`{}`:                                             {LineUnknown, ""},
	} {
		var h Head
		if err := json.Unmarshal([]byte(line), &h); err != nil {
			t.Fatal(err)
		}
		if kind, data := h.Holds([]byte(line)); kind != want.kind || string(data) != want.data {
			t.Errorf("%s: %d, %s", line, kind, data)
		}
	}
}
