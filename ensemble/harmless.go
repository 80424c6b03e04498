package ensemble

import (
	"hotmess/monitor"
	"hotmess/wire"
)

// Exclusion says why a request gets no extras, whatever its route asks for;
// empty if extras are harmless and independent draws. Whether a stored reply
// stands in the way depends on the mode, and is the caller's to decide: extras
// of Extras are sent with store false, those of Vote are not.
func Exclusion(v wire.View, cred wire.CredentialKind) monitor.Reason {
	switch {
	case v.Background:
		return monitor.ReasonBackground
	case v.Chain.Once:
		return monitor.ReasonChain
	case v.ProviderTools:
		return monitor.ReasonProviderTools
	case cred == wire.CredentialSubscription:
		return monitor.ReasonSubscription
	case cred == wire.CredentialSigned:
		return monitor.ReasonSigned
	default:
		return ""
	}
}

// Independent is whether an extra is a draw of its own: two replies of one id
// are one reply, served twice. Replies without ids count as independent.
func Independent(primary, extra wire.Reply) bool {
	return extra.ID == "" || primary.ID != extra.ID
}

// MarkDependent makes every whole extra missing (ReasonNotIndependent) that is
// not independent of a whole sample before it. samples are in launch order;
// they are changed in place. Extras that a gateway served from its cache are
// missing already.
func MarkDependent(samples []Sample) {
	for i := range samples {
		for _, earlier := range samples[:i] {
			if samples[i].Missing == "" && earlier.Missing == "" && !Independent(earlier.Reply, samples[i].Reply) {
				samples[i].Missing = monitor.ReasonNotIndependent
				samples[i].Keys = nil
			}
		}
	}
}
