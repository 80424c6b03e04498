// Package sim is a simulated LLM API. It speaks the wire form of OpenAI's Chat
// Completions, written by hand from the provider's reference, and answers with
// what its knobs say, so that what is measured can be held against what is
// true.
//
//	request ─▶ prompt ─▶ problem ─▶ distribution ─▶ sample ─▶ reply or stream
//	            hash      right,     1 − Σp² is        │        faults, delays,
//	                      wrong      the truth         ▼        odd cuts
//	                                         truth log, Summary
//
// # What it is asked
//
// With tools, a request is a step of a task. The first user message names it
// ("task 7"), the number of tool results in the conversation is the step, and
// the right call of each step follows from the seed (Server.Right). Arguments
// are filled by schema; strings whose name or format says nothing of them are
// free text, which is phrased anew each time and does not count in what makes
// two calls the same. After Server.Steps results the answer is a text.
//
// Without tools, it is a question: the last user message. The right answer
// (Server.RightAnswer) is one of its options A), B), … or an integer, and
// stands in the last line, "Answer: X", below prose that hardly ever repeats.
// With a response_format the answer is JSON by the schema.
//
// With a Replay, answers are recorded samples of real models.
//
// # Promises
//
//   - All randomness comes from the seed, the prompt and how often the prompt
//     was asked before. So the set of answers is the same in whatever order
//     requests arrive; only TurnAfter counts arrivals.
//   - The answers to one prompt are independent draws from one distribution;
//     those replayed are drawn such that any two in a row are different
//     samples.
//   - Every reply says that it is simulated: header X-Simulated,
//     system_fingerprint "simulated".
//   - Bodies, lines of data and what is remembered are bounded.
//
// # What it does not model
//
// Language. Caches and their prices (cached_tokens is 0). Real tokenizers: a
// token is four bytes, and replayed reasoning is characters / 4. Sampling
// parameters: temperature, seed, stop and token limits are not obeyed, nor is
// JSON Schema beyond types, enums and bounds. Difficulty: all prompts have the
// accuracy of the moment, so there is no spread between questions but what a
// Replay brings. Load: latency does not grow with it, and rate limits are
// drawn, not counted. Other APIs than Chat Completions, logprobs, audio,
// compression of bodies.
//
// # Testing
//
// The package imports nothing else of this module, so that it cannot share a
// mistake with what it tests. Its own tests hold frequencies against closed
// forms with tolerances of four standard errors.
package sim
