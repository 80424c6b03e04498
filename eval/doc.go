// Package eval asks a labelled data set of an upstream, each question several
// times, and writes down what came back as a data set that package report reads.
//
//	data set ─ questions ─▶ prompts ─▶ caller ─▶ wire.Fold ─▶ ensemble.Keys ─▶ journal ─▶ data set
//	  JSON lines              form       │ retries, one pause for all            │ resume
//	                                     ▼                                       ▼
//	                                  upstream                                progress
//
// Answers are found and compared by the same code as in live traffic: an answer
// is right if its key equals that of the reference.
//
// # Files
//
// OUT.journal gets one line per sample as it arrives, behind a first line with
// the parameters that have a bearing on answers. It is what a run goes on
// from: samples that stand there are not asked again. A line that a crash left
// half written is cut off. Other parameters are refused by name; the number of
// samples and of questions may grow or shrink, since they decide how much is
// asked and not what. OUT is written from the journal when all is there, first
// beside and then in place of what there was.
//
// # Promises
//
//   - A failed call is no answer. Samples that fail for good are counted and
//     not in the data set; a question without a sample is named and left out.
//   - Replies from a cache, and two replies of one id to one question, are not
//     independent and count as failed.
//   - 408, 409, 425, 429 and 5xx, broken connections and cut replies are asked
//     again, up to Attempts times. Retry-After holds for all calls.
//     What no repetition can change ends the run at once: a refused key, an
//     unknown model or path, a redirect.
//   - Bodies, lines and the number of questions are bounded. Keys are in
//     headers and nowhere else; texts of replies are not kept.
//
// # Testing
//
// Files and parsing are tested on their own, calls in virtual time against a
// scripted RoundTripper, the whole against the simulator and, for a kill, as a
// process at the root.
package eval
