package proxy

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"hotmess/monitor"
)

func TestSpoolGivesTheSameBytesInAnyInterleaving(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &ledger{limit: 1 << 20}
		pieces := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 700), 0, 8).Draw(t, "pieces")
		whole := bytes.Join(pieces, nil)
		announced := rapid.SampledFrom([]int64{-1, int64(len(whole))}).Draw(t, "announced")
		s := newSpool(l, 1<<20, announced)
		var got []byte
		take := func() {
			b := make([]byte, rapid.IntRange(1, 900).Draw(t, "read"))
			n, err := s.Read(b)
			got = append(got, b[:n]...)
			if err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
		}
		written := 0
		for _, p := range pieces {
			s.write(p)
			written += len(p)
			for len(got) < written && rapid.Bool().Draw(t, "read now") {
				take()
			}
		}
		s.end(nil)
		rest, err := io.ReadAll(s)
		if got = append(got, rest...); err != nil || !bytes.Equal(got, whole) {
			t.Fatalf("%d bytes, %v; want %d", len(got), err, len(whole))
		}
		if body, err := s.wait(); err != nil || !bytes.Equal(body, whole) {
			t.Fatalf("wait: %d bytes, %v", len(body), err)
		}
		if held := l.held.Load(); held < int64(len(whole)) || held > 2*int64(len(whole))+512 {
			t.Fatalf("%d bytes held for %d", held, len(whole))
		}
		s.free()
		s.free()
		if l.held.Load() != 0 {
			t.Fatalf("%d bytes still held", l.held.Load())
		}
	})
}

func TestSpoolGivesUpAtItsLimits(t *testing.T) {
	for name, c := range map[string]struct {
		limit, held, announced int64
		want                   monitor.Reason
	}{
		"announced too big": {10, 100, 11, monitor.ReasonTooBig},
		"grows too big":     {10, 100, -1, monitor.ReasonTooBig},
		"just fits":         {11, 100, -1, ""},
		"announced fits":    {11, 11, 11, ""},
		"no memory":         {1000, 10, -1, monitor.ReasonMemory},
		"none announced":    {1000, 10, 11, monitor.ReasonMemory},
	} {
		t.Run(name, func(t *testing.T) {
			l := &ledger{limit: c.held}
			s := newSpool(l, c.limit, c.announced)
			for range 11 {
				s.write([]byte("x"))
			}
			s.end(nil)
			body, err := s.wait()
			if s.dropped() != c.want || (c.want != "") != errors.Is(err, errSpoolDropped) {
				t.Errorf("dropped %q, %v", s.dropped(), err)
			}
			if c.want == "" && string(body) != strings.Repeat("x", 11) {
				t.Errorf("body %q", body)
			}
			if c.want != "" && l.held.Load() != 0 {
				t.Errorf("%d bytes held of a dropped copy", l.held.Load())
			}
			s.free()
			s.write([]byte("late"))
			if l.held.Load() != 0 {
				t.Errorf("%d bytes held in the end", l.held.Load())
			}
		})
	}
}

func TestSpoolEndsAsItsBodyEnded(t *testing.T) {
	cut := errors.New("cut")
	l := &ledger{limit: 1000}
	s := newSpool(l, 1000, -1)
	_, err := io.ReadAll(&tee{io.NopCloser(io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(cut))), s})
	if !errors.Is(err, cut) {
		t.Fatal(err)
	}
	s.end(nil) // too late
	if got, err := io.ReadAll(s); string(got) != "ab" || !errors.Is(err, cut) {
		t.Errorf("got %q, %v", got, err)
	}
	s.free()
}

func TestBodyOfItsAnnouncedSizeIsWhole(t *testing.T) {
	s := newSpool(&ledger{limit: 1000}, 1000, 2)
	body := &tee{io.NopCloser(strings.NewReader("ab")), s}
	if _, err := io.ReadFull(body, make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	_ = body.Close() // without having looked for the end
	if got, err := s.wait(); string(got) != "ab" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	s.free()
}

func TestBodyThatIsClosedBeforeItsEndBrokeOff(t *testing.T) {
	s := newSpool(&ledger{limit: 1000}, 1000, -1)
	body := &tee{io.NopCloser(strings.NewReader("ab")), s}
	if _, err := io.ReadFull(body, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	_ = body.Close()
	if _, err := s.wait(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	s.free()
}

func TestLedgerReleasesOnce(t *testing.T) {
	l := &ledger{limit: 10}
	release, ok := l.Hold(10)
	if !ok {
		t.Fatal("no room")
	}
	if _, ok := l.Hold(1); ok {
		t.Error("room beyond the limit")
	}
	release()
	release()
	if got := l.held.Load(); got != 0 {
		t.Errorf("%d bytes held", got)
	}
}

func TestReadAheadHoldsWhatItReads(t *testing.T) {
	for name, c := range map[string]struct {
		size, announced, limit, held int64
		want                         monitor.Reason
	}{
		"known":               {1000, 1000, 2000, 2000, ""},
		"unknown":             {1000, -1, 2000, 2001, ""},
		"just the limit":      {1000, -1, 1000, 2000, ""},
		"one over":            {1001, -1, 1000, 2000, monitor.ReasonTooBig},
		"announced over":      {1001, 1001, 1000, 2000, monitor.ReasonTooBig},
		"no memory":           {1000, 1000, 2000, 999, monitor.ReasonMemory},
		"no memory, unknown":  {100_000, -1, 200_000, 50_000, monitor.ReasonMemory},
		"large, known":        {3 << 20, 3 << 20, 4 << 20, 8 << 20, ""},
		"less than announced": {10, 20, 2000, 2000, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := &Handler{}
			h.ledger.limit = c.held
			x := &exchange{h: h, policy: &policy{}}
			x.policy.limits.Body = sizeOf(c.limit)
			sent := bytes.Repeat([]byte("ab"), int(c.size/2+1))[:c.size]
			r := request(t, sent, c.announced)
			body, why := x.readAhead(r)
			if why != c.want || why == "" && !bytes.Equal(body, sent) {
				t.Errorf("%d bytes, %q", len(body), why)
			}
			if why == "" && h.ledger.held.Load() < int64(len(body)) {
				t.Errorf("%d bytes held of %d", h.ledger.held.Load(), len(body))
			}
			if all, err := io.ReadAll(r.Body); err != nil || !bytes.Equal(all, sent) {
				t.Errorf("%d bytes are left for the upstream, %v", len(all), err)
			}
			x.free()
			if got := h.ledger.held.Load(); got != 0 {
				t.Errorf("%d bytes still held", got)
			}
		})
	}
}

func TestReadAheadPassesOnHowABodyBrokeOff(t *testing.T) {
	cut := errors.New("cut")
	h := &Handler{}
	h.ledger.limit = 1 << 20
	x := &exchange{h: h, policy: &policy{}}
	x.policy.limits.Body = 1000
	r := request(t, nil, -1)
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("half"), iotest.ErrReader(cut)))
	if _, why := x.readAhead(r); why != monitor.ReasonMalformed {
		t.Errorf("reason %q", why)
	}
	if all, err := io.ReadAll(r.Body); string(all) != "half" || !errors.Is(err, cut) {
		t.Errorf("%q, %v", all, err)
	}
	x.free()
}
