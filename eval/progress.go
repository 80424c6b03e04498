package eval

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// lookEvery is how often the clock is looked at; a terminal's line is
	// written anew then. sayEvery is how often one is written elsewhere.
	lookEvery = 500 * time.Millisecond
	sayEvery  = 10 * time.Second
)

// progress counts what is done and says so.
type progress struct {
	out      io.Writer
	terminal bool
	price    *Price

	questions, samples int // all of them
	whole, had         int // samples that there are, and that there were before
	complete           int // questions with all samples
	failed             int
	in, output         int // tokens of the samples that there are
	uncounted          int // samples without usage
	began, said        time.Time
	shown              int // width of the terminal's line
}

// count adds the usage of one sample.
func (p *progress) count(s Sample) {
	p.whole++
	if s.InputTokens == nil || s.OutputTokens == nil {
		p.uncounted++
		return
	}
	p.in += *s.InputTokens
	p.output += *s.OutputTokens
}

// look shows how it stands, if it is time to.
func (p *progress) look(now time.Time) {
	switch {
	case p.terminal:
		text := p.text(now)
		width := utf8.RuneCountInString(text)
		fmt.Fprintf(p.out, "\r%s%s", text, strings.Repeat(" ", max(0, p.shown-width)))
		p.shown = width
	case now.Sub(p.said) >= sayEvery:
		p.said = now
		fmt.Fprintln(p.out, p.text(now))
	}
}

// end shows it for the last time.
func (p *progress) end(now time.Time) {
	if p.terminal {
		p.look(now)
		fmt.Fprintln(p.out)
		return
	}
	fmt.Fprintln(p.out, p.text(now))
}

// say prints a line of its own.
func (p *progress) say(format string, args ...any) {
	if p.shown > 0 {
		fmt.Fprintf(p.out, "\r%s\r", strings.Repeat(" ", p.shown))
		p.shown = 0
	}
	fmt.Fprintf(p.out, "hotmess eval: "+format+"\n", args...)
}

// text is one line, short enough for most terminals: what is done, what it took
// and how long the rest may take.
func (p *progress) text(now time.Time) string {
	parts := []string{
		fmt.Sprintf("%d/%d questions", p.complete, p.questions),
		fmt.Sprintf("%d/%d samples", p.whole, p.samples),
	}
	if p.failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", p.failed))
	}
	parts = append(parts, p.tokens())
	if p.price != nil {
		parts = append(parts, p.cost())
	}
	if left, ok := p.left(now); ok {
		parts = append(parts, left.String()+" left")
	}
	return strings.Join(parts, " · ")
}

// tokens are those of prompts and those of answers.
func (p *progress) tokens() string {
	text := fmt.Sprintf("%s+%s tokens", short(p.in), short(p.output))
	if p.uncounted > 0 {
		text += fmt.Sprintf(" (%d samples without)", p.uncounted)
	}
	return text
}

// cost is in dollars; what the upstream did not count makes it a lower bound.
// Cached input is taken at its full price.
func (p *progress) cost() string {
	dollars := (float64(p.in)*p.price.In + float64(p.output)*p.price.Out) / 1e6
	if p.uncounted > 0 {
		return fmt.Sprintf("at least $%.2f", dollars)
	}
	return fmt.Sprintf("$%.2f", dollars)
}

// left is the time that the rest takes at the pace of this run; false before
// there is one, and when nothing is left.
func (p *progress) left(now time.Time) (time.Duration, bool) {
	done, rest := p.whole-p.had, p.samples-p.whole-p.failed
	if done <= 0 || rest <= 0 {
		return 0, false
	}
	pace := now.Sub(p.began) / time.Duration(done)
	return (pace * time.Duration(rest)).Round(time.Second), true
}

// short is a number in three digits or so: 950, 1.2k, 34k, 5.6M.
func short(n int) string {
	switch f := float64(n); {
	case n < 1000:
		return fmt.Sprint(n)
	case n < 10_000:
		return fmt.Sprintf("%.1fk", f/1e3)
	case n < 1_000_000:
		return fmt.Sprintf("%.0fk", f/1e3)
	}
	return fmt.Sprintf("%.1fM", float64(n)/1e6)
}
