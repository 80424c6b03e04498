package eval

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
	"unicode/utf8"

	"hotmess/ensemble"
)

// errStopped is wrapped by the error of a run whose context ended.
var errStopped = errors.New("stopped")

// A draw is one sample to ask for.
type draw struct {
	prompt *prompt
	number int
}

// A result is what came of a draw.
type result struct {
	draw
	sample Sample
	err    error
}

// ask asks for what is missing, question by question, so that an upstream's
// prompt cache is warm and an interrupted run has whole questions.
func (r *run) ask(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	missing := r.missing() // before anything is added
	todo, done := make(chan draw), make(chan result)
	var working sync.WaitGroup
	working.Go(func() { feed(ctx, missing, todo) })
	for range r.o.Concurrency {
		working.Go(func() { r.work(ctx, todo, done) })
	}
	go func() {
		working.Wait()
		close(done)
	}()
	return r.gather(ctx, done, cancel)
}

// missing lists the samples to ask for.
func (r *run) missing() []draw {
	var list []draw
	for i := range r.prompts {
		have := r.journal.have[r.prompts[i].id()]
		for k := range r.o.Samples {
			if _, there := have[k]; !there {
				list = append(list, draw{&r.prompts[i], k})
			}
		}
	}
	return list
}

// feed gives them out.
func feed(ctx context.Context, list []draw, todo chan<- draw) {
	defer close(todo)
	for _, d := range list {
		select {
		case todo <- d:
		case <-ctx.Done():
			return
		}
	}
}

// work asks for samples until there are no more.
func (r *run) work(ctx context.Context, todo <-chan draw, done chan<- result) {
	for d := range todo {
		got, err := r.caller.call(ctx, d.prompt.path, d.prompt.body)
		res := result{draw: d, err: err}
		if err == nil {
			res.sample = r.judge(d.prompt, got)
		}
		done <- res
	}
}

// judge makes a sample of a reply. It keeps nothing of the reply's memory but
// the answer.
func (r *run) judge(p *prompt, got answered) Sample {
	reply := got.reply
	key := r.form.key(reply)
	s := Sample{
		Correct: key == p.right, DurationS: got.took.Seconds(), OutputChars: utf8.RuneCountInString(reply.Text),
		Finish: reply.Finish, Served: reply.Model, Reply: reply.ID,
	}
	if plain, ok := ensemble.PlainAnswer(key); ok {
		s.Answer = &plain
	}
	usage := reply.Usage
	if usage.HasTotals {
		s.InputTokens, s.OutputTokens = &usage.Input, &usage.Output
	}
	if usage.HasReasoning {
		s.ReasoningTokens = &usage.Reasoning
	}
	return s
}

// gather writes down what comes until all workers have ended. The first error
// that ends the run ends the workers; what still arrives whole is kept.
func (r *run) gather(ctx context.Context, done <-chan result, cancel context.CancelCauseFunc) error {
	clock := time.NewTicker(lookEvery)
	defer clock.Stop()
	var fatal error
	note := func(err error) {
		if fatal == nil && err != nil {
			fatal = err
			cancel(err)
		}
	}
	for {
		select {
		case res, more := <-done:
			switch {
			case !more && fatal == nil && ctx.Err() != nil:
				return errStopped
			case !more:
				return fatal
			case res.err == nil || ctx.Err() == nil: // else it was not waited for
				note(r.take(res))
			}
		case now := <-clock.C:
			r.progress.look(now)
			note(r.journal.sync())
		}
	}
}

// take writes one sample down, or counts that it failed. The error ends the
// run.
func (r *run) take(res result) error {
	id := res.prompt.id()
	if res.err == nil && r.journal.replied(id, res.sample.Reply) {
		res.err = errors.New("the reply has the id of another one: it is no sample of its own")
	}
	if res.err != nil {
		return r.fail(id, res)
	}
	r.streak = 0
	r.progress.count(res.sample)
	if err := r.journal.add(id, res.number, res.sample); err != nil {
		return err
	}
	if r.held(id) == r.o.Samples {
		r.progress.complete++
	}
	return nil
}

// held counts the samples of a question that there are, of those asked for.
func (r *run) held(id questionID) int {
	n := 0
	for k := range r.journal.have[id] {
		if k < r.o.Samples {
			n++
		}
	}
	return n
}

// fail counts a sample that failed for good.
func (r *run) fail(id questionID, res result) error {
	if stop, ok := errors.AsType[stopError](res.err); ok {
		return stop
	}
	r.progress.failed++
	if r.streak++; r.streak >= maxStreak {
		return fmt.Errorf("%d samples failed one after the other, the last with: %w", r.streak, res.err)
	}
	if r.progress.failed <= maxNamed {
		r.progress.say("%s, sample %d: %v", id, res.number, res.err)
	}
	return nil
}
