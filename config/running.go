package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// RunningFile is the name, inside the data directory, of the file in which a
// sidecar says where it listens.
const RunningFile = "serve.json"

// Running is where a sidecar listens and what it serves. Commands other than
// serve read it to find the sidecar of a data directory.
type Running struct {
	PID      int    `json:"pid"`
	Instance string `json:"instance"`
	// Listen, Admin and NATS are host:port as bound.
	Listen string `json:"listen"`
	Admin  string `json:"admin"`
	NATS   string `json:"nats"`
	// CA is the directory of the certificate authority by which TLS is opened
	// in the forward way; empty: none is.
	CA string `json:"ca,omitempty"`
	// CASHA256 is the fingerprint of the one that signs.
	CASHA256 string `json:"ca_sha256,omitempty"`
	// Upstreams maps upstream names to base URLs, secrets left out.
	Upstreams map[string]string `json:"upstreams"`
	Started   time.Time         `json:"started"`
}

// WriteRunning replaces the running file of dir.
func WriteRunning(dir string, r Running) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", RunningFile, err)
	}
	tmp := filepath.Join(dir, RunningFile+".tmp")
	if err := os.WriteFile(tmp, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", RunningFile, err)
	}
	if err := os.Rename(tmp, filepath.Join(dir, RunningFile)); err != nil {
		return fmt.Errorf("replace %s: %w", RunningFile, err)
	}
	return nil
}

// ReadRunning reads the running file of dir. The sidecar that wrote it may be
// gone: only a call to its admin port tells.
func ReadRunning(dir string) (Running, error) {
	var r Running
	b, err := os.ReadFile(filepath.Join(dir, RunningFile))
	if err != nil {
		return r, fmt.Errorf("read running file: %w", err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("%s is broken; a sidecar that starts writes it anew: %w", filepath.Join(dir, RunningFile), err)
	}
	return r, nil
}
