package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestDrawnAnthropicRepliesFoldAlikeStreamedOrNot draws messages, writes each as
// a body and as a stream with its blocks cut at random and interleaved, and wants
// one reply from both.
func TestDrawnAnthropicRepliesFoldAlikeStreamedOrNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawClaudeMessage(t)
		for stream, body := range map[bool][]byte{false: m.asBody(), true: m.asStream(t)} {
			got, err := Fold(AnthropicMessages, stream, bytes.NewReader(body), nil)
			if diff := cmp.Diff(m.want, got); diff != "" || err != nil {
				t.Fatalf("stream %v: %v (-want +got):\n%s\n%s", stream, err, diff, body)
			}
		}
	})
}

// A claudeMessage is a message and what it folds to.
type claudeMessage struct {
	blocks      []claudeBlock
	start, last object // the counts at the start and at the end
	stop        object
	want        Reply
}

// A claudeBlock is a content block as it is in a body, and as a stream begins and
// continues it.
type claudeBlock struct {
	whole, start object
	deltas       []object
}

func drawClaudeMessage(t *rapid.T) claudeMessage {
	words := rapid.StringMatching(`[a-z0-9_-]{1,12}`)
	m := claudeMessage{want: Reply{ID: words.Draw(t, "id"), Model: words.Draw(t, "model"), Choices: 1}}
	for range rapid.IntRange(0, 6).Draw(t, "blocks") {
		m.blocks = append(m.blocks, m.drawBlock(t))
	}
	m.want.Finish = rapid.SampledFrom([]string{"end_turn", "tool_use", "refusal"}).Draw(t, "finish")
	m.stop = object{"stop_reason": m.want.Finish, "stop_sequence": nil, "stop_details": nil}
	if m.want.Finish == "refusal" {
		m.want.Refusal = words.Draw(t, "explanation")
		m.stop["stop_details"] = object{"type": "refusal", "explanation": m.want.Refusal}
	}
	m.drawUsage(t)
	return m
}

func (m *claudeMessage) drawBlock(t *rapid.T) claudeBlock {
	text := rapid.String().Draw(t, "text")
	switch kind := rapid.SampledFrom([]string{"text", "tool_use", "server_tool_use", "thinking", "redacted_thinking"}).Draw(t, "kind"); kind {
	case "text":
		m.want.Text += text
		return claudePieces(t, object{"type": kind, "text": text}, "text", "", "text_delta")
	case "tool_use", "server_tool_use":
		input, _ := json.Marshal(rapid.MapOf(rapid.String(), rapid.Int()).Draw(t, "input"))
		block := object{"type": kind, "id": fmt.Sprintf("toolu_%d", len(m.want.Calls)), "name": "f", "input": json.RawMessage(input)}
		if kind == "tool_use" {
			m.want.Calls = append(m.want.Calls, Call{ID: block["id"].(string), Name: "f", Arguments: string(input)})
		}
		return claudePieces(t, block, "input", object{}, "input_json_delta")
	case "thinking":
		m.want.Reasoned = true
		b := claudePieces(t, object{"type": kind, "thinking": text, "signature": "EqQB"}, "thinking", "", "thinking_delta")
		b.deltas = append(b.deltas, object{"type": "signature_delta", "signature": "EqQB"})
		return b
	default:
		m.want.Reasoned = true
		whole := object{"type": kind, "data": text}
		return claudeBlock{whole: whole, start: whole}
	}
}

// claudePieces is a block whose member comes empty at first and then in deltas, some
// of which hold nothing. An empty object may stay all there is.
func claudePieces(t *rapid.T, whole object, member string, empty any, delta string) claudeBlock {
	b := claudeBlock{whole: whole, start: maps.Clone(whole)}
	b.start[member] = empty
	text, isText := whole[member].(string)
	key := member
	if !isText {
		text, key = string(whole[member].(json.RawMessage)), "partial_json"
	}
	wrap := func(s string) object { return object{"type": delta, key: s} }
	if rapid.Bool().Draw(t, "empty piece") {
		b.deltas = append(b.deltas, wrap(""))
	}
	if text != "{}" || rapid.Bool().Draw(t, "piece of nothing") {
		b.deltas = append(b.deltas, deltas(t, text, wrap)...)
	}
	return b
}

