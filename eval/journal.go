package eval

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/gofrs/flock"
)

const (
	// journalVersion is that of the journal's form.
	journalVersion = 1
	// syncEvery is after how many lines the journal is forced to the disk; it is
	// also at every look at the clock, see lookEvery.
	syncEvery = 64
)

// A Sample is one answer to one question, as data sets have it. Numbers that the
// upstream did not report are absent.
type Sample struct {
	// Answer is what was found, nil if nothing was. Refusals are
	// ensemble.Refused.
	Answer  *string `json:"answer"`
	Correct bool    `json:"correct"`
	// Lengths in tokens, as billed, and of the visible text in characters.
	InputTokens     *int `json:"input_tokens,omitempty"`
	ReasoningTokens *int `json:"reasoning_tokens,omitempty"`
	OutputTokens    *int `json:"output_tokens,omitempty"`
	OutputChars     int  `json:"output_chars"`
	// DurationS is the time of the call that succeeded, in seconds.
	DurationS float64 `json:"duration_s"`
	// Finish, Served and Reply are the upstream's own words for why it
	// stopped, which model answered, and the reply's id.
	Finish string `json:"finish,omitempty"`
	Served string `json:"served,omitempty"`
	Reply  string `json:"reply,omitempty"`
}

// An entry is one line of the journal.
type entry struct {
	Dataset string `json:"dataset"`
	Task    string `json:"task,omitempty"`
	ID      string `json:"question_id"`
	Number  int    `json:"sample"`
	Sample
}

// A heading is the first line of the journal.
type heading struct {
	Version    int        `json:"hotmess_eval"`
	Parameters parameters `json:"parameters"`
}

// Parameters are what answers depend on, under the names of their flags.
type parameters struct {
	Questions   string          `json:"questions"`
	Upstream    string          `json:"upstream"`
	Dialect     string          `json:"dialect"`
	Model       string          `json:"model"`
	Temperature *float64        `json:"temperature"`
	MaxTokens   int             `json:"max-tokens"`
	Instruction string          `json:"instruction"`
	Extract     string          `json:"extract"`
	Condition   string          `json:"condition"`
	Body        json.RawMessage `json:"body"`
}

// A journal is the file of samples, and what stands in it. It is not safe for
// concurrent use.
type journal struct {
	file *os.File
	lock *flock.Flock
	have map[questionID]map[int]Sample
	// unsynced counts lines since the last sync.
	unsynced int
	// notes are what was found odd, for people.
	notes []string
}

// openJournal opens or begins the journal of name. One that was begun with
// other parameters, or that another process writes, is refused.
func openJournal(name string, p parameters) (*journal, error) {
	lock := flock.New(name, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	free, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock journal: %w", err)
	}
	if !free {
		return nil, fmt.Errorf("%s is being written by another eval: wait for it, or name another --out", name)
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0o600)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open journal: %w", err), lock.Close())
	}
	j := &journal{file: file, lock: lock, have: map[questionID]map[int]Sample{}}
	if err := j.load(p); err != nil {
		return nil, errors.Join(fmt.Errorf("%s %w", name, err), j.close())
	}
	return j, nil
}

// load reads what is there and leaves the file at its end.
func (j *journal) load(p parameters) error {
	lines := bufio.NewReaderSize(j.file, maxLine)
	var whole int64 // bytes up to the end of the last whole line
	var other error // of the parameters
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && other != nil && len(j.have) == 0:
			return j.resume(0, len(line), p) // nothing is lost by beginning anew
		case errors.Is(err, io.EOF) && other != nil:
			return other
		case errors.Is(err, io.EOF):
			return j.resume(whole, len(line), p)
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("has in line %d more than %d bytes: it is no journal of eval", n, maxLine)
		case err != nil:
			return fmt.Errorf("cannot be read at line %d: %w", n, err)
		case n == 1:
			then, err := readHeading(line)
			if err != nil {
				return err
			}
			if other, err = differences(then, p); err != nil {
				return err
			}
		default:
			j.read(n, line)
		}
		whole += int64(len(line))
	}
}

