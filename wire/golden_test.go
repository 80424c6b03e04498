package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// chatTarget is what Detect says of a Chat Completions request.
var chatTarget = Target{Provider: ProviderOpenAI, Dialect: OpenAIChat}

// A golden is what is wanted of one case in testdata.
type golden struct {
	// Path is that of the request where it says more than the dialect.
	Path  string `json:"path"`
	View  *View  `json:"view"`
	Reply *Reply `json:"reply"`
}

// target is what Detect says of the case's request.
func (g golden) target(d Dialect) Target {
	path, query, _ := strings.Cut(g.Path, "?")
	if path == "" {
		return Target{Dialect: d}
	}
	return Detect(http.MethodPost, path, query, nil)
}

// eachGolden runs f for every case of every dialect; path lacks the suffix.
func eachGolden(t *testing.T, f func(t *testing.T, d Dialect, path string, want golden)) {
	t.Helper()
	for _, d := range Dialects() {
		files, err := filepath.Glob("testdata/" + string(d) + "/*.want.json")
		if err != nil || len(files) == 0 {
			t.Fatalf("no golden files of %s: %v", d, err)
		}
		for _, file := range files {
			path := strings.TrimSuffix(file, ".want.json")
			t.Run(string(d)+"/"+filepath.Base(path), func(t *testing.T) {
				t.Parallel()
				var want golden
				dec := json.NewDecoder(bytes.NewReader(mustRead(t, file)))
				dec.DisallowUnknownFields()
				if err := dec.Decode(&want); err != nil {
					t.Fatal(err)
				}
				f(t, d, path, want)
			})
		}
	}
}

func mustRead(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// optional reads a file of a case that may lack it.
func optional(t *testing.T, file string) ([]byte, bool) {
	t.Helper()
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false
	}
	if err != nil {
		t.Fatal(err)
	}
	return data, true
}

func TestGoldenRequests(t *testing.T) {
	eachGolden(t, func(t *testing.T, d Dialect, path string, want golden) {
		body, ok := optional(t, path+".req.json")
		if ok != (want.View != nil) {
			t.Fatalf("request there: %v, view wanted: %v", ok, want.View != nil)
		}
		if !ok {
			return
		}
		got, err := ReadView(want.target(d), body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(*want.View, got); diff != "" {
			t.Errorf("view (-want +got):\n%s", diff)
		}
	})
}

func TestGoldenReplies(t *testing.T) {
	eachGolden(t, func(t *testing.T, d Dialect, path string, want golden) {
		unary, isUnary := optional(t, path+".resp.json")
		stream, isStream := optional(t, path+".sse")
		array, isArray := optional(t, path+".array.json")
		if there := isUnary || isStream || isArray; there != (want.Reply != nil) {
			t.Fatalf("reply there: %v, wanted: %v", there, want.Reply != nil)
		}
		if isUnary {
			checkFold(t, d, false, unary, *want.Reply)
		}
		if isStream {
			checkFold(t, d, true, stream, *want.Reply)
		}
		if isArray {
			checkFold(t, d, false, array, *want.Reply)
		}
	})
}

func checkFold(t *testing.T, d Dialect, stream bool, body []byte, want Reply) {
	t.Helper()
	got, err := Fold(d, stream, bytes.NewReader(body), nil)
	if err != nil {
		t.Fatalf("stream %v: %v", stream, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stream %v: reply (-want +got):\n%s", stream, diff)
	}
}

func TestStreamsFoldAlikeHoweverTheyAreCut(t *testing.T) {
	eachGolden(t, func(t *testing.T, d Dialect, path string, want golden) {
		body, ok := optional(t, path+".sse")
		if !ok {
			return
		}
		events := eventsOf(t, bytes.NewReader(body))
		for _, end := range []string{"\n", "\r\n", "\r"} {
			text := bytes.ReplaceAll(body, []byte("\n"), []byte(end))
			got, err := Fold(d, true, iotest.OneByteReader(bytes.NewReader(text)), nil)
			if err != nil || cmp.Diff(*want.Reply, got) != "" {
				t.Errorf("line end %q, byte by byte: %v\n%s", end, err, cmp.Diff(*want.Reply, got))
			}
			if got := eventsOf(t, bytes.NewReader(text)); !slices.Equal(got, events) {
				t.Fatalf("line end %q (-want +got):\n%s", end, cmp.Diff(events, got))
			}
			// What a cut can break is the event that it is in and those beside it.
			pieces := bytes.SplitAfter(text, []byte(end+end))
			for i, piece := range pieces {
				before := bytes.Join(pieces[max(i-1, 0):i], nil)
				near := bytes.Join(pieces[max(i-1, 0):min(i+2, len(pieces))], nil)
				events := eventsOf(t, bytes.NewReader(near))
				for at := range piece {
					if got := eventsOf(t, inTwo(near, len(before)+at)); !slices.Equal(got, events) {
						t.Fatalf("line end %q, event %d cut at %d (-want +got):\n%s", end, i, at, cmp.Diff(events, got))
					}
				}
			}
		}
	})
}

// cuts are the places to cut a stream at: all of those near the end of a line,
// where lines and events are told apart, and every seventh within one.
func cuts(stream []byte) (all []int) {
	const near = 4
	for i := range stream {
		if i%7 == 0 || bytes.ContainsAny(stream[max(i-near, 0):min(i+near, len(stream))], "\r\n") {
			all = append(all, i)
		}
	}
	return all
}

// TestStreamsThatEndEarlyAreTruncated ends every whole stream early: each start
// either folds to the whole reply's choice, its end mark being there, or is
// truncated.
func TestStreamsThatEndEarlyAreTruncated(t *testing.T) {
	eachGolden(t, func(t *testing.T, d Dialect, path string, want golden) {
		body, ok := optional(t, path+".sse")
		if !ok || want.Reply.Truncated {
			return
		}
		for _, i := range cuts(body) {
			got, err := Fold(d, true, bytes.NewReader(body[:i]), nil)
			if err != nil {
				t.Fatalf("ended at %d: %v", i, err)
			}
			if got.Truncated {
				continue
			}
			if diff := cmp.Diff(want.Reply.Choice, got.Choice); diff != "" {
				t.Fatalf("ended at %d, yet whole (-want +got):\n%s", i, diff)
			}
		}
	})
}
