package monitor

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLinesAreGivenWithTheirNumbersGzippedOrNot(t *testing.T) {
	text := "a\r\n\n" + strings.Repeat("x", 3*lineBuffer) + "\n  b  \n\t\nlast"
	for name, r := range map[string]io.Reader{
		"plain":   strings.NewReader(text),
		"bytes":   iotest.OneByteReader(strings.NewReader(text)),
		"gzipped": bytes.NewReader(zipped(t, text)),
	} {
		var got []string
		err := EachLine("f", r, 10, func(number int, line []byte, long bool) error {
			got = append(got, fmt.Sprintf("%d %s %v", number, line, long))
			return nil
		})
		if want := "1 a false, 3  true, 4 b false, 6 last false"; err != nil || strings.Join(got, ", ") != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestReadingEndsWithTheErrorThatNamesTheLine(t *testing.T) {
	nothing := func(int, []byte, bool) error { return nil }
	broken := io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(io.ErrClosedPipe))
	if err := EachLine("f", broken, 10, nothing); !errors.Is(err, io.ErrClosedPipe) || !strings.HasPrefix(err.Error(), "f:2: ") {
		t.Errorf("got %v", err)
	}
	cut := zipped(t, strings.Repeat("line\n", 1000))
	if err := EachLine("f", bytes.NewReader(cut[:len(cut)-6]), 10, nothing); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut gzip: %v", err)
	}
	full := errors.New("full")
	if err := EachLine("f", strings.NewReader("a\nb\n"), 10, func(int, []byte, bool) error { return full }); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}
