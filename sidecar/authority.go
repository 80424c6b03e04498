package sidecar

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hotmess/ca"
	"hotmess/config"
)

// AuthorityDir is the directory, inside a data directory, of the certificate
// authority.
func AuthorityDir(dataDir string) string { return filepath.Join(dataDir, "ca") }

// openAuthority opens the certificate authority, or makes it. nil: no TLS is
// opened, because no upstream speaks it or the authority cannot be used. That is
// said, and agents get tunnels: a damaged file must not take their API away.
func openAuthority(ctx context.Context, c config.Config, log *slog.Logger) *ca.Authority {
	hosts := c.TLSHosts()
	if len(hosts) == 0 {
		return nil
	}
	a, err := ca.Open(ctx, AuthorityDir(c.DataDir), hosts, time.Now)
	if err != nil {
		log.Error("no TLS is opened in the forward way, hosts get blind tunnels", slog.Any("error", err))
		return nil
	}
	uncovered := slices.DeleteFunc(hosts, a.Covers)
	if len(uncovered) > 0 {
		log.Warn("hosts of upstreams that the certificate authority does not cover get blind tunnels in the forward way: run hotmess ca renew, then start hotmess and the agents again",
			slog.String("hosts", strings.Join(uncovered, " ")))
	}
	return a
}
