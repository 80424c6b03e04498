package wire

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestChatUsageOfCompatibleServers: each has counts of its own making. Figures and
// field names are as their servers sent them in public reports.
func TestChatUsageOfCompatibleServers(t *testing.T) {
	tests := []struct {
		name, usage string
		want        Usage
	}{
		{
			"OpenAI: reasoning within the completion", `{"prompt_tokens":75,"completion_tokens":1186,"total_tokens":1261,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":1024}}`,
			Usage{Input: 75, Output: 1186, Reasoning: 1024, HasTotals: true, HasReasoning: true},
		},
		{
			"xAI: reasoning beside it", `{"prompt_tokens":10120,"completion_tokens":1499,"total_tokens":14428,"prompt_tokens_details":{"cached_tokens":128},"completion_tokens_details":{"reasoning_tokens":2809}}`,
			Usage{Input: 10120, CachedInput: 128, Output: 4308, Reasoning: 2809, HasTotals: true, HasReasoning: true},
		},
		{
			"beside it, without a total", `{"prompt_tokens":12,"completion_tokens":1,"completion_tokens_details":{"reasoning_tokens":386}}`,
			Usage{Input: 12, Output: 387, Reasoning: 386, HasTotals: true, HasReasoning: true},
		},
		{
			"Gemini: thoughts in the total alone", `{"prompt_tokens":20,"completion_tokens":198,"total_tokens":623}`,
			Usage{Input: 20, Output: 603, HasTotals: true},
		},
		{
			"a total that is too small", `{"prompt_tokens":20,"completion_tokens":198,"total_tokens":7}`,
			Usage{Input: 20, Output: 198, HasTotals: true},
		},
		{
			"DeepSeek: hits and misses", `{"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}`,
			Usage{Input: 100, CachedInput: 64, Output: 5, HasTotals: true},
		},
		{
			"Moonshot: cached at the top", `{"prompt_tokens":2989,"completion_tokens":5,"total_tokens":2994,"cached_tokens":1792}`,
			Usage{Input: 2989, CachedInput: 1792, Output: 5, HasTotals: true},
		},
		{
			"OpenRouter: with its cost", `{"prompt_tokens":14,"completion_tokens":3,"total_tokens":17,"cost":0.0001,"is_byok":false,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"cost_details":{"upstream_inference_cost":null}}`,
			Usage{Input: 14, Output: 3, HasTotals: true},
		},
		{"vLLM: details are null", `{"prompt_tokens":14,"completion_tokens":3,"total_tokens":17,"prompt_tokens_details":null}`, Usage{Input: 14, Output: 3, HasTotals: true}},
		{"nothing generated", `{"prompt_tokens":14,"total_tokens":14}`, Usage{Input: 14}},
	}
	const piece = `data: {"choices":[{"index":0,"delta":{"content":"a"}}]`
	for _, test := range tests {
		running := `,"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}` + "\n\n"
		end := `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
		for where, stream := range map[string]string{
			"at the end":     piece + ",\"usage\":null}\n\n" + end + `data: {"choices":[],"usage":` + test.usage + "}\n\ndata: [DONE]\n\n",
			"running":        piece + running + piece + running + `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":` + test.usage + "}\n\ndata: [DONE]\n\n",
			"in the choice":  piece + "}\n\n" + `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":` + test.usage + "}]}\n\ndata: [DONE]\n\n",
			"and null again": piece + "}\n\n" + end + `data: {"choices":[],"usage":` + test.usage + "}\n\n" + `data: {"choices":[],"usage":null}` + "\n\ndata: [DONE]\n\n",
		} {
			t.Run(test.name+", "+where, func(t *testing.T) {
				got, err := Fold(OpenAIChat, true, strings.NewReader(stream), nil)
				if diff := cmp.Diff(test.want, got.Usage); diff != "" || err != nil || got.Truncated {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
			})
		}
		t.Run(test.name+", unary", func(t *testing.T) {
			body := `{"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}],"usage":` + test.usage + `}`
			got, err := Fold(OpenAIChat, false, strings.NewReader(body), nil)
			if diff := cmp.Diff(test.want, got.Usage); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// TestResponsesUsageOfStreams: it comes with the whole response, in the last event
// or, from some servers, in earlier ones with what was counted so far.
func TestResponsesUsageOfStreams(t *testing.T) {
	for name, c := range map[string]struct {
		usage string
		want  Usage
	}{
		"OpenAI": {
			`{"input_tokens":36,"input_tokens_details":{"cached_tokens":32},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":64},"total_tokens":123}`,
			Usage{Input: 36, CachedInput: 32, Output: 87, Reasoning: 64, HasTotals: true, HasReasoning: true},
		},
		"reasoning beside the output": {
			`{"input_tokens":36,"output_tokens":23,"output_tokens_details":{"reasoning_tokens":64},"total_tokens":123}`,
			Usage{Input: 36, Output: 87, Reasoning: 64, HasTotals: true, HasReasoning: true},
		},
		"no details": {`{"input_tokens":36,"output_tokens":23}`, Usage{Input: 36, Output: 23, HasTotals: true}},
	} {
		for _, end := range []string{"completed", "incomplete"} {
			t.Run(name+", "+end, func(t *testing.T) {
				stream := `data: {"type":"response.created","response":{"id":"r","usage":null}}` + "\n\n" +
					`data: {"type":"response.in_progress","response":{"id":"r","usage":{"input_tokens":36,"output_tokens":0}}}` + "\n\n" +
					`data: {"type":"response.` + end + `","response":{"id":"r","status":"` + end + `","output":[],"usage":` + c.usage + "}}\n\n"
				got, err := Fold(OpenAIResponses, true, strings.NewReader(stream), nil)
				if diff := cmp.Diff(c.want, got.Usage); diff != "" || err != nil {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
			})
		}
	}
}
