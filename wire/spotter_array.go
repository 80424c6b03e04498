package wire

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// An arraySpotter is what a CallSpotter has to know of a streamed array. Google's
// own readers of such arrays (google-api-core, gax) want the opening bracket
// first, and pass over white space behind it and behind each element.
type arraySpotter struct {
	// opened is whether the bracket that opens the array is behind, closed
	// whether the one that closes it is.
	opened, closed bool
	// open are the brackets of the element that is being read.
	open brackets
}

// NewArraySpotter makes a spotter for a stream that is one array of pieces. What
// is no array is held to its end.
func NewArraySpotter() *CallSpotter {
	return &CallSpotter{grammar: gemini{}, dialect: GeminiGenerate, array: &arraySpotter{}}
}

// end is where the next part of buf ends, from scanned on, or -1: the opening
// bracket, an element with what stands before it, the closing bracket.
func (a *arraySpotter) end(buf []byte, scanned *int) int {
	for *scanned < len(buf) {
		switch c := buf[*scanned]; {
		case a.open.depth > 0:
			if *scanned += a.open.close(buf[*scanned:]); a.open.depth == 0 {
				return *scanned
			}
			continue
		case a.closed || !a.opened && c != '[' && bytes.IndexByte([]byte(space), c) < 0:
			return -1
		case !a.opened && c == '[':
			a.opened = true
			*scanned++
			return *scanned
		case c == ']':
			a.closed = true
			*scanned++
			return *scanned
		case c == '{':
			a.open.depth = 1
		}
		*scanned++
	}
	return -1
}

// element is the JSON of a part.
func element(part []byte) []byte { return bytes.Trim(part, space+",[]") }

// KeepAlive is what may be sent while something is held.
func (s *CallSpotter) KeepAlive() []byte {
	switch {
	case s.array == nil:
		return s.InKind(KeepAlive(s.dialect, Events))
	case s.array.opened:
		return KeepAlive(s.dialect, Array)
	}
	return nil
}

// Reply folds what is held as a reply of its own.
func (s *CallSpotter) Reply() (Reply, error) {
	switch {
	case s.array == nil:
		return Fold(s.dialect, true, bytes.NewReader(s.buf), nil)
	case s.array.opened:
		rest := bytes.TrimLeft(s.buf, space+",")
		return Fold(s.dialect, false, bytes.NewReader(append([]byte("["), rest...)), nil)
	}
	return Fold(s.dialect, false, bytes.NewReader(s.buf), nil)
}

// fail ends an array with the error that is its last element.
func (a *arraySpotter) fail(held []byte, typ, text string) []byte {
	rest := bytes.TrimLeft(held, space+",")
	closing := bytes.Clone(held[:len(held)-len(rest)])
	last := gemini{}.failure(ownFailure{http.StatusBadGateway, typ, text})
	if pieces := arrayPieces(rest); len(pieces) > 0 && pieces[len(pieces)-1].Get("error").IsObject() {
		last = json.RawMessage(pieces[len(pieces)-1].Raw)
	}
	return append(append(closing, marshal(last)...), ']')
}

// refuse ends an array. The comma before the first element that is held stays.
func (a *arraySpotter) refuse(held []byte, typ, text string) []byte {
	rest := bytes.TrimLeft(held, space+",")
	closing := bytes.Clone(held[:len(held)-len(rest)])
	pieces := arrayPieces(rest)
	last := gemini{}.failure(ownFailure{http.StatusBadGateway, typ, text})
	if refused, err := (gemini{}).refusePiece(pieces, text); err == nil {
		last = refused
	}
	return append(append(closing, marshal(last)...), ']')
}
