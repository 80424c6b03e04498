package monitor

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLinesAreGivenWithTheirNumbersGzippedOrNot(t *testing.T) {
	text := "a\r\n\n" + strings.Repeat("x", 3*lineBuffer) + "\n  b  \n\t\nlast"
	for name, r := range map[string]io.Reader{
		"plain":   strings.NewReader(text),
		"bytes":   iotest.OneByteReader(strings.NewReader(text)),
		"gzipped": bytes.NewReader(zipped(t, text)),
	} {
		var got []string
		err := EachLine("f", r, 10, func(number int, line []byte, long bool) error {
			got = append(got, fmt.Sprintf("%d %s %v", number, line, long))
			return nil
		})
		if want := "1 a false, 3  true, 4 b false, 6 last false"; err != nil || strings.Join(got, ", ") != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestReadingEndsWithTheErrorThatNamesTheLine(t *testing.T) {
	nothing := func(int, []byte, bool) error { return nil }
	broken := io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(io.ErrClosedPipe))
	if err := EachLine("f", broken, 10, nothing); !errors.Is(err, io.ErrClosedPipe) || !strings.HasPrefix(err.Error(), "f:2: ") {
		t.Errorf("got %v", err)
	}
	cut := zipped(t, strings.Repeat("line\n", 1000))
	if err := EachLine("f", bytes.NewReader(cut[:len(cut)-6]), 10, nothing); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut gzip: %v", err)
	}
	full := errors.New("full")
	if err := EachLine("f", strings.NewReader("a\nb\n"), 10, func(int, []byte, bool) error { return full }); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

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
