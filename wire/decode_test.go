package wire

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// An encoder is a compressor that can be flushed.
type encoder interface {
	io.WriteCloser
	Flush() error
}

// encoders are the encodings by name; the standard library's where it has one,
// so that encoder and decoder do not share a fault.
var encoders = map[string]func(io.Writer) encoder{
	"gzip":    func(w io.Writer) encoder { return gzip.NewWriter(w) },
	"X-GZIP":  func(w io.Writer) encoder { return gzip.NewWriter(w) },
	"br":      func(w io.Writer) encoder { return brotli.NewWriter(w) },
	"deflate": func(w io.Writer) encoder { return zlib.NewWriter(w) },
	" deflate ": func(w io.Writer) encoder { // without its wrapping
		e, _ := flate.NewWriter(w, flate.BestCompression)
		return e
	},
	"zstd": func(w io.Writer) encoder {
		e, _ := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		return e
	},
}

func encode(t testing.TB, name string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	e := encoders[name](&b)
	if _, err := e.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decode(t testing.TB, encoding string, body []byte, limit int64) ([]byte, error) {
	t.Helper()
	r, err := Decode(bytes.NewReader(body), encoding, limit)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	if closeErr := r.Close(); closeErr != nil {
		t.Errorf("close: %v", closeErr)
	}
	return data, err
}

func TestDecodeUndoesEncodings(t *testing.T) {
	want := bytes.Repeat([]byte("what is 2 + 2? "), 10_000)
	for name := range encoders {
		got, err := decode(t, name, encode(t, name, want), int64(len(want)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q: %d bytes, error %v", name, len(got), err)
		}
	}
	for _, name := range []string{"", "identity", " , "} {
		if got, err := decode(t, name, want, int64(len(want))); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q: %d bytes, error %v", name, len(got), err)
		}
	}
	layered := encode(t, "br", encode(t, "gzip", want))
	if got, err := decode(t, "gzip, identity, br", layered, 1<<20); err != nil || !bytes.Equal(got, want) {
		t.Errorf("two layers: %d bytes, error %v", len(got), err)
	}
}

func TestDecodeRefusesUnknownEncodings(t *testing.T) {
	for _, name := range []string{"compress", "gzip, aws-chunked", "gzip;q=1", "gzip,gzip,gzip,gzip"} {
		if _, err := Decode(strings.NewReader(""), name, 1); !errors.Is(err, ErrEncoding) {
			t.Errorf("%q: error %v, want ErrEncoding", name, err)
		}
	}
}

func TestDecodeStopsAtLimit(t *testing.T) {
	for name := range encoders {
		body := encode(t, name, bytes.Repeat([]byte("x"), 1001))
		got, err := decode(t, name, body, 1000)
		if len(got) != 1000 || !errors.Is(err, ErrTooBig) {
			t.Errorf("%q: %d bytes, error %v", name, len(got), err)
		}
	}
}

// TestDecodeStopsBomb: zeroes shrink to a thousandth and less (200 MB of them
// to 6 KB of zstd), in two layers further. Neither may unfold beyond the limit.
func TestDecodeStopsBomb(t *testing.T) {
	const limit = 1 << 20
	for name, encoder := range encoders {
		size := int64(4 << 20)
		if name == "zstd" {
			size = 200 << 20
		}
		var bomb bytes.Buffer
		e := encoder(&bomb)
		if _, err := io.CopyN(e, endless(strings.Repeat("\x00", 1<<15)), size); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := decode(t, name, bomb.Bytes(), limit); len(got) != limit || !errors.Is(err, ErrTooBig) {
			t.Errorf("%q: %d bytes, error %v", name, len(got), err)
		}
		double := encode(t, "gzip", bomb.Bytes())
		if got, err := decode(t, name+", gzip", double, limit); len(got) > limit || !errors.Is(err, ErrTooBig) {
			t.Errorf("%q in gzip: %d bytes, error %v", name, len(got), err)
		}
	}
}

// TestInnerLayersAreLimitedToo: empty gzip members decode to nothing, so the
// limit on the outcome alone would let an inner layer unfold without end.
func TestInnerLayersAreLimitedToo(t *testing.T) {
	const limit = 100_000
	inner := bytes.Repeat(encode(t, "gzip", nil), 1<<16)
	body := encode(t, "gzip", inner)
	if len(inner) <= limit || len(body) >= limit {
		t.Fatalf("a body of %d bytes with an inner layer of %d shows nothing", len(body), len(inner))
	}
	if got, err := decode(t, "gzip, gzip", body, limit); len(got) != 0 || !errors.Is(err, ErrTooBig) {
		t.Errorf("%d bytes, error %v", len(got), err)
	}
}

func TestDecodeGivesWhatWasFlushed(t *testing.T) {
	for name, encoder := range encoders {
		t.Run(name, func(t *testing.T) {
			r, w := io.Pipe()
			defer func() { _ = r.Close() }()
			decoded, err := Decode(r, name, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			go func() { // ends when r is closed
				e := encoder(w)
				_, _ = io.WriteString(e, textChunk)
				_ = e.Flush()
			}()
			data, err := newEventReader(decoded).next()
			if err != nil || !strings.Contains(string(data), "hi") {
				t.Errorf("%q, error %v", data, err)
			}
		})
	}
}

func TestDecodeWaitsForFirstByteOnlyWhenRead(t *testing.T) {
	for name := range encoders {
		r, err := Decode(failing{}, name, 1)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		for range 2 {
			if _, err := r.Read(make([]byte, 1)); !errors.Is(err, errBroken) {
				t.Errorf("%q: error %v, want the reader's own", name, err)
			}
		}
		if err := r.Close(); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestDecodeOfNothingIsNothing(t *testing.T) {
	for name := range encoders {
		if got, err := decode(t, name, nil, 1); len(got) != 0 || err != nil {
			t.Errorf("%q: %q, error %v", name, got, err)
		}
	}
}

func TestCutBodyIsTruncatedReply(t *testing.T) {
	for name := range encoders {
		body := encode(t, name, []byte(firstChunk+textChunk+finishChunk))
		r, err := Decode(bytes.NewReader(body[:len(body)-3]), name, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Fold(OpenAIChat, true, r, nil)
		if err != nil || !got.Truncated {
			t.Errorf("%q: truncated %v, error %v", name, got.Truncated, err)
		}
		_ = r.Close()
	}
}
