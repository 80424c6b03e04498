package monitor

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

func TestNewServedModelIsAChangeSinceItsFirstRequest(t *testing.T) {
	var c changes
	at := base
	request := func(served string, n int) {
		for range n {
			at = at.Add(time.Minute)
			c.count(&Observation{Model: "m", ServedModel: served}, false, at)
		}
	}
	request("m-05", 100)
	if len(c.Seen) != 0 {
		t.Fatalf("changes %v before any", c.Seen)
	}
	first := at.Add(time.Minute)
	request("m-08", changeRequests-1)
	if len(c.Seen) != 0 {
		t.Fatalf("changes %v after %d requests", c.Seen, changeRequests-1)
	}
	request("m-08", 1)
	if len(c.Seen) != 1 || c.Seen[0].From != "m-05" || c.Seen[0].To != "m-08" || !c.Seen[0].Time.Equal(first) || c.Seen[0].What != "served_model" {
		t.Fatalf("changes %+v", c.Seen)
	}
	request("m-05", changeRequests)
	if len(c.Seen) != 2 || c.Seen[0].To != "m-05" {
		t.Errorf("the way back is no change: %+v", c.Seen)
	}
	if n := len(c.lastDay(at.Add(changeMemory))); n != 0 {
		t.Errorf("%d changes of the last day, a day later", n)
	}
}

func TestAlternatingValuesAreNoChange(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var c changes
	for i := range 20_000 {
		o := Observation{Model: "m", ServedModel: "m", Fingerprint: "fp" + strconv.Itoa(rng.IntN(2))}
		// Every session has a prompt of its own, with its date and directory.
		o.System, o.Tools = strconv.Itoa(i/10), "t"
		c.count(&o, i%10 == 0, base)
	}
	if len(c.Seen) != 0 {
		t.Errorf("changes %+v", c.Seen)
	}
}

func TestPromptsCountOncePerConversation(t *testing.T) {
	var c changes
	for i := range 200 {
		system := "a"
		if i >= 100 {
			system = "b"
		}
		c.count(&Observation{Model: "m", System: system}, i%10 == 0, base)
	}
	// Ten conversations have the new prompt.
	if len(c.Seen) != 1 || c.Seen[0].What != "system" || c.Seen[0].From != "a" || c.Model != nil {
		t.Errorf("changes %+v, of the model %v", c.Seen, c.Model)
	}
}

func TestRequestedModelsAreToldApart(t *testing.T) {
	var c changes
	for i := range 1000 {
		name := "big"
		if i/changeRequests%2 == 0 {
			name = "small"
		}
		c.count(&Observation{Model: name, ServedModel: name + "-1"}, false, base)
	}
	if len(c.Seen) != 0 {
		t.Errorf("changes %+v", c.Seen)
	}
	for i := range 100 {
		c.count(&Observation{Model: strconv.Itoa(i), ServedModel: "x"}, true, base)
	}
	if len(c.Tracked) > maxTracked {
		t.Errorf("%d models tracked", len(c.Tracked))
	}
}

func TestChangesAreBounded(t *testing.T) {
	var c changes
	for i := range 100 * changeRequests {
		c.count(&Observation{Model: "m", ServedModel: strconv.Itoa(i / changeRequests)}, false, base)
	}
	if len(c.Seen) != maxChanges || c.Seen[0].To != "99" {
		t.Errorf("%d changes, the latest to %s", len(c.Seen), c.Seen[0].To)
	}
}
