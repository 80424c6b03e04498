package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/guard"
	"hotmess/monitor"
	"hotmess/wire"
)

// A vote is written as what its samples 0, 1, … propose: y as the winner does, n not,
// x came to nothing, . is on its way, _ waits at the gate. What counts is written as
// numbers.
func TestWhichSamplesOfAVoteCountInAQuorum(t *testing.T) {
	for _, c := range []struct {
		vote   string
		winner int
		want   string
	}{
		{"yyyy", 0, "0 1 2 3"},
		{"yyyy_____", 0, "0 1 2 3"}, // one after the other: none was left for its length
		{"_yyyy", 1, "1 2 3 4"},
		{"yyyy....", 0, "0"}, // the quick ones agree
		{"y..y.y_", 0, "0"},
		{".yy.y", 1, "1"},
		{"nyy..", 1, "1 0"},
		{"y.n.n", 0, "0 2 4"},  // the quick ones dissent
		{"yxyx_y", 0, "0 2 5"}, // failures count for nothing
		{"yxyx.n", 0, "0 5"},
		{"yyn", 0, "0 1 2"},
		{"nnyyy", 2, "2 0 1 3 4"}, // winners come first, others in their order
	} {
		got := []string{}
		for _, s := range votesForQuorum(voteOf(c.vote, c.winner), proposes("y")) {
			got = append(got, fmt.Sprint(s.Number))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s, winner %d: %q, want %q", c.vote, c.winner, got, c.want)
		}
	}
}

func proposes(what string) func(ensemble.Sample) bool {
	return func(s ensemble.Sample) bool { return s.Reply.Text == what }
}

// voteOf is a vote as it is written.
func voteOf(samples string, winner int) (o ensemble.Outcome) {
	o.Vote.Winner = winner
	for number, said := range samples {
		s := ensemble.Sample{Number: number, Reply: wire.Reply{Choice: wire.Choice{Text: string(said)}}}
		switch said {
		case '.':
			o.Cut = true
			continue
		case '_':
			continue
		case 'x':
			s.Missing = monitor.ReasonFailed
		}
		o.Ended = append(o.Ended, s)
	}
	return o
}

// agreed is the probability of a quorum from a tally on, where each further sample is
// for the proposal with one probability.
func agreed(t guard.Tally, risk string, repeat float64) float64 {
	switch t.Judge(risk) {
	case guard.Agreed:
		return 1
	case guard.Split:
		return 0
	}
	return repeat*agreed(guard.Tally{For: t.For + 1, Against: t.Against}, risk, repeat) +
		(1-repeat)*agreed(guard.Tally{For: t.For, Against: t.Against + 1}, risk, repeat)
}

// ends votes on samples of which some are wrong (w, else r) in the order in which they
// end, and writes the vote as voteOf reads it when nothing can change its winner, or it
// is confident. What has not ended by then is on its way.
func ends(said string, order []int, confidence float64) (vote string, winner int) {
	ended := []byte(strings.Repeat(".", len(said)))
	var samples []ensemble.Sample
	for n, number := range order {
		ended[number] = said[number]
		samples = append(samples, ensemble.Sample{Number: number, Keys: ensemble.Keys{ensemble.LevelExact: said[number : number+1]}})
		v, _ := ensemble.Majority(samples, ensemble.LevelExact)
		reach := v.Rival + len(said) - n - 1
		sure := confidence > 0 && v.Votes >= 3 && v.Confidence() >= confidence
		if winner = v.Winner; sure || reach < v.Agreed || reach == v.Agreed && winner == 0 {
			break
		}
	}
	return string(ended), winner
}

// inOrder has the samples end first that said this, then the others.
func inOrder(said string, first byte) (order []int) {
	for _, quick := range []bool{true, false} {
		for i := range said {
			if (said[i] == first) == quick {
				order = append(order, i)
			}
		}
	}
	return order
}

// released follows every vote of n samples that start together and of which each is
// wrong with one probability, always in the same way, and then its quorum: through is
// the probability that a wrong action is let through, wrongWinner that it is asked for.
func released(n int, wrong, confidence float64, first byte, risk string) (through, wrongWinner float64) {
	for ballot := range 1 << n {
		said, p := make([]byte, n), 1.
		for i := range n {
			if said[i] = 'r'; ballot>>i&1 == 1 {
				said[i], p = 'w', p*wrong
				continue
			}
			p *= 1 - wrong
		}
		vote, winner := ends(string(said), inOrder(string(said), first), confidence)
		if said[winner] == 'r' {
			continue
		}
		tally := guard.Tally{}
		for _, s := range votesForQuorum(voteOf(vote, winner), proposes("w")) {
			if s.Reply.Text == "w" {
				tally.For++
			} else {
				tally.Against++
			}
		}
		wrongWinner += p
		through += p * agreed(tally, risk, wrong)
	}
	return through, wrongWinner
}

// TestVotesThatLeaveSlowSamplesLetNoMoreWrongActionsThrough has the wrong samples be the
// quick ones, or the slow ones. Without a vote a reply is wrong as often as any sample;
// where quick ones win, a vote may be wrong more often, and its quorum has more to stop.
func TestVotesThatLeaveSlowSamplesLetNoMoreWrongActionsThrough(t *testing.T) {
	for _, risk := range []string{config.RiskLow, config.RiskMedium, config.RiskHigh} {
		for _, confidence := range []float64{0, .9, .95} {
			for _, wrong := range []float64{.02, .1, .3} {
				for _, first := range []byte("wr") {
					for n := 3; n <= guard.MaxVotes; n++ {
						got, winners := released(n, wrong, confidence, first, risk)
						if bound := max(wrong, winners) * agreed(guard.Tally{For: 1}, risk, wrong); got > bound*(1+1e-12) {
							t.Errorf("%s, %g wrong, confidence %g of %d, %c first: %.3g let through, at most %.3g", risk, wrong, confidence, n, first, got, bound)
						}
					}
				}
			}
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
