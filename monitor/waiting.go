package monitor

import "time"

// waiting is the bounded table of labels whose request is not observed yet.
type waiting struct {
	limit, limitBytes int
	byRequest         map[string][]waitingLabel
	labels, bytes     int
}

type waitingLabel struct {
	Label
	since time.Time
}

func newWaiting(limit, limitBytes int) *waiting {
	return &waiting{limit: limit, limitBytes: limitBytes, byRequest: map[string][]waitingLabel{}}
}

// size estimates the memory of a label in bytes.
func (l *Label) size() int { return 300 + len(l.Answer) + len(l.Tests) + len(l.Source) }

// add keeps a label, or refuses it when the table is full.
func (w *waiting) add(l Label, now time.Time) bool {
	if w.labels >= w.limit || w.bytes+l.size() > w.limitBytes {
		return false
	}
	w.byRequest[l.Request] = append(w.byRequest[l.Request], waitingLabel{l, now})
	w.labels++
	w.bytes += l.size()
	return true
}

// take gives the labels of a request, in the order in which they came, and
// forgets them.
func (w *waiting) take(request string) []Label {
	held := w.byRequest[request]
	if held == nil {
		return nil
	}
	delete(w.byRequest, request)
	labels := make([]Label, len(held))
	for i, l := range held {
		labels[i] = l.Label
		w.labels--
		w.bytes -= l.size()
	}
	return labels
}

// expire forgets the requests whose first label came before a time, and gives
// the number of labels.
func (w *waiting) expire(before time.Time) (n int) {
	for request, held := range w.byRequest {
		if held[0].since.Before(before) {
			n += len(w.take(request))
		}
	}
	return n
}
