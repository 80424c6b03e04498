package wire

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// elementsOf reads the elements of an array, and the error that ends them.
func elementsOf(r io.Reader) (elements []string, err error) {
	body := bufio.NewReader(r)
	if !isArray(body) {
		return nil, errors.New("no array")
	}
	a := arrayReader{r: body}
	for {
		element, err := a.next()
		if err != nil {
			return elements, err
		}
		elements = append(elements, string(element))
	}
}

func TestArrayElements(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
		end        error
	}{
		{"empty", `[]`, nil, io.EOF},
		{"empty, in white space", " \r\n\t[ \n ]\n ", nil, io.EOF},
		{"one", `[{}]`, []string{`{}`}, io.EOF},
		{"several", "[{\"a\":1}\n,\r\n{\"b\":[{}]} , {}]\n", []string{`{"a":1}`, `{"b":[{}]}`, `{}`}, io.EOF},
		{"brackets in strings", `[{"a":"}]{[\""},{"\\":"]"}]`, []string{`{"a":"}]{[\""}`, `{"\\":"]"}`}, io.EOF},
		{"more behind it", `[{}] {}`, []string{`{}`}, ErrNotDialect},
		{"another array behind it", `[][]`, nil, ErrNotDialect},
		{"closed twice", `[{}]]`, []string{`{}`}, ErrNotDialect},
		{"a number", `[{},1]`, []string{`{}`}, ErrNotDialect},
		{"a string", `["{}"]`, nil, ErrNotDialect},
		{"a list", `[[{}]]`, nil, ErrNotDialect},
		{"null", `[null]`, nil, ErrNotDialect},
		{"no comma", `[{} {}]`, []string{`{}`}, ErrNotDialect},
		{"two commas", `[{},,{}]`, []string{`{}`}, ErrNotDialect},
		{"comma first", `[,{}]`, nil, ErrNotDialect},
		{"comma last", `[{},]`, []string{`{}`}, ErrNotDialect},
		{"closed by another bracket", `[{}}`, []string{`{}`}, ErrNotDialect},
		{"bracket alone", `[`, nil, io.ErrUnexpectedEOF},
		{"cut behind an element", `[{}`, []string{`{}`}, io.ErrUnexpectedEOF},
		{"cut behind a comma", `[{},` + "\n", []string{`{}`}, io.ErrUnexpectedEOF},
		{"cut in an element", `[{},{"a":`, []string{`{}`}, io.ErrUnexpectedEOF},
		{"cut in a string", `[{"a":"}]`, nil, io.ErrUnexpectedEOF},
		{"cut behind a backslash", `[{"a":"\`, nil, io.ErrUnexpectedEOF},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text))} {
				got, err := elementsOf(r)
				if diff := cmp.Diff(test.want, got); diff != "" || !errors.Is(err, test.end) {
					t.Errorf("ended by %v, want %v (-want +got):\n%s", err, test.end, diff)
				}
			}
		})
	}
}

func TestArrayReadErrorsArePassedOn(t *testing.T) {
	for _, text := range []string{`[`, `[{}`, `[{},`, `[{"a"`, `[{}]`, "[{}] \n"} {
		if _, err := elementsOf(broken(text)); !errors.Is(err, errBroken) {
			t.Errorf("%s: error %v", text, err)
		}
	}
}

func TestArrayElementsAreBounded(t *testing.T) {
	t.Parallel()
	_, err := elementsOf(io.MultiReader(strings.NewReader(`[{"a":"`), endless(strings.Repeat("a", 1<<14))))
	if !errors.Is(err, ErrTooBig) {
		t.Errorf("error %v, want ErrTooBig", err)
	}
}

// TestStreamedArraysFoldAlikeHoweverTheyAreCut also ends each array at every
// byte: it is truncated unless only white space is missing.
func TestStreamedArraysFoldAlikeHoweverTheyAreCut(t *testing.T) {
	eachGolden(t, func(t *testing.T, d Dialect, path string, want golden) {
		body, ok := optional(t, path+".array.json")
		if !ok {
			return
		}
		got, err := Fold(d, false, iotest.OneByteReader(bytes.NewReader(body)), nil)
		if diff := cmp.Diff(*want.Reply, got); diff != "" || err != nil {
			t.Errorf("byte by byte: %v\n%s", err, diff)
		}
		for i := range body {
			got, err := Fold(d, false, inTwo(body, i), nil)
			if err != nil || cmp.Diff(*want.Reply, got) != "" {
				t.Fatalf("cut at %d: %v\n%s", i, err, cmp.Diff(*want.Reply, got))
			}
			got, err = Fold(d, false, bytes.NewReader(body[:i]), nil)
			short := want.Reply.Truncated || len(bytes.TrimSpace(body[i:])) > 0
			if err != nil || got.Truncated != short {
				t.Fatalf("ended at %d: truncated %v, error %v", i, got.Truncated, err)
			}
		}
	})
}

// TestArraysThatAreNoneAreRefused: what is broken, not merely cut short, is no
// reply.
func TestArraysThatAreNoneAreRefused(t *testing.T) {
	for _, body := range []string{
		`[1]`, `["a"]`, `[[]]`, `[{]}]`, `[{"a"}]`, `[{},]`, `[{}}`, `[{}]x`, `[{}]{}`, `[{"a":1 "b":2}]`, `[{"candidates":]}]`,
	} {
		if _, err := Fold(GeminiGenerate, false, strings.NewReader(body), nil); !errors.Is(err, ErrNotDialect) {
			t.Errorf("%s: error %v, want ErrNotDialect", body, err)
		}
	}
}

func TestArraysOfOtherDialectsAreRefused(t *testing.T) {
	for _, d := range []Dialect{OpenAIChat, OpenAIResponses, AnthropicMessages} {
		if _, err := Fold(d, false, strings.NewReader(`[{"error":{}}]`), nil); !errors.Is(err, ErrNotDialect) {
			t.Errorf("%s: error %v, want ErrNotDialect", d, err)
		}
	}
}

func TestEmptyArrayIsTruncated(t *testing.T) {
	for _, body := range []string{`[]`, " [ ] \n", "\n\n", ``} {
		got, err := Fold(GeminiGenerate, false, strings.NewReader(body), nil)
		if diff := cmp.Diff(Reply{Truncated: true}, got); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", body, err, diff)
		}
	}
}

func TestEndlessArraysAreTooBig(t *testing.T) {
	t.Parallel()
	space := strings.Repeat(" \n", 1<<14)
	piece := `,{"candidates":[{"content":{"parts":[{"text":"` + strings.Repeat("a", 1<<14) + `"}]}}]}`
	for name, r := range map[string]io.Reader{
		"white space": io.MultiReader(strings.NewReader(`[{}]`), endless(space)),
		"pieces":      io.MultiReader(strings.NewReader(`[{}`), endless(piece)),
	} {
		if _, err := Fold(GeminiGenerate, false, r, nil); !errors.Is(err, ErrTooBig) {
			t.Errorf("%s: error %v, want ErrTooBig", name, err)
		}
	}
}

func TestFoldReadsArraysToTheEnd(t *testing.T) {
	r := strings.NewReader(`[{"candidates":[{"finishReason":"STOP"}]}]` + "\n\n")
	if _, err := Fold(GeminiGenerate, false, r, nil); err != nil || r.Len() != 0 {
		t.Errorf("%d bytes left, error %v", r.Len(), err)
	}
	got, err := Fold(GeminiGenerate, false, broken(`[{"candidates":[{"finishReason":"STOP"}]}]`+"\n"), nil)
	if err != nil || !got.Truncated {
		t.Errorf("a read error behind the array: truncated %v, error %v", got.Truncated, err)
	}
}

// TestArrayStartsAtItsFirstPiece: a client that is shown a stream must not wait
// for its end.
func TestArrayStartsAtItsFirstPiece(t *testing.T) {
	r, w := io.Pipe()
	started := make(chan struct{}, 9)
	folded := make(chan error, 1)
	go func() {
		_, err := Fold(GeminiGenerate, false, r, func() { started <- struct{}{} })
		folded <- err
	}()
	send(t, w, "\n[{\"usageMetadata\":{}}\n,")
	send(t, w, "\n") // Fold took the last write whole: it has been folded
	if len(started) != 0 {
		t.Error("started before the first token")
	}
	send(t, w, `{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}`)
	<-started
	send(t, w, `,{"candidates":[{"content":{"parts":[{"text":"b"}]},"finishReason":"STOP"}]}]`)
	_ = w.Close()
	if err := <-folded; err != nil || len(started) != 0 {
		t.Errorf("%d further calls, error %v", len(started), err)
	}
}

// FuzzArray: cutting an array anywhere changes none of its elements.
func FuzzArray(f *testing.F) {
	for _, s := range []string{`[]`, ` [{"a":"\"}"} , {}]`, `[{"a":[{}]},{`, `[{]},1]`} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, text []byte, at int) {
		if at < 0 || at > len(text) {
			return
		}
		whole, err := elementsOf(bytes.NewReader(text))
		cut, cutErr := elementsOf(inTwo(text, at))
		if !slices.Equal(whole, cut) || err.Error() != cutErr.Error() {
			t.Errorf("whole %q: %v, cut at %d %q: %v", whole, err, at, cut, cutErr)
		}
	})
}