// resume cuts off what a crash left of a last line and writes the heading if
// nothing is there.
func (j *journal) resume(whole int64, rest int, p parameters) error {
	if rest > 0 {
		j.note("the last line was half written, by a run that was cut off: dropped")
	}
	if err := j.file.Truncate(whole); err != nil {
		return fmt.Errorf("cannot be cut: %w", err)
	}
	if _, err := j.file.Seek(whole, io.SeekStart); err != nil {
		return fmt.Errorf("has no end: %w", err)
	}
	if whole == 0 {
		return j.write(heading{Version: journalVersion, Parameters: p})
	}
	return nil
}

// read takes over one line. One that is broken in the middle of the file is
// said; its sample will be asked for again.
func (j *journal) read(n int, line []byte) {
	var e entry
	if err := json.Unmarshal(line, &e); err != nil || e.ID == "" || e.Number < 0 {
		j.note(fmt.Sprintf("line %d is broken: its sample is asked for again", n))
		return
	}
	j.keep(e)
}

// keep remembers a sample; of two with one number the first stays.
func (j *journal) keep(e entry) {
	id := questionID{e.Dataset, e.Task, e.ID}
	if j.have[id] == nil {
		j.have[id] = map[int]Sample{}
	}
	if _, there := j.have[id][e.Number]; !there {
		j.have[id][e.Number] = e.Sample
	}
}

// replied reports whether a reply of this id is among the samples of a
// question.
func (j *journal) replied(id questionID, reply string) bool {
	for _, s := range j.have[id] {
		if reply != "" && s.Reply == reply {
			return true
		}
	}
	return false
}

func (j *journal) note(text string) { j.notes = append(j.notes, text) }

// add writes one sample down.
func (j *journal) add(q questionID, number int, s Sample) error {
	e := entry{Dataset: q.dataset, Task: q.task, ID: q.id, Number: number, Sample: s}
	j.keep(e)
	if err := j.write(e); err != nil {
		return err
	}
	if j.unsynced >= syncEvery {
		return j.sync()
	}
	return nil
}

// write appends one line in one write.
func (j *journal) write(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode line of journal: %w", err)
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	j.unsynced++
	return nil
}

// sync forces what was written to the disk.
func (j *journal) sync() error {
	if j.unsynced == 0 {
		return nil
	}
	j.unsynced = 0
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("sync journal: %w", err)
	}
	return nil
}

// close syncs and lets go of the file.
func (j *journal) close() error {
	return errors.Join(j.sync(), j.file.Close(), j.lock.Close())
}

// readHeading reads the first line.
func readHeading(line []byte) (parameters, error) {
	var h heading
	switch err := json.Unmarshal(line, &h); {
	case err != nil || h.Version == 0:
		return parameters{}, errors.New("is no journal of eval: name another --out")
	case h.Version != journalVersion:
		return parameters{}, fmt.Errorf("has version %d, this hotmess writes %d: name another --out", h.Version, journalVersion)
	}
	return h.Parameters, nil
}

// differences names the parameters that differ; other is nil if none does.
func differences(then, now parameters) (other, err error) {
	a, err := byName(then)
	if err != nil {
		return nil, err
	}
	b, err := byName(now)
	if err != nil {
		return nil, err
	}
	var differ []string
	for _, name := range slices.Sorted(maps.Keys(b)) {
		switch {
		case bytes.Equal(a[name], b[name]):
		case name == "questions":
			differ = append(differ, "other questions in the data set")
		default:
			differ = append(differ, fmt.Sprintf("--%s %s, now %s", name, a[name], b[name]))
		}
	}
	if differ == nil {
		return nil, nil
	}
	return fmt.Errorf("was begun with %s: use the same, or name another --out", strings.Join(differ, "; with ")), nil
}

// byName is the parameters as JSON values by name.
func byName(p parameters) (map[string]json.RawMessage, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode parameters: %w", err)
	}
	values := map[string]json.RawMessage{}
	return values, json.Unmarshal(raw, &values)
}
