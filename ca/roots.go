package ca

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"hotmess/keyfile"
)

// maxEntries bounds the files of a directory of roots. A usual one has 300.
const maxEntries = 10_000

// SystemRoots returns, in PEM, the roots that clients without a setting of
// their own trust on this machine, and the files and directories that they came
// from. It looks where crypto/x509 does. file and dirs are what the environment
// has in SSL_CERT_FILE and SSL_CERT_DIR; empty means unset.
func SystemRoots(ctx context.Context, file, dirs string) (roots []byte, from string, err error) {
	var c collection
	places, unread := c.addFile(ctx, file)
	if file != "" && unread != nil {
		return nil, "", fmt.Errorf("SSL_CERT_FILE: %w", unread)
	}
	more, err := c.addDirs(dirs)
	if err != nil {
		return nil, "", err
	}
	if len(c.certs) == 0 {
		return nil, "", errors.Join(errors.New("no root certificates of the system are found: install ca-certificates, or set SSL_CERT_FILE"), unread)
	}
	return encodeCertificates(c.certs), strings.Join(append(places, more...), ", "), nil
}

// addFile adds file or, if that is empty, what the system keeps in one place.
func (c *collection) addFile(ctx context.Context, file string) (places []string, err error) {
	if file == "" {
		return c.addSystem(ctx)
	}
	return []string{file}, c.addPath(file)
}

// addFirst adds the first of files that can be read. The error says why those
// before it, or all, cannot, where they are there.
func (c *collection) addFirst(files []string) (places []string, err error) {
	for _, file := range files {
		text, unread := keyfile.ReadPublic(file, maxBundle)
		if unread == nil {
			c.add(text)
			return []string{file}, err
		}
		if !errors.Is(unread, fs.ErrNotExist) {
			err = errors.Join(err, unread)
		}
	}
	return nil, err
}

// addDirs adds what the directories hold: those of the list in SSL_CERT_DIR, or
// the system's. Of the directories it returns those that had something new.
func (c *collection) addDirs(list string) ([]string, error) {
	dirs := systemDirs()
	if list != "" {
		dirs = filepath.SplitList(list)
	}
	var places []string
	for _, dir := range dirs {
		added, err := c.addDir(dir)
		switch {
		case err != nil && list != "" && !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("SSL_CERT_DIR: %w", err)
		case errors.Is(err, errTooLarge):
			return nil, err
		case added > 0:
			places = append(places, dir)
		}
	}
	return places, nil
}

// addDir adds the certificates of all files in dir and returns how many were
// new. A file that cannot be read, or is none, is passed over: clients look
// single ones up and never see the rest.
func (c *collection) addDir(dir string) (int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	if len(entries) > maxEntries {
		return 0, fmt.Errorf("%s: %w: %d files, more than %d", dir, errTooLarge, len(entries), maxEntries)
	}
	added := 0
	for _, e := range entries {
		if isAlias(dir, e) {
			continue
		}
		text, err := keyfile.ReadPublic(filepath.Join(dir, e.Name()), maxBundle)
		if err != nil {
			continue
		}
		added += c.add(text)
		if c.bytes > maxBundle {
			return 0, fmt.Errorf("%s: %w: over %d bytes", dir, errTooLarge, maxBundle)
		}
	}
	return added, nil
}

// isAlias reports whether e is a link to its neighbour: the hash names by which
// OpenSSL looks certificates up, one or two for each.
func isAlias(dir string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return false
	}
	target, err := os.Readlink(filepath.Join(dir, e.Name()))
	return err == nil && !strings.ContainsRune(target, filepath.Separator)
}
