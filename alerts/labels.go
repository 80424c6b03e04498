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
