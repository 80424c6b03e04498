package main_test

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"hotmess/config"
	"hotmess/estimate"
	"hotmess/monitor"
	"hotmess/sim"
)

// askEach sends requests, each of a conversation of its own, a few at a time.
func (l *line) askEach(t *testing.T, requests int, body func(i int) string) {
	t.Helper()
	const atOnce = 8
	var working sync.WaitGroup
	for worker := range atOnce {
		working.Go(func() {
			for i := worker; i < requests; i += atOnce {
				if err := l.post(t, body(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	working.Wait()
}

func (l *line) post(t *testing.T, body string) error {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.base+"/chat/completions", bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "oracle/1")
	res, err := agents.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// window is what the last two days show of the only route.
func (l *line) window(t *testing.T) (monitor.RouteReport, monitor.WindowReport) {
	t.Helper()
	for _, r := range l.monitor.Routes() {
		if r.Route == "oracle.simulated" {
			return r, r.Windows[1]
		}
	}
	t.Fatal("nothing was observed")
	panic("unreachable")
}

// TestTheUnstableArgumentIsTheOneThatDiffers: of the one tool's two arguments the
// id alone identifies, so it differs just where the target does; the note is one
// of 4,608 phrases, drawn anew for each call.
func TestTheUnstableArgumentIsTheOneThatDiffers(t *testing.T) {
	const requests = 200
	l := newLine(t, &sim.Server{Seed: 3, Accuracy: .7}, func(*config.Config) {})
	l.askEach(t, requests, func(i int) string {
		return fmt.Sprintf(`{"model":"simulated","messages":[{"role":"user","content":"Please do task %d."}],"tools":[{"type":"function",`+
			`"function":{"name":"get_record","parameters":{"type":"object","properties":{"id":{"type":"integer"},"note":{"type":"string"}}}}}]}`, i)
	})
	target := l.measured(t, requests)
	_, w := l.window(t)
	found := map[string]estimate.Figure{}
	for _, a := range w.Arguments {
		found[a.Argument] = a.Disagreement
	}
	id, note := found["get_record.id"], found["get_record.note"]
	if len(found) != 2 || id.Value == nil || note.Value == nil {
		t.Fatalf("arguments %+v", w.Arguments)
	}
	if *id.Value != *target.Value || id.N != requests || id.Low == nil {
		t.Errorf("id %v of %d, target %v", *id.Value, id.N, *target.Value)
	}
	if *note.Value < 0.98 {
		t.Errorf("note %v", *note.Value)
	}
	if s := w.Signals; s.Requests != requests || s.Invalid+s.Repeated+s.Truncated+s.Compacted != 0 {
		t.Errorf("signals %+v", s)
	}
}

// TestTextsAreCalibratedAndEmbedded: the simulator's embeddings of different
// texts are independent unit vectors in 16 dimensions, of mean cosine 0 and
// variance 1/16.
func TestTextsAreCalibratedAndEmbedded(t *testing.T) {
	const requests = 120
	l := newLine(t, &sim.Server{Seed: 4, Accuracy: .7}, func(c *config.Config) {
		c.Embeddings = config.Embeddings{Upstream: config.OnlyUpstream, Model: "embed"}
		c.Sampling.Samples = 2
	})
	l.askEach(t, requests, func(i int) string {
		return fmt.Sprintf(`{"model":"simulated","messages":[{"role":"user","content":"Tell me of number %d."}]}`, i)
	})
	l.observed(t, requests)
	r, w := l.window(t)
	if s := r.Similarity; s == nil || s.Threshold == nil || *s.Threshold >= 1 {
		t.Fatalf("similarity %+v", s)
	}
	levels := map[string]monitor.SeriesReport{}
	for _, s := range w.Series {
		levels[s.Kind+" "+s.Level] = s
	}
	if s, ok := levels["text "+monitor.LevelSimilar]; !ok || !s.Headline || s.Disagreement.Value == nil {
		t.Errorf("series %+v", w.Series)
	}
	if len(w.Distances) != 1 {
		t.Fatalf("distances %+v", w.Distances)
	}
	d := w.Distances[0].Distance
	if off := math.Abs(*d.Value-1) / (0.25 / math.Sqrt(requests)); d.N != requests || off > 4 {
		t.Errorf("mean distance %v of %d: %.1f standard errors from 1", *d.Value, d.N, off)
	}
}

// TestVotesOnTextsAreTakenByEmbeddings: the simulator's texts hardly ever repeat, so
// that nearly every vote of three has three to embed.
func TestVotesOnTextsAreTakenByEmbeddings(t *testing.T) {
	const requests = 40
	l := newLine(t, &sim.Server{Seed: 5, Accuracy: .7}, func(c *config.Config) {
		c.Embeddings = config.Embeddings{Upstream: config.OnlyUpstream, Model: "embed"}
		c.Sampling.Mode, c.Sampling.Rate = config.Ensemble, config.Rate{}
		c.Ensemble.Likeness = config.LikenessEmbeddings
	})
	l.askEach(t, requests, func(i int) string {
		return fmt.Sprintf(`{"model":"simulated","messages":[{"role":"user","content":"Tell me of number %d."}]}`, i)
	})
	l.observed(t, requests)
	var page bytes.Buffer
	l.monitor.WriteMetrics(&page)
	_, line, _ := strings.Cut(page.String(), `hotmess_embeddings_total{outcome="ok"} `)
	line, _, _ = strings.Cut(line, "\n")
	if n, err := strconv.Atoi(line); err != nil || n < requests*9/10 || n > requests || strings.Count(page.String(), "hotmess_embeddings_total{") != 1 {
		t.Errorf("%s of %d votes went by embeddings", line, requests)
	}
}
