package monitor

import "time"

// Totals are counts since the start of this process.
type Totals struct {
	Since time.Time `json:"since"`
	// Requests counts all requests, in mode off too; Observed those that an
	// observation was taken in for.
	Requests int64 `json:"requests"`
	Observed int64 `json:"observed"`
	// Drawn and Measured count observed requests that were drawn, and drawn
	// ones that gave a pair; Differed those pairs that differ at their
	// headline level, of Headlined that have one.
	Drawn     int64 `json:"drawn"`
	Measured  int64 `json:"measured"`
	Headlined int64 `json:"headlined"`
	Differed  int64 `json:"differed"`
	// Votes counts votes, Changed those whose winner was another answer than
	// the primary's, ChangedUnknown those whose primary gave none: the share that
	// votes changed is of the others.
	Votes          int64 `json:"votes"`
	Changed        int64 `json:"changed"`
	ChangedUnknown int64 `json:"changed_unknown"`
	// ExtraTokens is what extras cost in tokens, EstimatedTokens the part
	// that is not from usage.
	ExtraTokens     int64 `json:"extra_tokens"`
	EstimatedTokens int64 `json:"estimated_tokens"`
	// SpentThisHour is what is spent or reserved of the budget of this UTC
	// hour, in tokens; BudgetPerHour its limit.
	SpentThisHour int64 `json:"spent_this_hour"`
	BudgetPerHour int64 `json:"budget_per_hour"`
	// ExtraUSD is what extras of models with a price cost; nil while only others
	// have cost anything, whose weight is UnpricedTokens.
	ExtraUSD       *float64 `json:"extra_usd,omitempty"`
	UnpricedTokens int64    `json:"unpriced_tokens"`
	// USDToday is what is spent or reserved in this UTC day, of models with a
	// price; USDPerDay the limit, nil: none.
	USDToday  float64  `json:"usd_today"`
	USDPerDay *float64 `json:"usd_per_day,omitempty"`
	// Dropped counts observations that the full queue lost.
	Dropped int64 `json:"dropped"`
	// Conversations is how many are remembered, Evicted how many were
	// forgotten because the table was full.
	Conversations int64 `json:"conversations"`
	Evicted       int64 `json:"evicted"`
	// Routes is how many routes are told apart, Pooled how often a request
	// had to be counted under the route "other".
	Routes int64 `json:"routes"`
	Pooled int64 `json:"pooled"`
	// SnapshotFailures counts snapshots that could not be written.
	SnapshotFailures int64 `json:"snapshot_failures"`
}

// count adds one observation.
func (t *Totals) count(o *Observation) {
	t.Observed++
	t.Drawn += boolInt(o.Drawn)
	if o.Drawn && o.Differ != nil {
		t.Measured++
		differ, ok := o.Differ[o.Headline]
		t.Headlined += boolInt(ok)
		t.Differed += boolInt(ok && differ)
	}
	if v := o.Vote; v != nil {
		t.Votes++
		t.Changed += boolInt(v.Changed != nil && *v.Changed)
		t.ChangedUnknown += boolInt(v.Changed == nil)
	}
}

// Totals gives the counts since the start.
func (m *Monitor) Totals() Totals {
	m.mu.Lock()
	t := m.totals
	t.Conversations, t.Evicted = int64(m.live.order.Len()), m.live.evicted
	t.Routes = int64(len(m.routes))
	m.mu.Unlock()
	t.Since = m.since
	t.Requests = m.meters.allRequests.Load()
	t.ExtraTokens, t.EstimatedTokens = m.meters.cost.extraTokens()
	t.UnpricedTokens = int64(m.meters.cost.unpriced.Get())
	if usd := m.meters.cost.usd.Get(); usd > 0 || t.UnpricedTokens == 0 {
		t.ExtraUSD = &usd
	}
	b := m.gate.Report()
	t.SpentThisHour, t.BudgetPerHour, t.USDToday, t.USDPerDay = b.SpentThisHour, *b.TokensPerHour, b.USDToday, b.USDPerDay
	t.Dropped = m.meters.reasonCount(ReasonBusy)
	t.Pooled = m.names.pooledRequests()
	t.SnapshotFailures = m.store.failures.Load()
	return t
}

// Unmeasured counts, since the start, requests without a measured pair by
// reason, those in mode off included. Reasons that never occurred are left out.
func (m *Monitor) Unmeasured() map[Reason]int64 {
	counts := map[Reason]int64{}
	for _, r := range Reasons() {
		if n := m.meters.reasonCount(r); n > 0 {
			counts[r] = n
		}
	}
	return counts
}
