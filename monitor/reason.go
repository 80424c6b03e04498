package monitor

import (
	"encoding/json"
	"fmt"
	"slices"

	"hotmess/budget"
)

// A Reason says why a request was not measured, or a sample is missing. It is
// the reason label of hotmess_unmeasured_total, so the set is closed.
type Reason string

// Why a request was not measured.
const (
	// ReasonOff: the route's mode is off, or N is 1.
	ReasonOff Reason = "off"
	// ReasonNotDrawn: the request's uniform was not below the rate.
	ReasonNotDrawn Reason = "not_drawn"
	// ReasonRetry: the client's library sends a request again that it sent
	// before; the first attempt stands for it.
	ReasonRetry Reason = "retry"
	// ReasonDialect: not a generation call that this version reads.
	ReasonDialect Reason = "dialect"
	// ReasonMalformed: the request body is not valid JSON of its dialect.
	ReasonMalformed Reason = "malformed"
	// ReasonDuplicateKey: the body repeats a top-level key, so that readers
	// disagree on what it says.
	ReasonDuplicateKey Reason = "duplicate_key"
	// ReasonTooBig: a body exceeds limits.body.
	ReasonTooBig Reason = "too_big"
	// ReasonMemory: limits.held was used up.
	ReasonMemory Reason = "memory"
	// ReasonEncoding: a body is in an encoding that is not read.
	ReasonEncoding Reason = "encoding"
	// ReasonBudget, ReasonPriceUnknown, ReasonQueue and ReasonYield: the gate refused
	// the extras.
	ReasonBudget       = Reason(budget.RefusedBudget)
	ReasonPriceUnknown = Reason(budget.RefusedPriceUnknown)
	ReasonQueue        = Reason(budget.RefusedQueue)
	ReasonYield        = Reason(budget.RefusedYield)
	// ReasonNativeN: the client itself asks for several choices, which are
	// compared with each other, but the reply holds one.
	ReasonNativeN Reason = "native_n"
	// ReasonProviderTools: the provider itself may act.
	ReasonProviderTools Reason = "provider_tools"
	// ReasonBackground: the reply is to be fetched later.
	ReasonBackground Reason = "background"
	// ReasonChain: the request goes on from a state upstream that takes one
	// call only, or would fork.
	ReasonChain Reason = "chain"
	// ReasonStored: the reply lives upstream, so a copy would too.
	ReasonStored Reason = "stored"
	// ReasonSubscription: the request carries a person's login.
	ReasonSubscription Reason = "subscription"
	// ReasonSigned: the request is signed, and cannot be repeated as it is.
	ReasonSigned Reason = "signed"
	// ReasonNotIndependent: an extra repeats the primary's reply id, or a
	// gateway says that it came from its cache.
	ReasonNotIndependent Reason = "not_independent"
	// ReasonPanic: hotmess itself failed while measuring.
	ReasonPanic Reason = "panic"
	// ReasonBusy: the queue towards the monitor was full.
	ReasonBusy Reason = "busy"
)

// Why a sample is missing; for sample 0 or 1 also why the request was not
// measured.
const (
	// ReasonFailed: the upstream answered with an error, or not at all.
	ReasonFailed Reason = "failed"
	// ReasonTruncated: the reply broke off.
	ReasonTruncated Reason = "truncated"
	// ReasonTimeout: the sample exceeded its time.
	ReasonTimeout Reason = "timeout"
	// ReasonCancelled: the vote was decided without it.
	ReasonCancelled Reason = "cancelled"
	// ReasonGone: the client hung up.
	ReasonGone Reason = "gone"
	// ReasonUnreadable: the reply is not of its dialect.
	ReasonUnreadable Reason = "unreadable"
)

// ReasonUnknown stands for a reason outside this list, so that labels stay
// bounded whatever a caller says.
const ReasonUnknown Reason = "unknown"

// reasonCount is the number of reasons, ReasonUnknown included.
const reasonCount = 30

// Reasons lists every reason.
func Reasons() [reasonCount]Reason {
	return [reasonCount]Reason{
		ReasonOff, ReasonNotDrawn, ReasonRetry, ReasonDialect, ReasonMalformed, ReasonDuplicateKey,
		ReasonTooBig, ReasonMemory, ReasonEncoding, ReasonBudget, ReasonPriceUnknown, ReasonQueue, ReasonYield,
		ReasonNativeN, ReasonProviderTools, ReasonBackground, ReasonChain, ReasonStored, ReasonSubscription, ReasonSigned,
		ReasonNotIndependent, ReasonPanic, ReasonBusy, ReasonFailed, ReasonTruncated,
		ReasonTimeout, ReasonCancelled, ReasonGone, ReasonUnreadable, ReasonUnknown,
	}
}

// reasonCounts counts by reason, in the order of Reasons. In JSON it is an
// object of the counts that are not 0.
type reasonCounts [reasonCount]uint32

func (c *reasonCounts) count(r Reason) {
	all := Reasons()
	i := slices.Index(all[:], r)
	if i < 0 {
		i = reasonCount - 1
	}
	c[i]++
}

func (c *reasonCounts) add(o *reasonCounts) {
	for i, n := range o {
		c[i] += n
	}
}

// byName gives the counts that are not 0; nil if there are none.
func (c *reasonCounts) byName() map[Reason]int64 {
	var m map[Reason]int64
	for i, r := range Reasons() {
		if c[i] == 0 {
			continue
		}
		if m == nil {
			m = map[Reason]int64{}
		}
		m[r] = int64(c[i])
	}
	return m
}

// MarshalJSON writes the counts by name.
func (c reasonCounts) MarshalJSON() ([]byte, error) { return json.Marshal(c.byName()) }

// UnmarshalJSON reads counts by name; names it does not know are left out.
func (c *reasonCounts) UnmarshalJSON(b []byte) error {
	var m map[Reason]uint32
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("read counts by reason: %w", err)
	}
	for i, r := range Reasons() {
		c[i] = m[r]
	}
	return nil
}
