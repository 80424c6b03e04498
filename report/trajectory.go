package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// runTokens is the length of an agent's run, beside its actions.
const runTokens = "output_tokens"

// A runLine is one run of an agent on one task.
type runLine struct {
	Dataset      string   `json:"dataset"`
	Model        string   `json:"model"`
	Task         string   `json:"task"`
	Condition    string   `json:"condition"`
	TaskID       string   `json:"task_id"`
	Run          string   `json:"run"`
	Reward       *float64 `json:"reward"`
	Passed       *bool    `json:"passed"`
	Actions      *float64 `json:"actions"`
	OutputTokens *float64 `json:"output_tokens"`
}

// trajectory takes one run; runs of the same task are samples of one question.
func (d *Data) trajectory(at origin, line []byte) error {
	var l runLine
	if err := json.Unmarshal(line, &l); err != nil {
		return explain(err)
	}
	s, err := l.sample()
	if err != nil {
		return err
	}
	key := questionKey{Key: Key{Dataset: l.Dataset, Model: l.Model, Task: l.Task, Condition: l.Condition}, id: l.TaskID}
	run := runKey{questionKey: key, run: l.Run}
	if old, ok := d.runs[run]; ok {
		return fmt.Errorf("run %q of task_id %q was read before, at %s", l.Run, l.TaskID, old)
	}
	old, ok := d.byID[key]
	if ok && !old.q.Runs {
		return fmt.Errorf("task_id %q is a question of a data set too, at %s", l.TaskID, old)
	}
	if l.Run != "" {
		d.runs[run] = at
	}
	if !ok {
		return d.add(at, key, newRuns(key, s))
	}
	if d.samples >= maxSamples {
		return fmt.Errorf("%w: more than %d runs; report on fewer files at a time", errFull, maxSamples)
	}
	d.samples++
	old.q.addRun(s)
	return nil
}

// newRuns is a task with its first run.
func newRuns(key questionKey, s Sample) *Question {
	q := &Question{Key: key.Key, ID: key.id, Runs: true, classes: map[string]int{"failed": noneClass + 1}}
	q.addRun(s)
	return q
}

// addRun appends a run. The task's length is that of its runs which have one.
func (q *Question) addRun(s Sample) {
	if s.Length != unknown {
		q.Unit = runTokens
	}
	q.Samples = append(q.Samples, s)
}

// sample checks a line. A run is right if it passed, or its reward is 1.
func (l *runLine) sample() (Sample, error) {
	s := Sample{Class: noneClass + 1, Reward: unknown, Length: unknown, Actions: unknown}
	switch {
	case l.TaskID == "":
		return s, errors.New("task_id is empty")
	case l.Reward == nil && l.Passed == nil:
		return s, errors.New("reward (0..1) or passed (true, false) is missing")
	case l.Reward != nil && !(*l.Reward >= 0 && *l.Reward <= 1):
		return s, fmt.Errorf("reward is %g, not in 0..1", *l.Reward)
	case l.Reward != nil && l.Passed != nil && *l.Passed != (*l.Reward == 1):
		return s, fmt.Errorf("passed is %t, but reward is %g; give one of them", *l.Passed, *l.Reward)
	}
	if l.Reward != nil {
		s.Reward = *l.Reward
	}
	if (l.Passed != nil && *l.Passed) || s.Reward == 1 {
		s.Class = rightClass
	}
	for _, f := range []struct {
		name string
		from *float64
		to   *float64
	}{{"actions", l.Actions, &s.Actions}, {runTokens, l.OutputTokens, &s.Length}} {
		if f.from == nil {
			continue
		}
		if !(*f.from >= 0 && *f.from <= math.MaxInt64) {
			return s, fmt.Errorf("%s is %g, which is no length", f.name, *f.from)
		}
		*f.to = *f.from
	}
	return s, nil
}
