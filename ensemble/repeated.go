package ensemble

import "hotmess/wire"

// Repeated is how often the commonest of the calls stands among them with the
// same tool and the same canonical arguments, and what identifies it; 0 and
// empty without a call. Of several the one that reaches the number first. The
// key holds content and stays in the process.
func Repeated(calls []wire.Call) (n int, key string) {
	counts := make(map[string]int, len(calls))
	for _, call := range calls {
		k := exactCall(call)
		counts[k]++
		if counts[k] > n {
			n, key = counts[k], k
		}
	}
	return n, key
}

// exactCall is one call at level exact.
func exactCall(call wire.Call) string {
	return list(tagCall, call.Name, readArguments(call).exact())
}
