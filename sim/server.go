package sim

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of the knobs whose zero value stands for them.
const (
	DefaultModel    = "simulated-1"
	DefaultAccuracy = .95
	DefaultWrong    = 4
	DefaultSteps    = 20
	DefaultMaxBody  = 32 << 20
)

// A Server is a simulated LLM API. The zero value is a working http.Handler;
// the exported fields are knobs, to be set before the first request. Validate
// says which are out of range; shares and probabilities outside 0..1 are taken
// as the nearer end.
//
// A Server may be used by many goroutines at once.
type Server struct {
	// Seed is what all randomness is derived from.
	Seed uint64
	// Model is the id that is listed and reported; empty: DefaultModel is
	// listed and replies report the model that was asked for. Any model id is
	// accepted in requests.
	Model string

	// Accuracy is the probability that an answer is right; 0 stands for
	// DefaultAccuracy (use SetAccuracy for a true 0).
	Accuracy float64
	// Wrong is the largest number of distinct wrong answers of one request;
	// 0 stands for DefaultWrong. The i-th of m (from 1) has the share
	// (1/i) / (1/1 + … + 1/m) of all wrong answers (Zipf). There are fewer
	// where the request allows no more, as with a boolean.
	Wrong int
	// TurnAfter, if above 0, is the number of requests to generate after which
	// the accuracy is TurnTo, taken literally. It counts arrivals, so it is
	// the one knob by which the order of requests matters.
	TurnAfter int
	TurnTo    float64
	// Compound is by how much each wrong tool call that is already in the
	// conversation lowers the accuracy a of the next: a·(1−Compound)^wrong.
	// Models that see their own errors err more (self-conditioning, Sinha
	// and others, arXiv 2509.09677). 0: not at all.
	Compound float64
	// Refusals is the probability that an answer is a refusal. Right and
	// wrong answers share the rest.
	Refusals float64
	// Steps is the number of tool results after which a task is done; 0
	// stands for DefaultSteps.
	Steps int
	// ParallelCalls is the number of tool calls that one answer proposes, at
	// most as many as steps remain; 0 stands for 1.
	ParallelCalls int
	// FixedText switches off that prose and free-form string arguments are
	// phrased anew in every sample.
	FixedText bool

	// Deletions makes steps of tasks destructive, some of them wrongly.
	Deletions Deletions
	Reasoning Reasoning
	Latency   Latency
	// Chunk is the number of runes in one stream event. 0: 1 to 7, drawn, and
	// every event reaches the network in up to three pieces that are cut at
	// any byte.
	Chunk int
	// PrefixCache keeps prompts of 1,024 tokens and more as OpenAI and Google do
	// unasked: once the answer to one begins, later ones read what they have in
	// common with it from the cache. What Messages marks with cache_control is kept
	// without it, and from that moment on too.
	PrefixCache bool
	// RateHeaders tells rate limits with plenty left in headers, x-ratelimit-* or
	// anthropic-ratelimit-*, where the provider has such.
	RateHeaders bool
	Faults      Faults
	// MaxBody is the largest request body in bytes; 0 stands for
	// DefaultMaxBody.
	MaxBody int64

	// Replay, if set, is what requests to generate are answered from; the knobs
	// on accuracy, refusals, tools and reasoning then have no effect.
	Replay *Replay

	// Hold, if set, is called for each request to generate when its answer is
	// drawn and nothing is sent yet. It may block, to hold or reorder requests;
	// ctx ends when the client leaves.
	Hold func(ctx context.Context, r Request)
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Sleep waits for d or until ctx ends; nil: a timer.
	Sleep func(ctx context.Context, d time.Duration)
	// TruthLog, if set, gets one JSON line per choice, see Truth. Writes are
	// serialised; failed ones are counted in Summary.
	TruthLog io.Writer

	override atomic.Pointer[float64]
	served   atomic.Int64

	mu     sync.Mutex
	visits map[digest]*visits
	period int
	sum    Summary

	memory memory
}

// A Request is what the Hold hook sees of a request to generate.
type Request struct {
	// Dialect is the form in which it was asked, one of the constants.
	Dialect string
	// Model as asked for.
	Model  string
	Stream bool
	// Hash identifies the prompt: model, conversation, tools, tool choice and
	// format of the answer, as sent or, where the server holds them, as held.
	// Occurrence counts the requests with this hash from 0.
	Hash       string
	Occurrence int
	// ID names the task or question; Step counts the tool results of a task.
	ID   string
	Step int
	// Header is the request's own; not to be changed.
	Header http.Header
}

// SetAccuracy sets the accuracy from the next request on, over Accuracy and
// TurnTo. It may be called while requests are served.
func (s *Server) SetAccuracy(p float64) { s.override.Store(&p) }

// accuracyAt is the accuracy of the nth request to generate, from 1, before
// Compound.
func (s *Server) accuracyAt(nth int64) float64 {
	switch p := s.override.Load(); {
	case p != nil:
		return share(*p)
	case s.TurnAfter > 0 && nth > int64(s.TurnAfter):
		return share(s.TurnTo)
	case s.Accuracy == 0:
		return DefaultAccuracy
	}
	return share(s.Accuracy)
}

// share is p, or the end of 0..1 nearest to it.
func share(p float64) float64 { return min(max(p, 0), 1) }

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Server) sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	if s.Sleep != nil {
		s.Sleep(ctx, d)
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
