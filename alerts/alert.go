package alerts

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"time"
)

// AlertVersion is the version of Alert's JSON form.
const AlertVersion = 1

// An Alert is the data of an alert event. The field names are Alertmanager's.
// Treat the maps as read-only: events share them.
type Alert struct {
	V      int    `json:"v"`
	Status Status `json:"status"`
	// Labels are the identity: alertname (the rule), route, kind, level,
	// severity, instance, pinned="true" for a pinned series, stratum for one of
	// several series of a kind and level, and conversation, an HMAC, where the
	// alert is about a single one. Empty ones are left out.
	Labels map[string]string `json:"labels"`
	// Annotations are for people: summary and description.
	Annotations map[string]string `json:"annotations"`
	// StartsAt is when the condition began to hold, the same for pending,
	// firing and resolved.
	StartsAt time.Time `json:"startsAt"`
	// EndsAt is set when the alert is resolved.
	EndsAt *time.Time `json:"endsAt,omitempty"`
	// Fingerprint is 16 hex digits over the sorted labels.
	Fingerprint string   `json:"fingerprint"`
	Evidence    Evidence `json:"evidence"`
}

// identity is what one alert is known by inside the engine.
type identity struct {
	rule, severity, route, kind, level string
	pinned                             bool
	conversation, stratum              string
}

func (id identity) labels(instance string) map[string]string {
	l := map[string]string{
		"alertname":    id.rule,
		"route":        id.route,
		"kind":         id.kind,
		"level":        id.level,
		"severity":     id.severity,
		"instance":     instance,
		"conversation": id.conversation,
		"stratum":      id.stratum,
	}
	if id.pinned {
		l["pinned"] = "true"
	}
	maps.DeleteFunc(l, func(_, v string) bool { return v == "" })
	return l
}

func identityOf(labels map[string]string) identity {
	return identity{
		rule:         labels["alertname"],
		severity:     labels["severity"],
		route:        labels["route"],
		kind:         labels["kind"],
		level:        labels["level"],
		pinned:       labels["pinned"] == "true",
		conversation: labels["conversation"],
		stratum:      labels["stratum"],
	}
}

// fingerprint is FNV-1a over the labels in order of their names, each length
// and text, so that no two label sets run together.
func fingerprint(labels map[string]string) string {
	h := fnv.New64a()
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(h, "%d:%s%d:%s", len(name), name, len(labels[name]), labels[name])
	}
	return fmt.Sprintf("%016x", h.Sum64())
}
