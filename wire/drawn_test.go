package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestDrawnRepliesFoldAlikeStreamedOrNot draws replies, writes each as a body
// and as a stream with its texts cut at random and its calls interleaved, and
// wants the drawn reply back from both.
func TestDrawnRepliesFoldAlikeStreamedOrNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawReply(t)
		for stream, body := range map[bool][]byte{false: asBody(want), true: asStream(t, want)} {
			got, err := Fold(OpenAIChat, stream, bytes.NewReader(body), nil)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Fatalf("stream %v: %v (-want +got):\n%s\n%s", stream, err, diff, body)
			}
		}
	})
}

func drawReply(t *rapid.T) Reply {
	words := rapid.StringMatching(`[a-z0-9_-]{1,12}`)
	r := Reply{ID: words.Draw(t, "id"), Model: words.Draw(t, "model"), Choices: 1}
	r.Text = rapid.String().Draw(t, "text")
	r.Refusal = rapid.String().Draw(t, "refusal")
	r.ReasoningBytes = rapid.IntRange(0, 50).Draw(t, "reasoning")
	r.Reasoned = r.ReasoningBytes > 0
	r.Finish = rapid.SampledFrom([]string{"stop", "length", "tool_calls"}).Draw(t, "finish")
	for i := range rapid.IntRange(0, 4).Draw(t, "calls") {
		r.Calls = append(r.Calls, Call{
			ID: fmt.Sprintf("call_%d", i), Name: words.Draw(t, "name"), Arguments: rapid.String().Draw(t, "arguments"),
		})
	}
	if rapid.Bool().Draw(t, "usage") {
		r.Usage = Usage{
			Input: rapid.IntRange(0, 1e6).Draw(t, "input"), Output: rapid.IntRange(0, 1e6).Draw(t, "output"),
			HasTotals: true, HasReasoning: true,
		}
		r.Usage.Reasoning = rapid.IntRange(0, r.Usage.Output).Draw(t, "reasoned")
	}
	return r
}

// An object is JSON to be.
type object = map[string]any

func usageOf(r Reply) any {
	if !r.Usage.HasTotals {
		return nil
	}
	return object{
		"prompt_tokens": r.Usage.Input, "completion_tokens": r.Usage.Output,
		"completion_tokens_details": object{"reasoning_tokens": r.Usage.Reasoning},
	}
}

func asBody(r Reply) []byte {
	var calls []object
	for _, c := range r.Calls {
		calls = append(calls, object{
			"id": c.ID, "type": "function", "function": object{"name": c.Name, "arguments": c.Arguments},
		})
	}
	message := object{
		"role": "assistant", "content": r.Text, "refusal": r.Refusal, "tool_calls": calls,
		"reasoning_content": string(bytes.Repeat([]byte("r"), r.ReasoningBytes)),
	}
	body, _ := json.Marshal(object{
		"id": r.ID, "model": r.Model, "usage": usageOf(r),
		"choices": []object{{"index": 0, "message": message, "finish_reason": r.Finish}},
	})
	return body
}

// asStream cuts the reply into deltas in random order between, not within, its
// texts.
func asStream(t *rapid.T, r Reply) []byte {
	queues := [][]object{
		deltas(t, r.Text, func(s string) object { return object{"content": s} }),
		deltas(t, r.Refusal, func(s string) object { return object{"refusal": s} }),
		deltas(t, string(bytes.Repeat([]byte("r"), r.ReasoningBytes)), func(s string) object {
			return object{"reasoning": s}
		}),
	}
	for i, c := range r.Calls {
		first := object{"index": i, "id": c.ID, "function": object{"name": c.Name, "arguments": ""}}
		rest := deltas(t, c.Arguments, func(s string) object {
			return object{"tool_calls": []object{{"index": i, "function": object{"arguments": s}}}}
		})
		queues = append(queues, append([]object{{"tool_calls": []object{first}}}, rest...))
	}
	var out bytes.Buffer
	write := func(choices []object, usage any) {
		data, _ := json.Marshal(object{"id": r.ID, "model": r.Model, "choices": choices, "usage": usage})
		fmt.Fprintf(&out, "data: %s\n\n", data)
	}
	for _, delta := range shuffle(t, queues) {
		write([]object{{"index": 0, "delta": delta, "finish_reason": nil}}, nil)
	}
	write([]object{{"index": 0, "delta": object{}, "finish_reason": r.Finish}}, nil)
	write([]object{}, usageOf(r))
	out.WriteString(doneEvent)
	return out.Bytes()
}

// deltas cuts text between characters and wraps the pieces.
func deltas(t *rapid.T, text string, wrap func(string) object) []object {
	var pieces []object
	for runes := []rune(text); len(runes) > 0; {
		n := rapid.IntRange(1, len(runes)).Draw(t, "piece")
		pieces = append(pieces, wrap(string(runes[:n])))
		runes = runes[n:]
	}
	return pieces
}

// shuffle merges the queues at random, each keeping its order.
func shuffle(t *rapid.T, queues [][]object) []object {
	var all []object
	for {
		var open []int
		for i, q := range queues {
			if len(q) > 0 {
				open = append(open, i)
			}
		}
		if len(open) == 0 {
			return all
		}
		i := rapid.SampledFrom(open).Draw(t, "queue")
		all = append(all, queues[i][0])
		queues[i] = queues[i][1:]
	}
}
