package report_test

import (
	"os"
	"testing"

	"hotmess/report"
)

// The time that one data set of 22,000 samples takes.
func BenchmarkReport(b *testing.B) {
	dir := os.Getenv("HOTMESS_DATA")
	if dir == "" {
		b.Skip("HOTMESS_DATA is not set: no recorded samples to report on")
	}
	for b.Loop() {
		d, err := report.Read([]string{dir + "/cotsweep_aqua.jsonl"}, nil, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := report.New(d, report.Filter{}); err != nil {
			b.Fatal(err)
		}
	}
}
