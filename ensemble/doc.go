// Package ensemble makes the N calls of one request and judges them against
// each other: what of a reply is compared, how much the replies disagree, and
// which one the majority stands for. It keeps nothing between requests.
//
//	              ┌─ primary ──────────────┐
//	call ── Vote ─┤                        ├─ Keys ─ Rules ─▶ Outcome
//	              └─ gate ─ extra 1..N-1 ──┘
//	call ── Extras ─ gate ─ extra ─ Keys ─▶ []Sample   (behind a primary)
//	reply ── Choices ─ Keys ─▶ []Sample                (a client's own n > 1)
//
// # What is compared
//
// [Comparer] takes the kind from the request, never from the reply: action if
// it offers tools and lets them be called, structured if it asks for JSON, answer
// if a form of final answer is configured or asked for in the prompt, else text.
// [Comparer.Keys] turns a reply into one key per level; two replies agree at a
// level if and only if their keys there are equal. Refusals, no call and unreadable answers
// are values like any other. Failed or truncated samples have no keys.
//
// At level target an action is its tool and its identifying arguments; the
// rule is written out at identify and, for shell commands, at [shell.Target].
//
// Beside keys: Comparer.Arguments names the argument that is unstable,
// [Shingles] tell how alike two texts are, [Repeated] finds the commonest call
// of a history.
//
// # Votes
//
// [Rules] decide what a vote does next, as a pure function of what has ended: live
// and in [Policy.Replay] alike. Who wins: [Majority], [Comparer.Calls],
// [Comparer.Medoid], [Embed]; who votes: [First], [Flags].
//
// # Promises
//
// The primary is sent as the client sent it and never waits for the gate.
// Nothing is retried: GetBody is nil. Errors never vote, and any whole sample
// beats an error. A vote answers with one recorded reply, byte for byte; if
// nobody can vote, that is the primary's own. Extras start within StartWithin
// of their turn or not at all. What is held in memory is bounded by
// Runner.MaxBody per reply and by Runner.Hold over all. A panic while a sample
// is judged makes that sample missing and nothing else.
//
// Every goroutine is waited for: by Extras before it returns, by the function
// that Vote returns. Comparer, Rules and the votes are pure and safe for
// concurrent use; a Runner is safe for concurrent use.
//
// # Testing
//
// The pure functions are held against closed forms and by properties; the
// runner runs in virtual time (testing/synctest) against a scripted
// RoundTripper.
package ensemble
