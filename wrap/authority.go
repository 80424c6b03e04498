package wrap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hotmess/ca"
)

// errNothingOpened is why --way proxy makes no sense.
var errNothingOpened = errors.New("--way proxy: the sidecar opens no TLS, since no upstream speaks it or its certificate authority cannot be used (see its log): use --way base")

// errRenewed is why the authority of the directory cannot be trusted yet.
var errRenewed = errors.New("the sidecar signs with an older certificate authority than the one that is kept: start it again")

// A passage is how calls come to the sidecar, and what is needed for it.
type passage struct {
	way   Way
	trust *Trust
	notes []string
}

// passage is the wanted way as far as the sidecar and the system can serve it;
// else calls come by base URL. asked is whether the user insists.
func (s *sidecar) passage(ctx context.Context, wanted Way, asked bool) (passage, error) {
	switch {
	case !wanted.proxy():
		return passage{way: wanted}, nil
	case s.running.CA == "" && asked:
		return passage{}, errNothingOpened
	case s.running.CA == "":
		return passage{way: WayBase}, nil
	}
	trust, err := s.trust(ctx)
	switch {
	case err == nil:
		return passage{way: wanted, trust: trust}, nil
	case asked:
		return passage{}, fmt.Errorf("--way proxy: %w", err)
	}
	return passage{way: WayBase, notes: []string{fmt.Sprintf("no proxy is set: %v", err)}}, nil
}

// trust makes programs trust the authority of the sidecar beside the roots of
// the environment.
func (s *sidecar) trust(ctx context.Context) (*Trust, error) {
	authority, err := ca.Open(ctx, s.running.CA, nil, time.Now)
	if err != nil {
		return nil, fmt.Errorf("trust the sidecar: %w", err)
	}
	if authority.Fingerprint() != s.running.CASHA256 {
		return nil, errRenewed
	}
	v := newVars(s.worker.Env)
	roots, _, err := ca.SystemRoots(ctx, v.get("SSL_CERT_FILE"), v.get("SSL_CERT_DIR"))
	if err != nil {
		return nil, err
	}
	system, err := authority.WriteBundle(roots)
	if err != nil {
		return nil, err
	}
	return &Trust{CA: authority.CertFile(), System: system, Beside: authority.WriteBundleFor}, nil
}
