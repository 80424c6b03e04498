// Package bench holds the benchmarks that compare hotmess with what it is
// measured against: a direct call, the bare ReverseProxy of the standard
// library and a bare goproxy. All run in one process, in turn, so that ratios
// can be read off one run; absolute figures belong to the machine.
//
//	go test -run '^$' -bench . ./bench
package bench
