package ensemble

import (
	"io"
	"net/http"
	"time"

	"hotmess/budget"
	"hotmess/monitor"
	"hotmess/wire"
)

// A Kind says what of a reply is compared. It is decided by the request, never
// by the reply, and kinds are never pooled.
type Kind string

// The kinds.
const (
	KindAction     Kind = monitor.KindAction
	KindStructured Kind = monitor.KindStructured
	KindAnswer     Kind = monitor.KindAnswer
	KindText       Kind = monitor.KindText
)

// A Level is how closely two actions must be alike to count as the same.
type Level string

// The levels. Only actions have Tool and Target; every kind has Exact.
const (
	// LevelTool compares the set of tool names.
	LevelTool Level = "tool"
	// LevelTarget compares tools and what they are pointed at.
	LevelTarget Level = "target"
	// LevelExact compares all of the canonical answer.
	LevelExact Level = "exact"
)

// Keys are what is compared of one reply, by level: two replies agree at a
// level if and only if their keys there are equal. Keys hold content and stay
// in the process.
type Keys map[Level]string

// A Sample is one of the N calls of a request.
type Sample struct {
	// Number is the launch number; 0 is the primary.
	Number int
	// Reply and Keys are set if Missing is empty. What a missing sample did
	// say is in Reply too where it could be read, for its lengths.
	Reply   wire.Reply
	Keys    Keys
	Missing monitor.Reason
	// Empty is whether the whole reply says nothing, Flag why it is set aside in
	// a vote. Such samples do not vote, and count in all that is measured.
	Empty bool
	Flag  Flag
	// Status is the HTTP status; 0 if no head arrived.
	Status int
	// Recording is the reply as it came, while a vote is on; it is nil in what
	// Extras and the end of Vote return.
	Recording *Recording
	// Took is the time from its launch to its end.
	Took time.Duration
	// Settlement is what an extra was settled at; zero if it did not run.
	budget.Settlement
}

// A Recording is an HTTP reply as the upstream sent it.
type Recording struct {
	Status  int
	Header  http.Header
	Trailer http.Header
	// Body is undecoded. Err is how it ended if it broke off.
	Body []byte
	Err  error
	// Rest is what follows Body of a primary that was too big to record, or, if
	// Marked, of a winner behind its closing mark; nil if Body is all. Who sends the
	// recording on closes it; it ends when the client's context does.
	Rest io.ReadCloser
	// Marked is whether Body, a stream, ends at its closing mark.
	Marked bool
}
