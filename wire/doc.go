// Package wire reads what agents and LLM APIs say to each other: bytes in,
// values out. It knows every field name of the APIs, so that no other package
// has to.
//
//	request head ── Detect ──▶ Target (whose API, which dialect, what the path says)
//	request body ── Decode ──▶ ReadView ──▶ View (the few fields acted on)
//	                              └─ EditExtra ──▶ the body of an extra
//	reply body ──── Decode ──▶ Fold ──▶ Reply (the same value, streamed or not)
//	reply head ──── ReadQuota, CacheHit, IsEventStream
//	own errors ──── ErrorBody, StreamError, KeepAlive
//
// # Promises
//
//   - Nothing is dialled, logged or remembered; functions are safe for
//     concurrent use and never change the bytes they are given.
//   - Values that are returned do not share memory with the body that they
//     were read from, so a body can be let go of while its View lives on.
//   - Every size, count and index from outside is bounded by a named constant.
//   - All JSON is checked with encoding/json before gjson walks it: the former
//     limits its depth, the latter takes broken JSON for whole.
//   - Errors name the position, never the content.
//   - Fields that are not read here are nobody's business: a request is edited
//     by splicing bytes, never rebuilt, and unknown fields survive.
//
// # Dialects
//
// Each dialect is a grammar in files of its own: OpenAI Chat Completions
// (chat_*), OpenAI Responses (responses_*), Anthropic Messages (anthropic_*) and
// Gemini generateContent (gemini_*). What they share is in gather.go. A new one is
// a grammar, a row in Detect and fixtures.
//
// # Testing
//
// testdata holds requests, replies and the values wanted of them; its README
// says where each comes from. Streams are fed whole, byte by byte and cut at
// every position, with LF, CRLF and CR; every parser has a fuzz target, and
// drawn replies of every dialect must fold to one value, streamed or not.
package wire
