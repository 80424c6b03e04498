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
	// failed is whether the client got no whole reply: it will ask again.
	failed bool
	id     string
	// keys are nil once the reply is half of a pair.
	keys map[string]string
}

// A lastHistory is how long the history of a conversation was.
type lastHistory struct {
	began           time.Time
	messages, bytes int
}

// signals are what a request that was read shows without a second sample, drawn
// or not. A retry is no request of its own: the first attempt stands for its
// history, the retry for its reply.
func (o *observer) signals(in inspection, obs *monitor.Observation, primary ensemble.Sample) *monitor.SignalRecord {
	r := &monitor.SignalRecord{Retry: in.retry}
	if !in.retry && o.x.vote == nil && !o.cached {
		r.Retry, r.Pair = o.x.again(in, obs, primary.Reply.ID)
	}
	if !r.Retry {
		r.Compacted = o.x.compacted(in.view, obs)
		if n, call := ensemble.Repeated(in.view.Past); n > 1 {
			r.Repeated, r.Call = n, o.x.h.seal.seal("call", call)
		}
	}
	if primary.Missing != "" {
		return r
	}
	if r.Truncated = primary.Reply.AtLimit(); !r.Truncated {
		r.Invalid = wire.Misfits(in.view, in.plain, primary.Reply.Calls)
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

// again looks for an identical request of the route that began within a minute:
// if the client got no whole reply to it, this one is a retry, though nothing
// says so; else the two replies are a free pair, and differ says at which levels
// they do. Every reply is of one pair at most. Replies of one id are one reply.
func (x *exchange) again(in inspection, obs *monitor.Observation, replyID string) (retry bool, differ map[string]bool) {
	own := lastReply{began: x.began, failed: obs.Outcome != monitor.OutcomeOK, keys: obs.Samples[0].Keys}
	if replyID != "" {
		own.id = x.h.seal.reply(replyID)
	}
	x.h.replies.update(x.bodyKey(in, obs.Route), func(old lastReply, known bool) lastReply {
		if !known || own.began.Sub(old.began).Abs() > pairWithin {
			return own
		}
		if old.failed {
			retry = own.began.After(old.began)
			return own
		}
		if own.failed || own.keys == nil || old.keys == nil || own.id != "" && own.id == old.id {
			return own
		}
		differ = make(map[string]bool, len(own.keys))
		for level, key := range own.keys {
			differ[level] = key != old.keys[level]
		}
		return lastReply{began: own.began}
	})
	return retry, differ
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
