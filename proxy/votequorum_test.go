package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/monitor"
	"hotmess/wire"
)

// A vote is written as what its samples 0, 1, … propose: y as the winner does, n not,
// x came to nothing, . had not ended. What counts is written as numbers.
func TestWhichSamplesOfAVoteCountInAQuorum(t *testing.T) {
	for _, c := range []struct {
		vote   string
		winner int
		want   string
	}{
		{"yyyy", 0, "0 1 2 3"},
		{"yyyy....", 0, "0 1 2 3"},
		{"y..y.y", 0, "0"},           // quick ones agree
		{".yy.y", 1, "1"},            // not even the primary had ended
		{"nyy..", 1, "1 0 2"},        // the winner is in the row
		{"n.yy", 2, "2 0"},           // it is not
		{"y.n.n", 0, "0 2 4"},        // quick ones dissent
		{"yxyx.y", 0, "0 2"},         // failures count for nothing, and leave no gap
		{"yyn", 0, "0 1 2"},          // dissent within the row
		{"nnyyy...", 2, "2 0 1 3 4"}, // winners come first, others in their order
	} {
		var ended []ensemble.Sample
		for number, said := range c.vote {
			s := ensemble.Sample{Number: number, Reply: wire.Reply{Choice: wire.Choice{Text: string(said)}}}
			switch said {
			case '.':
				continue
			case 'x':
				s.Missing = monitor.ReasonFailed
			}
			ended = append(ended, s)
		}
		agrees := func(s ensemble.Sample) bool { return s.Reply.Text == "y" }
		var got []string
		for _, s := range votesForQuorum(ended, c.winner, agrees) {
			got = append(got, fmt.Sprint(s.Number))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s, winner %d: %q, want %q", c.vote, c.winner, got, c.want)
		}
	}
}

// streamsCall streams a text and a command.
func streamsCall(id, command string) func(http.ResponseWriter, *http.Request) {
	return sends(strings.ReplaceAll(toldFirst+toldThen(command), `"p"`, fmt.Sprintf("%q", id)))
}

// TestAHeldVoteCostsFewerCalls counts the calls of votes whose winner is held: fixed
// ones that wait for all of their samples, so that nothing depends on which is quick.
func TestAHeldVoteCostsFewerCalls(t *testing.T) {
	for _, c := range []struct {
		name    string
		samples int
		extras  []string
		edit    func(*config.Guard)
		// What the guard comes to, and how many samples were asked for beside the vote.
		decision, outcome string
		votes, agreed     int
		more              int
	}{
		{"four of four", 4, []string{wrongTree}, nil, monitor.GuardAgreed, monitor.GuardReleased, 4, 4, 0},
		{"one is wanting", 3, []string{wrongTree}, nil, monitor.GuardAgreed, monitor.GuardReleased, 4, 4, 1},
		{"a vote of six", 6, []string{wrongTree}, nil, monitor.GuardAgreed, monitor.GuardReleased, 6, 6, 0},
		{"a dissent in the vote", 4, []string{wrongTree, rightTree, wrongTree}, nil, monitor.GuardSplit, monitor.GuardRefused, 4, 3, 0},
		{"a dissent after it", 3, []string{wrongTree, wrongTree, rightTree}, nil, monitor.GuardSplit, monitor.GuardRefused, 4, 3, 1},
		{"a lead of three", 3, []string{wrongTree}, func(g *config.Guard) { g.Risk = config.RiskLow }, monitor.GuardAgreed, monitor.GuardReleased, 3, 3, 0},
		{"six of seven", 7, []string{wrongTree, wrongTree, rightTree, wrongTree}, func(g *config.Guard) { g.Risk = config.RiskMedium }, monitor.GuardAgreed, monitor.GuardReleased, 7, 6, 0},
		{"replaced by a sample of the vote", 4, []string{"", wrongTree, wrongTree}, func(g *config.Guard) { g.OnSplit = config.HeldReplace }, monitor.GuardSplit, monitor.GuardReplaced, 4, 3, 0},
	} {
		for _, stream := range []bool{false, true} {
			if stream && c.outcome == monitor.GuardReplaced {
				continue
			}
			t.Run(fmt.Sprintf("%s, streamed %t", c.name, stream), func(t *testing.T) {
				u := &script{primary: callsFor("p", wrongTree), extra: callsForEach(c.extras...)}
				body := agentAsks
				if stream {
					body = agentStreams
					u.primary, u.extra = streamsCall("p", wrongTree), func(n int, w http.ResponseWriter, r *http.Request) {
						streamsCall(fmt.Sprint("e", n), c.extras[min(n, len(c.extras)-1)])(w, r)
					}
				}
				r := guardedRig(t, u, func(cfg *config.Config) {
					holding(func(g *config.Guard) {
						g.Risk = config.RiskHigh
						if c.edit != nil {
							c.edit(g)
						}
					})(cfg)
					cfg.Sampling.Mode, cfg.Budget.MaxExtraInFlight = config.Ensemble, 32
					cfg.Ensemble.Samples = config.Range{Min: c.samples, Max: c.samples}
					cfg.Ensemble.Stop = config.Stop{First: c.samples} // nothing is settled before
				})
				got := read(t, r.ask(body, firstCall, "1"))
				o := r.observation()
				g := o.Guard
				if g == nil || g.Decision != c.decision || g.Outcome != c.outcome || g.Votes != c.votes || g.Agreed != c.agreed {
					t.Fatalf("%+v, want %+v", g, c)
				}
				if n := len(u.seen()); n != c.samples+c.more || (g.Tokens > 0) != (c.more > 0) {
					t.Errorf("%d calls, %d tokens: %d were to be asked for beside the %d of the vote", n, g.Tokens, c.more, c.samples)
				}
				if c.outcome == monitor.GuardRefused && (strings.Contains(got, "tool_calls") || !strings.Contains(got, "[hotmess]")) {
					t.Errorf("reply %s", got)
				}
				if c.outcome == monitor.GuardReplaced && !strings.Contains(got, "Shall I?") {
					t.Errorf("reply %s", got)
				}
				if c.outcome == monitor.GuardReleased && !stream && o.Vote.Winner == 0 && got != proposing("p", wrongTree) {
					t.Errorf("reply %s", got)
				}
			})
		}
	}
}

// TestAVoteInStagesIsItsOwnQuorum: the first stage ends whole, so that all of it
// counts; nine were allowed.
func TestAVoteInStagesIsItsOwnQuorum(t *testing.T) {
	u := &script{primary: callsFor("p", wrongTree), extra: callsForEach(wrongTree)}
	r := guardedRig(t, u, func(c *config.Config) {
		holding(func(g *config.Guard) { g.Risk = config.RiskHigh })(c)
		c.Sampling.Mode, c.Budget.MaxExtraInFlight = config.Ensemble, 32
		c.Ensemble.Launch, c.Ensemble.Samples = config.LaunchStaged, config.Range{Min: 4, Max: 9}
	})
	if got := read(t, r.ask(agentAsks, firstCall, "1")); got != proposing("p", wrongTree) {
		t.Errorf("reply %s", got)
	}
	o := r.observation()
	if g := o.Guard; g == nil || g.Decision != monitor.GuardAgreed || g.Votes != 4 || g.Tokens != 0 || o.Vote == nil || o.Vote.Stop != "confidence" {
		t.Errorf("guard %+v, vote %+v", g, o.Vote)
	}
	if n := len(u.seen()); n != 4 {
		t.Errorf("%d calls", n)
	}
}
