package monitor

import "hotmess/detect"

// A promise is what the detectors of a sidecar keep together: at most one false
// alarm per K conversations.
//
// A conversation gives at most one value to each of L armed detectors. Each
// alarms falsely at most once per A values, so that with A = K·L all of them do
// at most once per K conversations.
type promise struct {
	// conversations is K, by rule.
	conversations func(rule string) int
	// learn is the number of conversations that a baseline is learnt from.
	learn int
	// armed counts the armed detectors.
	armed func() int
}

// newPromise takes the defaults for what is not set.
func newPromise(s Settings, armed func() int) *promise {
	p := &promise{conversations: s.FalseAlarmConversations, learn: s.BaselineConversations, armed: armed}
	if p.conversations == nil {
		p.conversations = func(string) int { return detect.FalseAlarmConversations }
	}
	if p.learn <= 0 {
		p.learn = detect.BaselineConversations
	}
	return p
}

// threshold is the evidence that raises an alarm of a rule while so many
// detectors are armed.
func (p *promise) threshold(rule string, armed int) float64 {
	return float64(p.conversations(rule)) * float64(max(1, armed))
}
