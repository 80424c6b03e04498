package eval

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// A line is one line of the result: a data set as package report reads it.
type line struct {
	Dataset     string   `json:"dataset"`
	Model       string   `json:"model"`
	Task        string   `json:"task,omitempty"`
	Condition   string   `json:"condition,omitempty"`
	ID          string   `json:"question_id"`
	Question    string   `json:"question"`
	Reference   string   `json:"reference"`
	LengthField string   `json:"length_field"`
	Samples     []Sample `json:"samples"`
}

// collect lists the samples of every question, up to o.Samples each, in order
// of their numbers; questions without any are left out.
func collect(o Options, prompts []prompt, j *journal) []line {
	var lines []line
	for _, p := range prompts {
		have := j.have[p.id()]
		var samples []Sample
		for k := range o.Samples {
			if s, ok := have[k]; ok {
				samples = append(samples, s)
			}
		}
		if len(samples) > 0 {
			lines = append(lines, line{
				Dataset: p.Dataset, Model: o.Model, Task: p.Task, Condition: o.Condition, ID: p.ID,
				Question: p.Text, Reference: string(p.Reference), Samples: samples,
			})
		}
	}
	field := lengthField(lines)
	for i := range lines {
		lines[i].LengthField = field
	}
	return lines
}

// lengthField is the length that all samples have, the more telling first, so
// that one figure never mixes two units. Upstreams that count no reasoning report
// 0: that is a length only if some sample has more.
func lengthField(lines []line) string {
	reasoning, output, reasoned := true, true, false
	for _, l := range lines {
		for _, s := range l.Samples {
			reasoning = reasoning && s.ReasoningTokens != nil
			output = output && s.OutputTokens != nil
			reasoned = reasoned || s.ReasoningTokens != nil && *s.ReasoningTokens > 0
		}
	}
	switch {
	case reasoning && reasoned:
		return "reasoning_tokens"
	case output:
		return "output_tokens"
	}
	return "output_chars"
}

// writeResult replaces the file of name by lines, all or nothing.
func writeResult(name string, lines []line) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.tmp")
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write result: %w", err), os.Remove(f.Name()))
		}
	}()
	out := bufio.NewWriter(f)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, l := range lines {
		if err := encoder.Encode(l); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	if err := errors.Join(out.Flush(), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
