package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

const (
	// maxPast is how many calls of a history are kept: the latest.
	maxPast = 256
	// maxPastArguments is the longest arguments of one that are kept as they
	// are, in bytes.
	maxPastArguments = 512
)

// called notes a call in the history; one without a name is malformed and left
// out. Arguments beyond maxPastArguments are
// replaced by their SHA-256, so that equal ones stay equal.
func (v *View) called(name string, arguments gjson.Result) {
	if name == "" {
		return
	}
	text := textOf(arguments)
	if len(text) > maxPastArguments {
		sum := sha256.Sum256([]byte(text))
		text = hex.EncodeToString(sum[:])
	}
	if len(v.Past) >= 2*maxPast { // rarely, so that a long history is moved once in a while
		v.Past = slices.Clone(v.Past[len(v.Past)-maxPast+1:])
	}
	v.Past = append(v.Past, Call{Name: v.copied(name), Arguments: strings.Clone(text)})
}

// copied is a copy of a tool's name, mostly one that is there already.
func (v *View) copied(name string) string {
	if n := len(v.Past); n > 0 && v.Past[n-1].Name == name {
		return v.Past[n-1].Name
	}
	for _, t := range v.Tools[:min(len(v.Tools), 64)] {
		if t.Name == name {
			return t.Name
		}
	}
	return clip(name, maxWord)
}

// latest keeps the latest calls alone.
func (v *View) latest() {
	if n := len(v.Past); n > maxPast {
		v.Past = slices.Clone(v.Past[n-maxPast:])
	}
}
