package ensemble

import "hotmess/config"

// Choices makes a sample of each choice of a primary whose client asked for
// several of one call, up to config.MaxSamples: draws of the same request, by
// index. Each keeps the usage of the whole reply. s is the primary, whole; with
// one choice it is all.
func Choices(s Sample, compare Comparer) []Sample {
	samples := []Sample{s}
	for i, c := range s.Reply.Others[:min(len(s.Reply.Others), config.MaxSamples-1)] {
		other := s
		other.Number = i + 1
		other.Reply.Choice, other.Reply.Others = c, nil
		other.Keys = compare.Keys(other.Reply)
		samples = append(samples, other)
	}
	samples[0].Reply.Others = nil
	return samples
}
