package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"time"

	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/wire"
)

// Attempts is how often one sample is asked for at most: over about two minutes,
// so that a limit per minute has passed.
const Attempts = 8

// Options are what a run is told.
type Options struct {
	// Dataset is the file of questions, Out that of the result.
	Dataset, Out string
	// Upstream is the base URL; empty: the API of the dialect's own provider.
	Upstream string
	Dialect  wire.Dialect
	Model    string
	// Key goes to the upstream with every call; empty: none does.
	Key config.Secret
	// Samples is how often each question is asked, at least 2.
	Samples int
	// Concurrency is how many calls are in flight at once, at least 1.
	Concurrency int
	// Limit is the number of questions to ask, from the first; 0: all.
	Limit int
	// Temperature and MaxTokens as in wire.Question.
	Temperature *float64
	MaxTokens   int
	// Instruction is appended to every question; nil: one that asks for the
	// form that is extracted.
	Instruction *string
	// Extract is the form of final answer, see ensemble.CheckExtract; empty:
	// the references decide between letter, number and tag:answer.
	Extract string
	// Condition names the setting that is tried, in the result.
	Condition string
	// Body is merged into every request.
	Body json.RawMessage
	// Price, if set, makes costs known.
	Price *Price
	// Timeout bounds one call.
	Timeout time.Duration
	// Transport makes the calls; nil: a pool of connections of its own.
	Transport http.RoundTripper
	// Log gets what people should know; Terminal is whether one line of it can
	// be written over and over.
	Log      io.Writer
	Terminal bool
}

// A Price is what tokens cost, in dollars per million.
type Price struct{ In, Out float64 }

// check names everything that is wrong, by flag.
func (o Options) check() error {
	var problems []error
	fail := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if o.Samples < 2 {
		fail("--samples: %d is too few: variance takes at least 2 samples of each question", o.Samples)
	}
	if o.Concurrency < 1 {
		fail("--concurrency: %d is below 1", o.Concurrency)
	}
	if o.Limit < 0 {
		fail("--limit: %d is negative", o.Limit)
	}
	if o.MaxTokens < 0 {
		fail("--max-tokens: %d is negative", o.MaxTokens)
	}
	if o.Temperature != nil && !(*o.Temperature >= 0 && *o.Temperature <= math.MaxFloat32) {
		fail("--temperature: %v is no temperature", *o.Temperature)
	}
	if o.Timeout <= 0 {
		fail("--timeout: %s is no time", o.Timeout)
	}
	if o.Model == "" {
		fail("--model: is missing")
	}
	if !o.Dialect.Readable() {
		fail("--dialect: %q is none of %v", o.Dialect, wire.Dialects())
	}
	if err := ensemble.CheckExtract(o.Extract); err != nil {
		fail("--extract: %w", err)
	}
	if o.Price != nil && !(o.Price.In >= 0 && o.Price.Out >= 0 && o.Price.In+o.Price.Out <= math.MaxFloat32) {
		fail("--price: %v,%v are no prices", o.Price.In, o.Price.Out)
	}
	if _, err := o.base(); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// base is the URL that paths are joined to.
func (o Options) base() (*url.URL, error) {
	if o.Upstream == "" {
		return config.Config{}.Resolve()[o.Dialect.Provider()], nil
	}
	base := config.Config{Upstream: o.Upstream}.Resolve()[""]
	if base == nil {
		return nil, errors.New("--upstream: is no URL like https://host/v1")
	}
	return base, nil
}
