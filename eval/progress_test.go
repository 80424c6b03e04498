package eval

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestProgressTellsCostAndTimeLeft(t *testing.T) {
	began := time.Unix(1000, 0)
	n := 500_000
	p := progress{out: &bytes.Buffer{}, questions: 10, samples: 40, had: 10, whole: 10, began: began, price: &Price{In: 2, Out: 10}}
	p.count(Sample{InputTokens: &n, OutputTokens: &n})
	p.count(Sample{InputTokens: &n, OutputTokens: &n})
	// Two samples in a minute leave 28 for 14 minutes; 1M tokens at $2 and at $10.
	now := began.Add(time.Minute)
	if got, want := p.text(now), "0/10 questions · 12/40 samples · 1.0M+1.0M tokens · $12.00 · 14m0s left"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	p.count(Sample{})
	p.failed = 27
	if got := p.text(now); !strings.Contains(got, "at least $12.00") || !strings.Contains(got, "(1 samples without)") ||
		strings.Contains(got, "left") || !strings.Contains(got, "27 failed") {
		t.Errorf("%s", got)
	}
}

func TestProgressIsALineEveryTenSecondsWithoutATerminal(t *testing.T) {
	var out bytes.Buffer
	began := time.Unix(1000, 0)
	p := progress{out: &out, began: began, said: began}
	for i := range 61 {
		p.look(began.Add(time.Duration(i) * lookEvery))
	}
	if got := strings.Count(out.String(), "\n"); got != 3 {
		t.Errorf("%d lines in 30 s", got)
	}
}

func TestProgressIsOneLineOnATerminal(t *testing.T) {
	var out bytes.Buffer
	p := progress{out: &out, terminal: true, failed: 10}
	p.look(time.Unix(1, 0))
	first := p.shown
	p.failed = 0
	p.look(time.Unix(2, 0))
	if strings.Contains(out.String(), "\n") || !strings.HasSuffix(out.String(), strings.Repeat(" ", first-p.shown)) {
		t.Errorf("%q", out.String())
	}
	p.say("hello")
	if !strings.HasSuffix(out.String(), "\rhotmess eval: hello\n") {
		t.Errorf("%q", out.String())
	}
}

func TestNumbersAreShort(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1234: "1.2k", 56_700: "57k", 1_250_000: "1.2M"} {
		if got := short(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
