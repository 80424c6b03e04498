package alerts

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

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
