// Package sim is a simulated LLM API. It speaks the wire forms of OpenAI's Chat
// Completions and Responses, Anthropic's Messages and Google's Gemini, written
// by hand from the providers' references, and answers with what its knobs say,
// so that what is measured can be held against what is true.
//
//	request ─▶ prompt ─▶ problem ─▶ distribution ─▶ sample ─▶ form ─▶ reply or stream
//	   dialect  hash      right,     1 − Σp² is        │      dialect   faults, delays,
//	                      wrong      the truth         ▼                odd cuts
//	                                            truth log, Summary
//
// # What it is asked
//
// With tools, a request is a step of a task. The first user message names it
// ("task 7"), the number of tool results in the conversation is the step, and
// the right call of each step follows from the seed (Server.Right). Arguments
// are filled by schema; strings whose name or format says nothing of them are
// free text, phrased anew each time, which does not count in what makes two
// calls the same. After Server.Steps results the answer is a text. With
// Server.Deletions some steps delete a tree, wrongly at a known rate.
//
// Without tools, it is a question: the last user message. The right answer
// (Server.RightAnswer) is one of its options A), B), … or an integer, and
// stands in the last line, "Answer: X", below prose that hardly ever repeats.
// Where a schema is asked for the answer is JSON by it. With a Replay, answers
// are recorded samples of real models. Models named quadratic-47k, quadratic-5m, …
// take steps of a descent instead: see Optimiser, which is synthetic.
//
// # Promises
//
//   - Randomness comes from the seed, the prompt and how often it was asked
//     before: the set of answers is the same in whatever order requests arrive
//     (TurnAfter alone counts arrivals), the answers to one prompt are
//     independent draws, or replayed samples of which two in a row differ, and
//     an answer is the same streamed or not, stored or not, ids included. With
//     Now fixed, equal requests to equal servers get equal bytes.
//   - State is as strict as a provider's: chains, conversations and threads
//     that are unknown, locked or spent, signatures and encrypted content that
//     were altered, items of different draws that were mixed, calls without
//     results are refused. Caches are warm from an answer's first token on.
//   - Every reply says that it is simulated, in the header X-Simulated.
//   - Bodies, lines of data and what is remembered are bounded: see maxPrompts,
//     beyond which all occurrences start again, and, of stored state, maxShelved
//     and maxShelfBytes, beyond which the oldest is forgotten.
//
// # What it does not model
//
// Language. Tokenizers: a token is four bytes, and replayed reasoning is
// characters / 4. Sampling parameters: temperature, seed, stop and token limits
// are not obeyed, nor is JSON Schema beyond types, enums and bounds. Difficulty:
// all prompts have the accuracy of the moment, but for what a Replay brings.
// Load: latency does not grow with it, and rate limits are drawn, not counted.
// Keys, tools that providers run, custom tools' calls, audio, images, compaction,
// batches, WebSockets, resumed streams, Bedrock's streams, compressed bodies.
//
// # Testing
//
// The package imports nothing of this module, so that it cannot share a mistake
// with what it tests. Its tests hold frequencies against closed forms with
// tolerances of four standard errors.
package sim
