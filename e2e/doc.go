// Package e2e holds hotmess to its promises from outside: the built binary,
// published clients, real sockets. It is a module of its own, so that the
// clients it needs stay out of hotmess's own go.mod.
//
//	SDK or raw HTTP ──▶ hotmess serve ──▶ hotmess sim
//	                                └──▶ a scripted upstream of the test
//
// The simulated model answers where any answer will do and where the truth of
// many answers matters. A scripted upstream answers where exact bytes, or the
// order of events, matter; what it has seen is compared with what the same call
// shows it without the sidecar.
//
// # A network of a company's
//
// The published clients of all dialects (openai-go, anthropic-sdk-go, genai) and
// programs that agents start (curl, git, python3, openssl, where they are
// installed) use the vendors' own hosts. A corporate leads these to a front of
// the test, through a proxy that all calls have to pass, the sidecar's too:
//
//	SDK ──▶ hotmess ──▶ the corporate's proxy ──▶ front, over TLS ──▶ hotmess sim
//	 by base URL or proxy            └──▶ the rest of the world
//
// Each SDK does what agents do with it (see conversation) on each passage: by
// base URL, by proxy over HTTP/1.1 and over HTTP/2, in all modes, and directly, to
// see that a test holds without hotmess. The simulated model is strict where
// state is: it refuses signatures, encrypted reasoning, ids and results of calls
// that are not what it gave. The front tells a client's own calls from those that
// hotmess made beside them by their Idempotency-Key, and makes go wrong what a
// request asks for in headers. Where votes or quorums are to come out in a certain
// way, it has one model answer the former and another the latter.
//
// # Rules
//
// Nothing waits for time to pass: a test waits for an event, or polls for a
// state with a deadline that it never reaches when all is well. Every process
// has a data directory and ports of its own, and is ended by its own id. Sidecars
// are shared by the tests of one corporate that leave no traces in them. The
// binary is built once, by TestMain, from the module in the parent directory.
//
// HOTMESS_REPLAY_DATA names recorded samples of real models, a directory or
// files, for TestReplayOfRecordedModels, which is skipped without it. So is
// TestNodeClients without HOTMESS_NODE_CLIENTS: it runs the clients of node.
package e2e
