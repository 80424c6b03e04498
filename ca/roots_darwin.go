package ca

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// securityPatience is how long the security command may take; it needs some
// 100 ms.
const securityPatience = 10 * time.Second

// keychains hold the roots that come with the system, and those that its
// administrator has added.
func keychains() []string {
	return []string{
		"/System/Library/Keychains/SystemRootCertificates.keychain",
		"/Library/Keychains/System.keychain",
	}
}

// systemDirs: there are none.
func systemDirs() []string { return nil }

// addSystem asks the security command. The administrator's keychain holds other
// certificates too, which must not become roots: only what is one by its form
// is taken. Trust settings of single roots are not looked at.
func (c *collection) addSystem(ctx context.Context) ([]string, error) {
	text, err := security(ctx)
	if err != nil {
		return nil, err
	}
	for _, der := range certificates(text) {
		if isRoot(der) {
			c.add(encodeCertificate(der))
		}
	}
	return keychains(), nil
}

// isRoot reports whether der is an authority that stands for itself.
func isRoot(der []byte) bool {
	c, err := x509.ParseCertificate(der)
	return err == nil && c.IsCA && bytes.Equal(c.RawSubject, c.RawIssuer)
}

// security lists the certificates of the keychains in PEM.
func security(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, securityPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/usr/bin/security", append([]string{"find-certificate", "-a", "-p"}, keychains()...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("security find-certificate: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("security find-certificate: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(out, maxBundle+1))
	if len(text) > maxBundle {
		cancel()
		err = errTooLarge
	}
	if err = errors.Join(err, cmd.Wait()); err != nil {
		return nil, fmt.Errorf("security find-certificate: %w", err)
	}
	return text, nil
}
