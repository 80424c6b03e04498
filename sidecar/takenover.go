package sidecar

import (
	"bufio"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// takenOverFile lists, one a line, the base URLs that commands had in their
// environment and that became upstreams. A sidecar that is started again knows
// them, so that the base URLs handed out before stay good. No
// URL is kept that may hold a secret.
const takenOverFile = "upstreams.list"

// remembered returns the upstreams that were taken over on this data directory.
// A line that is no URL is passed over.
func remembered(dir string) []*url.URL {
	f, err := os.Open(filepath.Join(dir, takenOverFile))
	if err != nil {
		return nil
	}
	defer f.Close()
	var urls []*url.URL
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if u, err := url.Parse(strings.TrimSpace(lines.Text())); err == nil && u.Host != "" {
			urls = append(urls, u)
		}
	}
	return urls
}

// errSecret is why an upstream is not remembered.
var errSecret = errors.New("its URL holds user info or a query, which may be secret and is not stored")

// remember adds u to the list, unless it is there.
func remember(dir string, u *url.URL) error {
	if u.User != nil || u.RawQuery != "" {
		return errSecret
	}
	same := func(known *url.URL) bool { return known.String() == u.String() }
	if slices.ContainsFunc(remembered(dir), same) {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(dir, takenOverFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("remember upstream: %w", err)
	}
	if _, err := fmt.Fprintln(f, u); err != nil {
		_ = f.Close()
		return fmt.Errorf("remember upstream: %w", err)
	}
	return f.Close()
}
