//go:build !darwin

package ca

import "context"

// systemFiles are where distributions keep all roots in one file, as crypto/x509
// has them for Linux; the first that is there counts.
func systemFiles() []string {
	return []string{
		"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Gentoo
		"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL 6
		"/etc/ssl/ca-bundle.pem",                            // openSUSE
		"/etc/pki/tls/cacert.pem",                           // OpenELEC
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL 7 and later
		"/etc/ssl/cert.pem",                                 // Alpine
	}
}

// systemDirs are where they keep one file a root; all count.
func systemDirs() []string { return []string{"/etc/ssl/certs", "/etc/pki/tls/certs"} }

func (c *collection) addSystem(context.Context) ([]string, error) { return c.addFirst(systemFiles()) }
