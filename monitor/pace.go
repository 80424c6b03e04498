package monitor

import (
	"math"
	"sync"
	"time"
)

// paceMemory is the number of replies beyond which old evidence is halved, so that
// a pace follows a change of model or load.
const paceMemory = 1000

// paces learn from the whole replies of each route that told their usage how long
// they are and how fast they come. They guard themselves. A restart forgets them:
// twenty replies bring them back, and until then the worst case holds.
type paces struct {
	mu     sync.Mutex
	routes map[string]pace
}

// A pace is sums over whole replies: their number, output tokens, seconds from launch
// to end, and bytes of output that were shown; and the tokens of those that were left
// before their end, as they are estimated by time.
type pace struct{ replies, tokens, seconds, bytes, left float64 }

// mean is the mean length of a reply, in tokens, had none been left: the estimate of
// greatest likelihood from lengths that are cut off, without memory. A vote leaves
// the long ones, so that those that were whole are too short.
func (l pace) mean() float64 { return (l.tokens + l.left) / l.replies }

// run is the tokens that are generated in a time.
func (l pace) run(took time.Duration) float64 { return took.Seconds() * l.tokens / l.seconds }

func newPaces() *paces { return &paces{routes: map[string]pace{}} }

// learn takes in one reply. One that shows nothing, as where all is sealed, says
// nothing of bytes and would spoil their ratio.
func (p *paces) learn(route string, bytes, tokens int, took time.Duration) {
	if tokens <= 0 || took <= 0 || bytes <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.routes[route]
	if l.replies >= paceMemory {
		l = pace{l.replies / 2, l.tokens / 2, l.seconds / 2, l.bytes / 2, l.left / 2}
	}
	l.replies++
	l.tokens += float64(tokens)
	l.seconds += took.Seconds()
	l.bytes += float64(bytes)
	p.routes[route] = l
}

// leave takes in that a reply was left after a time.
func (p *paces) leave(route string, took time.Duration, most int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.routes[route]; l.replies > 0 {
		l.left += max(0, min(l.run(took), float64(most)))
		p.routes[route] = l
	}
}

// of is the pace of a route; false below minLengths replies.
func (p *paces) of(route string) (pace, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.routes[route]
	return l, l.replies >= minLengths
}

// LearnPace takes in a whole reply of a route whose usage is known: how many bytes
// of output it showed, how many tokens were generated, and how long it took.
func (m *Monitor) LearnPace(route string, bytes, tokens int, took time.Duration) {
	m.paces.learn(m.names.resolve(route), bytes, tokens, took)
}

// LeavePace takes in that a call of a route was left after a time, of which Likely is
// not asked: a primary, which no budget pays. most is the most tokens that it may have
// generated.
func (m *Monitor) LeavePace(route string, took time.Duration, most int64) {
	m.paces.leave(m.names.resolve(route), took, most)
}

// An Ending is how a call ended that told no usage, as far as its cost goes.
type Ending int

// The endings.
const (
	// EndedWhole: all of the reply came.
	EndedWhole Ending = iota
	// EndedCut: its stream broke off, or hotmess left it. The upstream generated
	// no more than a moment longer.
	EndedCut
	// EndedUnseen: hotmess left, and the upstream, which had not begun to send or
	// does not look, generates the reply to its end.
	EndedUnseen
	// EndedRead: the upstream answered with an error. It may have billed the
	// prompt, but generated nothing.
	EndedRead
	// EndedRefused: the upstream did not let the call in.
	EndedRefused
)

// A Partial is what is known of a call that told no usage, or that of its
// beginning alone.
type Partial struct {
	Route  string
	Ending Ending
	// Worst is what was reserved.
	Worst Spend
	// Prompt has Input and CachedInput of the same prompt as upstreams told them,
	// in the head of this reply or in another; the zero value: none did.
	Prompt Spend
	// Counted is the output tokens that the upstream had counted so far, Shown
	// the bytes of output that came.
	Counted int64
	Shown   int
	// Took is how long the call ran.
	Took time.Duration
}

// Likely is the best estimate of what a call used (ADR 20). Its output is at most
// that of the worst case, and that where its route has told too little yet. It is
// asked once of each call: that one was left tells of the length of replies.
func (m *Monitor) Likely(p Partial) Spend {
	if p.Ending == EndedRefused {
		return Spend{}
	}
	s := Spend{Input: p.Worst.Input}
	if p.Prompt.Input > 0 {
		s.Input, s.CachedInput = p.Prompt.Input, p.Prompt.CachedInput
	}
	if p.Ending == EndedRead {
		return s
	}
	route := m.names.resolve(p.Route)
	l, known := m.paces.of(route)
	if p.Ending == EndedCut || p.Ending == EndedUnseen {
		m.paces.leave(route, p.Took, p.Worst.Output)
	}
	s.Output = max(p.Worst.Output, p.Counted)
	if known {
		s.Output = max(p.Counted, min(p.Worst.Output, int64(math.Ceil(l.output(p)))))
	}
	return s.bounded()
}

// output is the tokens that were likely generated.
//
// Of a whole reply they follow from what was shown, by the route's own ratio: it
// has hidden reasoning in it. In one that was cut, reasoning may have been all there
// was, unseen, so that time counts where it says more. One that goes on unseen
// takes as long again as a reply does from its start: lengths without memory
// (exponential), for want of a better law at any point of time.
func (l pace) output(p Partial) float64 {
	shown, run := float64(p.Shown)*l.tokens/l.bytes, l.run(p.Took)
	switch {
	case p.Ending == EndedUnseen:
		return max(shown, run) + l.mean()
	case p.Ending == EndedWhole && p.Shown > 0:
		return shown
	}
	return max(shown, run)
}
