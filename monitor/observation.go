package monitor

import (
	"time"

	"hotmess/budget"
)

// The kinds of what is compared of a reply. They are never pooled.
const (
	KindAction     = "action"
	KindStructured = "structured"
	KindAnswer     = "answer"
	KindText       = "text"
)

// SchemaVersion is the version of Observation's JSON form.
const SchemaVersion = 1

// An Observation is all that was measured on one request. It holds no text:
// what identifies content is an HMAC under the data directory's key.
type Observation struct {
	V int `json:"v"`
	// ID is a UUIDv7, so it holds the time of the request.
	ID       string    `json:"id"`
	Time     time.Time `json:"time"`
	Instance string    `json:"instance"`
	Route    string    `json:"route"`
	// Conversation, System and Tools are HMACs: of the conversation's
	// identity, the system prompt and the names of the offered tools.
	Conversation string `json:"conversation"`
	System       string `json:"system,omitempty"`
	Tools        string `json:"tools,omitempty"`
	Dialect      string `json:"dialect"`
	Upstream     string `json:"upstream"`
	Model        string `json:"model"`
	ServedModel  string `json:"served_model,omitempty"`
	Fingerprint  string `json:"fingerprint,omitempty"`
	// Mode is off, observe or ensemble, as it was for this request.
	Mode string `json:"mode"`
	// Mitigated is whether it is ensemble because an alert fires on the route.
	Mitigated bool `json:"mitigated,omitempty"`
	// SteppedBack is whether it would be, and could have voted, but for its
	// conversation's half.
	SteppedBack bool `json:"stepped_back,omitempty"`
	// Outcome is what the client got: see the Outcome constants.
	Outcome Outcome `json:"outcome"`
	// Status is the HTTP status of the reply; 0 if there was none.
	Status int `json:"status"`
	// Pinned is whether the client pinned the randomness.
	Pinned bool `json:"pinned,omitempty"`
	// Kind says what is compared: one of the Kind constants.
	Kind string `json:"kind,omitempty"`
	// Headline is the level whose disagreement stands for the kind; empty
	// for text.
	Headline string `json:"headline,omitempty"`
	// Form names the form of final answer that is compared, for kind answer:
	// letter, number, boxed, tag:NAME or regexp:EXPR.
	Form string `json:"form,omitempty"`
	// Inclusion is the probability with which the request was drawn, 0..1.
	Inclusion float64 `json:"inclusion"`
	// Drawn is whether it was.
	Drawn bool `json:"drawn"`
	// Reason says why the request has no measured pair; empty if it has.
	Reason Reason `json:"reason,omitempty"`
	// Differ says, for each level, whether samples 0 and 1 differ. It is nil
	// unless both are whole: the measured pair.
	Differ map[string]bool `json:"differ,omitempty"`
	// Arguments says, for each argument of the calls that samples 0 and 1 agree
	// on by tool, whether it differs; one that a single sample gave does. Keys
	// are tool.argument, of names that the request lists.
	Arguments map[string]bool `json:"arguments,omitempty"`
	// Similarity is how alike the texts of samples 0 and 1 are by their words,
	// 0..1; nil where no texts are compared.
	Similarity *float64 `json:"similarity,omitempty"`
	// Unrelated are the similarities of the text of sample 0 to replies of the
	// route in other conversations: what similarity is by chance.
	Unrelated []float64 `json:"unrelated,omitempty"`
	// Distance is 1 - cosine of the embeddings of their answers; nil unless
	// embeddings are configured.
	Distance *float64 `json:"distance,omitempty"`
	// DistanceMissing says why there is none although embeddings are configured
	// for the request.
	DistanceMissing Reason `json:"distance_missing,omitempty"`
	// Signals are what the request's own history shows, whether drawn or not.
	Signals *SignalRecord `json:"signals,omitempty"`
	// Deep is the probability with which the request was drawn, beforehand, to
	// get all of its samples and not only a pair, each run to its end: 0..1;
	// 0: it was not.
	Deep float64 `json:"deep,omitempty"`
	// Escalated is whether more samples than the pair were taken because the
	// primary reasoned longer than its route does.
	Escalated bool `json:"escalated,omitempty"`
	// Added is whether it would not have been measured otherwise. Such pairs are
	// in figures that weigh by inclusion, and in no plain mean.
	Added bool `json:"added,omitempty"`
	// Samples by launch number; sample 0 is the primary.
	Samples []SampleRecord `json:"samples,omitempty"`
	// Replays are what votes would have done, as the route would vote, of a request
	// that was drawn for all of its samples: one for each of VoteSizes of which so
	// many samples are whole.
	Replays []ReplayRecord `json:"replays,omitempty"`
	// Vote is set in ensemble mode.
	Vote *VoteRecord `json:"vote,omitempty"`
	// Guard is set where the reply proposed what a guard rule is for.
	Guard *GuardRecord `json:"guard,omitempty"`
	// Actions counts the tool-calling turns in the request's history; absent
	// where part of the history lives upstream.
	Actions *int `json:"actions,omitempty"`
	// Seconds is the whole duration of the client's call; FirstByteSeconds
	// until its first byte; OverheadSeconds what hotmess itself added before
	// the upstream was called.
	Seconds          float64 `json:"seconds"`
	FirstByteSeconds float64 `json:"first_byte_seconds"`
	OverheadSeconds  float64 `json:"overhead_seconds"`
	// ExtraTokens is what the extras cost in tokens, cached input counting by
	// its price ratio, or half; Estimated if any part is not from usage.
	ExtraTokens          int64 `json:"extra_tokens"`
	ExtraTokensEstimated bool  `json:"extra_tokens_estimated,omitempty"`
	// ExtraUsed is what they used; nil if none ran.
	ExtraUsed *budget.Spend `json:"extra_used,omitempty"`
	// ExtraUSD is what they cost in USD, by the configured prices;
	// ExtraUSDMissing says why that is not known, though some ran.
	ExtraUSD        *float64 `json:"extra_usd,omitempty"`
	ExtraUSDMissing Reason   `json:"extra_usd_missing,omitempty"`
}

