package wire

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// arrayOf is a stream of Google's events as the array that it is without
// alt=sse.
func arrayOf(t *testing.T, events []byte) []byte {
	t.Helper()
	var pieces []string
	reader := newEventReader(bytes.NewReader(events))
	for {
		data, err := reader.next()
		if err != nil {
			return []byte("[" + strings.Join(pieces, ",\r\n") + "\n]\n")
		}
		if json.Valid(data) && data[0] == '{' { // gateways end with a word
			pieces = append(pieces, string(data))
		}
	}
}

// passArray runs an array through a spotter in pieces of a size, with a
// keep-alive after each of them.
func passArray(array []byte, size int) (passed, pinged []byte, s *CallSpotter) {
	s = NewArraySpotter()
	for piece := range slices.Chunk(array, size) {
		free := s.Pass(piece)
		passed = append(passed, free...)
		pinged = append(append(pinged, free...), s.KeepAlive()...)
	}
	s.End()
	return passed, pinged, s
}

// TestNothingOfACallPassesInAnArray does with arrays, cut anywhere, what
// TestNothingOfACallPasses does with events. What keep-alives went between is
// still one array, refused or not, which begins with its bracket.
func TestNothingOfACallPassesInAnArray(t *testing.T) {
	const text = "hotmess: no quorum"
	eachGolden(t, func(t *testing.T, d Dialect, path string, want golden) {
		stream, ok := optional(t, path+".sse")
		if !ok || d != GeminiGenerate || want.Reply == nil || want.Reply.Truncated || want.Reply.Choices != 1 {
			t.Skip("no whole stream of Gemini's")
		}
		array := arrayOf(t, stream)
		for size := 1; size <= len(array); size += 1 + size/3 {
			passed, pinged, s := passArray(array, size)
			if got := append(bytes.Clone(passed), s.Held()...); !bytes.Equal(got, array) {
				t.Fatalf("in pieces of %d: passed and held are not the array: %q", size, got)
			}
			if s.Found() != (len(want.Reply.Calls) > 0) {
				t.Fatalf("found %v, %d calls", s.Found(), len(want.Reply.Calls))
			}
			released := append(bytes.Clone(pinged), s.Held()...)
			if !json.Valid(released) || released[0] != '[' {
				t.Fatalf("with keep-alives: %q", released)
			}
			if !s.Found() {
				continue
			}
			if before, _ := Fold(d, false, bytes.NewReader(passed), nil); len(before.Calls) > 0 {
				t.Errorf("%d calls passed", len(before.Calls))
			}
			held, err := s.Reply()
			if err != nil || len(held.Calls) != len(want.Reply.Calls) {
				t.Errorf("held: %d calls, %v; want %d", len(held.Calls), err, len(want.Reply.Calls))
			}
			refused := append(bytes.Clone(pinged), s.Refuse(ownType, text)...)
			got, err := Fold(d, false, bytes.NewReader(refused), nil)
			if err != nil || got.Truncated || len(got.Calls) > 0 || !strings.HasSuffix(got.Text, text) || got.ID != want.Reply.ID || got.Usage.HasTotals != want.Reply.Usage.HasTotals {
				t.Errorf("refused: %+v, %v in %q", got, err, refused)
			}
		}
	})
}

func TestAnObjectInPlaceOfAnArrayIsHeldWhole(t *testing.T) {
	const call = `{"responseId":"r","candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}}}]},"finishReason":"STOP"}]}`
	passed, pinged, s := passArray([]byte(call), 5)
	reply, err := s.Reply()
	if len(passed)+len(pinged) > 0 || !s.Found() || err != nil || len(reply.Calls) != 1 {
		t.Fatalf("passed %q, with keep-alives %q, found %v, %+v, %v", passed, pinged, s.Found(), reply, err)
	}
	refused, err := Fold(GeminiGenerate, false, bytes.NewReader(s.Refuse(ownType, "no")), nil)
	if err != nil || refused.Text != "no" || len(refused.Calls) > 0 {
		t.Errorf("%+v, %v", refused, err)
	}
}

// An array whose held part is no reply ends in an error of hotmess's own.
func TestAnArrayWithoutAPlaceForAMessageEndsInAnError(t *testing.T) {
	_, pinged, s := passArray([]byte(`[{"responseId":"r"},{"candidates":"none"`), 7)
	array := append(pinged, s.Refuse(ownType, "no")...)
	reply, err := Fold(GeminiGenerate, false, bytes.NewReader(array), nil)
	if err != nil || reply.Failure == nil || !json.Valid(array) {
		t.Errorf("%+v, %v in %q", reply, err, array)
	}
}
