package alerts

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var epoch = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func TestLifeFollowsAlertmanager(t *testing.T) {
	// One condition a minute: + holds, - cleared, . absent. Under it the
	// status: p pending, F firing, R resolved, blank inactive.
	tests := []struct {
		name       string
		hold, keep int // minutes
		conditions string
		want       string
	}{
		{"nothing happens without a breach", 2, 2, "-.-.", "    "},
		{"fires after for", 2, 0, "+++-", "ppFR"},
		{"for 0 fires at once, never pending", 0, 0, "-+-", " FR"},
		{"a pending alert that clears is inactive again", 3, 0, "++-+++", "pp ppp"},
		{"for starts anew after a clear", 2, 0, "+-+++", "p ppF"},
		{"keep_firing_for delays the end", 0, 2, "+----", "FFFR "},
		{"a breach within keep_firing_for starts it anew", 0, 2, "+--+---", "FFFFFFR"},
		{"missing data does not end a firing alert", 0, 0, "+....", "FFFFF"},
		{"missing data is not counted as clear", 0, 2, "+-..---", "FFFFFFR"},
		{"missing data does not fire a pending alert", 2, 0, "+..+", "pppF"},
		{"a resolved alert can fire again", 0, 0, "+-+", "FRF"},
		{"after resolved comes inactive", 0, 0, "+--", "FR "},
	}
	letters := map[Status]byte{inactive: ' ', Pending: 'p', Firing: 'F', Resolved: 'R'}
	conditions := map[rune]condition{'+': holds, '-': cleared, '.': absent}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			times := timing{hold: time.Duration(tt.hold) * time.Minute, keep: time.Duration(tt.keep) * time.Minute}
			var l life
			var got []byte
			for minute, c := range tt.conditions {
				l = l.next(epoch.Add(time.Duration(minute)*time.Minute), conditions[c], times)
				got = append(got, letters[l.status])
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.conditions, diff)
			}
		})
	}
}

func TestLifeKeepsItsStartUntilItEnds(t *testing.T) {
	times := timing{hold: time.Minute, keep: 0}
	l := life{}.next(epoch, holds, times)
	l = l.next(epoch.Add(time.Minute), holds, times)
	l = l.next(epoch.Add(time.Hour), cleared, times)
	want := life{status: Resolved, starts: epoch, ends: epoch.Add(time.Hour)}
	if l != want {
		t.Errorf("life = %+v, want %+v", l, want)
	}
}

func TestLifeSurvivesAClockThatGoesBack(t *testing.T) {
	times := timing{hold: time.Minute, keep: time.Minute}
	l := life{status: Firing, starts: epoch}.next(epoch, cleared, times)
	l = l.next(epoch.Add(-time.Hour), cleared, times)
	if l.status != Firing {
		t.Errorf("status = %q, want firing: no minute of clear was seen", l.status)
	}
}

func TestLimiterNeverRefusesFiring(t *testing.T) {
	var l limiter
	var published int
	// The worst case: every change is wanted at every moment.
	statuses := []Status{Pending, Firing, Resolved}
	for i := range 100 {
		now := epoch.Add(time.Duration(i) * time.Second)
		to := statuses[i%3]
		ok := l.allows(now, to)
		if ok {
			l.record(now)
			published++
			continue
		}
		if to == Firing {
			t.Fatalf("change %d to firing refused", i)
		}
		if to == Resolved {
			break // it stays firing
		}
	}
	if published > maxChanges {
		t.Errorf("%d changes in an hour, want at most %d", published, maxChanges)
	}
}

func TestLimiterForgetsAfterAnHour(t *testing.T) {
	var l limiter
	for range maxChanges {
		l.record(epoch)
	}
	if l.allows(epoch.Add(59*time.Minute), Resolved) {
		t.Error("allowed within the hour")
	}
	if !l.allows(epoch.Add(time.Hour), Resolved) || !l.idle(epoch.Add(time.Hour)) {
		t.Error("still refused after an hour")
	}
}
