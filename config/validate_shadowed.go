package config

import (
	"fmt"
	"net/textproto"
	"reflect"
	"slices"
)

// shadowed warns of what never counts, or not as it stands, because something else
// of its kind counts for the same requests or calls.
func (k *checker) shadowed() {
	named := slices.Contains(k.cfg.ClientHeaders, "route")
	for i, r := range k.cfg.Routes {
		j := slices.IndexFunc(k.cfg.Routes[:i], func(earlier Route) bool { return earlier.Match.covers(r.Match) })
		switch key := fmt.Sprintf("routes[%d]", i); {
		case j < 0 || r.Match.empty():
		case named:
			k.warn(key, "%s is used only where a client names it: every request that fits it fits routes[%d] (%s) first", r.Name, j, k.cfg.Routes[j].Name)
		default:
			k.warn(key, "%s is never used: every request that fits it fits routes[%d] (%s) first", r.Name, j, k.cfg.Routes[j].Name)
		}
	}
	for i, g := range k.cfg.Guard {
		key := fmt.Sprintf("guard[%d]", i)
		if !g.On() {
			if known := builtInNames(); g.Name != "" && !slices.Contains(known, g.Name) {
				k.warn(key, "switches nothing off: no built-in rule is called %s%s", g.Name, didYouMean(g.Name, known))
			}
			continue
		}
		if j := slices.IndexFunc(k.cfg.Guard[:i], func(earlier Guard) bool { return earlier.On() && earlier.matchesAs(g) }); j >= 0 {
			k.warn(key, "%s matches the same calls as guard[%d] (%s); the stricter of the two judges them", g.Name, j, k.cfg.Guard[j].Name)
		}
	}
}

// empty is whether nothing is set.
func (m Match) empty() bool {
	return m.Model == "" && m.Client == "" && m.Upstream == "" && len(m.Header) == 0
}

// covers reports whether every request that fits other fits m. A pattern fits
// another as if that were a text: only a star fits a star.
func (m Match) covers(other Match) bool {
	if !Fits(m.Model, other.Model) || !Fits(m.Client, other.Client) || !Fits(m.Upstream, other.Upstream) {
		return false
	}
	wanted := map[string]string{}
	for name, pattern := range other.Header {
		wanted[textproto.CanonicalMIMEHeaderKey(name)] = pattern
	}
	for name, pattern := range m.Header {
		if theirs, ok := wanted[textproto.CanonicalMIMEHeaderKey(name)]; !ok || !Fits(pattern, theirs) {
			return false
		}
	}
	return true
}

// matchesAs reports whether two rules match the same calls, as far as they are
// written the same.
func (g Guard) matchesAs(other Guard) bool {
	of := func(g Guard) Guard {
		return Guard{Tool: g.Tool, Argument: g.Argument, Command: g.Command, SQL: g.SQL}
	}
	return reflect.DeepEqual(of(g), of(other))
}
