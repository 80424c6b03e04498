package sidecar

import (
	"context"
	"encoding/json"
	"log/slog"
	"runtime/debug"
	"sync"

	"hotmess/monitor"
	"hotmess/proxy"
)

const (
	// maxHeaderLabels bounds the labels from headers that wait to be taken in.
	maxHeaderLabels = 1024
	sourceNATS      = "nats"
)

// labelling is what monitor needs for labels: the key of answers, the store of
// observations, and the stream that labels are kept in.
func (s *Sidecar) labelling(seal proxy.Sealer) monitor.Labelling {
	return monitor.Labelling{Answer: seal.Answer, Archive: s.archive, Keep: s.keep}
}

// archive finds observations in the store. One that cannot be read is as good
// as not there, and said in the log.
func (s *Sidecar) archive(ctx context.Context, ids []string) (map[string]monitor.Observation, error) {
	found, err := s.bus.Find(ctx, ids)
	observations := make(map[string]monitor.Observation, len(found))
	for id, data := range found {
		var o monitor.Observation
		if err := json.Unmarshal(data, &o); err != nil {
			s.log.Warn("stored observation cannot be read", slog.String("id", id), slog.Any("error", err))
			continue
		}
		observations[id] = o
	}
	return observations, err
}

// keep hands an accepted label to the bus. Where it does not fit, it is dropped
// and counted there; it counts in the windows all the same.
func (s *Sidecar) keep(l monitor.Label) {
	payload, err := json.Marshal(l)
	if err != nil {
		s.log.Error("label cannot be encoded", slog.String("id", l.Request), slog.Any("error", err))
		return
	}
	s.bus.Label(l.Request, l.Time, payload)
}

// headerLabel queues a label that came in a header. It is on the request path,
// where even the log may have to be waited for.
func (s *Sidecar) headerLabel(l monitor.Label) {
	select {
	case s.headerLabels <- l:
	default:
		s.droppedLabels.Add(1)
	}
}

// takeLabels takes in labels from headers and from NATS until ctx ends. Without
// NATS it goes on with those from headers: a stage that ends, ends the sidecar.
func (s *Sidecar) takeLabels(ctx context.Context) error {
	var headers sync.WaitGroup
	headers.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case l := <-s.headerLabels:
				s.takeHeaderLabel(ctx, l)
			}
		}
	})
	if err := s.bus.TakeLabels(ctx, s.takeMessage); err != nil {
		s.log.Error("no more labels from NATS until the sidecar is started again", slog.Any("error", err))
	}
	headers.Wait()
	return nil
}

func (s *Sidecar) takeHeaderLabel(ctx context.Context, l monitor.Label) {
	defer s.rescue()
	if n := s.droppedLabels.Swap(0); n > 0 {
		s.log.Warn("labels of headers dropped: too many at a time", slog.Int64("labels", n))
	}
	if r := s.Monitor.Label(ctx, []monitor.Label{l})[0]; !r.Status.Accepted() {
		s.log.Warn("label of a header refused", slog.String("id", l.Request), slog.String("error", r.Error))
	}
}

// takeMessage takes in the labels of one message and gives the answer to it. Every
// sidecar that the message comes to gets it; which has the requests, it cannot know
// beforehand. elsewhere is whether this one has none of them.
func (s *Sidecar) takeMessage(ctx context.Context, body []byte) (answer []byte, elsewhere bool) {
	answer = []byte(`{"error":"labels: hotmess failed on them, see its log"}`)
	defer s.rescue()
	reply, err := s.Monitor.LabelBody(ctx, body, sourceNATS)
	var said any = reply
	if err != nil {
		said = map[string]string{"error": "labels: " + err.Error()}
	}
	if text, err := json.Marshal(said); err == nil {
		answer = text
	}
	if err != nil || reply.Refused > reply.Unknown {
		s.log.Warn("labels of a NATS message refused", slog.Int("refused", reply.Refused-reply.Unknown), slog.Int("accepted", reply.Accepted), slog.Any("error", err))
	}
	return answer, reply.Elsewhere()
}

// rescue, deferred, keeps a mistake of ours in one label from ending the process
// and with it the calls in flight.
func (s *Sidecar) rescue() {
	if p := recover(); p != nil {
		s.log.Error("panic while taking in a label", slog.String("stack", string(debug.Stack())))
	}
}
