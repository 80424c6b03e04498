package alerts

import (
	"context"
	"io"
	"time"
)

// WatchSettings are what Watch needs.
type WatchSettings struct {
	// URL is nats://host:port of a sidecar, Creds the path of its nats.creds.
	URL, Creds string
	// JSON prints each event as one line of JSON instead of a readable line.
	JSON bool
	// Observations prints observations too, from now on.
	Observations bool
	Out          io.Writer
	// Since is how far back alerts are printed; 0: one hour.
	Since time.Duration
}

// Watch prints alerts until ctx ends.
func Watch(ctx context.Context, s WatchSettings) error {
	return nil
}
