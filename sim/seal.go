package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
)

// seal gives what a client has to send back unaltered: base64 of note and of
// its MAC under a key from the seed. The MAC covers also the purpose and what
// must not change beside the note.
func (s *Server) seal(note, purpose string, beside ...string) string {
	return base64.StdEncoding.EncodeToString(append([]byte(note), s.mac(note, purpose, beside)...))
}

// unseal gives the note of what seal gave; false if anything was altered.
func (s *Server) unseal(token, purpose string, beside ...string) (note string, ok bool) {
	b, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(b) < sha256.Size {
		return "", false
	}
	note = string(b[:len(b)-sha256.Size])
	return note, hmac.Equal(b[len(b)-sha256.Size:], s.mac(note, purpose, beside))
}

func (s *Server) mac(note, purpose string, beside []string) []byte {
	key := digestOf("seal", strconv.FormatUint(s.Seed, 16))
	h := hmac.New(sha256.New, key[:])
	covered := digestOf(slices.Concat([]string{purpose, note}, beside)...)
	h.Write(covered[:])
	return h.Sum(nil)
}
