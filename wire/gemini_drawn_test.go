package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestDrawnGeminiRepliesFoldAlikeHoweverTheyAreFramed draws replies, writes each
// as a body and, with its texts cut at random, as events and as an array, the
// arguments of its calls whole or in pieces, and wants the drawn reply back from
// all of them.
func TestDrawnGeminiRepliesFoldAlikeHoweverTheyAreFramed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, calls := drawGemini(t)
		pieces := geminiPieces(t, want, calls)
		for name, body := range map[string][]byte{
			"body": geminiBody(want), "events": []byte(geminiEvents(pieces...)), "array": []byte(geminiArray(pieces...)),
		} {
			got, err := Fold(GeminiGenerate, name == "events", bytes.NewReader(body), nil)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Fatalf("%s: %v (-want +got):\n%s\n%s", name, err, diff, body)
			}
		}
	})
}

// drawGemini draws a reply, and for each of its calls the pieces that its
// arguments may come in.
func drawGemini(t *rapid.T) (r Reply, calls [][]object) {
	words := rapid.StringMatching(`[a-zA-Z0-9_-]{1,12}`)
	r = Reply{ID: words.Draw(t, "id"), Model: words.Draw(t, "model"), Choices: 1}
	r.Text = rapid.String().Draw(t, "text")
	r.Reasoned = rapid.Bool().Draw(t, "reasoned")
	r.Finish = rapid.SampledFrom([]string{"STOP", "MAX_TOKENS", "SAFETY"}).Draw(t, "finish")
	if r.Finish == "SAFETY" {
		r.Refusal = r.Finish
	}
	for range rapid.IntRange(0, 4).Draw(t, "calls") {
		arguments, pieces := drawMembers(t, "$", 3)
		r.Calls = append(r.Calls, Call{
			ID: rapid.SampledFrom([]string{"", "fc-1", "fc-2"}).Draw(t, "call id"), Name: words.Draw(t, "name"), Arguments: arguments,
		})
		calls = append(calls, pieces)
	}
	if rapid.Bool().Draw(t, "usage") {
		r.Usage = Usage{
			Input: rapid.IntRange(0, 1e6).Draw(t, "input"), CachedInput: rapid.IntRange(0, 1e6).Draw(t, "cached"),
			Reasoning: rapid.IntRange(0, 1e6).Draw(t, "thoughts"), HasTotals: true, HasReasoning: true,
		}
		r.Usage.Output = r.Usage.Reasoning + rapid.IntRange(0, 1e6).Draw(t, "output")
	}
	return r, calls
}

