package sim

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// A turn is one request to generate, with its answer.
type turn struct {
	prompt  *prompt
	Request Request
	samples []sample
	fault   fault
	server  *Server
	// from leads to what is drawn for this turn.
	from names
	// at is when the answer was drawn.
	at time.Time
	// cached is how many tokens of the prompt came from the cache, beginnings what
	// is kept of it there.
	cached     int
	beginnings []prefix
}

// generate serves requests to generate: read, draw, log the truth, hold, send.
func generate(read reader) func(s *Server, x *exchange) {
	return func(s *Server, x *exchange) {
		p, fail := read(s, x)
		if fail != nil {
			s.refuse(x, fail)
			return
		}
		keeper, keeps := p.form.(keeper)
		if keeps {
			defer keeper.release()
		}
		t, fail := s.answer(p, x)
		if fail != nil {
			s.refuse(x, fail)
			return
		}
		s.record(t)
		if s.Hold != nil {
			s.Hold(x.r.Context(), t.Request)
		}
		if s.RateHeaders {
			x.provider.quota(x.w.Header(), drawQuota(t))
		}
		if fail := s.Faults.failure(t); fail != nil {
			s.refuse(x, fail)
			return
		}
		s.lookUp(t)
		if keeps {
			keeper.keep(t)
		}
		s.deliver(x, t)
	}
}

// answer draws everything about the reply to p.
func (s *Server) answer(p *prompt, x *exchange) (*turn, *failure) {
	if s.Replay != nil {
		recorded, fail := s.Replay.find(p)
		if fail != nil {
			return nil, fail
		}
		p.recorded = recorded
	}
	trajectory, fail := s.descent(p)
	if fail != nil {
		return nil, fail
	}
	nth := s.served.Add(1)
	seen, cards := s.arrive(p.hash, p.recorded, p.choices)
	t := &turn{prompt: p, server: s, from: visit(p.hash, seen), at: s.now(), Request: Request{
		Dialect: p.dialect, Model: p.model, Stream: p.stream, Hash: p.hash.String(), Occurrence: seen, Header: x.r.Header,
	}}
	x.from = t.from
	t.fault = s.Faults.draw(t.source("fault"))
	switch {
	case p.recorded != nil:
		s.replay(t, cards)
	case trajectory != nil:
		s.descend(t, trajectory)
	default:
		s.simulate(t, nth)
	}
	if t.fault == length {
		for i := range t.samples {
			t.samples[i].cutOff()
		}
	}
	return t, nil
}

// source is the random numbers of what is named, of this turn alone: so ids,
// cuts and delays have no bearing on the answer nor on each other.
func (t *turn) source(what ...string) *rand.Rand {
	return source(t.server.Seed, t.from.and(what...)...)
}

// id is that of the reply, without the prefix that a dialect gives it.
func (t *turn) id() string { return hexID(t.source("id")) }

// callID is that of one proposed call, likewise.
func (t *turn) callID(choice, call int) string {
	return hexID(t.source("call", strconv.Itoa(choice), strconv.Itoa(call)))
}

// model is the model id that the reply reports.
func (t *turn) model() string { return t.server.reported(t.prompt.model) }

// created is the time of the answer in seconds since 1970.
func (t *turn) created() int64 { return t.at.Unix() }

// reported is the model id in replies to requests for asked.
func (s *Server) reported(asked string) string {
	if s.Model != "" {
		return s.Model
	}
	return asked
}
