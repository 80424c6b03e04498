package monitor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"hotmess/alerts"
)

// LabelVersion is the version of Label's JSON form.
const LabelVersion = 1

// Bounds of one label.
const (
	// MaxLabelBytes bounds a label's JSON form.
	MaxLabelBytes = 256 << 10
	maxAnswer     = 64 << 10
	maxTests      = 4096
	maxSource     = 64
	// maxLabelSample is one more than the largest launch number.
	maxLabelSample = 32
)

// The values of Label.Outcome.
const (
	Pass = "pass"
	Fail = "fail"
)

// A Label says what became of a request, whenever that is known: whether its
// reply turned out right, what the right answer was, or how tests came out.
// Exactly one of Outcome, Answer, Key and Tests is set.
type Label struct {
	V int `json:"v"`
	// Request is the id that the reply bore as X-Hotmess-Id.
	Request string `json:"request"`
	// Outcome is pass or fail: whether the sample was right.
	Outcome string `json:"outcome,omitempty"`
	// Answer is the right answer, in the form that the request asks for. It is
	// the one text in a label, and is neither kept nor published: see Key.
	Answer string `json:"answer,omitempty"`
	// Key stands for Answer in labels that are kept: its HMAC, as samples have
	// them.
	Key string `json:"key,omitempty"`
	// Tests are the outcomes of the request's tests on the sample, in an order
	// that all labels of the request share.
	Tests []bool `json:"tests,omitempty"`
	// Sample is the launch number of the sample that Outcome or Tests are of;
	// nil: the one that the client got.
	Sample *int `json:"sample,omitempty"`
	// Time is when the label was given; zero: when it arrives.
	Time time.Time `json:"time,omitzero"`
	// Source says who gave it, in at most 64 characters, such as ci or user.
	Source string `json:"source,omitempty"`
}

// errLabel is wrapped by all errors about a label's form.
var errLabel = errors.New("label")

func badLabel(field, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", errLabel, field, fmt.Sprintf(format, args...))
}

// ParseLabel reads one label: its own JSON form, or a CloudEvent of the type
// dev.hotmess.label.v1 that holds one. Errors name the field.
func ParseLabel(b []byte) (Label, error) {
	if len(b) > MaxLabelBytes {
		return Label{}, fmt.Errorf("%w: longer than %d bytes", errLabel, MaxLabelBytes)
	}
	var probe struct {
		SpecVersion string `json:"specversion"`
	}
	if json.Unmarshal(b, &probe) == nil && probe.SpecVersion != "" {
		var e alerts.Event
		if err := json.Unmarshal(b, &e); err != nil {
			return Label{}, fmt.Errorf("%w: read CloudEvent: %w", errLabel, err)
		}
		if e.Type != alerts.LabelType {
			return Label{}, badLabel("type", "a CloudEvent of type %q, want %s", clip(e.Type), alerts.LabelType)
		}
		b = e.Data
	}
	var l Label
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return Label{}, fmt.Errorf("%w: %w", errLabel, plainer(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Label{}, fmt.Errorf("%w: something follows the JSON object", errLabel)
	}
	return l, l.check()
}

// plainer says in the words of JSON what encoding/json says in those of Go.
func plainer(err error) error {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("%s: a JSON %s does not belong there", kind.Field, kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("a JSON %s, want an object", kind.Value)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON breaks off")
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

// check reports the first field that is wrong, and fills in the version.
func (l *Label) check() error {
	if l.V == 0 {
		l.V = LabelVersion
	}
	if l.V != LabelVersion {
		return badLabel("v", "%d, this hotmess reads %d", l.V, LabelVersion)
	}
	if _, err := requestTimeOf(l.Request); err != nil {
		return badLabel("request", "%v", err)
	}
	if err := l.checkValue(); err != nil {
		return err
	}
	switch {
	case l.Sample != nil && (*l.Sample < 0 || *l.Sample >= maxLabelSample):
		return badLabel("sample", "%d is no launch number: 0 to %d", *l.Sample, maxLabelSample-1)
	case l.Sample != nil && (l.Answer != "" || l.Key != ""):
		return badLabel("sample", "a right answer is that of the request, not of one sample: leave it out")
	case len(l.Source) > maxSource || strings.ContainsFunc(l.Source, func(r rune) bool { return !unicode.IsPrint(r) }):
		return badLabel("source", "longer than %d bytes, or not printable", maxSource)
	}
	return nil
}

// checkValue checks what the label says.
func (l *Label) checkValue() error {
	given := slices.DeleteFunc([]string{"outcome", "answer", "key", "tests"}, func(field string) bool {
		return !map[string]bool{"outcome": l.Outcome != "", "answer": l.Answer != "", "key": l.Key != "", "tests": l.Tests != nil}[field]
	})
	switch {
	case len(given) == 0:
		return badLabel("outcome", "one of outcome, answer and tests has to be given")
	case len(given) > 1:
		return badLabel(given[1], "given beside %s: a label says one thing", given[0])
	case l.Outcome != "" && l.Outcome != Pass && l.Outcome != Fail:
		return badLabel("outcome", "%q is neither pass nor fail", clip(strings.ToValidUTF8(l.Outcome, "")))
	case len(l.Answer) > maxAnswer || !utf8.ValidString(l.Answer):
		return badLabel("answer", "longer than %d bytes, or not UTF-8", maxAnswer)
	case l.Key != "" && !isHex(l.Key, 32):
		return badLabel("key", "not 32 hex digits")
	case l.Tests != nil && (len(l.Tests) == 0 || len(l.Tests) > maxTests):
		return badLabel("tests", "%d outcomes, want 1 to %d", len(l.Tests), maxTests)
	}
	return nil
}

func isHex(s string, digits int) bool {
	return len(s) == digits && strings.Trim(s, "0123456789abcdef") == ""
}

// requestTimeOf reads the time of a request off its id, a UUIDv7 in its usual
// form.
func requestTimeOf(id string) (time.Time, error) {
	u, err := uuid.Parse(id)
	switch {
	case id == "":
		return time.Time{}, errors.New("missing: it is the X-Hotmess-Id of the reply")
	case err != nil || u.String() != id || u.Version() != 7:
		return time.Time{}, fmt.Errorf("%q is no X-Hotmess-Id, which is a UUIDv7", clip(strings.ToValidUTF8(id, "")))
	}
	sec, nsec := u.Time().UnixTime()
	return time.Unix(sec, nsec), nil
}

// kept is the form in which a label is kept: with the key in place of the
// answer.
func (l Label) kept(key string) Label {
	if l.Answer != "" {
		l.Answer, l.Key = "", key
	}
	return l
}

// says is what a label says, to tell whether two say the same.
func (l Label) says() string {
	if l.Tests == nil {
		return l.Outcome + l.Key
	}
	var b strings.Builder
	for _, pass := range l.Tests {
		b.WriteByte("01"[boolInt(pass)])
	}
	return b.String()
}
