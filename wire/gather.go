package wire

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

const (
	// maxIndex bounds the indices of choices, tool calls and items.
	maxIndex = 1024
	// maxWord bounds ids, names of models, finish reasons and the like, in
	// bytes.
	maxWord = 1024
)

// A gathering is what the folds of all dialects have in common.
type gathering struct {
	reply   Reply
	choices map[int]*choiceFold
	// ended is whether an end mark was seen, closed whether it is one that
	// nothing follows: there are clients that hang up on it.
	ended, closed bool
	// size is what is kept of texts and arguments, in bytes; crowded is whether
	// there are more calls or items than maxIndex, or such an index.
	size    int
	crowded bool
	started func()
}

func newGathering(started func()) gathering {
	return gathering{choices: make(map[int]*choiceFold, 1), started: started}
}

// begin reports the first token, once.
func (g *gathering) begin() {
	g.started()
	g.started = func() {}
}

// bounded fails once there is more than a reply may hold: what calls it leaves out
// could be those that matter.
func (g *gathering) bounded() error {
	switch {
	case g.size > maxReply:
		return fmt.Errorf("streamed reply: %w", ErrTooBig)
	case g.crowded:
		return fmt.Errorf("more than %d calls or items: %w", maxIndex, ErrTooBig)
	}
	return nil
}

// fail notes an error that the upstream reports; nothing follows it.
func (g *gathering) fail(kind, code gjson.Result) {
	g.reply.Failure = &Failure{Type: clip(kind.String(), maxWord), Code: clip(code.String(), maxWord)}
	g.ended = true
}

// choice is the choice of an index, made at its first mention; nil beyond
// maxIndex.
func (g *gathering) choice(index int) *choiceFold {
	if index >= maxIndex {
		return nil
	}
	c := g.choices[index]
	if c == nil {
		c = &choiceFold{g: g}
		g.choices[index] = c
	}
	return c
}

// result is the reply; whole is whether it was read to its end without an
// error, which does not matter once the stream was closed.
func (g *gathering) result(whole bool) Reply {
	r := g.reply
	r.Choices = len(g.choices)
	for _, index := range slices.Sorted(maps.Keys(g.choices)) {
		if c := g.choices[index].choice(); index == 0 {
			r.Choice = c
		} else {
			r.Others = append(r.Others, c)
		}
	}
	_, first := g.choices[0]
	r.Truncated = (!whole && !g.closed) || !g.ended || (!first && r.Failure == nil)
	return r
}

// A choiceFold gathers one choice.
type choiceFold struct {
	g             *gathering
	text, refusal []byte
	calls         callFold
	finish        string
	reasoned      bool
	reasoning     int // bytes of reasoning text
}

func (c *choiceFold) choice() Choice {
	return Choice{
		Text: string(c.text), Refusal: string(c.refusal), Calls: c.calls.list(),
		Finish: c.finish, Reasoned: c.reasoned, ReasoningBytes: c.reasoning,
	}
}

// say keeps a piece of text.
func (c *choiceFold) say(text string) { c.add(&c.text, text) }

// refuse keeps a piece of a refusal.
func (c *choiceFold) refuse(text string) { c.add(&c.refusal, text) }

func (c *choiceFold) add(to *[]byte, text string) {
	if text == "" {
		return
	}
	*to = append(*to, text...)
	c.g.size += len(text)
	c.g.begin()
}

// reason counts a piece of reasoning text, which is not kept.
func (c *choiceFold) reason(size int) {
	if size > 0 {
		c.reasoned = true
		c.reasoning += size
		c.g.begin()
	}
}

// reasonUnseen notes that there is reasoning whose text is not the whole, or
// not there at all.
func (c *choiceFold) reasonUnseen() {
	c.reasoned = true
	c.g.begin()
}

// call adds a fragment to the call of its index. Ids come once or are repeated, names
// may come in pieces; arguments are continued.
func (c *choiceFold) call(index int, id, name, arguments gjson.Result) {
	p := c.calls.at(index, id.Str, name.Str)
	if p == nil {
		c.g.crowded = true
		return
	}
	keep(&p.id, id)
	spell(&p.name, name)
	text := textOf(arguments) // an object, as some servers send it, as its JSON
	p.arguments = append(p.arguments, text...)
	c.g.size += len(text)
	c.g.begin()
}

// end notes why generation ended.
func (c *choiceFold) end(reason gjson.Result) {
	keep(&c.finish, reason)
	if c.g.reply.Failure == nil {
		c.g.begin()
	}
}

// spell takes over a name. Pieces of one add up, as SDKs have it, unless they repeat
// what was there.
func spell(word *string, v gjson.Result) {
	if v.Type != gjson.String {
		return
	}
	switch piece := v.Str; {
	case piece == "" || piece == *word:
	case strings.HasPrefix(piece, *word): // all of it so far
		*word = clip(piece, maxWord)
	default:
		*word = clip(*word+piece, maxWord)
	}
}

// keep takes over a word; later pieces repeat it or leave it empty.
func keep(word *string, v gjson.Result) {
	if v.Type == gjson.String && v.Str != "" && v.Str != *word {
		*word = clip(v.Str, maxWord)
	}
}