// A SignalRecord counts what needs no second sample to be seen.
type SignalRecord struct {
	// Repeated is how often the commonest call stands in the history with the
	// same arguments; Call is the HMAC of that call.
	Repeated int    `json:"repeated,omitempty"`
	Call     string `json:"call,omitempty"`
	// Invalid counts calls in the reply that do not fit the schema of their tool.
	Invalid int `json:"invalid,omitempty"`
	// Retry is whether the request is one again that failed: the client's library
	// says so, or the same came within a minute. Of a retry's history nothing is
	// said, which is that of the first attempt.
	Retry bool `json:"retry,omitempty"`
	// Compacted is whether the history is shorter than it was a request before.
	Compacted bool `json:"compacted,omitempty"`
	// Truncated is whether the reply stopped at its length limit.
	Truncated bool `json:"truncated,omitempty"`
	// Pair says whether the reply differs from that to an identical request
	// within 60 s, by level; nil where there was none.
	Pair map[string]bool `json:"pair,omitempty"`
}

// An Outcome is how a client's call ended.
type Outcome string

// The outcomes.
const (
	OutcomeOK          Outcome = "ok"
	OutcomeError       Outcome = "upstream_error" // status 400 or more, of the upstream's own
	OutcomeCut         Outcome = "cut"            // the upstream broke off
	OutcomeUnreachable Outcome = "unreachable"
	OutcomeGone        Outcome = "client_gone"
)

// A SampleRecord is what is kept of one sample.
type SampleRecord struct {
	// Number is the launch number.
	Number int `json:"number"`
	// Missing says why there is no answer; empty if there is.
	Missing Reason `json:"missing,omitempty"`
	// Keys are HMACs of what is compared, by level.
	Keys map[string]string `json:"keys,omitempty"`
	// The lengths in tokens. Context is the prompt's.
	Reasoning Length `json:"reasoning"`
	Output    Length `json:"output"`
	Context   Length `json:"context"`
	Finish    string `json:"finish,omitempty"`
	// Seconds until the sample was whole.
	Seconds float64 `json:"seconds"`
}

// A Length is a number of tokens. The zero Length is absent: not reported,
// and nothing to estimate it from.
type Length struct {
	Tokens int `json:"tokens"`
	// Source is usage or estimate; empty: absent.
	Source string `json:"source,omitempty"`
}

// Where a Length comes from.
const (
	SourceUsage    = "usage"
	SourceEstimate = "estimate"
)

// A VoteRecord is the outcome of one vote.
type VoteRecord struct {
	// Method is majority, calls, medoid or embeddings.
	Method string `json:"method"`
	// EmbeddingsMissing is why embeddings, which were to tell which text is most
	// like the others, did not: words did.
	EmbeddingsMissing Reason `json:"embeddings_missing,omitempty"`
	// Winner is the launch number of the sample that the client got.
	Winner int `json:"winner"`
	// Votes is how many samples voted, Agreed how many for the winner's answer.
	Votes  int `json:"votes"`
	Agreed int `json:"agreed"`
	// Changed is whether the client got another answer than the primary's; nil:
	// the primary gave none, because it failed or the decision cancelled it.
	Changed *bool `json:"changed,omitempty"`
	// WaitSeconds is how long the client waited beyond the primary's end.
	WaitSeconds float64 `json:"wait_seconds"`
	// Stop is why the vote ended: settled, confidence, lead, first, all or wait.
	Stop string `json:"stop,omitempty"`
	// Margin is (v1 - v2) / Votes, with v1 votes for the winner's answer and v2
	// for the most frequent other one, -1..1. Confidence is the probability that
	// the former is more frequent in the long run, 0..1.
	Margin     float64 `json:"margin"`
	Confidence float64 `json:"confidence"`
	// Sampled is whether no answer had a majority, and the winner is the sample
	// that is most like the others.
	Sampled bool `json:"sampled,omitempty"`
	// Parties are the answers with their votes, the winner's first: the dissent.
	Parties []PartyRecord `json:"parties,omitempty"`
	// Flagged is how many whole samples a red flag set aside.
	Flagged int `json:"flagged,omitempty"`
	// Cancelled is how many extras the decision cancelled, CancelledTokens what
	// they are counted at in ExtraTokens.
	Cancelled       int   `json:"cancelled,omitempty"`
	CancelledTokens int64 `json:"cancelled_tokens,omitempty"`
}

// A ReplayRecord is a vote that was not held: what the votes of the route, with at
// most so many samples, would have made of those that were taken.
type ReplayRecord struct {
	// Samples is the most samples of the vote, the primary included; Launched how
	// many it would have started.
	Samples  int `json:"samples"`
	Launched int `json:"launched"`
	// Winner is the launch number of the sample that the client would have got.
	Winner int `json:"winner"`
	// Stop is why it would have ended, as VoteRecord.Stop.
	Stop string `json:"stop"`
	// AddedSeconds is the time from the primary's end to the decision, 0 or more;
	// ExtraTokens what its extras would have cost, counted as
	// Observation.ExtraTokens.
	AddedSeconds float64 `json:"added_seconds"`
	ExtraTokens  int64   `json:"extra_tokens"`
}

// A PartyRecord is the samples of a vote that gave one answer.
type PartyRecord struct {
	// Key is the HMAC of the answer, as in SampleRecord.Keys at the headline
	// level, or exact for texts.
	Key   string `json:"key"`
	Votes int    `json:"votes"`
}
