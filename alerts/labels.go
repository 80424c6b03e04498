package alerts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// maxLabelMessages and maxLabelBacklog bound the messages with labels that
	// wait to be taken in.
	maxLabelMessages = 1024
	maxLabelBacklog  = 64 << 20
	// elsewherePatience is by how much the answer of a sidecar that knows none of
	// the requests of a message comes after that of one which knows them: who asks
	// takes the first. maxElsewhere bounds the answers that wait.
	elsewherePatience = 2 * time.Second
	maxElsewhere      = 64
)

// Label queues an accepted label, a JSON object without text of the user's, to
// be kept in HOTMESS_LABELS_V1. Like Observation it never waits: false means
// that it is dropped and counted. The payload must not be changed afterwards.
func (b *Bus) Label(request string, at time.Time, payload []byte) bool {
	return b.enqueue(observation{label: true, id: labelID(request, payload), at: at, payload: payload})
}

// labelID tells labels apart by what they say, so that one that is sent again is
// kept once.
func labelID(request string, payload []byte) string {
	sum := sha256.Sum256(payload)
	return request + "." + hex.EncodeToString(sum[:8])
}

// TakeLabels gives each message on hotmess.v1.labels to take, one after the
// other, until ctx ends, and sends what it returns to whoever asked for an
// answer: a little later if take says that the requests are of elsewhere, so that
// another sidecar on the same subject answers first. Messages that come faster than
// they are taken are dropped and counted.
func (b *Bus) TakeLabels(ctx context.Context, take func(ctx context.Context, body []byte) (answer []byte, elsewhere bool)) error {
	sub, err := b.nc.SubscribeSync(LabelSubject)
	if err != nil {
		return fmt.Errorf("subscribe to %s: %w", LabelSubject, err)
	}
	defer func() { _ = sub.Unsubscribe() }() // the connection may be closed
	if err := sub.SetPendingLimits(maxLabelMessages, maxLabelBacklog); err != nil {
		return fmt.Errorf("subscribe to %s: %w", LabelSubject, err)
	}
	late := lateAnswers{log: b.settings.Log, after: b.elsewhere, room: make(chan struct{}, maxElsewhere)}
	defer late.waiting.Wait()
	for {
		m, err := sub.NextMsgWithContext(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, nats.ErrSlowConsumer):
			b.dropped.Add(1)
			continue
		case err != nil:
			return fmt.Errorf("take labels: %w", err)
		}
		answer, elsewhere := take(ctx, m.Data)
		switch {
		case m.Reply == "":
		case elsewhere:
			late.answer(ctx, m, answer)
		default:
			respond(b.settings.Log, m, answer)
		}
	}
}

// respond answers a message with labels.
func respond(log *slog.Logger, m *nats.Msg, answer []byte) {
	if err := m.Respond(answer); err != nil {
		log.Debug("answer to labels not sent", "error", err)
	}
}

// lateAnswers are those that give way to others.
type lateAnswers struct {
	log     *slog.Logger
	after   time.Duration
	room    chan struct{}
	waiting sync.WaitGroup
}

// answer answers after l.after, at once where too many wait already, and
// not at all if ctx ends before.
func (l *lateAnswers) answer(ctx context.Context, m *nats.Msg, answer []byte) {
	select {
	case l.room <- struct{}{}:
	default:
		respond(l.log, m, answer)
		return
	}
	l.waiting.Go(func() {
		defer func() { <-l.room }()
		select {
		case <-ctx.Done():
		case <-time.After(l.after):
			respond(l.log, m, answer)
		}
	})
}

const (
	// searchBefore is how far before the time of a request's id the search
	// begins: the clocks of id and store are one, but may be set back.
	searchBefore = time.Minute
	// searchAfter is how long after it an observation may have been stored,
	// when the last sample has ended.
	searchAfter = 2 * time.Hour
	// searchLimit bounds the messages that are looked at for one search.
	searchLimit = 1_000_000
	// searchTimeout bounds the search for the requests of one stretch of time.
	searchTimeout = 20 * time.Second
	// searchPatience is how long the next message of a search may take.
	searchPatience = 5 * time.Second
)

// Find looks observations up by the times that their ids hold, and gives the
// data of those that are stored, by id. Ids that are no UUIDv7 are not found. An
// error means that the search was not finished.
func (b *Bus) Find(ctx context.Context, ids []string) (map[string][]byte, error) {
	found := map[string][]byte{}
	for _, s := range searches(ids) {
		if err := b.search(ctx, s, searchLimit, found); err != nil {
			return found, fmt.Errorf("search stream %s: %w", ObservationStream, err)
		}
	}
	return found, nil
}

// A search is a stretch of the stream and the ids that may be in it.
type search struct {
	from, to time.Time
	wanted   map[string]bool
}

// search reads the headers of a stretch, and the messages that are wanted. It
// gives up after limit headers.
func (b *Bus) search(ctx context.Context, s search, limit uint64, found map[string][]byte) error {
	ctx, cancel := context.WithTimeout(ctx, searchTimeout)
	defer cancel()
	messages, pending, err := stored(ctx, b.js, ObservationStream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &s.from, HeadersOnly: true,
	})
	if err != nil || pending == 0 {
		return err
	}
	defer messages.Stop()
	for range min(pending, limit) {
		m, err := messages.Next(jetstream.NextMaxWait(searchPatience))
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		if id := m.Headers().Get(nats.MsgIdHdr); s.wanted[id] {
			if found[id], err = b.fetch(ctx, meta.Sequence.Stream); err != nil {
				return err
			}
			delete(s.wanted, id)
		}
		if len(s.wanted) == 0 || meta.Timestamp.After(s.to) || meta.NumPending == 0 {
			return nil
		}
	}
	if pending > limit {
		return fmt.Errorf("given up after %d observations: %w", limit, errLongSearch)
	}
	return nil
}

// errLongSearch is wrapped by errors of searches that were not finished.
var errLongSearch = errors.New("label fewer requests at a time, in the order of their ids")
