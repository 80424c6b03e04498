package sim

import (
	"encoding/json"
	"time"
)

// maxPrompts bounds the requests that a Server tells from each other. When it is reached
// all are forgotten: occurrences start again from 0, and Summary counts
// prompts that come back as new.
const maxPrompts = 1 << 20

// visits is what is remembered of one prompt.
type visits struct {
	requests int
	// period is the one in which the prompt was last counted.
	period int
	deck   deck
}

// A Truth is one line of the truth log: one choice and what it was drawn from.
// It holds no prompt and no reply.
type Truth struct {
	Time time.Time `json:"time"`
	// Request is the hash of the prompt, see Request.Hash; Occurrence and
	// Choice count from 0.
	Request    string `json:"request"`
	Occurrence int    `json:"occurrence"`
	Choice     int    `json:"choice"`
	// Dialect is the form in which it was asked, one of the constants.
	Dialect string `json:"dialect"`
	Model   string `json:"model"`
	// ID names the task, question or problem; Step counts the tool results of a
	// task, or the steps that an optimiser has taken.
	ID   string `json:"id"`
	Step int    `json:"step"`
	// Answer is equal for answers that mean the same.
	Answer string `json:"answer"`
	Right  bool   `json:"right"`
	// Deletes is the tree that the answer deletes at a destructive step, Meant
	// the one that the right call deletes: see Deletions. Both name what the
	// simulation made up.
	Deletes string `json:"deletes,omitempty"`
	Meant   string `json:"meant,omitempty"`
	// PRight is the probability of a right answer; 0 for optimisers, whose
	// answers are near or far and neither right nor wrong.
	PRight float64 `json:"p_right"`
	// D is the true disagreement: the probability that two answers differ,
	// 1 − Σp², or, replayed, that two different recorded samples do. Absent
	// if only one was recorded.
	D *float64 `json:"d_true,omitempty"`
	// Bias2 and Variance are those of an optimiser's position after the step
	// that is answered with, over trajectories from its start: see Optimiser.
	// Absent for other models.
	Bias2    *float64 `json:"bias2_true,omitempty"`
	Variance *float64 `json:"variance_true,omitempty"`
	// ReasoningTokens as in usage.
	ReasoningTokens int `json:"reasoning_tokens"`
	// Fault is rate_limit, server_error, overloaded, cut, stall, slow,
	// malformed, failed or length; empty if none.
	Fault string `json:"fault,omitempty"`
}

// A Summary is what is true of the requests of a period. Sums and counts are
// over answers that were sent whole, but for Requests and Faults.
type Summary struct {
	// Requests counts requests to generate, Faults those with any fault, Whole
	// those that were answered whole, however late.
	Requests, Faults, Whole int
	// Samples counts choices, Right the right ones among them.
	Samples, Right int
	// Prompts counts distinct prompts with a true disagreement.
	Prompts int
	// LogFailures counts lines that TruthLog did not take.
	LogFailures int

	sumD       float64
	sumPRight  float64
	sumThought int
}

// TrueDisagreement is the mean of the true disagreement over distinct
// prompts, each as it was when the period first met it; false if there are
// none.
func (s Summary) TrueDisagreement() (float64, bool) { return ratio(s.sumD, s.Prompts) }

// Accuracy is the share of samples that are right; false if there are none.
func (s Summary) Accuracy() (float64, bool) { return ratio(float64(s.Right), s.Samples) }

// ExpectedAccuracy is the mean probability of a right answer over samples;
// false if there are none.
func (s Summary) ExpectedAccuracy() (float64, bool) { return ratio(s.sumPRight, s.Samples) }

// ReasoningTokens is the mean over samples; false if there are none.
func (s Summary) ReasoningTokens() (float64, bool) { return ratio(float64(s.sumThought), s.Samples) }

func ratio(sum float64, n int) (float64, bool) {
	if n == 0 {
		return 0, false
	}
	return sum / float64(n), true
}

// Summary is the truth about the current period, which began with the last
// Mark or the first request.
func (s *Server) Summary() Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sum
}

// Mark ends the current period, gives its Summary and begins a new one.
func (s *Server) Mark() Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	ended := s.sum
	s.sum = Summary{}
	s.period++
	return ended
}

// arrive counts a request by its hash and draws the cards of its choices from
// recorded samples, if there are any.
func (s *Server) arrive(hash digest, recorded *record, choices int) (occurrence int, cards []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.visits[hash]
	if v == nil {
		if s.visits == nil || len(s.visits) >= maxPrompts {
			s.visits = map[digest]*visits{}
		}
		v = &visits{period: -1}
		s.visits[hash] = v
	}
	v.requests++
	return v.requests - 1, s.deal(v, hash, recorded, choices)
}

// record logs a turn and adds it to the period.
func (s *Server) record(t *turn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum.Requests++
	if t.fault != noFault {
		s.sum.Faults++
	}
	if t.fault.whole() {
		s.sum.Whole++
		s.count(t)
	}
	if s.TruthLog == nil {
		return
	}
	for i := range t.samples {
		if err := json.NewEncoder(s.TruthLog).Encode(s.truth(t, i)); err != nil {
			s.sum.LogFailures++
		}
	}
}

// count adds a whole turn to the period.
func (s *Server) count(t *turn) {
	for _, a := range t.samples {
		s.sum.Samples++
		s.sum.sumPRight += a.truth.pRight
		s.sum.sumThought += a.reasoning
		if a.truth.right {
			s.sum.Right++
		}
	}
	v := s.visits[t.prompt.hash]
	d := t.samples[0].truth.disagreement
	if d == nil || v == nil || v.period == s.period {
		return
	}
	v.period = s.period
	s.sum.Prompts++
	s.sum.sumD += *d
}

// truth is the log line of choice i.
func (s *Server) truth(t *turn, i int) Truth {
	a := t.samples[i]
	return Truth{
		Time: s.now().UTC(), Request: t.Request.Hash, Occurrence: t.Request.Occurrence, Choice: i,
		Dialect: t.prompt.dialect, Model: t.prompt.model,
		ID: t.Request.ID, Step: t.Request.Step, Answer: a.truth.key, Right: a.truth.right,
		Deletes: a.truth.deletes, Meant: a.truth.meant,
		PRight: a.truth.pRight, D: a.truth.disagreement, Bias2: a.truth.bias2, Variance: a.truth.variance,
		ReasoningTokens: a.reasoning, Fault: string(t.fault),
	}
}