// drawUsage draws the counts, each told at the start, at the end or, there
// rightly, in both places.
func (m *claudeMessage) drawUsage(t *rapid.T) {
	m.start, m.last = object{"output_tokens": 1}, object{}
	counts := make(map[string]int)
	for _, key := range []string{"input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"} {
		counts[key] = rapid.IntRange(0, 1e6).Draw(t, key)
		switch rapid.IntRange(0, 2).Draw(t, "place") {
		case 0:
			m.start[key] = counts[key]
		case 1:
			m.last[key] = counts[key]
		case 2:
			m.start[key], m.last[key] = rapid.IntRange(0, 1e6).Draw(t, "first"), counts[key]
		}
		m.want.Usage.Input += counts[key]
	}
	u := &m.want.Usage
	u.CachedInput, u.HasTotals, u.HasReasoning = counts["cache_read_input_tokens"], true, true
	u.Output, u.Reasoning = rapid.IntRange(0, 1e6).Draw(t, "output"), rapid.IntRange(0, 1e6).Draw(t, "thought")
	m.last["output_tokens"] = u.Output
	m.last["output_tokens_details"] = object{"thinking_tokens": u.Reasoning}
}

func (m claudeMessage) asBody() []byte {
	content := []object{}
	for _, b := range m.blocks {
		content = append(content, b.whole)
	}
	usage := maps.Clone(m.start)
	maps.Copy(usage, m.last)
	body := object{"id": m.want.ID, "type": "message", "model": m.want.Model, "content": content, "usage": usage}
	maps.Copy(body, m.stop)
	text, _ := json.Marshal(body)
	return text
}

// asStream interleaves the deltas of the blocks, which begin in their order.
func (m claudeMessage) asStream(t *rapid.T) []byte {
	var out bytes.Buffer
	write := func(kind string, e object) {
		e["type"] = kind
		data, _ := json.Marshal(e)
		fmt.Fprintf(&out, "event: %s\ndata: %s\n\n", kind, data)
	}
	write("message_start", object{"message": object{"id": m.want.ID, "model": m.want.Model, "content": []object{}, "stop_reason": nil, "usage": m.start}})
	var queues [][]object
	for i, b := range m.blocks {
		write("content_block_start", object{"index": i, "content_block": b.start})
		var queue []object
		for _, delta := range b.deltas {
			queue = append(queue, object{"index": i, "delta": delta})
		}
		queues = append(queues, queue)
	}
	for _, e := range shuffle(t, queues) {
		write("content_block_delta", e)
		if rapid.IntRange(0, 9).Draw(t, "ping") == 0 {
			out.Write(KeepAlive(AnthropicMessages, Events))
		}
	}
	write("message_delta", object{"delta": m.stop, "usage": m.last})
	write("message_stop", object{})
	return out.Bytes()
}

// FuzzFoldAnthropic: a body folds as the stream does that begins with it, since
// the start of a stream is a message too.
func FuzzFoldAnthropic(f *testing.F) {
	seed(f, "resp.json")
	f.Fuzz(func(t *testing.T, _ uint8, body []byte) {
		reply, err := Fold(AnthropicMessages, false, bytes.NewReader(body), nil)
		if err != nil || reply.Truncated || reply.Failure != nil {
			return
		}
		checkReply(t, reply, len(body))
		var line bytes.Buffer
		if err := json.Compact(&line, body); err != nil {
			t.Fatal(err)
		}
		usage := member(walk(line.Bytes()), "usage").Raw
		if usage == "" {
			usage = "null"
		}
		stream := `data: {"type":"message_start","message":` + line.String() + "}\n\n" +
			`data: {"type":"message_delta","delta":` + line.String() + `,"usage":` + usage + "}\n\n" + claudeStop
		streamed, err := Fold(AnthropicMessages, true, strings.NewReader(stream), nil)
		reply.Calls, streamed.Calls = nil, nil // their inputs lose white space
		if diff := cmp.Diff(reply, streamed); diff != "" || err != nil {
			t.Errorf("as a stream: %v (-unary +stream):\n%s", err, diff)
		}
	})
}
