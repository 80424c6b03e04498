package sim

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"
)

// deliver sends the answer in the form that was asked for.
func (s *Server) deliver(x *exchange, t *turn) {
	s.identify(x)
	factor := s.Latency.factor(t.source("latency"))
	perToken := stretch(s.Latency.PerToken, factor)
	first := s.Faults.slowBy(t.fault) + stretch(s.Latency.First, factor) + perToken*time.Duration(longest(t.samples, sample.thinking))
	if t.prompt.later && !t.prompt.stream {
		first, perToken = s.Faults.slowBy(t.fault), 0
	}
	s.sleep(x.r.Context(), first)
	if x.r.Context().Err() != nil {
		return
	}
	s.warm(t)
	if t.prompt.stream {
		s.stream(x, t, perToken)
		return
	}
	s.sleep(x.r.Context(), perToken*time.Duration(longest(t.samples, sample.visible)))
	s.whole(x, t)
}

// longest is the largest count over samples, which are generated side by side.
func longest(samples []sample, count func(sample) int) int {
	most := 0
	for _, a := range samples {
		most = max(most, count(a))
	}
	return most
}

// whole sends an unstreamed reply.
func (s *Server) whole(x *exchange, t *turn) {
	body := t.prompt.form.whole(t) + "\n"
	x.w.Header().Set("Content-Type", "application/json")
	switch t.fault {
	case stall:
		<-x.r.Context().Done()
		return
	case malformed:
		body = body[:len(body)/2]
	}
	x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if t.fault == cut {
		_, _ = x.w.Write([]byte(body[:len(body)/2]))
		breakOff(x.w)
	}
	// A client that is gone is the only way for this to fail.
	_, _ = x.w.Write([]byte(body))
}

// stream sends a reply part by part.
func (s *Server) stream(x *exchange, t *turn, perToken time.Duration) {
	reply := t.prompt.form.stream(t)
	if t.fault == failing {
		sent := len(reply.parts) / 2
		reply.parts = append(reply.parts[:sent:sent], t.prompt.form.breakdown(t, sent)...)
	}
	x.w.Header().Set("Content-Type", reply.contentType)
	x.w.Header().Set("Cache-Control", "no-cache")
	pause := perToken * time.Duration(longest(t.samples, sample.visible)) / time.Duration(len(reply.parts))
	pieces := t.source("pieces")
	for i, p := range reply.parts {
		s.sleep(x.r.Context(), pause)
		if x.r.Context().Err() != nil {
			return
		}
		if i == len(reply.parts)/2 && !s.halfway(x, t, &p) {
			return
		}
		s.send(x.w, pieces, p.before+p.data+p.after)
	}
}

// halfway lets the faults of a stream happen before its middle part; false
// ends the stream.
func (s *Server) halfway(x *exchange, t *turn, p *part) bool {
	switch t.fault {
	case cut:
		breakOff(x.w)
	case stall:
		<-x.r.Context().Done()
		return false
	case malformed:
		p.data = p.data[:len(p.data)/2]
	}
	return true
}

// send writes one part: at once, or in up to three pieces if Chunk is 0.
func (s *Server) send(w http.ResponseWriter, rng *rand.Rand, text string) {
	for s.Chunk <= 0 && len(text) > 1 && rng.IntN(3) > 0 {
		at := 1 + rng.IntN(len(text)-1)
		_, _ = w.Write([]byte(text[:at]))
		flush(w)
		text = text[at:]
	}
	// A client that is gone ends the request's context, seen before the next.
	_, _ = w.Write([]byte(text))
	flush(w)
}

// breakOff sends what was written and closes the connection.
func breakOff(w http.ResponseWriter) {
	flush(w)
	panic(http.ErrAbortHandler)
}

func flush(w http.ResponseWriter) {
	// A writer that cannot flush sends at the end instead.
	_ = http.NewResponseController(w).Flush()
}

// A cutter cuts texts between runes, see Server.Chunk: an event is JSON, which
// cannot hold half a rune.
type cutter struct {
	runes int
	rng   *rand.Rand
}

func (t *turn) cutter() cutter { return cutter{runes: t.server.Chunk, rng: t.source("cuts")} }

func (c cutter) cut(text string) []string {
	var list []string
	for text != "" {
		runes, at := c.runes, 0
		if runes <= 0 {
			runes = 1 + c.rng.IntN(7)
		}
		for ; runes > 0 && at < len(text); runes-- {
			_, size := utf8.DecodeRuneInString(text[at:])
			at += size
		}
		list = append(list, text[:at])
		text = text[at:]
	}
	return list
}

// interleave takes one item of each track in turn.
func interleave[T any](tracks [][]T) []T {
	var all []T
	for i := 0; ; i++ {
		before := len(all)
		for _, track := range tracks {
			if i < len(track) {
				all = append(all, track[i])
			}
		}
		if len(all) == before {
			return all
		}
	}
}
