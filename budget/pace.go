package budget

import (
	"math"
	"sync"
	"time"
)

const (
	// minReplies is the number of replies that a pace needs.
	minReplies = 20
	// paceMemory is that beyond which old evidence is halved, so that a pace
	// follows a change of model or load.
	paceMemory = 1000
)

// Paces learn from the whole replies of each route that told their usage how long
// they are and how fast they come. They guard themselves. A restart forgets them:
// twenty replies bring them back, and until then the worst case holds. There are as
// many routes as the caller tells apart.
type Paces struct {
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

// NewPaces makes paces that know nothing yet.
func NewPaces() *Paces { return &Paces{routes: map[string]pace{}} }

// Learn takes in a whole reply of a route whose usage is known: how many bytes of
// output it showed, how many tokens were generated, and how long it took. One that
// shows nothing, as where all is sealed, says nothing of bytes and would spoil their
// ratio.
func (p *Paces) Learn(route string, bytes, tokens int, took time.Duration) {
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

// Leave takes in that a call of a route was left after a time, of which Likely is
// not asked: a primary, which no budget pays. most is the most tokens that it may have
// generated.
func (p *Paces) Leave(route string, took time.Duration, most int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.routes[route]; l.replies > 0 {
		l.left += max(0, min(l.run(took), float64(most)))
		p.routes[route] = l
	}
}

// of is the pace of a route; false below minReplies replies.
func (p *Paces) of(route string) (pace, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.routes[route]
	return l, l.replies >= minReplies
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
func (p *Paces) Likely(c Partial) Spend {
	if c.Ending == EndedRefused {
		return Spend{}
	}
	s := Spend{Input: c.Worst.Input}
	if c.Prompt.Input > 0 {
		s.Input, s.CachedInput = c.Prompt.Input, c.Prompt.CachedInput
	}
	if c.Ending == EndedRead {
		return s
	}
	l, known := p.of(c.Route)
	if c.Ending == EndedCut || c.Ending == EndedUnseen {
		p.Leave(c.Route, c.Took, c.Worst.Output)
	}
	s.Output = max(c.Worst.Output, c.Counted)
	if known {
		s.Output = max(c.Counted, min(c.Worst.Output, int64(math.Ceil(l.output(c)))))
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
func (l pace) output(c Partial) float64 {
	shown, run := float64(c.Shown)*l.tokens/l.bytes, l.run(c.Took)
	switch {
	case c.Ending == EndedUnseen:
		return max(shown, run) + l.mean()
	case c.Ending == EndedWhole && c.Shown > 0:
		return shown
	}
	return max(shown, run)
}
