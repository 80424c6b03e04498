package monitor

import "math"

const (
	// weightOne is the weight of a pair that was certain to be measured.
	// Weights are whole numbers of its sixteenths, so that sums of them are
	// exact in any order; rounding moves no weight by more than 3 %.
	weightOne = 16
	// maxWeight is the most that one pair weighs: as much as 4,096 requests.
	maxWeight = 4096 * weightOne
	// maxRecord is the most that one conversation weighs in a window: as much
	// as 16 million requests. It keeps sums of squares within an int64.
	maxRecord = 1 << 28
)

// weightOf is the weight of a request that was drawn with a probability of
// inclusion: its inverse (Horvitz and Thompson), so that it stands for those
// that were as likely to be drawn and were not. Without it an automatic rate
// would make the first turns after a rest count most, when all are measured.
// What is no probability weighs as one that was certain.
func weightOf(inclusion float64) int64 {
	if !(inclusion > 0 && inclusion < 1) {
		return weightOne
	}
	return int64(math.Min(maxWeight, math.Round(weightOne/inclusion)))
}

// A pair is the measured pair of one request at one level.
type pair struct {
	differ bool
	weight int64
}
