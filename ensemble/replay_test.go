package ensemble

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hotmess/wire"
)

// acts is a whole reply that reads a path, with a limit, after twice a time.
func acts(id int, path string, limit int, after time.Duration) reply {
	return reply{after: after, body: fmt.Sprintf(`{"id":"r%d","object":"chat.completion","model":"m","choices":[{"index":0,"finish_reason":"tool_calls",`+
		`"message":{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"read","arguments":"{\"path\":\"/%s\",\"limit\":%d}"}}]}}],`+
		`"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`, id, path, limit)}
}

// A replayCase is one random vote.
type replayCase struct {
	policy  Policy
	actions bool
	replies []reply
}

// randomReplay makes one of rules of all kinds, no two of whose replies end at one
// time.
func randomReplay(r *rand.Rand) replayCase {
	n := 3 + r.IntN(8)
	c := replayCase{actions: r.IntN(2) == 0}
	c.policy = Policy{Rules: Rules{Method: MethodMajority, Level: LevelExact, Min: 2 + r.IntN(n-1), Max: n}, Wait: time.Hour}
	c.policy.Launch = []Launch{LaunchAtOnce, LaunchStaged, LaunchLeader}[r.IntN(3)]
	if c.actions {
		c.policy.Method, c.policy.Level = MethodCalls, LevelTarget
	}
	switch r.IntN(5) {
	case 0:
		c.policy.Confidence = []float64{.9, .95}[r.IntN(2)]
	case 1:
		c.policy.Lead = 1 + r.IntN(3)
	case 2:
		c.policy.First = 1 + r.IntN(n)
	case 3:
		c.policy.Wait = time.Duration(r.IntN(5*n)) * time.Second
	}
	if r.IntN(3) == 0 {
		c.policy.Flags.Overlong = func(r wire.Reply) bool {
			return r.Text == "d" || len(r.Calls) > 0 && r.Calls[0].Arguments == `{"path":"/d","limit":1}`
		}
	}
	for i, at := range r.Perm(n) {
		// Odd parts of a stage cannot add up to even ones of another.
		after := time.Duration(2*at+1)*time.Second/2 + time.Duration(i)*time.Millisecond
		say := string("aaabcd"[r.IntN(6)])
		switch {
		case c.actions:
			c.replies = append(c.replies, acts(i, say, 1+r.IntN(2), after))
		case i == 0 && r.IntN(2) == 0:
			c.replies = append(c.replies, streams(say, after))
		default:
			c.replies = append(c.replies, reply{after: after, body: completion(fmt.Sprintf("r%d", i), say)})
		}
	}
	return c
}

// TestReplaysGoAsLiveVotes runs random votes by random rules through a Runner in
// virtual time, then replays them from what all samples would have said and taken.
func TestReplaysGoAsLiveVotes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	stops, changed, sampled := map[Stop]int{}, 0, 0
	for range 600 {
		c := randomReplay(r)
		synctest.Test(t, func(t *testing.T) {
			stop, vote := c.compare(t)
			stops[stop]++
			if vote.Changed {
				changed++
			}
			if c.actions && vote.Sampled {
				sampled++
			}
		})
	}
	for _, stop := range []Stop{StopAll, StopSettled, StopConfidence, StopLead, StopFirst, StopWait} {
		if stops[stop] == 0 {
			t.Errorf("no vote ended by %s", stop)
		}
	}
	if changed == 0 || sampled == 0 {
		t.Errorf("%d votes changed the answer, %d took a medoid", changed, sampled)
	}
}

// compare holds the replay of a vote to the vote.
func (c replayCase) compare(t *testing.T) (Stop, Vote) {
	t.Helper()
	call := newCall(t)
	if c.actions {
		call.Compare = offering(t)
	}
	s := &script{primary: c.replies[0], extras: slices.Clone(c.replies[1:])}
	began := time.Now()
	o, finish := newRunner(s, &turnstile{}).Vote(t.Context(), call, c.policy)
	took := time.Since(began)
	launched := finish()
	r, ok := c.policy.Replay(call.Compare, c.samples(t, call, launched), c.first())
	known := slices.ContainsFunc(o.Ended, func(s Sample) bool { return s.Number == 0 })
	if !ok || r.Stop != o.Stop || r.Took != took || len(r.Runs) != len(launched) || r.Voted != o.Voted ||
		r.Vote.Winner != o.Vote.Winner || r.Vote.Votes != o.Vote.Votes || r.Vote.Agreed != o.Vote.Agreed || known && r.Vote.Changed != o.Vote.Changed {
		t.Errorf("%+v\nlive     %s after %s, %d launched, %+v\nreplayed %s after %s, %d launched, %+v",
			c.policy.Rules, o.Stop, took, len(launched), o.Vote, r.Stop, r.Took, len(r.Runs), r.Vote)
	}
	for i, run := range r.Runs {
		if ran := launched[i].Took; run.Ran != ran && (i > 0 || launched[0].Missing != "") {
			t.Errorf("call %d ran %s, replayed %s", i, ran, run.Ran)
		}
	}
	return o.Stop, o.Vote
}

