package bench

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hotmess/config"
)

// A dialect is a call and its answer, as small as the API allows.
type dialect struct {
	name, path string
	// before and after enclose the text of the prompt.
	before, after string
	answer        string
}

func dialects() []dialect {
	return []dialect{
		{
			"openai-chat", "/v1/chat/completions", `{"model":"m","messages":[{"role":"user","content":"`, `"}]}`,
			`{"id":"r","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":1}}`,
		},
		{
			"openai-responses", "/v1/responses", `{"model":"m","store":false,"input":"`, `"}`,
			`{"id":"r","model":"m","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"ok"}]}],"usage":{"input_tokens":10,"output_tokens":1}}`,
		},
		{
			"anthropic-messages", "/v1/messages", `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"`, `"}]}`,
			`{"id":"r","model":"m","type":"message","content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":1}}`,
		},
		{
			"gemini-generate", "/v1beta/models/m:generateContent", `{"contents":[{"role":"user","parts":[{"text":"`, `"}]}]}`,
			`{"responseId":"r","modelVersion":"m","candidates":[{"content":{"parts":[{"text":"ok"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":1,"totalTokenCount":11}}`,
		},
	}
}

// BenchmarkDialects prints what observing adds to a call of each dialect: the
// median with every request read and folded but none drawn, against sampling
// off. What is done behind a call counts against the next.
func BenchmarkDialects(b *testing.B) {
	all := dialects()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		for _, d := range all {
			if d.path == r.URL.Path {
				_, _ = io.WriteString(w, d.answer)
			}
		}
	}))
	b.Cleanup(up.Close)
	ways := []target{off(b, up.URL), {name: "hotmess observe", url: hotmess(b, up.URL, func(c *config.Config) { c.Sampling.Rate = config.Rate{} })}}
	for _, c := range []struct {
		name         string
		size, rounds int
	}{{"100 B", 100, 3000}, {"200 kB", 200 << 10, 500}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				printDialects(b, ways, all, c.size, c.rounds)
			}
		})
	}
}

func printDialects(b *testing.B, ways []target, all []dialect, size, rounds int) {
	b.Helper()
	by := clients(ways)
	took := make([][][]time.Duration, len(all))
	for d := range all {
		took[d] = make([][]time.Duration, len(ways))
	}
	for range rounds {
		for _, n := range rand.Perm(len(all) * len(ways)) {
			d, i := n/len(ways), n%len(ways)
			began := time.Now()
			all[d].call(b, by[i], ways[i], size)
			took[d][i] = append(took[d][i], time.Since(began))
		}
	}
	for d := range all {
		off, on := median(took[d][0]), median(took[d][1])
		fmt.Printf("%-22s off %-9s observe +%-9s (%.2f×)\n", all[d].name, off.Round(time.Microsecond), (on - off).Round(100*time.Nanosecond), ratio(on, off))
	}
}

// call makes one call with a prompt of the given size.
func (d dialect) call(b *testing.B, client *http.Client, t target, size int) {
	b.Helper()
	body := d.before + strings.Repeat("x", size-len(d.before)-len(d.after)) + d.after
	res, err := client.Post(t.url+d.path, "application/json", strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(got, []byte(d.answer)) {
		b.Fatalf("%s: %s, %v", d.name, got, err)
	}
}
