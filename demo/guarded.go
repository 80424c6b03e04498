package demo

import (
	"context"
	"fmt"
	"time"

	"hotmess/config"
)

// shellTools is what the agent that cleans up offers the model.
const shellTools = `[
{"type":"function","function":{"name":"read_file","description":"Read a file","parameters":{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]}}},
{"type":"function","function":{"name":"bash","description":"Run a command","parameters":{"type":"object","properties":{"command":{"type":"string"},"why":{"type":"string"}},"required":["command","why"]}}}
]`

const (
	// StepsPerDeletion is how many steps the agent takes until it deletes.
	StepsPerDeletion = 3
	// minDeletions is how many deletions the model proposes at least, and
	// maxDeletions at most, if no wrong one was among them.
	minDeletions, maxDeletions = 20, 60
	// guardRule is the name of the rule: it replaces the built-in one.
	guardRule = "delete-tree"
)

// A deletion is what became of one that the model proposed.
type deletion struct {
	tree  string
	right bool
	// delivered is whether the agent got the call; message is what it read in
	// its place.
	delivered bool
	message   string
	// request is the id, votes how many samples were counted, agreed how many
	// of them propose it; held is in the demo's time.
	request       string
	decision      string
	votes, agreed int
	held          time.Duration
}

// guarded lets an agent clean up, whose deletions a rule holds. The others rest
// meanwhile, so that nothing else decides what is asked for when.
func (t *tour) guarded(ctx context.Context, voting config.Config) error {
	t.office.open.Lock()
	defer t.office.open.Unlock()
	t.say("Now one agent cleans up. Each third step deletes a tree, and %.0f %% of the model's samples name a wrong one.\n"+
		"Rule %s has action: hold: a deletion waits until four of four samples propose it, or six of seven.", 100*t.Model.WrongDeletions, guardRule)
	guarding := voting
	guarding.Sampling.Mode, guarding.Sampling.Rate = config.Observe, config.Rate{}
	guarding.Guard = []config.Guard{{
		Name: guardRule, Action: config.GuardHold, Command: &config.GuardCommand{Program: "rm", Recursive: true},
	}}
	if err := t.sidecar.Reload(guarding); err != nil {
		return err
	}
	cleaner := &office{url: t.office.url, name: cleanerName, tools: shellTools}
	var all, wrong []deletion
	for n := 1; n <= minDeletions || len(wrong) == 0 && n <= maxDeletions; n++ {
		d, err := t.cleanUp(ctx, cleaner, fmt.Sprintf("clean-%d", n))
		if err != nil {
			return err
		}
		if all = append(all, d); !d.right {
			wrong = append(wrong, d)
		}
		if err := t.printDeletion(ctx, all); err != nil {
			return err
		}
	}
	t.countDeletions(all)
	voting.Guard = guarding.Guard
	return t.sidecar.Reload(voting)
}

// cleanUp goes through one task, up to its deletion.
func (t *tour) cleanUp(ctx context.Context, o *office, task string) (deletion, error) {
	history := beginning(task)
	for range StepsPerDeletion - 1 {
		r, err := o.ask(ctx, history)
		if err != nil {
			return deletion{}, err
		}
		call, err := r.call()
		if err != nil {
			return deletion{}, err
		}
		history = append(history, r.message, done(call))
	}
	r, err := o.ask(ctx, history)
	if err != nil {
		return deletion{}, err
	}
	d := deletion{request: r.id, delivered: len(r.calls) > 0, message: r.text}
	d.tree, d.right = t.Model.Proposed(task, StepsPerDeletion-1)
	return d, t.decided(ctx, &d)
}

// decided waits for what hotmess tells of a request, and fills it in.
func (t *tour) decided(ctx context.Context, d *deletion) error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if o, ok := t.sidecar.Monitor.Request(d.request); ok {
			if o.Guard == nil {
				return fmt.Errorf("%w: no guard decided on request %s", errReply, d.request)
			}
			d.decision, d.votes, d.agreed = o.Guard.Decision, o.Guard.Votes, o.Guard.Agreed
			d.held = time.Duration(o.Guard.HeldSeconds * float64(time.Second))
			return nil
		}
		if !sleep(ctx, time.Millisecond) {
			return ctx.Err()
		}
	}
	return fmt.Errorf("a decision on request %s %w", d.request, errPatience)
}

// printDeletion prints the latest of the deletions, unless it is a right one that
// was delivered like one before it; of a wrong one that was stopped also what
// the agent reads, and the alert.
func (t *tour) printDeletion(ctx context.Context, all []deletion) error {
	d, before := all[len(all)-1], 0
	for _, o := range all {
		if o.right == d.right && o.delivered == d.delivered {
			before++
		}
	}
	if d.right && d.delivered && before > 1 {
		return nil
	}
	truth, gets := "right", "is given the call"
	if !d.right {
		truth = "WRONG"
	}
	if !d.delivered {
		gets = "reads a message"
	}
	fmt.Fprintf(t.Out, "  %-28s %s, %d of %d samples agree: %s after %.1f s, the agent %s\n",
		"delete "+d.tree+":", truth, d.agreed, d.votes, d.decision, d.held.Seconds(), gets)
	if d.right || d.delivered || before > 1 {
		return nil
	}
	fmt.Fprintf(t.Out, "    %q\n", d.message)
	return t.await(ctx, func(l alertLine) bool {
		return l.rule == config.RuleSplitDecision && l.status == "firing" && l.request == d.request
	})
}

// countDeletions says what came of all of them.
func (t *tour) countDeletions(all []deletion) {
	var right, rightStopped, wrong, wrongStopped int
	for _, d := range all {
		stopped := 0
		if !d.delivered {
			stopped = 1
		}
		if d.right {
			right++
			rightStopped += stopped
		} else {
			wrong++
			wrongStopped += stopped
		}
	}
	fmt.Fprintf(t.Out, "\n%d of %d wrong deletions were stopped, and %d of %d right ones; docs/guard.md has what to expect.\n",
		wrongStopped, wrong, rightStopped, right)
}
