package sim

import (
	"math/rand/v2"
	"unicode/utf8"
)

// A tokenProb is one token with its log probability, in OpenAI's form. The
// probabilities are made up: they have no bearing on the answer.
type tokenProb struct {
	candidate
	Top []candidate `json:"top_logprobs"`
}

type candidate struct {
	Token   string  `json:"token"`
	Logprob float64 `json:"logprob"`
	Bytes   []int   `json:"bytes"`
}

// tokenProbs cuts a text into tokens of about four bytes, each with the given
// number of candidates, the first of which it is.
func tokenProbs(rng *rand.Rand, text string, top int) []tokenProb {
	list := []tokenProb{}
	for text != "" {
		size := 0
		for size < bytesPerToken && size < len(text) {
			_, n := utf8.DecodeRuneInString(text[size:])
			size += n
		}
		logprob := -rng.ExpFloat64() / 4
		one := tokenProb{candidate: candidateOf(text[:size], logprob), Top: []candidate{}}
		for i := range top {
			if i == 0 {
				one.Top = append(one.Top, one.candidate)
				continue
			}
			logprob -= 1 + rng.ExpFloat64()
			one.Top = append(one.Top, candidateOf(pick(rng, words), logprob))
		}
		list = append(list, one)
		text = text[size:]
	}
	return list
}

func candidateOf(token string, logprob float64) candidate {
	c := candidate{Token: token, Logprob: logprob}
	for _, b := range []byte(token) {
		c.Bytes = append(c.Bytes, int(b))
	}
	return c
}
