package alerts

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// The names of what is published. They are the contract with subscribers: a
// change of meaning needs a new version.
const (
	// AlertSubjects matches every alert: hotmess.v1.alerts.<route>.<rule>.
	AlertSubjects = alertPrefix + ">"
	// ObservationSubjects matches every observation:
	// hotmess.v1.observations.<instance>.<route>.
	ObservationSubjects = observationPrefix + ">"
	// LabelSubject is where labels are sent to: a request gets the results as
	// its answer.
	LabelSubject = "hotmess.v1.labels"
	// LabelSubjects matches every accepted label: hotmess.v1.labels.<instance>.
	LabelSubjects = labelPrefix + ">"
	// AlertStream keeps the alerts of the last 90 days.
	AlertStream = "HOTMESS_ALERTS_V1"
	// ObservationStream keeps observations for 14 days, or as many as fit.
	ObservationStream = "HOTMESS_OBSERVATIONS_V1"
	// LabelStream keeps accepted labels for 90 days, or as many as fit.
	LabelStream = "HOTMESS_LABELS_V1"
	// StateBucket is the key-value bucket with the state of active alerts.
	StateBucket = "HOTMESS_STATE"

	alertPrefix       = "hotmess.v1.alerts."
	observationPrefix = "hotmess.v1.observations."
	labelPrefix       = LabelSubject + "."
)

func labelSubject(instance string) string { return labelPrefix + token(instance) }

// maxToken bounds a cleaned name's input; NATS reads subjects from a control
// line of 4 KiB.
const maxToken = 128

func alertSubject(route, rule string) string {
	return alertPrefix + token(route) + "." + token(rule)
}

func observationSubject(instance, route string) string {
	return observationPrefix + token(instance) + "." + token(route)
}

// token makes a name fit for one subject token or key: letters, digits, _
// and - stay, every other byte becomes = and two hex digits. Different names
// give different tokens. The empty name is "=", and of one longer than
// maxToken the first half of that and a hash stay, parted by "==".
func token(name string) string {
	if name == "" {
		return "="
	}
	if len(name) > maxToken {
		sum := sha256.Sum256([]byte(name))
		return escape(name[:maxToken/2]) + "==" + hex.EncodeToString(sum[:16])
	}
	return escape(name)
}

func escape(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; plain(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}
