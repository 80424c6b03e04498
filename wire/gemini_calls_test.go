package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// geminiCall is a piece with one function call, or a piece of it.
func geminiCall(fields string) string { return geminiParts(`{"functionCall":{` + fields + `}}`) }

// partial is a piece of the arguments of a call that goes on.
func partial(path, value string) string {
	return geminiCall(fmt.Sprintf(`"partialArgs":[{"jsonPath":%q,%s}],"willContinue":true`, path, value))
}

const (
	callBegins = `"name":"f","willContinue":true`
	callEnds   = `` // an empty functionCall
)

func TestGeminiCallArguments(t *testing.T) {
	tests := []struct{ call, want string }{
		{`"name":"f"`, `{}`},
		{`"name":"f","args":null`, `{}`},
		{`"name":"f","args":{}`, `{}`},
		{"\"name\":\"f\",\"args\":{ \"a\" :\t[1, 2.50e+1], \"b\":\" c\\u003c\" }", `{"a":[1,2.50e+1],"b":" c\u003c"}`},
		{`"name":"f","args":{"a":{},"a":[]}`, `{"a":{},"a":[]}`},
		{`"name":"f","args":"text"`, `"text"`},
		{`"args":{"a":1},"name":"f","willContinue":false`, `{"a":1}`},
		{`"args":{"a":1},"name":"f","willContinue":true`, `{"a":1}`}, // an end that does not come
	}
	for _, test := range tests {
		got := foldGemini(t, geminiCall(test.call), geminiFinish("STOP"))
		want := []Call{{Name: "f", Arguments: test.want}}
		if diff := cmp.Diff(want, got.Calls); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.call, diff)
		}
	}
}

func TestGeminiCallsWithoutANameAreNone(t *testing.T) {
	for _, call := range []string{``, `"args":{"a":1}`, `"name":"","args":{}`, `"name":null`, `"id":"x"`, `"willContinue":true`} {
		if got := foldGemini(t, geminiCall(call), geminiFinish("STOP")); got.Calls != nil {
			t.Errorf("%s: %+v", call, got.Calls)
		}
	}
}

