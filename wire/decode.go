package wire

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

const (
	// maxEncodings is how many encodings one body may have on top of each
	// other. More than one is legal and all but unseen.
	maxEncodings = 3
	// zstdWindow is the largest window of a zstd body, in bytes: the 8 MiB
	// that RFC 9659 sets for HTTP.
	zstdWindow = 8 << 20
)

// Encoding is what the headers of a body say of its encoding, as Decode takes it.
func Encoding(h http.Header) string { return strings.Join(h.Values("Content-Encoding"), ", ") }

// Decode gives the decoded form of a body as it arrives: what the sender has
// flushed can be read at once. encoding is the value of Content-Encoding: a
// comma-separated list of gzip, x-gzip, br, zstd, deflate (with or without its
// zlib wrapping) and identity; empty means identity. An unknown one is
// ErrEncoding.
//
// Reading fails with ErrTooBig after max bytes, at every layer, so that a small
// body cannot unfold without end. Close frees the decoders and leaves r alone.
func Decode(r io.Reader, encoding string, max int64) (io.ReadCloser, error) {
	openers, err := openersFor(encoding)
	if err != nil {
		return nil, err
	}
	d := &decoder{top: &capped{r: r, left: max}}
	for _, open := range openers {
		layer := &lazy{open: open, src: d.top}
		d.layers = append(d.layers, layer)
		d.top = &capped{r: layer, left: max}
	}
	return d, nil
}

// A decoder is a stack of decoding layers.
type decoder struct {
	top    io.Reader
	layers []*lazy
}

func (d *decoder) Read(p []byte) (int, error) { return d.top.Read(p) }

// Close frees the decoders. What they return then is the error that Read gave
// before, so it is always nil.
func (d *decoder) Close() error {
	for _, layer := range d.layers {
		if layer.dec != nil {
			_ = layer.dec.Close()
		}
	}
	return nil
}

// An opener starts decoding src. It may read from it.
type opener func(src io.Reader) (io.ReadCloser, error)

// openersFor lists the layers to undo, the outermost (named last) first.
func openersFor(encoding string) ([]opener, error) {
	if encoding == "" {
		return nil, nil
	}
	names := strings.Split(encoding, ",")
	if len(names) > maxEncodings {
		return nil, fmt.Errorf("content encoding: %d layers: %w", len(names), ErrEncoding)
	}
	var openers []opener
	for i, name := range slices.Backward(names) {
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "", "identity":
		case "gzip", "x-gzip":
			openers = append(openers, openGzip)
		case "br":
			openers = append(openers, openBrotli)
		case "zstd":
			openers = append(openers, openZstd)
		case "deflate":
			openers = append(openers, openDeflate)
		default:
			return nil, fmt.Errorf("content encoding: layer %d: %w", i+1, ErrEncoding)
		}
	}
	return openers, nil
}

func openGzip(src io.Reader) (io.ReadCloser, error) { return gzip.NewReader(src) }

// openBrotli passes an empty body on as such, as the other decoders do.
func openBrotli(src io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReader(src)
	if _, err := buffered.Peek(1); err != nil {
		return nil, err
	}
	return io.NopCloser(brotli.NewReader(buffered)), nil
}

func openZstd(src io.Reader) (io.ReadCloser, error) {
	dec, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
	if err != nil {
		return nil, err
	}
	return dec.IOReadCloser(), nil
}

// openDeflate looks at the first two bytes: RFC 9110 means zlib by "deflate",
// but some servers send the bare stream. A zlib head (RFC 1950) names method 8
// in its low four bits and is a multiple of 31.
func openDeflate(src io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReader(src)
	head, err := buffered.Peek(2)
	if len(head) == 0 {
		return nil, err
	}
	if len(head) == 2 && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(buffered)
	}
	return flate.NewReader(buffered), nil
}

// A lazy layer opens its decoder at the first Read: some read a header when
// they are made, and a reply's first byte may be minutes away.
type lazy struct {
	open opener
	src  io.Reader
	dec  io.ReadCloser // nil until open succeeds
}

func (l *lazy) Read(p []byte) (int, error) {
	if l.dec == nil {
		dec, err := l.open(l.src)
		if err != nil {
			l.open = func(io.Reader) (io.ReadCloser, error) { return nil, err }
			return 0, err
		}
		l.dec = dec
	}
	return l.dec.Read(p)
}

// A capped reader gives left bytes and fails with ErrTooBig if there are more.
type capped struct {
	r    io.Reader
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.r.Read(p)
	if int64(n) > c.left {
		n = int(c.left)
		c.left = 0
		return n, fmt.Errorf("decoded body: %w", ErrTooBig)
	}
	c.left -= int64(n)
	return n, err
}
