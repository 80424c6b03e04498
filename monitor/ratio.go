package monitor

import (
	"maps"
	"math"
	"sync"
)

const (
	// startRatio is the bytes of text in a token before anything is learnt.
	startRatio = 4.0
	// startWeight is how many tokens of evidence startRatio is worth.
	startWeight = 256
	// ratioMemory is the number of tokens beyond which old evidence is
	// halved, so that the ratio follows a change of tokenizer.
	ratioMemory = 1 << 24
	// minRatio and maxRatio bound what can be learnt, in bytes per token.
	minRatio, maxRatio = 0.5, 16
	// maxModels bounds the models that are told apart.
	maxModels = 200
)

// ratios learns bytes per token of each model from what upstreams report.
type ratios struct {
	mu     sync.Mutex
	models map[string]learnt
}

// learnt is the evidence of one model.
type learnt struct {
	Bytes  float64 `json:"bytes"`
	Tokens float64 `json:"tokens"`
}

func newRatios() *ratios { return &ratios{models: map[string]learnt{}} }

func (l learnt) ratio() float64 {
	r := (l.Bytes + startRatio*startWeight) / (l.Tokens + startWeight)
	return math.Min(maxRatio, math.Max(minRatio, r))
}

// name pools models beyond the bound under the empty name.
func (r *ratios) name(model string) string {
	_, known := r.models[model]
	if known || (len(r.models) < maxModels && len(model) <= maxLabel) {
		return model
	}
	return ""
}

func (r *ratios) learn(model string, bytes, tokens int) {
	if bytes <= 0 || tokens <= 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	model = r.name(model)
	l := r.models[model]
	l.Bytes += float64(bytes)
	l.Tokens += float64(tokens)
	if l.Tokens > ratioMemory {
		l.Bytes, l.Tokens = l.Bytes/2, l.Tokens/2
	}
	r.models[model] = l
}

func (r *ratios) estimate(model string, bytes int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return int(math.Ceil(float64(max(0, bytes)) / r.models[r.name(model)].ratio()))
}

// Learn takes in how many tokens the upstream counted for a text of so many
// bytes.
func (m *Monitor) Learn(model string, bytes, tokens int) { m.ratios.learn(model, bytes, tokens) }

// EstimateTokens estimates the tokens of a text from its size in bytes, by
// the ratio learnt for the model; 4 bytes a token to begin with.
func (m *Monitor) EstimateTokens(model string, bytes int) int {
	return m.ratios.estimate(model, bytes)
}

// state copies what was learnt.
func (r *ratios) state() map[string]learnt {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.models)
}

// restore takes over what was learnt, leaving out what cannot be.
func (r *ratios) restore(st map[string]learnt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for model, l := range st {
		if l.Bytes > 0 && l.Tokens > 0 && r.name(model) == model {
			r.models[model] = l
		}
	}
}
