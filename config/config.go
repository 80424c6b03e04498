package config

import "time"

// A Mode says what hotmess does with a request beyond passing it on.
type Mode string

// The modes, from least to most.
const (
	// Off counts and times; nothing is read.
	Off Mode = "off"
	// Observe measures beside the primary, which is never delayed.
	Observe Mode = "observe"
	// Ensemble answers with the sample that the vote picks.
	Ensemble Mode = "ensemble"
)

// MaxSamples is the largest N of one request.
const MaxSamples = 32

// What happens to extras when the client hangs up. Finishing is the default:
// stopping would censor the long ones.
const (
	GoneFinish = "finish"
	GoneStop   = "stop"
)

// A Config is everything a user can set. The zero value is not usable: start
// from Default.
type Config struct {
	// Listen is the address of the traffic port.
	Listen string `yaml:"listen"`
	Admin  Admin  `yaml:"admin"`
	// DataDir holds windows, spent budget, the alert store and keys. It is
	// empty in Default; Load resolves it to $XDG_STATE_HOME/hotmess or
	// ~/.local/state/hotmess and leaves the making of it to its users.
	DataDir string `yaml:"data_dir"`
	// Upstreams are added to the built-in ones (openai, anthropic, gemini); one
	// of the same name replaces it.
	Upstreams []Upstream `yaml:"upstreams"`
	// Upstream, if set, replaces all upstreams: every request goes there. It
	// is what --upstream sets.
	Upstream string   `yaml:"upstream"`
	Sampling Sampling `yaml:"sampling"`
	Ensemble Voting   `yaml:"ensemble"`
	Budget   Budget   `yaml:"budget"`
	// Guard says what needs a quorum before it is done; see GuardRules.
	Guard []Guard `yaml:"guard"`
	// Prices are tried in their order.
	Prices []Price `yaml:"prices"`
	Routes []Route `yaml:"routes"`
	// Embeddings says how texts are compared by meaning; off by default.
	Embeddings Embeddings `yaml:"embeddings"`
	Alerts     Alerts     `yaml:"alerts"`
	NATS       NATS       `yaml:"nats"`
	Limits     Limits     `yaml:"limits"`
	Forward    Forward    `yaml:"forward"`
	// ClientHeaders lists the X-Hotmess-* request headers that are honoured:
	// mode, samples, route, session, label. All are stripped in any case.
	ClientHeaders []string `yaml:"client_headers"`
	Log           Log      `yaml:"log"`
}

// Admin is the port for people and scrapers.
type Admin struct {
	Listen string `yaml:"listen"`
	// Token, sent as a bearer token, is asked of every request but health
	// checks; required off loopback.
	Token Secret `yaml:"token"`
}

// An Upstream is one LLM API.
type Upstream struct {
	// Name is the first path segment that picks it.
	Name string `yaml:"name"`
	// URL is the base that request paths are joined to.
	URL string `yaml:"url"`
}

// Sampling says whether and how often requests are measured.
type Sampling struct {
	Mode Mode `yaml:"mode"`
	// Samples is N, the primary included: 1..MaxSamples. For votes see
	// Voting.Samples.
	Samples int `yaml:"samples"`
	// Rate is the share of requests that is measured. In ensemble mode every
	// request votes, and Rate is the share drawn beforehand whose samples 0
	// and 1 are never cancelled.
	Rate Rate `yaml:"rate"`
	// Deep has a share of the measured requests sampled more than twice.
	Deep Deep `yaml:"deep"`
	// Escalate has requests sampled more than twice whose primary reasoned
	// for long.
	Escalate Escalate `yaml:"escalate"`
	// Gone says what happens to extras when the client hangs up: GoneFinish
	// or GoneStop.
	Gone string `yaml:"gone"`
	// Timeout bounds one extra.
	Timeout Duration `yaml:"timeout"`
	// Allow lists requests that get extras although they are left alone by
	// default: AllowSubscription, AllowStored.
	Allow []string `yaml:"allow"`
}

