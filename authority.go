package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hotmess/ca"
	"hotmess/config"
	"hotmess/sidecar"
)

// caCommand makes, shows, exports and renews the certificate authority.
type caCommand struct {
	Show  caShowCommand  `cmd:"" default:"withargs" help:"Make it if there is none, show it, and export what makes clients trust it (the default)."`
	Renew caRenewCommand `cmd:"" help:"Make a new one, for the hosts of today's configuration."`
}

// authorityFlags say whose authority is meant.
type authorityFlags struct {
	Config   *string `placeholder:"FILE" help:"Configuration file (YAML)."`
	DataDir  *string `name:"data-dir" placeholder:"DIR" help:"Data directory of the sidecar."`
	Upstream *string `placeholder:"URL" help:"The only upstream."`
}

// errNoTLSHosts is why there is nothing to sign for.
var errNoTLSHosts = errors.New("no upstream speaks TLS, so there is none to open: see upstreams and upstream in the configuration")

// load reads the directory and the hosts of the authority.
func (f authorityFlags) load(c *console) (dir string, hosts []string, err error) {
	cfg, err := c.load(config.Overrides{Config: f.Config, DataDir: f.DataDir, Upstream: f.Upstream})
	if err != nil {
		return "", nil, err
	}
	if hosts = cfg.TLSHosts(); len(hosts) == 0 {
		return "", nil, errNoTLSHosts
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return "", nil, fmt.Errorf("data_dir: %w", err)
	}
	return sidecar.AuthorityDir(cfg.DataDir), hosts, nil
}

// caShowCommand shows and exports.
type caShowCommand struct {
	authorityFlags
	Bundle string `placeholder:"FILE" help:"Write the system's roots and the authority, in PEM, to FILE; - is standard output."`
	JKS    string `name:"jks" placeholder:"FILE" help:"Write them as a trust store for Java to FILE."`
}

// Run runs the command.
func (s *caShowCommand) Run(c *console) error {
	dir, hosts, err := s.load(c)
	if err != nil {
		return err
	}
	ctx := context.Background()
	a, err := ca.Open(ctx, dir, hosts, time.Now)
	if err != nil {
		return err
	}
	if s.Bundle == "" && s.JKS == "" {
		show(c, a, hosts)
		return nil
	}
	roots, from, err := ca.SystemRoots(ctx, os.Getenv("SSL_CERT_FILE"), os.Getenv("SSL_CERT_DIR"))
	if err != nil {
		return err
	}
	if s.Bundle != "" {
		if err := export(c, s.Bundle, a.Bundle(roots)); err != nil {
			return fmt.Errorf("--bundle: %w", err)
		}
		fmt.Fprintf(c.stderr, "hotmess: %s holds the roots of %s and %s\n", s.Bundle, from, a.Name())
	}
	if s.JKS == "" {
		return nil
	}
	return s.java(c, a, roots)
}

// java writes the trust store.
func (s *caShowCommand) java(c *console, a *ca.Authority, roots []byte) error {
	store, skipped, err := a.JKS(roots, ca.JavaPassword)
	if err == nil {
		err = export(c, s.JKS, store)
	}
	if err != nil {
		return fmt.Errorf("--jks: %w", err)
	}
	file, err := filepath.Abs(s.JKS)
	if err != nil {
		file = s.JKS
	}
	fmt.Fprintf(c.stderr, "hotmess: for Java: -Djavax.net.ssl.trustStore=%s (password %s)\n", file, ca.JavaPassword)
	if skipped > 0 {
		fmt.Fprintf(c.stderr, "hotmess: %d of the system's roots are left out: Java cannot read them\n", skipped)
	}
	return nil
}

// export writes what is no secret.
func export(c *console, file string, b []byte) error {
	if file == "-" {
		_, err := c.stdout.Write(b)
		return err
	}
	return replaceFile(file, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// show prints what there is to know of an authority, and which hosts it lacks.
func show(c *console, a *ca.Authority, hosts []string) {
	fmt.Fprintf(c.stdout, "certificate  %s\nname         %s\nSHA-256      %s\nexpires      %s\nhosts        %s\n",
		a.CertFile(), a.Name(), a.Fingerprint(), a.Expires().Format(time.DateOnly), strings.Join(a.Hosts(), " "))
	for _, host := range hosts {
		if !a.Covers(host) {
			fmt.Fprintf(c.stderr, "hotmess: warning: %s is an upstream but not covered, so its TLS is not opened: run hotmess ca renew\n", host)
		}
	}
}

// caRenewCommand makes a new authority.
type caRenewCommand struct{ authorityFlags }

// Run runs the command.
func (r *caRenewCommand) Run(c *console) error {
	dir, hosts, err := r.load(c)
	if err != nil {
		return err
	}
	a, err := ca.Renew(context.Background(), dir, hosts, time.Now)
	if err != nil {
		return err
	}
	show(c, a, hosts)
	fmt.Fprintln(c.stderr, "hotmess: the old one is kept as *.old; start a running sidecar and its agents again, and export anew what you exported")
	return nil
}
