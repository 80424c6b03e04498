package wire

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// eventsOf reads all events of a stream that ends without an error.
func eventsOf(t testing.TB, r io.Reader) []string {
	t.Helper()
	events := newEventReader(r)
	var all []string
	for {
		data, err := events.next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(data))
	}
}

func TestEventsOfStreams(t *testing.T) {
	tests := []struct {
		name, stream string
		want         []string
	}{
		{"nothing", "", nil},
		{"one", "data: a\n\n", []string{"a"}},
		{"no blank after the colon", "data:a\n\n", []string{"a"}},
		{"only one blank is taken", "data:  a\n\n", []string{" a"}},
		{"byte order mark", "\ufeffdata: a\n\n", []string{"a"}},
		{"byte order mark on an unfinished line", "\ufeffdata: a", []string{"a"}},
		{"several lines", "data: a\ndata: b\n\n", []string{"a\nb"}},
		{"several lines, CRLF", "data: a\r\ndata: b\r\n\r\n", []string{"a\nb"}},
		{"several lines, CR", "data: a\rdata: b\r\r", []string{"a\nb"}},
		{"an empty first line of data", "data:\ndata: b\n\n", []string{"\nb"}},
		{"data without a colon", "data\n\n", []string{""}},
		{"comments", ": hello\n\ndata: a\n: more\n\n:\n\n", []string{"a"}},
		{"other fields", "event: x\nid: 1\nretry: 5\ndata: a\n\nevent: y\n\n", []string{"a"}},
		{"names that start alike", "database: x\ndata2\n\ndata: a\n\n", []string{"a"}},
		{"many empty lines", "\n\n\ndata: a\n\n\n\ndata: b\n\n", []string{"a", "b"}},
		{"unfinished event", "data: a\n\ndata: b\n", []string{"a", "b"}},
		{"unfinished line", "data: a\n\ndata: b", []string{"a", "b"}},
		{"mixed line ends", "data: a\r\rdata: b\r\n\ndata: c\n\r\n", []string{"a", "b", "c"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, eventsOf(t, strings.NewReader(test.stream))); diff != "" {
				t.Errorf("whole (-want +got):\n%s", diff)
			}
			one := iotest.OneByteReader(strings.NewReader(test.stream))
			if diff := cmp.Diff(test.want, eventsOf(t, one)); diff != "" {
				t.Errorf("byte by byte (-want +got):\n%s", diff)
			}
			for i := range test.stream {
				if diff := cmp.Diff(test.want, eventsOf(t, inTwo([]byte(test.stream), i))); diff != "" {
					t.Errorf("cut at %d (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

// TestEventIsSeenBeforeMoreArrives holds with CR too, where the reader cannot
// know whether an LF will follow.
func TestEventIsSeenBeforeMoreArrives(t *testing.T) {
	for _, end := range []string{"\n", "\r\n", "\r"} {
		r, w := io.Pipe()
		go func() { // ends with the write, which the Close below ends at the latest
			_, _ = io.WriteString(w, "data: a"+end+end)
		}()
		data, err := newEventReader(r).next()
		if string(data) != "a" || err != nil {
			t.Errorf("line end %q: %q, %v", end, data, err)
		}
		_ = r.Close()
	}
}

func TestEventsAreBounded(t *testing.T) {
	t.Parallel()
	tests := map[string]io.Reader{
		"line":  io.MultiReader(strings.NewReader("data: "), endless(strings.Repeat("x", 1<<12))),
		"other": io.MultiReader(strings.NewReader(": "), endless(strings.Repeat("x", 1<<12))),
		"event": endless("data: " + strings.Repeat("x", 1000) + "\n"),
	}
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := newEventReader(r).next(); !errors.Is(err, ErrTooBig) {
				t.Errorf("error %v, want ErrTooBig", err)
			}
		})
	}
}

func TestReadErrorEndsEvents(t *testing.T) {
	events := newEventReader(broken("data: a\n\ndata: b\n"))
	if data, err := events.next(); string(data) != "a" || err != nil {
		t.Errorf("first: %q, %v", data, err)
	}
	if data, err := events.next(); data != nil || !errors.Is(err, errBroken) {
		t.Errorf("second: %q, %v", data, err)
	}
}

func TestIsEventStream(t *testing.T) {
	for _, yes := range []string{"text/event-stream", "Text/Event-Stream; charset=utf-8", " text/event-stream ;x"} {
		if !IsEventStream(yes) {
			t.Errorf("%q is an event stream", yes)
		}
	}
	for _, no := range []string{"", "application/json", "text/event-streams", "text/plain; text/event-stream"} {
		if IsEventStream(no) {
			t.Errorf("%q is no event stream", no)
		}
	}
}