// Deep draws larger sets of samples, from which alone overthinking within a
// request and the effect of a vote are seen. It counts in observe mode where
// Samples is 2.
type Deep struct {
	// Share of the measured requests gets Samples samples: 0..1; 0: none.
	Share float64 `yaml:"share"`
	// Samples is their N, the primary included: 2..MaxSamples.
	Samples int `yaml:"samples"`
}

// Escalate takes a larger set of samples of a request, measured or not, once
// its primary turns out to have reasoned for long. It counts in observe mode.
type Escalate struct {
	// ReasoningOverMedian is how many times the median of its route the
	// primary reasons, in tokens: above 1; 0: never.
	ReasoningOverMedian float64 `yaml:"reasoning_over_median"`
	// Samples is their N, the primary included: 2..MaxSamples.
	Samples int `yaml:"samples"`
}

// What Sampling.Allow may hold.
const (
	// AllowSubscription: requests with a person's login, whose quota the
	// extras eat.
	AllowSubscription = "subscription"
	// AllowStored: votes on replies that live upstream, where every sample
	// leaves one.
	AllowStored = "stored"
)

// PairsOnly is s without larger sets of samples.
func (s Sampling) PairsOnly() Sampling {
	s.Deep.Share, s.Escalate.ReasoningOverMedian = 0, 0
	return s
}

// A Rate is a share of requests from 0 to 1, or automatic.
type Rate struct {
	// Auto: about 30 measured requests an hour and route.
	Auto bool
	// Share is used where Auto is false.
	Share float64
}

// Budget bounds what extras may cost.
type Budget struct {
	// ExtraTokensPerHour is the most tokens that extras may use in one UTC
	// hour; 0: none.
	ExtraTokensPerHour int64 `yaml:"extra_tokens_per_hour"`
	// ExtraUSDPerDay is the most that extras may cost in one UTC day, by
	// Prices; nil: no bound, 0: none. With a bound, extras of a model without a
	// price do not run.
	ExtraUSDPerDay *float64 `yaml:"extra_usd_per_day"`
	// MaxExtraInFlight is the most extras at one time.
	MaxExtraInFlight int `yaml:"max_extra_in_flight"`
}

// A RouteBudget bounds the extras of one route, within what Budget leaves; nil:
// by Budget alone.
type RouteBudget struct {
	ExtraTokensPerHour *int64   `yaml:"extra_tokens_per_hour"`
	ExtraUSDPerDay     *float64 `yaml:"extra_usd_per_day"`
}

// A Route gives a class of requests a name and a policy.
type Route struct {
	Name  string `yaml:"name"`
	Match Match  `yaml:"match"`
	// Sampling fields that are set replace the defaults.
	Sampling RouteSampling `yaml:"sampling"`
	// Ensemble fields that are set replace those of Config.Ensemble.
	Ensemble RouteVoting `yaml:"ensemble"`
	Budget   RouteBudget `yaml:"budget"`
	// Extract says how the final answer is found in a text: letter, number,
	// boxed, tag:NAME or regexp:EXPR; empty: by what the prompt asks for.
	Extract string `yaml:"extract"`
}

// Match picks requests; all that is set must fit. Patterns are globs with *.
type Match struct {
	Model    string            `yaml:"model"`
	Client   string            `yaml:"client"`
	Upstream string            `yaml:"upstream"`
	Header   map[string]string `yaml:"header"`
}

// RouteSampling is Sampling with every field optional: what is empty or nil is
// inherited.
type RouteSampling struct {
	Mode    Mode  `yaml:"mode"`
	Samples *int  `yaml:"samples"`
	Rate    *Rate `yaml:"rate"`
}

// Embeddings has the texts of measured pairs embedded, to tell how far they are
// apart, and those of votes whose Likeness says so. The texts go to the upstream that
// wrote them, with the client's own key, and cost tokens of the budget.
type Embeddings struct {
	// Upstream is the name of one that has an embeddings endpoint in OpenAI's
	// form; empty: nothing is embedded. Requests to others are left alone.
	Upstream string `yaml:"upstream"`
	// Model embeds.
	Model string `yaml:"model"`
	// Routes is a glob over route names; empty: all.
	Routes string `yaml:"routes"`
}

