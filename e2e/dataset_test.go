package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// A recording is one line of a data set: the samples of one model on one
// question, in the form that hotmess sim --replay reads.
type recording struct {
	Dataset     string     `json:"dataset"`
	Model       string     `json:"model"`
	ID          string     `json:"question_id"`
	Question    string     `json:"question"`
	Reference   *string    `json:"reference"`
	LengthField *string    `json:"length_field"`
	Samples     []recorded `json:"samples"`
}

// A recorded sample; no answer is one of its own.
type recorded struct {
	Answer  *string `json:"answer"`
	Correct bool    `json:"correct"`
}

// counts are how often each answer was given, in no order.
func (r recording) counts() []float64 {
	by := map[string]float64{}
	for _, s := range r.Samples {
		if s.Answer == nil {
			by["\x00none"]++
			continue
		}
		by[*s.Answer]++
	}
	var list []float64
	for _, c := range by {
		list = append(list, c)
	}
	return list
}

// disagreement is what the recording itself gives: the probability d that two
// different samples of its n differ,
//
//	d = 1 − Σ c(c−1) / n(n−1)   for the counts c of its answers.
func (r recording) disagreement() float64 {
	same, n := 0., float64(len(r.Samples))
	for _, c := range r.counts() {
		same += c * (c - 1)
	}
	return 1 - same/(n*(n-1))
}

// variance is that of the share of k disjoint random pairs of the recording
// that differ. The pairs come without replacement, so they depend on each
// other: with X the indicator of one pair,
//
//	Var = (d(1−d) + (k−1)·cov) / k,   cov = E[X₁X₂] − d²,
//	E[X₁X₂] = 1 − 2(1−d) + P(s₁=s₂, s₃=s₄),
//	P(s₁=s₂, s₃=s₄) = (Σ c(c−1)(c−2)(c−3) + Σ_{a≠b} a(a−1)b(b−1)) / n(n−1)(n−2)(n−3).
//
// It asks for 2k ≤ n, and n ≥ 4 where k > 1.
func (r recording) variance(k int) float64 {
	d := r.disagreement()
	if k == 1 {
		return d * (1 - d)
	}
	n := float64(len(r.Samples))
	fours, twos, squares := 0., 0., 0.
	for _, c := range r.counts() {
		fours += c * (c - 1) * (c - 2) * (c - 3)
		twos += c * (c - 1)
		squares += c * (c - 1) * c * (c - 1)
	}
	bothSame := (fours + twos*twos - squares) / (n * (n - 1) * (n - 2) * (n - 3))
	cov := 1 - 2*(1-d) + bothSame - d*d
	return (d*(1-d) + float64(k-1)*cov) / float64(k)
}

// A population is the recordings of one model on one data set.
type population []recording

// maxPairs bounds how often one question is asked.
const maxPairs = 10

// pairs is how many disjoint pairs there are of every question.
func (p population) pairs() int {
	k := maxPairs
	for _, r := range p {
		k = min(k, len(r.Samples)/2)
	}
	return k
}

// truth is the mean disagreement over questions, and the standard error of an
// estimate of it from k disjoint pairs of each question: questions are
// independent of each other, so se² = Σ Var / Q².
func (p population) truth(k int) (d, se float64) {
	variance, q := 0., float64(len(p))
	for _, r := range p {
		d += r.disagreement() / q
		variance += r.variance(k) / (q * q)
	}
	return d, math.Sqrt(variance)
}

// generate makes a population of lettered questions that differ in
// difficulty; one sample in fifty has no answer.
func generate(model string, questions, samples int, seed uint64) population {
	rng := rand.New(rand.NewPCG(seed, 0))
	var p population
	for i := range questions {
		right := string(rune('A' + rng.IntN(5)))
		r := recording{
			Dataset: "generated", Model: model, ID: fmt.Sprintf("q%d", i), Reference: &right,
			Question: fmt.Sprintf("Question %d of %s: which of these?\nA) one\nB) two\nC) three\nD) four\nE) five", i, model),
		}
		ease := .2 + .8*rng.Float64()
		for range samples {
			answer := right
			if rng.Float64() > ease {
				answer = string(rune('A' + rng.IntN(5)))
			}
			s := recorded{Answer: &answer, Correct: answer == right}
			if rng.IntN(50) == 0 {
				s = recorded{}
			}
			r.Samples = append(r.Samples, s)
		}
		p = append(p, r)
	}
	return p
}

// write saves populations as a file of JSON lines.
func write(t *testing.T, populations ...population) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "samples.jsonl")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := json.NewEncoder(f)
	for _, p := range populations {
		for _, r := range p {
			if err := lines.Encode(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	return file
}

// readRecordings reads a file of JSON lines, by model in recorded order.
// Questions with fewer than two samples give no pair and are left out.
func readRecordings(t *testing.T, file string) []population {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []population
	place := map[string]int{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		r := decode[recording](t, lines.Bytes())
		if len(r.Samples) < 2 {
			continue
		}
		at, known := place[r.Dataset+"\x00"+r.Model]
		if !known {
			at = len(all)
			place[r.Dataset+"\x00"+r.Model] = at
			all = append(all, nil)
		}
		all[at] = append(all[at], r)
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
	return all
}
