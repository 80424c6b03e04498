package wire

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEditExtraChangesTheseBytesAlone(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"nothing to do", ` {"messages":[]} `, ` {"messages":[]} `},
		{"not streamed, not stored", `{"messages":[],"store":false,"stream":false}`, `{"messages":[],"store":false,"stream":false}`},
		{
			"usage asked for already", `{"stream":true,"stream_options":{"include_usage":true},"messages":[]}`,
			`{"stream":true,"stream_options":{"include_usage":true},"messages":[]}`,
		},
		{"stored", "\n{ \"store\" : true , \"messages\":[] }\n\n", "\n{ \"store\" : false , \"messages\":[] }\n\n"},
		{"stored, key escaped", `{"st\u006fre":true,"messages":[]}`, `{"st\u006fre":false,"messages":[]}`},
		{"streamed", "  {\"stream\":true,\"messages\":[]\n}\n", "  {\"stream\":true,\"messages\":[]\n,\"stream_options\":{\"include_usage\":true}}\n"},
		{
			"options null", `{"stream_options":null,"stream":true,"messages":[]}`,
			`{"stream_options":{"include_usage":true},"stream":true,"messages":[]}`,
		},
		{
			"options empty", `{"stream_options": { },"stream":true,"messages":[]}`,
			`{"stream_options": { "include_usage":true},"stream":true,"messages":[]}`,
		},
		{
			"other options", `{"stream":true,"stream_options":{"include_obfuscation":false},"messages":[]}`,
			`{"stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true},"messages":[]}`,
		},
		{
			"usage refused", `{"stream":true,"stream_options":{"include_usage":false},"messages":[]}`,
			`{"stream":true,"stream_options":{"include_usage":true},"messages":[]}`,
		},
		{
			"both, odd bytes kept", `{"seed":12345678901234567890,"stream":true,"messages":[{"content":"\u003c} \"store\":true"}],"t":1.10e+2,"store":true}`,
			`{"seed":12345678901234567890,"stream":true,"messages":[{"content":"\u003c} \"store\":true"}],"t":1.10e+2,"store":false,"stream_options":{"include_usage":true}}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			body := []byte(test.body)
			view, err := ReadView(chatTarget, body)
			if err != nil {
				t.Fatal(err)
			}
			got, err := EditExtra(view, body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("edited (-want +got):\n%s", diff)
			}
			if string(body) != test.body {
				t.Error("the body itself was written to")
			}
			checkEdited(t, chatTarget, view, got)
		})
	}
}

// checkEdited reads an edited body again: it must differ from the client's in
// the two fields alone.
func checkEdited(t *testing.T, target Target, before View, edited []byte) {
	t.Helper()
	after, err := ReadView(target, edited)
	if err != nil {
		t.Fatal(err)
	}
	want := before
	want.Stored = false
	if before.Dialect == OpenAIChat {
		want.IncludeUsage = before.IncludeUsage || before.Streams()
	}
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("view of the edited body (-want +got):\n%s", diff)
	}
}

func TestEditExtraReturnsUnchangedBodyItself(t *testing.T) {
	body := []byte(`{"messages":[]}`)
	got, err := EditExtra(View{Dialect: OpenAIChat}, body)
	if err != nil || &got[0] != &body[0] {
		t.Errorf("a copy, error %v", err)
	}
}

func TestEditExtraRefuses(t *testing.T) {
	tests := []struct {
		view View
		body string
	}{
		{View{Dialect: OpenAIChat, Framing: Events}, `{"messages":[],"stream_options":"all"}`},
		{View{Dialect: OpenAIChat, Stored: true}, `[]`},
		{View{}, `{}`},
	}
	for _, test := range tests {
		if got, err := EditExtra(test.view, []byte(test.body)); !errors.Is(err, ErrNotDialect) {
			t.Errorf("%s: %s, error %v; want ErrNotDialect", test.body, bytes.TrimSpace(got), err)
		}
	}
}