// Alerts holds the alert rules.
type Alerts struct {
	// Rules are tried before the built-in ones; one that is named here replaces
	// the built-in one of its name. See All.
	Rules []Rule `yaml:"rules"`
}

// A Rule is one alert rule. What is left out is the default of its kind, which
// the methods give.
type Rule struct {
	// Rule is the kind of rule: see the Rule constants.
	Rule string `yaml:"rule"`
	// Enabled is whether the rule is judged; nil: it is. A disabled rule
	// switches the rules of its kind that follow off for its routes.
	Enabled *bool `yaml:"enabled"`
	// Route is a glob over route names; empty: all.
	Route string `yaml:"route"`
	// Threshold is the disagreement, between 0 and 1, above which
	// RuleDisagreementHigh fires; there is no default.
	Threshold float64 `yaml:"threshold"`
	// Conversations is K: the detectors of the rule raise at most one false
	// alarm per K conversations of the whole sidecar; 0:
	// DefaultConversations.
	Conversations int `yaml:"conversations"`
	// For is how long the condition holds before the alert fires.
	For *Duration `yaml:"for"`
	// KeepFiringFor is how long the condition must be clear before the alert
	// resolves.
	KeepFiringFor *Duration `yaml:"keep_firing_for"`
	// RepeatInterval is how often a firing alert is published again.
	RepeatInterval *Duration `yaml:"repeat_interval"`
	// Severity is copied into the alert's labels.
	Severity string `yaml:"severity"`
	// Mitigate is what the route does while the alert fires: MitigateEnsemble,
	// or nothing if empty.
	Mitigate string `yaml:"mitigate"`
}

// NATS configures the embedded NATS server.
type NATS struct {
	// Listen is the client port; if it is taken, the next free one.
	Listen string `yaml:"listen"`
	// MaxStore bounds the JetStream file store.
	MaxStore Size `yaml:"max_store"`
}

// What Forward.Tunnels may be.
const (
	// TunnelsAuto: any host while Listen is a loopback address, else none.
	TunnelsAuto = "auto"
	TunnelsAny  = "any"
	TunnelsNone = "none"
)

// Forward configures the traffic port as a forward proxy.
type Forward struct {
	// Tunnels says which hosts beside those of upstreams clients may reach
	// through the port: TunnelsAuto, TunnelsAny or TunnelsNone. Clients of other
	// machines never reach this one's loopback.
	Tunnels string `yaml:"tunnels"`
}

// Limits bound what is held in memory.
type Limits struct {
	// Body is the most of one body that is copied beside.
	Body Size `yaml:"body"`
	// Held is the most of all bodies together.
	Held Size `yaml:"held"`
}

// Log configures the structured log.
type Log struct {
	// Level is debug, info, warn or error.
	Level string `yaml:"level"`
	// Format is text or json.
	Format string `yaml:"format"`
}

// Default is the configuration of a sidecar that was told nothing.
func Default() Config {
	return Config{
		Listen: "127.0.0.1:4141",
		Admin:  Admin{Listen: "127.0.0.1:4142"},
		Sampling: Sampling{
			Mode: Observe, Samples: 2, Rate: Rate{Auto: true}, Gone: GoneFinish, Timeout: Duration(10 * time.Minute),
			Deep: Deep{Share: 0.1, Samples: 5}, Escalate: Escalate{ReasoningOverMedian: 2, Samples: 5},
		},
		Ensemble:      defaultVoting(),
		Budget:        Budget{ExtraTokensPerHour: 2_000_000, MaxExtraInFlight: 8},
		NATS:          NATS{Listen: "127.0.0.1:4143", MaxStore: 1 << 30},
		Limits:        Limits{Body: 32 << 20, Held: 256 << 20},
		Forward:       Forward{Tunnels: TunnelsAuto},
		ClientHeaders: []string{"route", "session"},
		Log:           Log{Level: "info", Format: "text"},
	}
}
