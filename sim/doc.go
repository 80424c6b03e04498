// Package sim is a simulated LLM API: it speaks the wire form of OpenAI's Chat
// Completions and answers with what its knobs say, so that what a sidecar
// measures can be held against what is true.
package sim
