package eval

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	// maxStreak is how many samples may fail in a row before the run ends: by
	// then it is not the questions.
	maxStreak = 25
	// maxNamed is how many problems are named one by one.
	maxNamed = 10
)

// A Summary is how a run ended.
type Summary struct {
	// Questions counts those asked, Empty those of them without a sample,
	// Short those with fewer than asked for, but some.
	Questions, Empty, Short int
	// Samples counts those that there are; Failed those that this run asked
	// for in vain.
	Samples, Failed int
	// Unusable counts lines of the data set that were not used.
	Unusable int
}

// Run asks the questions of o.Dataset, as far as the journal does not have the
// answers, and writes o.Out. When ctx ends it stops at once; the journal has
// all that arrived, and another Run goes on from there. The error of a Run
// that stopped says so.
func Run(ctx context.Context, o Options) (Summary, error) {
	r, err := prepare(o)
	if err != nil {
		return Summary{}, err
	}
	err = errors.Join(r.ask(ctx), r.journal.close())
	r.caller.http.CloseIdleConnections()
	r.progress.end(time.Now())
	if err != nil {
		return r.summary(nil), fmt.Errorf("%w; %d of %d samples are in %s: the same command goes on from there",
			err, r.progress.whole, r.progress.samples, journalName(o.Out))
	}
	lines := collect(o, r.prompts, r.journal)
	r.nameEmpty(lines)
	r.nameServed(lines)
	if len(lines) == 0 {
		return r.summary(lines), errors.New("all samples of all questions failed: there is nothing to report")
	}
	return r.summary(lines), writeResult(o.Out, lines)
}

// journalName is the file of the journal beside a result.
func journalName(out string) string { return out + ".journal" }

// A run is one call of Run.
type run struct {
	o        Options
	form     form
	prompts  []prompt
	unusable int
	caller   *caller
	journal  *journal
	progress *progress
	// streak counts samples that failed since one did not.
	streak int
}

// prepare does all that can go wrong before the first call.
func prepare(o Options) (*run, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	questions, problems, err := loadQuestions(o.Dataset)
	if err != nil {
		return nil, err
	}
	r := &run{o: o}
	if r.form, err = newForm(o, questions); err != nil {
		return nil, err
	}
	var unfit []lineError
	if r.prompts, unfit, err = r.form.prompts(questions); err != nil {
		return nil, err
	}
	if r.caller, err = newCaller(o); err != nil {
		return nil, err
	}
	if err := r.openJournal(questions); err != nil {
		return nil, err
	}
	if o.Limit > 0 {
		r.prompts = r.prompts[:min(o.Limit, len(r.prompts))]
	}
	r.progress = &progress{out: o.Log, terminal: o.Terminal, price: o.Price, questions: len(r.prompts), samples: len(r.prompts) * o.Samples}
	r.begin(slices.Concat(problems, unfit))
	return r, nil
}

// openJournal opens the journal; a result without one is not overwritten.
func (r *run) openJournal(questions []Question) error {
	name := journalName(r.o.Out)
	_, noResult := os.Stat(r.o.Out)
	_, noJournal := os.Stat(name)
	if noResult == nil && errors.Is(noJournal, fs.ErrNotExist) {
		return fmt.Errorf("%s exists, but no %s to go on from: name another --out", r.o.Out, name)
	}
	p, err := r.parameters(questions)
	if err == nil {
		r.journal, err = openJournal(name, p)
	}
	return err
}

// parameters are what the journal is begun with.
func (r *run) parameters(questions []Question) (parameters, error) {
	base := *r.caller.base
	base.User = nil // may hold a password
	p := parameters{
		Questions: digest(questions), Upstream: base.String(), Dialect: string(r.o.Dialect), Model: r.o.Model,
		Temperature: r.o.Temperature, MaxTokens: r.o.MaxTokens, Instruction: r.form.instruction,
		Extract: r.form.extract, Condition: r.o.Condition,
	}
	if r.o.Body == nil {
		return p, nil
	}
	var compact bytes.Buffer
	err := json.Compact(&compact, r.o.Body)
	p.Body = compact.Bytes()
	return p, err
}

// digest tells two lists of questions apart.
func digest(questions []Question) string {
	h := sha256.New()
	for _, q := range questions {
		fmt.Fprintf(h, "%q %q %q %q %q\n", q.Dataset, q.Task, q.ID, q.Text, q.Reference)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// begin says what will be done and counts what is there.
func (r *run) begin(problems []lineError) {
	r.unusable = len(problems)
	for i, p := range problems {
		if i == maxNamed {
			r.progress.say("%s: and %d more lines", r.o.Dataset, len(problems)-maxNamed)
			break
		}
		r.progress.say("%s: %v; it is not used", r.o.Dataset, p)
	}
	for _, n := range r.journal.notes {
		r.progress.say("%s: %s", journalName(r.o.Out), n)
	}
	for _, p := range r.prompts {
		r.had(p)
	}
	r.progress.had = r.progress.whole
	r.progress.began, r.progress.said = time.Now(), time.Now()
	r.progress.say("%d questions × %d samples of %s; the answer is looked for as %s", len(r.prompts), r.o.Samples, r.o.Model, r.form.name())
	if r.form.pinned {
		r.progress.say("the requests have a seed or the temperature 0: their samples vary less than an agent's, and still do")
	}
	if r.progress.had > 0 {
		r.progress.say("%d samples are in %s already", r.progress.had, journalName(r.o.Out))
	}
}

// had counts the samples of a question that are there from the start.
func (r *run) had(p prompt) {
	for k, s := range r.journal.have[p.id()] {
		if k < r.o.Samples {
			r.progress.count(s)
		}
	}
	if r.held(p.id()) == r.o.Samples {
		r.progress.complete++
	}
}

// nameEmpty names the questions that have no sample.
func (r *run) nameEmpty(lines []line) {
	there := map[questionID]bool{}
	for _, l := range lines {
		there[questionID{l.Dataset, l.Task, l.ID}] = true
	}
	named := 0
	for _, p := range r.prompts {
		if there[p.id()] {
			continue
		}
		if named++; named > maxNamed {
			continue
		}
		r.progress.say("all samples of %s failed: it is left out; the same command asks again", p.id())
	}
	if named > maxNamed {
		r.progress.say("and so did those of %d more questions", named-maxNamed)
	}
}

// nameServed names the models that the upstream says it answered with, if they
// are several: their samples are not of one model.
func (r *run) nameServed(lines []line) {
	served := map[string]int{}
	for _, l := range lines {
		for _, s := range l.Samples {
			served[s.Served]++
		}
	}
	if len(served) < 2 {
		return
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(served)) {
		parts = append(parts, fmt.Sprintf("%q %d times", name, served[name]))
	}
	r.progress.say("%d models answered, as the upstream calls them: %s", len(served), strings.Join(parts[:min(len(parts), maxNamed)], ", "))
}

// summary counts; lines are nil for a run that stopped.
func (r *run) summary(lines []line) Summary {
	s := Summary{Questions: len(r.prompts), Samples: r.progress.whole, Failed: r.progress.failed, Unusable: r.unusable}
	for _, l := range lines {
		if len(l.Samples) < r.o.Samples {
			s.Short++
		}
	}
	if lines != nil {
		s.Empty = len(r.prompts) - len(lines)
	}
	return s
}