// TestGeminiStreamedArguments puts arguments together from their pieces.
func TestGeminiStreamedArguments(t *testing.T) {
	tests := []struct {
		name   string
		pieces []string
		want   string
	}{
		{"none", nil, `{}`},
		{"a string in pieces", []string{partial("$.a", `"stringValue":"b","willContinue":true`), partial("$.a", `"stringValue":"c"`)}, `{"a":"bc"}`},
		{"an empty string", []string{partial("$.a", `"stringValue":""`)}, `{"a":""}`},
		{"escapes cut in two", []string{partial("$.a", `"stringValue":"\"\ud83d"`), partial("$.a", `"stringValue":"\ude00<"`)}, `{"a":"\"\ud83d\ude00<"}`},
		{"scalars", []string{
			partial("$.n", `"numberValue":-1.50E+2`), partial("$.t", `"boolValue":true`), partial("$.f", `"boolValue":false`),
			partial("$.x", `"nullValue":"NULL_VALUE"`), partial("$.y", `"nullValue":null`),
		}, `{"n":-1.50E+2,"t":true,"f":false,"x":null,"y":null}`},
		{"a scalar twice", []string{partial("$.n", `"numberValue":1`), partial("$.n", `"numberValue":22`)}, `{"n":22}`},
		{"nested", []string{
			partial("$.a.b[0].c", `"numberValue":1`), partial("$.a.b[0].d", `"numberValue":2`), partial("$.a.b[1]", `"stringValue":"e"`), partial("$.f[0][0]", `"boolValue":true`),
		}, `{"a":{"b":[{"c":1,"d":2},"e"]},"f":[[true]]}`},
		{
			"out of order",
			[]string{partial("$.a.b", `"stringValue":"1"`), partial("$.c", `"numberValue":2`), partial("$.a.b", `"stringValue":"3"`), partial("$.a.d", `"numberValue":4`)},
			`{"a":{"b":"13","d":4},"c":2}`,
		},
		{
			"names in brackets",
			[]string{partial(`$['a.b'].c`, `"numberValue":1`), partial(`$["d e"]`, `"numberValue":2`), partial(`$['']`, `"x":1`), partial("$.é-x", `"numberValue":3`)},
			`{"a.b":{"c":1},"d e":2,"é-x":3}`,
		},
		{"several in one", []string{geminiCall(`"partialArgs":[{"jsonPath":"$.a","numberValue":1},{"jsonPath":"$.b","numberValue":2}],"willContinue":true`)}, `{"a":1,"b":2}`},
		{"nothing new", []string{geminiCall(`"willContinue":true`), partial("$.a", `"structValue":{}`), geminiCall(`"partialArgs":7,"willContinue":true`), geminiCall(`"partialArgs":[7,null],"willContinue":true`)}, `{}`},
		{"whole after all", []string{partial("$.a", `"numberValue":1`), geminiCall(`"args":{"b": 2},"willContinue":true`)}, `{"b":2}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pieces := append([]string{geminiCall(callBegins)}, test.pieces...)
			want := []Call{{Name: "f", Arguments: test.want}}
			for _, ends := range [][]string{{geminiCall(callEnds)}, {geminiCall(callEnds), geminiCall(callEnds)}, nil} {
				got := foldGemini(t, append(append(pieces, ends...), geminiFinish("STOP"))...)
				if diff := cmp.Diff(want, got.Calls); diff != "" {
					t.Errorf("%d ends (-want +got):\n%s", len(ends), diff)
				}
			}
		})
	}
}

// TestGeminiStreamedCallsEndInThreeWays: with an empty call, with a piece that
// will not continue, or with the next call.
func TestGeminiStreamedCallsEndInThreeWays(t *testing.T) {
	got := foldGemini(t,
		geminiCall(`"id":"1","name":"f","willContinue":true`), partial("$.a", `"numberValue":1`), geminiCall(callEnds),
		geminiCall(`"id":"2","name":"f","willContinue":true`), geminiCall(`"partialArgs":[{"jsonPath":"$.a","numberValue":2}]`),
		geminiCall(`"id":"3","name":"f","partialArgs":[{"jsonPath":"$.a","numberValue":3}],"willContinue":true`),
		geminiCall(`"id":"4","name":"g"`), geminiCall(callEnds), partial("$.a", `"numberValue":5`),
		`{"candidates":[{"index":1,"content":{"parts":[{"functionCall":{"name":"h","willContinue":true}}]}}]}`,
		geminiCall(`"id":"5","name":"f","willContinue":true`),
		`{"candidates":[{"index":1,"content":{"parts":[{"functionCall":{"partialArgs":[{"jsonPath":"$.a","numberValue":6}]}}]}}]}`,
		geminiFinish("STOP"),
	)
	want := []Call{
		{ID: "1", Name: "f", Arguments: `{"a":1}`},
		{ID: "2", Name: "f", Arguments: `{"a":2}`},
		{ID: "3", Name: "f", Arguments: `{"a":3}`},
		{ID: "4", Name: "g", Arguments: `{}`},
		{ID: "5", Name: "f", Arguments: `{}`},
	}
	if diff := cmp.Diff(want, got.Calls); diff != "" {
		t.Errorf("first candidate (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Choice{{Calls: []Call{{Name: "h", Arguments: `{"a":6}`}}}}, got.Others); diff != "" {
		t.Errorf("second candidate (-want +got):\n%s", diff)
	}
}

func TestGeminiStreamedArgumentsOfOtherFormsAreRefused(t *testing.T) {
	tests := []struct {
		name   string
		pieces []string
	}{
		{"no path", []string{geminiCall(`"partialArgs":[{"numberValue":1}],"willContinue":true`)}},
		{"no root", []string{partial("a", `"numberValue":1`)}},
		{"the root itself", []string{partial("$", `"numberValue":1`)}},
		{"a list for the root", []string{partial("$[0]", `"numberValue":1`)}},
		{"a name that is empty", []string{partial("$.", `"numberValue":1`)}},
		{"an empty name in brackets", []string{partial("$['']", `"numberValue":1`)}},
		{"two dots", []string{partial("$..a", `"numberValue":1`)}},
		{"a name that JSON escapes", []string{partial(`$['a"b']`, `"numberValue":1`)}},
		{"a bracket that is not closed", []string{partial("$.a[0", `"numberValue":1`)}},
		{"a quote that is not closed", []string{partial("$['a", `"numberValue":1`)}},
		{"something behind a bracket", []string{partial("$['a']b", `"numberValue":1`)}},
		{"an index that is none", []string{partial("$.a[*]", `"numberValue":1`)}},
		{"an index below 0", []string{partial("$.a[-1]", `"numberValue":1`)}},
		{"an index beyond the end", []string{partial("$.a[1]", `"numberValue":1`)}},
		{"an index beyond all ends", []string{partial("$.a[99999999999999999999]", `"numberValue":1`)}},
		{"too many steps", []string{partial("$"+strings.Repeat("[0]", maxSteps+1), `"numberValue":1`)}},
		{"a string becomes a number", []string{partial("$.a", `"stringValue":"b"`), partial("$.a", `"numberValue":1`)}},
		{"a number becomes an object", []string{partial("$.a", `"numberValue":1`), partial("$.a.b", `"numberValue":1`)}},
		{"an object becomes a list", []string{partial("$.a.b", `"numberValue":1`), partial("$.a[0]", `"numberValue":1`)}},
		{"a list becomes a string", []string{partial("$.a[0]", `"numberValue":1`), partial("$.a", `"stringValue":""`)}},
		{"whole arguments go on", []string{geminiCall(`"args":{},"willContinue":true`), partial("$.a", `"numberValue":1`)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pieces := append([]string{geminiCall(callBegins)}, test.pieces...)
			_, err := Fold(GeminiGenerate, true, strings.NewReader(geminiEvents(pieces...)), nil)
			if !errors.Is(err, ErrNotDialect) {
				t.Errorf("events: error %v, want ErrNotDialect", err)
			}
			_, err = Fold(GeminiGenerate, false, strings.NewReader(geminiArray(pieces...)), nil)
			if !errors.Is(err, ErrNotDialect) {
				t.Errorf("array: error %v, want ErrNotDialect", err)
			}
			if len(test.pieces) > 1 {
				return
			}
			named := strings.Replace(test.pieces[0], `"functionCall":{`, `"functionCall":{"name":"f",`, 1)
			_, err = Fold(GeminiGenerate, false, strings.NewReader(named), nil)
			if !errors.Is(err, ErrNotDialect) {
				t.Errorf("body: error %v, want ErrNotDialect", err)
			}
		})
	}
}

// TestGeminiStreamedArgumentsAreBounded: neither many values nor a deep path may
// take more than they were read from.
func TestGeminiStreamedArgumentsAreBounded(t *testing.T) {
	t.Parallel()
	deep := "$" + strings.Repeat(".a", maxSteps)
	var wide strings.Builder
	for i := range 64 {
		fmt.Fprintf(&wide, `{"jsonPath":"$.b%d%s","boolValue":true},`, i, strings.Repeat(".a", 40))
	}
	tests := []struct {
		name string
		r    io.Reader
	}{
		{"a deep path", strings.NewReader(geminiEvents(geminiCall(`"name":"f","partialArgs":[{"jsonPath":"` + deep + `","boolValue":true}]`)))},
		{"many of them", strings.NewReader(geminiEvents(geminiCall(`"name":"f","partialArgs":[` + strings.TrimSuffix(wide.String(), ",") + `]`)))},
		{"endless text", io.MultiReader(strings.NewReader(geminiEvents(geminiCall(callBegins))),
			endless(geminiEvents(partial("$.a", `"stringValue":"`+strings.Repeat("b", 1<<14)+`"`))))},
		{"endless values", io.MultiReader(strings.NewReader(geminiEvents(geminiCall(callBegins))), &counted{})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Fold(GeminiGenerate, true, test.r, nil); !errors.Is(err, ErrTooBig) {
				t.Errorf("error %v, want ErrTooBig", err)
			}
		})
	}
}

// counted gives pieces of arguments without end, each with a thousand names of
// their own.
type counted struct {
	n    int
	text string
}

func (c *counted) Read(p []byte) (int, error) {
	if c.text == "" {
		var values []string
		for range 1000 {
			values = append(values, fmt.Sprintf(`{"jsonPath":"$.b%d","boolValue":true}`, c.n))
			c.n++
		}
		c.text = geminiEvents(geminiCall(`"partialArgs":[` + strings.Join(values, ",") + `],"willContinue":true`))
	}
	n := copy(p, c.text)
	c.text = c.text[n:]
	return n, nil
}

// FuzzStreamedArguments: whatever can be put together is JSON and no larger than
// what it came from.
func FuzzStreamedArguments(f *testing.F) {
	f.Add("$.a.b[0]", `"x\"`, "$.a.c", 1.5)
	f.Add("$['a b'][0][0]", "\u2028<", `$["c"]`, 0.0)
	f.Add("$.a", "", "$.a[0]", 1e300)
	f.Fuzz(func(t *testing.T, path, text, other string, number float64) {
		piece, err := json.Marshal(twoArguments(path, text, other, number))
		if err != nil {
			return // no number of JSON
		}
		body := geminiEvents(geminiCall(callBegins), string(piece), string(piece), geminiFinish("STOP"))
		reply, err := Fold(GeminiGenerate, true, strings.NewReader(body), nil)
		if err != nil {
			return
		}
		checkReply(t, reply, len(body))
		if arguments := reply.Calls[0].Arguments; !json.Valid([]byte(arguments)) {
			t.Errorf("%s, %s: %s", path, other, arguments)
		}
	})
}

// twoArguments is a piece that sets two arguments.
func twoArguments(path, text, other string, number float64) object {
	call := object{"partialArgs": []object{
		{"jsonPath": path, "stringValue": text}, {"jsonPath": other, "numberValue": number},
	}, "willContinue": true}
	return object{"candidates": []object{{"content": object{"parts": []object{{"functionCall": call}}}}}}
}
