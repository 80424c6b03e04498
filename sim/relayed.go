package sim

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"time"
)

// What is served here answers nothing that is drawn: calls that a proxy only
// passes on. Nothing of them is remembered.

// A file is what a form uploads.
type file struct {
	name, mediaType, purpose string
	bytes                    []byte
}

// uploadFile tells what was uploaded, in the form of OpenAI or of Anthropic.
func (s *Server) uploadFile(x *exchange) {
	f, err := readFile(x)
	if err != nil {
		s.refuse(x, badRequest("file", "the body is no multipart form with a file"))
		return
	}
	id, now := digestOf("file", string(f.bytes)).String()[:24], s.now()
	if _, ok := x.provider.(anthropic); ok {
		s.reply(x, map[string]any{
			"id": "file_" + id, "type": "file", "filename": f.name, "mime_type": f.mediaType, "size_bytes": len(f.bytes),
			"created_at": now.UTC().Format(time.RFC3339), "downloadable": false,
		})
		return
	}
	s.reply(x, map[string]any{
		"id": "file-" + id, "object": "file", "bytes": len(f.bytes), "created_at": now.Unix(), "filename": f.name,
		"purpose": f.purpose, "status": "processed",
	})
}

// readFile reads the parts file and purpose of a multipart form.
func readFile(x *exchange) (file, error) {
	_, parameters, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if err != nil {
		return file{}, err
	}
	f, found := file{}, false
	form := multipart.NewReader(bytes.NewReader(x.body), parameters["boundary"])
	for {
		p, err := form.NextPart()
		if errors.Is(err, io.EOF) && found {
			return f, nil
		}
		if err != nil {
			return file{}, err
		}
		b, err := io.ReadAll(p) // of a body that is bounded
		if err != nil {
			return file{}, err
		}
		switch p.FormName() {
		case "file":
			f.name, f.mediaType, f.bytes, found = p.FileName(), p.Header.Get("Content-Type"), b, true
		case "purpose":
			f.purpose = string(b)
		}
	}
}

// images serves one picture of a single pixel, in PNG.
func (s *Server) images(x *exchange) {
	s.reply(x, map[string]any{"created": s.now().Unix(), "data": []any{map[string]any{"b64_json": pixel}}})
}

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg=="

// speech serves a tenth of a second of silence: WAV, 8,000 bytes a second.
func (s *Server) speech(x *exchange) {
	s.identify(x)
	const rate, size = 8_000, 800
	var b bytes.Buffer
	for _, field := range []any{
		[]byte("RIFF"), uint32(36 + size), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1),
		uint32(rate), uint32(rate), uint16(1), uint16(8), []byte("data"), uint32(size), bytes.Repeat([]byte{128}, size),
	} {
		_ = binary.Write(&b, binary.LittleEndian, field) // a buffer takes all
	}
	x.w.Header().Set("Content-Type", "audio/wav")
	_, _ = x.w.Write(b.Bytes())
}

// transcription serves a text that says what it is.
func (s *Server) transcription(x *exchange) {
	if _, err := readFile(x); err != nil {
		s.refuse(x, badRequest("file", "the body is no multipart form with a file"))
		return
	}
	s.reply(x, map[string]string{"text": "simulated transcription"})
}
