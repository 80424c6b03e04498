package alerts

import "time"

// A State is what monitor itself says of a rule's condition, where the rule has
// no threshold of the user's.
type State int

// The states. Missing data is StateAbsent: it neither starts nor ends an alert.
const (
	StateAbsent State = iota
	StateHolds
	StateCleared
	// StateLearning: the detector learns a baseline and cannot alarm. An alert
	// that rests on an earlier baseline is over.
	StateLearning
)

// A Reading is what rules judge: the state of one measured series of one
// route, as monitor reports it.
type Reading struct {
	// Rule is the rule that the reading is for.
	Rule  string
	Route string
	// State is monitor's own judgement; disagreement_high goes by Bound instead.
	State State
	// Of is the HMAC of the conversation that the reading is about;
	// empty: about the route.
	Of string
	// Stratum tells series of one route apart beyond kind, level and Pinned.
	Stratum string
	// Detail is what the rule rests on beside the numbers below, by the names
	// that stand in docs/detection.md: float64, int, string or time.Time.
	Detail map[string]any
	// Changes are suspected change-points of the last day, the latest first.
	Changes []Change
	// Kind and Level name the series; Pinned its stratum.
	Kind, Level string
	Pinned      bool
	// Bound is the anytime-valid lower confidence bound of the disagreement,
	// 0..1, at level 1 - Alpha; HasBound is false while there is none.
	Bound    float64
	Alpha    float64
	HasBound bool
	// Units is the number of conversations that Bound rests on.
	Units int
	// Value, Low and High are the disagreement of the last hour and its 95 %
	// interval; Has* are false where they are absent.
	Value, Low, High    float64
	HasValue, HasRange  bool
	Pairs, Conversation int
	// MeasuredShare is measured / drawn over the last hour; absent if
	// nothing was drawn.
	MeasuredShare float64
	HasShare      bool
	// Updated is when the series last took a measured request.
	Updated time.Time
}

// A Change is something that became another one on a route.
type Change struct {
	Time time.Time `json:"time"`
	// What is served_model, fingerprint, system or tools.
	What string `json:"what"`
	// From and To are names, of prompts and tool lists HMACs.
	From string `json:"from"`
	To   string `json:"to"`
}

// A Source gives the current readings. It is called once per evaluation.
type Source interface {
	Readings() []Reading
}
