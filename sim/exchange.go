package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
)

// An exchange is one HTTP request and what it takes to answer it.
type exchange struct {
	w    http.ResponseWriter
	r    *http.Request
	body []byte
	// vars are what the wildcards of the route's path stand for.
	vars     []string
	provider provider
	seed     uint64
	// from leads to what is drawn for this exchange, see identify.
	from names
}

// identify names the exchange after its method, path and body and after how
// often that was asked before, and tells its id in a header. A turn has its
// name already.
func (s *Server) identify(x *exchange) {
	if x.from == nil {
		hash := digestOf(x.r.Method, x.r.URL.Path, string(x.body))
		seen, _ := s.arrive(hash, nil, 0)
		x.from = visit(hash, seen)
	}
	x.provider.mark(x.w.Header(), x.id())
}

// source is the random numbers of what is named, of this exchange alone.
func (x *exchange) source(what ...string) *rand.Rand { return source(x.seed, x.from.and(what...)...) }

// id is the request's id, without the prefix that a provider gives it.
func (x *exchange) id() string { return hexID(x.source("request")) }

// reply answers with v as a whole JSON body.
func (s *Server) reply(x *exchange, v any) {
	s.identify(x)
	sendJSON(x.w, http.StatusOK, v)
}

// readBody reads the request's whole body within MaxBody.
func (s *Server) readBody(x *exchange) *failure {
	limit := s.MaxBody
	if limit <= 0 {
		limit = DefaultMaxBody
	}
	body, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return bodyTooLarge(limit)
	case err != nil:
		return badRequest("", "the body of the request broke off")
	}
	x.body = body
	return nil
}

// sendJSON sends v as a whole JSON body.
func sendJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil { // only for values that this package does not make
		panic(fmt.Errorf("encode reply: %w", err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that is gone is the only way for this to fail.
	_, _ = w.Write(append(body, '\n'))
}
