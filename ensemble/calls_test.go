package ensemble

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hotmess/monitor"
	"hotmess/wire"
)

const toolsRequest = `{"model":"m","messages":[{"role":"user","content":"q"}],"tools":[
	{"type":"function","function":{"name":"read","parameters":{"type":"object","properties":{"path":{"type":"string"},"limit":{"type":"integer"}}}}},
	{"type":"function","function":{"name":"bash","parameters":{"type":"object","properties":{"command":{"type":"string"}}}}}]}`

// offering compares replies to a request that offers tools.
func offering(t testing.TB) Comparer {
	t.Helper()
	v, err := wire.ReadView(wire.Target{Dialect: wire.OpenAIChat}, []byte(toolsRequest))
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewComparer(v, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// callers makes samples that call one tool each: name, then arguments; an empty
// name is a text.
func callers(c Comparer, calls ...[2]string) []Sample {
	var samples []Sample
	for i, call := range calls {
		r := wire.Reply{Choice: wire.Choice{Text: "no"}}
		if call[0] != "" {
			r.Choice = wire.Choice{Calls: []wire.Call{{Name: call[0], Arguments: call[1]}}}
		}
		samples = append(samples, Sample{Number: i, Reply: r, Keys: c.Keys(r)})
	}
	return samples
}

func TestCalls(t *testing.T) {
	c := offering(t)
	read := func(args string) [2]string { return [2]string{"read", args} }
	bash := func(args string) [2]string { return [2]string{"bash", args} }
	none := [2]string{}
	for _, tc := range []struct {
		name           string
		calls          [][2]string
		winner, agreed int
		rival          int
		changed        bool
		sampled        bool
	}{
		{"alone", [][2]string{read(`{"path":"a"}`)}, 0, 1, 0, false, false},
		{"the tool first, then its target", [][2]string{bash(`{"command":"ls"}`), bash(`{"command":"ls"}`), read(`{"path":"a"}`), read(`{"path":"b"}`), read(`{"path":"a"}`)}, 2, 2, 2, true, false},
		{"a tie of tools keeps the primary", [][2]string{read(`{"path":"a"}`), bash(`{"command":"ls"}`)}, 0, 1, 1, false, false},
		{"half with the primary is enough", [][2]string{read(`{"path":"a"}`), read(`{"path":"b"}`), read(`{"path":"b"}`), read(`{"path":"a"}`)}, 0, 2, 2, false, false},
		{"no call is a vote", [][2]string{read(`{"path":"a"}`), none, none}, 1, 2, 1, true, false},
		{"equal in another form", [][2]string{read(`{"path":"b"}`), read(`{"path":"./a"}`), read(`{ "path": "a" }`)}, 1, 2, 1, true, false},
		{
			"without a majority the call that agrees on most arguments",
			[][2]string{read(`{"path":"a","limit":1}`), read(`{"path":"b","limit":2}`), read(`{"path":"b","limit":3}`), read(`{"path":"c","limit":3}`)},
			2, 1, 1, true, true,
		},
		{
			"not another call at its target",
			[][2]string{
				bash(`{"command":"ls a","description":"odd"}`), bash(`{"command":"ls b","description":"list"}`), bash(`{"command":"ls a","description":"list"}`),
				bash(`{"command":"ls c","description":"list"}`), bash(`{"command":"ls d","description":"list"}`),
			},
			2, 2, 1, false, true,
		},
		{"of calls that agree on nothing the primary", [][2]string{read(`{"path":"a"}`), read(`{"path":"b"}`), read(`{"path":"c"}`)}, 0, 1, 1, false, true},
		{"exact arguments within the target", [][2]string{read(`{"path":"b"}`), bash(`{"command":"ls 'a'"}`), bash(`{"command":"ls a"}`), bash(`{"command":"ls a"}`)}, 2, 3, 1, true, false},
		{"arguments that are no JSON", [][2]string{read(`{"path`), read(`{"path":"b"}`), read(`{"path":"b"}`)}, 1, 2, 1, true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v, ok := c.Calls(callers(c, tc.calls...))
			if !ok || v.Winner != tc.winner || v.Agreed != tc.agreed || v.Rival != tc.rival || v.Changed != tc.changed || v.Sampled != tc.sampled || v.Votes != len(tc.calls) {
				t.Errorf("%+v, want %+v", v, tc)
			}
			if v.Parties[0].Votes != v.Agreed {
				t.Errorf("the first party is not the winner's: %+v", v.Parties)
			}
		})
	}
	if v, ok := c.Calls(nil); ok {
		t.Errorf("nobody voted for %+v", v)
	}
}

// drawCalls draws samples that call two tools with few arguments.
func drawCalls(t *rapid.T, c Comparer, most int) []Sample {
	calls := [][2]string{{"", ""}, {"bash", `{"command":"ls"}`}}
	for _, path := range []string{"a", "b", "./a"} {
		for _, limit := range []string{"1", "2"} {
			calls = append(calls, [2]string{"read", `{"path":"` + path + `","limit":` + limit + `}`})
		}
	}
	return callers(c, rapid.SliceOfN(rapid.SampledFrom(calls), 1, most).Draw(t, "calls")...)
}

func TestNoMethodDependsOnTheOrderOfArrival(t *testing.T) {
	c := offering(t)
	rapid.Check(t, func(t *rapid.T) {
		samples := drawCalls(t, c, 7)
		for i := range samples {
			if rapid.IntRange(0, 5).Draw(t, "missing") == 5 {
				samples[i].Missing = monitor.ReasonFailed
			}
		}
		shuffled := rapid.Permutation(samples).Draw(t, "shuffled")
		for _, m := range []Method{MethodCalls, MethodMedoid, MethodMajority} {
			v, voted := c.Vote(m, samples, LevelTarget)
			w, again := c.Vote(m, shuffled, LevelTarget)
			if !reflect.DeepEqual(v, w) || voted != again {
				t.Fatalf("%s: %+v, then %+v", m, v, w)
			}
		}
	})
}

// TestSettledCallsKeepTheirTarget lets outstanding samples say all that they can.
func TestSettledCallsKeepTheirTarget(t *testing.T) {
	c := offering(t)
	rapid.Check(t, func(t *rapid.T) {
		samples := drawCalls(t, c, 7)
		n := rapid.IntRange(1, len(samples)).Draw(t, "ended")
		for _, m := range []Method{MethodCalls, MethodMedoid} {
			level := map[Method]Level{MethodCalls: LevelTarget, MethodMedoid: LevelExact}[m]
			if !c.settled(m, samples[:n], level, len(samples)-n) {
				continue
			}
			early, _ := c.Vote(m, samples[:n], level)
			late, _ := c.Vote(m, samples, level)
			if early.Parties[0].Key != late.Parties[0].Key {
				t.Fatalf("%s was settled with %d outstanding, and changed: %+v, %+v", m, len(samples)-n, early, late)
			}
		}
	})
}

// TestCallsAreTakenApartOnce: the arguments of a call were read again for each of
// them that differs, and for each other sample.
func TestCallsAreTakenApartOnce(t *testing.T) {
	const arguments, voters, most = 1000, 9, 64 << 20
	c := offering(t)
	var calls [][2]string
	for i := range voters {
		var b strings.Builder
		for j := range arguments {
			fmt.Fprintf(&b, `"a%d":"%d",`, j, i)
		}
		calls = append(calls, [2]string{"read", "{" + b.String() + `"path":"p` + fmt.Sprint(i) + `"}`})
	}
	samples := callers(c, calls...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if v, ok := c.Calls(samples); !ok || !v.Sampled {
		t.Errorf("%+v, %v", v, ok)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > most {
		t.Errorf("%d bytes for %d arguments of %d samples", took, arguments, voters)
	}
}
