package proxy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"hotmess/ensemble"
	"hotmess/monitor"
	"hotmess/wire"
)

// A Sealer turns content into HMAC-SHA-256 under a key of the data directory, so
// that equal content can be told without the content leaving the process.
type Sealer struct{ key []byte }

// NewSealer makes a sealer. key should be 32 random bytes.
func NewSealer(key []byte) Sealer { return Sealer{key: key} }

// seal returns the first 16 bytes of the HMAC of the parts, in hex. Parts are
// delimited by their length, so that no two lists of parts collide.
func (s Sealer) seal(parts ...string) string {
	mac := hmac.New(sha256.New, s.key)
	for _, p := range parts {
		mac.Write([]byte(strconv.Itoa(len(p)) + ":"))
		mac.Write([]byte(p))
	}
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// reply identifies a reply by its id.
func (s Sealer) reply(id string) string { return s.seal("reply", id) }

// tools identifies the set of tools that a request offers, in its order.
func (s Sealer) tools(v wire.View) string {
	if len(v.Tools) == 0 {
		return ""
	}
	names := make([]string, 1, len(v.Tools)+1)
	names[0] = "tools"
	for _, t := range v.Tools {
		names = append(names, t.Name)
	}
	return s.seal(names...)
}

// system identifies the system prompt.
func (s Sealer) system(v wire.View) string {
	if v.System == "" {
		return ""
	}
	return s.seal("system", v.System)
}

// sample identifies what is compared of a sample at one level.
func (s Sealer) sample(level, key string) string { return s.seal("answer", level, key) }

// action identifies what a reply proposes that is guarded.
func (s Sealer) action(action string) string { return s.seal("guard", action) }

// Answer identifies a right answer as the samples of an observed request are
// identified at its headline level, or says why the request has none.
func (s Sealer) Answer(o *monitor.Observation, answer string) (string, error) {
	key, err := ensemble.AnswerKey(ensemble.Kind(o.Kind), o.Form, answer)
	if err != nil {
		return "", err
	}
	return s.sample(o.Headline, key), nil
}