// first is when the primary's first token comes.
func (c replayCase) first() time.Duration {
	if c.replies[0].early != "" {
		return c.replies[0].after
	}
	return 2 * c.replies[0].after
}

// samples are those of all replies. Which reply went to which launch number those
// that ended tell; the others came in their order.
func (c replayCase) samples(t *testing.T, call Call, launched []Sample) []Sample {
	t.Helper()
	left := slices.Clone(c.replies)
	all := make([]Sample, len(c.replies))
	for i := range all {
		at := 0
		if i < len(launched) && launched[i].Missing == "" && i > 0 {
			at = slices.IndexFunc(left, func(r reply) bool {
				return bytes.Contains([]byte(r.body), fmt.Appendf(nil, "%q", launched[i].Reply.ID))
			})
			all[i], left = c.sample(t, call, i, left[at]), slices.Delete(left, at, at+1)
		}
	}
	for i := range all {
		if all[i].Keys == nil {
			all[i], left = c.sample(t, call, i, left[0]), left[1:]
		}
	}
	return all
}

// sample is a reply as the sample of a launch number.
func (c replayCase) sample(t *testing.T, call Call, number int, r reply) Sample {
	t.Helper()
	header := r.header
	if header == nil {
		header = map[string][]string{"Content-Type": {"application/json"}}
	}
	read, why := Read(call.View.Dialect, header, bytes.NewReader([]byte(r.early+r.body)), 1<<20, nil)
	if why != "" {
		t.Fatal(why)
	}
	return Sample{Number: number, Reply: read, Keys: call.Compare.Keys(read), Took: 2 * r.after}
}

func TestReplaysNeedAsManySamplesAsTheVoteMayTake(t *testing.T) {
	p := Policy{Rules: Rules{Level: LevelExact, Min: 3, Max: 4}}
	if _, ok := p.Replay(Comparer{}, agreeing(3), 0); ok {
		t.Error("a vote of four was replayed from three samples")
	}
	if _, ok := p.Replay(Comparer{}, agreeing(4), 0); !ok {
		t.Error("a vote of four was not replayed from four samples")
	}
}

// spoken are whole samples of texts, by launch number, and how many seconds each took.
func spoken(texts string, seconds ...int) []Sample {
	samples := make([]Sample, len(seconds))
	for i, took := range seconds {
		text := strings.TrimSpace(texts[i : i+1])
		samples[i] = Sample{
			Number: i, Reply: wire.Reply{Choice: wire.Choice{Text: text}}, Keys: Keys{LevelExact: text}, Took: second(took),
		}
	}
	return samples
}

func TestReplayedVotesTellOfAPrimaryThatEndsAfterThem(t *testing.T) {
	r, _ := ballotPolicy(3).Replay(Comparer{}, spoken("abb", 9, 1, 2), 0)
	if r.Stop != StopSettled || r.Took != second(2) || !r.Vote.Changed || r.Runs[0].Ran != second(2) {
		t.Errorf("%+v", r)
	}
}

func TestSilentRepliesDoNotVoteInReplays(t *testing.T) {
	if r, _ := ballotPolicy(3).Replay(Comparer{}, spoken("a  ", 1, 2, 3), 0); !r.Voted || r.Vote.Winner != 0 || r.Vote.Votes != 1 {
		t.Errorf("%+v", r)
	}
	if r, ok := ballotPolicy(3).Replay(Comparer{}, spoken("   ", 1, 2, 3), 0); !ok || r.Voted || r.Vote.Winner != 0 || r.Stop != StopAll {
		t.Errorf("of nobody who votes: %+v", r)
	}
}

func TestReplayedFollowersWaitForALeaderAsLongAsLiveOnes(t *testing.T) {
	p := ballotPolicy(3)
	p.Launch = LaunchLeader
	for _, first := range []time.Duration{second(1), StartWithin + second(1)} {
		r, _ := p.Replay(Comparer{}, spoken("aaa", 60, 1, 1), first)
		if want := min(first, StartWithin); len(r.Runs) != 3 || r.Runs[1].Began != want {
			t.Errorf("a first token after %s: %+v, want followers after %s", first, r.Runs, want)
		}
	}
}