// drawMembers draws an object and the pieces that set its values, in order.
func drawMembers(t *rapid.T, path string, depth int) (text string, pieces []object) {
	least := 1 // no piece sets an empty object, but for the root
	if path == "$" {
		least = 0
	}
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z_]{1,6}`), least, 3, rapid.ID[string]).Draw(t, "names")
	var members []string
	for _, name := range names {
		value, set := drawValue(t, path+"."+name, depth)
		members = append(members, `"`+name+`":`+value)
		pieces = append(pieces, set...)
	}
	return "{" + strings.Join(members, ",") + "}", pieces
}

func drawValue(t *rapid.T, path string, depth int) (text string, pieces []object) {
	kinds := []string{"string", "number", "bool", "null", "list", "object"}
	if depth == 0 {
		kinds = kinds[:4]
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "string":
		return drawString(t, path)
	case "number":
		n := rapid.Int().Draw(t, "number")
		return fmt.Sprint(n), []object{{"jsonPath": path, "numberValue": n}}
	case "bool":
		b := rapid.Bool().Draw(t, "bool")
		return fmt.Sprint(b), []object{{"jsonPath": path, "boolValue": b}}
	case "null":
		return "null", []object{{"jsonPath": path, "nullValue": "NULL_VALUE"}}
	case "list":
		return drawList(t, path, depth)
	default:
		return drawMembers(t, path, depth-1)
	}
}

func drawString(t *rapid.T, path string) (text string, pieces []object) {
	s := rapid.String().Draw(t, "string")
	data, _ := json.Marshal(s)
	pieces = deltas(t, s, func(piece string) object {
		return object{"jsonPath": path, "stringValue": piece, "willContinue": true}
	})
	return string(data), append(pieces, object{"jsonPath": path, "stringValue": ""})
}

func drawList(t *rapid.T, path string, depth int) (text string, pieces []object) {
	var elements []string
	for i := range rapid.IntRange(1, 3).Draw(t, "elements") {
		value, set := drawValue(t, fmt.Sprintf("%s[%d]", path, i), depth-1)
		elements = append(elements, value)
		pieces = append(pieces, set...)
	}
	return "[" + strings.Join(elements, ",") + "]", pieces
}

// wholeCall is a part with a call and its arguments.
func wholeCall(c Call) object {
	call := object{"name": c.Name, "args": json.RawMessage(c.Arguments)}
	if c.ID != "" {
		call["id"] = c.ID
	}
	return object{"functionCall": call}
}

// streamedCall are parts with a call and the pieces of its arguments, several at
// once, with an end of its own or without.
func streamedCall(t *rapid.T, c Call, pieces []object) []object {
	first := object{"name": c.Name, "willContinue": true}
	if c.ID != "" {
		first["id"] = c.ID
	}
	parts := []object{{"functionCall": first}}
	for len(pieces) > 0 {
		n := rapid.IntRange(1, len(pieces)).Draw(t, "values at once")
		parts = append(parts, object{"functionCall": object{"partialArgs": pieces[:n], "willContinue": true}})
		pieces = pieces[n:]
	}
	if rapid.Bool().Draw(t, "end") {
		parts = append(parts, object{"functionCall": object{}})
	}
	return parts
}

func geminiThought(r Reply) []object {
	if !r.Reasoned {
		return nil
	}
	return []object{{"thought": true, "text": "Hm."}}
}

// geminiFields are the fields of a reply, or of a piece of it, with these parts.
func geminiFields(r Reply, parts []object, finish string, usage bool) []byte {
	fields := object{
		"candidates": []object{{"content": object{"role": "model", "parts": parts}, "finishReason": finish, "index": 0}},
		"responseId": r.ID, "modelVersion": r.Model,
	}
	if usage && r.Usage.HasTotals {
		fields["usageMetadata"] = object{
			"promptTokenCount": r.Usage.Input, "cachedContentTokenCount": r.Usage.CachedInput,
			"candidatesTokenCount": r.Usage.Output - r.Usage.Reasoning, "thoughtsTokenCount": r.Usage.Reasoning,
		}
	}
	data, _ := json.Marshal(fields)
	return data
}

// geminiBody is a reply as one body, laid out as Google's servers do.
func geminiBody(r Reply) []byte {
	parts := append(geminiThought(r), object{"text": r.Text})
	for _, c := range r.Calls {
		parts = append(parts, wholeCall(c))
	}
	var b bytes.Buffer
	_ = json.Indent(&b, geminiFields(r, parts, r.Finish, true), "", "  ")
	return b.Bytes()
}

// geminiPieces cuts a reply into pieces, its text in between its calls.
func geminiPieces(t *rapid.T, r Reply, calls [][]object) []string {
	text := deltas(t, r.Text, func(s string) object { return object{"text": s} })
	var called []object
	for i, c := range r.Calls {
		if rapid.Bool().Draw(t, "arguments in pieces") {
			called = append(called, streamedCall(t, c, calls[i])...)
		} else {
			called = append(called, wholeCall(c))
		}
	}
	parts := shuffle(t, [][]object{geminiThought(r), text, called})
	var pieces []string
	for chunk := range slices.Chunk(parts, rapid.IntRange(1, 4).Draw(t, "parts of a piece")) {
		pieces = append(pieces, string(geminiFields(r, chunk, "", false)))
	}
	return append(pieces, string(geminiFields(r, nil, r.Finish, true)))
}
