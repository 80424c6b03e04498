// Package e2e holds hotmess to its promises from outside: the built binary, a
// published client, real sockets. It is a module of its own, so that the
// clients it needs stay out of hotmess's own go.mod.
//
//	openai-go or raw HTTP ──▶ hotmess serve ──▶ hotmess sim
//	                                      └──▶ a scripted upstream of the test
//
// The simulated model answers where any answer will do and where the truth of
// many answers matters. A scripted upstream answers where exact bytes, or the
// order of events, matter; what it has seen is compared with what the same call
// shows it without the sidecar.
//
// # Rules
//
// Nothing waits for time to pass: a test waits for an event, or polls for a
// state with a deadline that it never reaches when all is well. Every process
// has a data directory and ports of its own, and is ended by its own id. The
// binary is built once, by TestMain, from the module in the parent directory.
//
// HOTMESS_REPLAY_DATA names recorded samples of real models, a directory or
// files, for TestReplayOfRecordedModels, which is skipped without it.
package e2e
