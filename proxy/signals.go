package proxy

import (
	"encoding/binary"
	"hash/maphash"
	"time"

	"hotmess/ensemble"
	"hotmess/monitor"
	"hotmess/wire"
)

const (
	// pairWithin is how far apart identical requests may begin to be a pair.
	pairWithin = time.Minute
	// maxRecalled bounds the requests, and the histories, that are remembered.
	maxRecalled = 4096
)

// bodySeed makes hashes of bodies mean nothing outside this process.
var bodySeed = maphash.MakeSeed()

// A lastReply is the reply to a request that might come again, by what is known
// of it outside: HMACs.
type lastReply struct {
	began time.Time
	id    string
	keys  map[string]string
}

// A lastHistory is how long the history of a conversation was.
type lastHistory struct {
	began           time.Time
	messages, bytes int
}

// signals are what a request that was read shows without a second sample, drawn
// or not. A retry is no request of its own: it only counts as one.
func (o *observer) signals(in inspection, obs *monitor.Observation, primary ensemble.Sample) *monitor.SignalRecord {
	if in.retry {
		return &monitor.SignalRecord{Retry: true}
	}
	r := &monitor.SignalRecord{Compacted: o.x.compacted(in.view, obs)}
	if n, call := ensemble.Repeated(in.view.Past); n > 1 {
		r.Repeated, r.Call = n, o.x.h.seal.seal("call", call)
	}
	if primary.Missing != "" {
		return r
	}
	if r.Truncated = primary.Reply.AtLimit(); !r.Truncated {
		r.Invalid = wire.Misfits(in.view, in.plain, primary.Reply.Calls)
	}
	if o.x.vote == nil && !o.cached {
		r.Pair = o.x.freePair(in, obs, primary.Reply)
	}
	return r
}

// compacted reports whether the history is shorter than with the conversation's
// request before, in messages and in bytes. Requests are of one history if model,
// system prompt and tools are the same: helpers of an agent have others. One
// whose history lives upstream is not judged.
func (x *exchange) compacted(v wire.View, obs *monitor.Observation) (shorter bool) {
	if v.Chain.Holds() {
		return false
	}
	key := obs.Route + "\n" + obs.Conversation + "\n" + obs.System + "\n" + obs.Tools + "\n" + v.Model
	x.h.histories.update(key, func(old lastHistory, known bool) lastHistory {
		if known && x.began.Before(old.began) {
			return old // it ended after one that began later
		}
		shorter = known && v.Messages < old.messages && v.PromptBytes < old.bytes
		return lastHistory{began: x.began, messages: v.Messages, bytes: v.PromptBytes}
	})
	return shorter
}

// freePair compares a reply with that to an identical request of the route which
// began within a minute; nil if there was none. Every reply is of one pair at
// most. Replies of one id are one reply.
func (x *exchange) freePair(in inspection, obs *monitor.Observation, reply wire.Reply) (differ map[string]bool) {
	own := lastReply{began: x.began, keys: obs.Samples[0].Keys}
	if reply.ID != "" {
		own.id = x.h.seal.reply(reply.ID)
	}
	x.h.replies.update(x.bodyKey(in, obs.Route), func(old lastReply, known bool) lastReply {
		apart := own.began.Sub(old.began).Abs()
		if !known || old.keys == nil || apart > pairWithin || own.id != "" && own.id == old.id {
			return own
		}
		differ = make(map[string]bool, len(own.keys))
		for level, key := range own.keys {
			differ[level] = key != old.keys[level]
		}
		return lastReply{}
	})
	return differ
}

// bodyKey tells identical requests: by route, path and body. The query is left
// out, since it may hold a key. It stays in the process.
func (x *exchange) bodyKey(in inspection, route string) string {
	var h maphash.Hash
	h.SetSeed(bodySeed)
	for _, part := range []string{route, x.dest.upstream.name, x.dest.path} {
		_, _ = h.WriteString(part) // never fails
		_ = h.WriteByte(0)
	}
	_, _ = h.Write(in.plain)
	return string(binary.BigEndian.AppendUint64(nil, h.Sum64()))
}
