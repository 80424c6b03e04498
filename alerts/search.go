package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

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

// searches orders ids by their time and gathers those whose stretches overlap,
// so that each part of the stream is read once.
func searches(ids []string) []search {
	sorted := slices.Clone(ids)
	slices.Sort(sorted) // a UUIDv7 begins with its time
	var all []search
	for _, id := range sorted {
		at := madeAt(id)
		if at.IsZero() {
			continue
		}
		from, to := at.Add(-searchBefore), at.Add(searchAfter)
		if n := len(all); n > 0 && from.Before(all[n-1].to) {
			all[n-1].to = to
			all[n-1].wanted[id] = true
			continue
		}
		all = append(all, search{from: from, to: to, wanted: map[string]bool{id: true}})
	}
	return all
}

// fetch reads the data of one observation by its place in the stream.
func (b *Bus) fetch(ctx context.Context, sequence uint64) ([]byte, error) {
	stream, err := b.js.Stream(ctx, ObservationStream)
	if err != nil {
		return nil, err
	}
	m, err := stream.GetMsg(ctx, sequence)
	if err != nil {
		return nil, err
	}
	var e Event
	if err := json.Unmarshal(m.Data, &e); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	return e.Data, nil
}
