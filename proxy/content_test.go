package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotmess/config"
	"hotmess/monitor"
)

// acting is a request that offers the tool order.
const acting = `{"model":"m","messages":[{"role":"user","content":"buy"}%s],"tools":[{"type":"function","function":{"name":"order",` +
	`"parameters":{"type":"object","properties":{"item":{"type":"string"},"count":{"type":"integer"}},"required":["item"]}}}]}`

// act is a turn of the history that calls order.
func act(arguments string) string {
	return fmt.Sprintf(`,{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"order","arguments":%q}}]},`+
		`{"role":"tool","tool_call_id":"c","content":"ok"}`, arguments)
}

// calling answers with a call of order.
func calling(id, finish, arguments string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"id":%q,"model":"m-1","choices":[{"index":0,"finish_reason":%q,"message":{"role":"assistant","content":null,`+
			`"tool_calls":[{"id":"c","type":"function","function":{"name":"order","arguments":%q}}]}}],"usage":{"prompt_tokens":10,"completion_tokens":5}}`,
			id, finish, arguments)
	}
}

func TestObservationNamesTheUnstableArgument(t *testing.T) {
	for _, m := range []config.Mode{config.Observe, config.Ensemble} {
		t.Run(string(m), func(t *testing.T) {
			u := &script{primary: calling("p", "tool_calls", `{"item":"pen","count":1}`), extra: func(_ int, w http.ResponseWriter, r *http.Request) {
				calling("e", "tool_calls", `{"item":"pen","count":2}`)(w, r)
			}}
			r := newRig(t, u, inMode(m, 2))
			read(t, r.ask(fmt.Sprintf(acting, ""), firstCall, "1"))
			o := r.observation()
			if diff := cmp.Diff(map[string]bool{"order.item": false, "order.count": true}, o.Arguments); diff != "" {
				t.Errorf("%s\n%+v", diff, o)
			}
		})
	}
}

func TestTextsArePairedWithEachOtherAndWithStrangers(t *testing.T) {
	u := &script{primary: says("p", "one two three four"), extra: saysEach("one two three five")}
	r := newRig(t, u, nil)
	for i, strangers := range []int{0, 1, 2, 3, 4, 4} {
		read(t, r.ask(question, firstCall, "1", "X-Hotmess-Session", fmt.Sprint(i)))
		o := r.observation()
		if o.Similarity == nil || *o.Similarity != 1./3 {
			t.Fatalf("observation %+v", o)
		}
		if len(o.Unrelated) != strangers || strangers > 0 && o.Unrelated[0] != 1 {
			t.Errorf("request %d: %v by chance, want %d", i, o.Unrelated, strangers)
		}
	}
	read(t, r.ask(question, firstCall, "1", "X-Hotmess-Session", "5"))
	if o := r.observation(); len(o.Unrelated) != 3 {
		t.Errorf("compared with its own conversation: %v", o.Unrelated)
	}
}

func TestOtherKindsHaveNoSimilarity(t *testing.T) {
	u := &script{primary: says("p", "Answer: A"), extra: saysEach("Answer: A")}
	r := newRig(t, u, nil)
	read(t, r.ask(`{"model":"m","messages":[{"role":"user","content":"Answer with the letter only."}]}`, firstCall, "1"))
	if o := r.observation(); o.Kind != "answer" || o.Similarity != nil || o.Unrelated != nil || o.Arguments != nil {
		t.Errorf("observation %+v", o)
	}
}

func TestSignalsAreSeenOnUndrawnRequestsToo(t *testing.T) {
	never := func(c *config.Config) { c.Sampling.Rate = config.Rate{} }
	for _, c := range []struct {
		name    string
		history string
		finish  string
		call    string
		want    monitor.SignalRecord
	}{
		{"nothing", "", "tool_calls", `{"item":"pen"}`, monitor.SignalRecord{}},
		{"repeated", act(`{"item":"a"}`) + act(`{"item":"b"}`) + act(`{ "item": "a" }`), "tool_calls", `{"item":"pen"}`, monitor.SignalRecord{Repeated: 2}},
		{"invalid", "", "tool_calls", `{"count":1}`, monitor.SignalRecord{Invalid: 1}},
		{"truncated", "", "length", `{"item":"pe`, monitor.SignalRecord{Truncated: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, &script{primary: calling("p", c.finish, c.call)}, never)
			read(t, r.ask(fmt.Sprintf(acting, c.history)))
			o := r.observation()
			if o.Drawn || o.Signals == nil {
				t.Fatalf("observation %+v", o)
			}
			if (o.Signals.Call != "") != (c.want.Repeated > 0) {
				t.Errorf("call %q", o.Signals.Call)
			}
			got := *o.Signals // the monitor has the same one
			got.Call = ""
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOfARetryOnlyTheReplyIsLookedAt(t *testing.T) {
	r := newRig(t, &script{primary: calling("p", "length", `{}`)}, nil)
	for range 2 {
		read(t, r.ask(fmt.Sprintf(acting, act("{}")+act("{}")), "X-Stainless-Retry-Count", "1"))
		if diff := cmp.Diff(&monitor.SignalRecord{Retry: true, Truncated: true}, r.observation().Signals); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAShorterHistoryIsCompacted(t *testing.T) {
	r := newRig(t, &script{primary: says("p", "x")}, nil)
	long, short := act(`{"item":"a"}`)+act(`{"item":"b"}`), act(`{"item":"c"}`)
	for i, c := range []struct {
		history, session string
		want             bool
	}{
		{long, "s", false},
		{long + short, "s", false},
		{short, "s", true},
		{short + short, "s", false},
		{long, "t", false}, // of other conversations
		{short, "u", false},
	} {
		read(t, r.ask(fmt.Sprintf(acting, c.history), "X-Hotmess-Session", c.session))
		if got := r.observation().Signals.Compacted; got != c.want {
			t.Errorf("request %d: %v", i, got)
		}
	}
	helper := strings.Replace(fmt.Sprintf(acting, ""), `"messages":[`, `"messages":[{"role":"system","content":"help"},`, 1)
	read(t, r.ask(helper, "X-Hotmess-Session", "s"))
	if r.observation().Signals.Compacted {
		t.Error("a helper's own history is taken for a shorter one")
	}
}

func TestIdenticalRequestsAreAFreePair(t *testing.T) {
	answers := []string{"a", "b", "c", "c", "d"}
	n := 0
	u := &script{primary: func(w http.ResponseWriter, r *http.Request) {
		says(fmt.Sprint("id", n), answers[n])(w, r)
		n++
	}}
	r := newRig(t, u, func(c *config.Config) { c.Sampling.Rate = config.Rate{} })
	differs, agrees := map[string]bool{"exact": true}, map[string]bool{"exact": false}
	for i, want := range []map[string]bool{nil, differs, nil, agrees, nil} {
		read(t, r.ask(question))
		if diff := cmp.Diff(want, r.observation().Signals.Pair); diff != "" {
			t.Errorf("request %d: %s", i, diff)
		}
	}
}

func TestWhatIsNoFreePair(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second func(r *rig) *http.Response
		primary       func(http.ResponseWriter, *http.Request)
	}{
		{
			"another body", func(r *rig) *http.Response { return r.ask(question) },
			func(r *rig) *http.Response { return r.ask(strings.Replace(question, "hello", "hello!", 1)) }, nil,
		},
		{
			"another route", func(r *rig) *http.Response { return r.ask(question) },
			func(r *rig) *http.Response { return r.ask(question, "X-Hotmess-Route", "other") }, nil,
		},
		{
			"a retry", func(r *rig) *http.Response { return r.ask(question) },
			func(r *rig) *http.Response { return r.ask(question, "X-Stainless-Retry-Count", "1") }, nil,
		},
		{
			"what a retry is of", func(r *rig) *http.Response { return r.ask(question, "X-Stainless-Retry-Count", "1") },
			func(r *rig) *http.Response { return r.ask(question) }, nil,
		},
		{
			"one reply", func(r *rig) *http.Response { return r.ask(question) },
			func(r *rig) *http.Response { return r.ask(question) }, says("same", "a"),
		},
		{
			"a cached reply", func(r *rig) *http.Response { return r.ask(question) },
			func(r *rig) *http.Response { return r.ask(question) },
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Cache", "HIT")
				says("", "a")(w, r)
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := 0
			u := &script{primary: func(w http.ResponseWriter, r *http.Request) {
				n++
				if c.primary != nil {
					c.primary(w, r)
					return
				}
				says(fmt.Sprint(n), "a")(w, r)
			}}
			r := newRig(t, u, func(c *config.Config) { c.Sampling.Rate = config.Rate{} })
			read(t, c.first(r))
			r.observation()
			read(t, c.second(r))
			if o := r.observation(); o.Signals.Pair != nil {
				t.Errorf("pair %v", o.Signals.Pair)
			}
		})
	}
}

// TestWhoAsksAgainAfterAFailureRetries also without a header that says so.
func TestWhoAsksAgainAfterAFailureRetries(t *testing.T) {
	n := 0
	u := &script{primary: func(w http.ResponseWriter, r *http.Request) {
		if n++; n <= 2 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		says(fmt.Sprint(n), "a")(w, r)
	}}
	r := newRig(t, u, func(c *config.Config) { c.Sampling.Rate = config.Rate{} })
	agrees := map[string]bool{"exact": false}
	for i, want := range []monitor.SignalRecord{{}, {Retry: true}, {Retry: true}, {Pair: agrees}, {}} {
		_, _ = io.ReadAll(r.ask(question).Body)
		if diff := cmp.Diff(&want, r.observation().Signals); diff != "" {
			t.Errorf("request %d: %s", i, diff)
		}
	}
}

func TestWhatIsRecalledIsBounded(t *testing.T) {
	r := recall[int]{limit: 3}
	for i := range 10 {
		r.update(fmt.Sprint(i%5), func(old int, known bool) int { return i })
	}
	if len(r.of) != 3 || len(r.ring) != 3 {
		t.Errorf("%v", r.of)
	}
	// Of 0 … 4, 0 … 4 the latest three remain.
	if diff := cmp.Diff(map[string]int{"2": 7, "3": 8, "4": 9}, r.of); diff != "" {
		t.Error(diff)
	}
}

func TestFreePairsBeginWithinAMinute(t *testing.T) {
	h := &Handler{seal: NewSealer([]byte("key"))}
	h.replies.limit = maxRecalled
	pair := func(began time.Time, id, key string) map[string]bool {
		x := &exchange{h: h, began: began, dest: destination{upstream: &upstream{name: "u"}}}
		o := monitor.Observation{Outcome: monitor.OutcomeOK, Samples: []monitor.SampleRecord{{Keys: map[string]string{"exact": key}}}}
		retry, differ := x.again(inspection{plain: []byte("{}")}, &o, id)
		if retry {
			t.Error("a retry of what did not fail")
		}
		return differ
	}
	start := time.Now()
	if pair(start, "a", "k") != nil || pair(start.Add(pairWithin+time.Second), "b", "k") != nil {
		t.Error("a pair over more than a minute")
	}
	if got := pair(start.Add(2*pairWithin), "c", "l"); !got["exact"] {
		t.Errorf("no pair within a minute: %v", got)
	}
	if pair(start.Add(2*pairWithin), "d", "l") != nil {
		t.Error("a reply is of two pairs")
	}
	if got := pair(start.Add(2*pairWithin-time.Second), "e", "l"); got == nil || got["exact"] {
		t.Errorf("no pair with a request that ended later: %v", got)
	}
}

// TestNoTextIsInWhatIsComparedBeyondKeys plants text wherever arguments, texts
// and signals are read from.
func TestNoTextIsInWhatIsComparedBeyondKeys(t *testing.T) {
	call := `{"item":"planted value","count":"planted number","planted name":1}`
	history := act(call) + act(call)
	u := &script{
		primary: calling("planted-id", "tool_calls", call),
		extra: func(_ int, w http.ResponseWriter, r *http.Request) {
			calling("e", "tool_calls", strings.ReplaceAll(call, "planted", "planted2"))(w, r)
		},
	}
	r := newRig(t, u, nil)
	for range 2 {
		read(t, r.ask(fmt.Sprintf(acting, history), firstCall, "1"))
	}
	r.settled() // extras ask behind the replies
	u.primary, u.extra = says("p", "planted prose of some words"), saysEach("planted prose of other words")
	for i := range 3 {
		read(t, r.ask(question, firstCall, "1", "X-Hotmess-Session", fmt.Sprint("planted", i)))
	}
	r.settled()
	told := r.told()
	for _, want := range []string{"order.(unlisted)", `"similarity":`, `"unrelated":`, `"repeated":2`, `"invalid":1`, `"call":`} {
		if !strings.Contains(told, want) {
			t.Errorf("%s is not told", want)
		}
	}
	if i := strings.Index(told, "planted"); i >= 0 {
		t.Errorf("leaks: …%s…", told[max(0, i-100):min(len(told), i+100)])
	}
}
