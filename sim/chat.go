package sim

import (
	"net/http"
	"strconv"
	"time"
)

// chat serves a chat completion: read, draw, log the truth, hold, send.
func (s *Server) chat(w http.ResponseWriter, r *http.Request) {
	p, fail := s.readPrompt(w, r)
	if fail != nil {
		fail.write(w)
		return
	}
	t, fail := s.answer(p, r)
	if fail != nil {
		fail.write(w)
		return
	}
	s.record(t)
	if s.Hold != nil {
		s.Hold(r.Context(), t.Request)
	}
	s.setHeaders(w.Header(), t)
	switch t.fault {
	case rateLimit:
		w.Header().Set("Retry-After", strconv.Itoa(s.Faults.retrySeconds()))
		rateLimited().write(w)
	case serverFault:
		serverError().write(w)
	default:
		s.deliver(w, r, t)
	}
}

// answer draws everything about the reply to p.
func (s *Server) answer(p *prompt, r *http.Request) (*turn, *apiError) {
	if s.Replay != nil {
		recorded, fail := s.Replay.find(p)
		if fail != nil {
			return nil, fail
		}
		p.recorded = recorded
	}
	nth := s.served.Add(1)
	seen, cards := s.arrive(p)
	t := &turn{prompt: p, Request: Request{
		Model: p.Model, Stream: p.Stream, Hash: p.hash.String(), Occurrence: seen, Header: r.Header,
	}}
	from := visit(p, seen)
	t.fault = s.Faults.draw(source(s.Seed, from.and("fault")...))
	t.rng = source(s.Seed, from.and("wire")...)
	if p.recorded != nil {
		s.replay(t, cards)
	} else {
		s.simulate(t, nth)
	}
	return t, nil
}

// deliver sends the answer in the form that was asked for.
func (s *Server) deliver(w http.ResponseWriter, r *http.Request, t *turn) {
	factor := s.Latency.factor(t.rng)
	perToken := stretch(s.Latency.PerToken, factor)
	thinking := perToken * time.Duration(longest(t.samples, sample.thinking))
	s.sleep(r.Context(), s.Faults.slowBy(t.fault)+stretch(s.Latency.First, factor)+thinking)
	if r.Context().Err() != nil {
		return
	}
	if t.prompt.Stream {
		s.stream(w, r, t, perToken)
		return
	}
	s.sleep(r.Context(), perToken*time.Duration(longest(t.samples, sample.visible)))
	s.whole(w, r, t)
}

// thinking is the tokens before the first visible one.
func (a sample) thinking() int { return a.reasoning }

// longest is the largest count over samples, which are generated side by side.
func longest(samples []sample, count func(sample) int) int {
	most := 0
	for _, a := range samples {
		most = max(most, count(a))
	}
	return most
}

// whole sends an unstreamed reply.
func (s *Server) whole(w http.ResponseWriter, r *http.Request, t *turn) {
	body := encode(s.completion(t)) + "\n"
	w.Header().Set("Content-Type", "application/json")
	switch t.fault {
	case stall:
		<-r.Context().Done()
		return
	case malformed:
		body = body[:len(body)/2]
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if t.fault == cut {
		_, _ = w.Write([]byte(body[:len(body)/2]))
		breakOff(w)
	}
	// A client that is gone is the only way for this to fail.
	_, _ = w.Write([]byte(body))
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

// setHeaders adds what real providers tell in headers.
func (s *Server) setHeaders(h http.Header, t *turn) {
	h.Set("X-Request-Id", "req_"+hexID(t.rng))
	if !s.RateHeaders {
		return
	}
	h.Set("X-Ratelimit-Limit-Requests", "10000")
	h.Set("X-Ratelimit-Remaining-Requests", strconv.Itoa(9999-t.rng.IntN(100)))
	h.Set("X-Ratelimit-Reset-Requests", "6ms")
	h.Set("X-Ratelimit-Limit-Tokens", "2000000")
	h.Set("X-Ratelimit-Remaining-Tokens", strconv.Itoa(1999999-t.rng.IntN(10000)))
	h.Set("X-Ratelimit-Reset-Tokens", "1ms")
}
