package proxy

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"hotmess/config"
	"hotmess/wire"
)

// maxTakenOver bounds the upstreams that are added at run time.
const maxTakenOver = 256

// What Add refuses.
var (
	errTooManyUpstreams = errors.New("too many upstreams were added; restart the sidecar")
	errNameTaken        = errors.New("another upstream has the name that this one would get")
)

// takenOver is how the names of upstreams begin that are added at run time.
const takenOver = "env-"

// errForgotten answers a request to an upstream that was taken over by another
// sidecar. It must not go anywhere else: its key is that upstream's.
var errForgotten = errors.New("this sidecar does not know the upstream that the base URL names: start the command by hotmess run again, or evaluate hotmess env again")

// An upstream is one LLM API by name and base URL.
type upstream struct {
	name string
	base *url.URL
	// host is the address of base, see plainHost.
	host string
}

func newUpstream(name string, base *url.URL) *upstream {
	return &upstream{name: name, base: base, host: plainHost(withPort(base))}
}

// Upstreams finds the upstream of a request. It is safe for concurrent use.
type Upstreams struct {
	mu     sync.RWMutex
	byName map[string]*upstream
	// only, if set, serves every request.
	only  *upstream
	added int
}

// NewUpstreams makes the table. all maps names to base URLs; only, if not nil,
// replaces them all.
func NewUpstreams(all map[string]*url.URL, only *url.URL) *Upstreams {
	u := &Upstreams{byName: make(map[string]*upstream, len(all))}
	for name, base := range all {
		u.byName[name] = newUpstream(name, base)
	}
	if only != nil {
		u.only = newUpstream(config.OnlyUpstream, only)
	}
	return u
}

// Add makes base an upstream of its own and returns its name. The same base
// gives the same name.
func (u *Upstreams) Add(base *url.URL) (string, error) {
	sum := sha256.Sum256([]byte(base.String()))
	name := takenOver + hex.EncodeToString(sum[:4])
	u.mu.Lock()
	defer u.mu.Unlock()
	if known := u.byName[name]; known != nil {
		if known.base.String() != base.String() {
			return "", errNameTaken
		}
		return name, nil
	}
	if u.added >= maxTakenOver {
		return "", errTooManyUpstreams
	}
	u.added++
	u.byName[name] = newUpstream(name, base)
	return name, nil
}

// URLs returns the base URLs by name, without user info.
func (u *Upstreams) URLs() map[string]string {
	u.mu.RLock()
	defer u.mu.RUnlock()
	table := maps.Clone(u.byName)
	if u.only != nil {
		table[u.only.name] = u.only
	}
	urls := make(map[string]string, len(table))
	for name, up := range table {
		shown := *up.base
		shown.User = nil
		urls[name] = shown.String()
	}
	return urls
}

// A destination is where a request goes.
type destination struct {
	upstream *upstream
	target   wire.Target
	// base has scheme and address of the call, and what is added to it: user
	// info and query.
	base *url.URL
	// path is the raw path of the call.
	path string
	// client is the name that the client was given, or empty.
	client string
	// forward is whether the client addressed the upstream itself.
	forward bool
}

// find reads the destination off a raw path: /~client and /upstream are
// optional first segments, the rest is the API's own.
func (u *Upstreams) find(method, rawPath, query string, h http.Header) (destination, error) {
	client, rest := cutClient(rawPath)
	u.mu.RLock()
	defer u.mu.RUnlock()
	up, rest := u.cutName(rest)
	if up == nil && u.only == nil && strings.HasPrefix(rest, "/"+takenOver) {
		return destination{}, errForgotten
	}
	target := wire.Detect(method, rest, query, h)
	if u.only != nil {
		up = u.only
	}
	if up == nil {
		up = u.byName[target.Provider]
	}
	if up == nil {
		return destination{}, fmt.Errorf("no upstream named %s", target.Provider)
	}
	path := config.JoinPath(up.base.EscapedPath(), versioned(up, target, rest))
	return destination{upstream: up, target: target, base: up.base, path: path, client: client}, nil
}

// An address is what a client in the forward way asks for.
type address struct {
	scheme, host string // host is host:port
	// client is the name that the client was given, or empty.
	client string
}

// forward finds the destination of a request that names its host itself: the
// upstream of that host whose base path fits best. ok is false if there is none.
func (u *Upstreams) forward(a address, r *http.Request) (d destination, ok bool) {
	path := rawPath(r)
	up := u.at(a.scheme, a.host, path)
	if up == nil {
		return destination{}, false
	}
	return destination{
		upstream: up, target: wire.Detect(r.Method, path, r.URL.RawQuery, r.Header),
		base: &url.URL{Scheme: a.scheme, Host: a.host}, path: path, client: a.client, forward: true,
	}, true
}

// at finds the upstream of an address: of several the one with the longest base
// path that path begins with, else the first by name. nil: there is none.
func (u *Upstreams) at(scheme, host, path string) *upstream {
	host = plainHost(host)
	u.mu.RLock()
	defer u.mu.RUnlock()
	if u.only != nil {
		if u.only.base.Scheme == scheme && u.only.host == host {
			return u.only
		}
		return nil
	}
	var best *upstream
	longest := 0
	for _, up := range u.byName {
		if up.base.Scheme != scheme || up.host != host {
			continue
		}
		fit := up.fit(path)
		if best == nil || fit > longest || fit == longest && up.name < best.name {
			best, longest = up, fit
		}
	}
	return best
}

// fit is the length of the base path if path begins with it, else -1.
func (up *upstream) fit(path string) int {
	prefix := strings.TrimRight(up.base.EscapedPath(), "/")
	if !strings.HasPrefix(path, prefix+"/") {
		return -1
	}
	return len(prefix)
}

// withPort is the address of a URL as host:port.
func withPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
}

// maxHost bounds the name of a host, in bytes (RFC 1035).
const maxHost = 255

// isHost reports whether there is such a host at all.
func isHost(name string) bool { return name != "" && len(name) <= maxHost }

// plainHost is the one form of an address: in lower case, and without the dot
// that may end a full name.
func plainHost(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return strings.ToLower(address)
	}
	return net.JoinHostPort(strings.ToLower(strings.TrimSuffix(host, ".")), port)
}

// versioned adds the version to a path of Anthropic's API that has none: some
// clients' base URLs include it, and nothing answers without.
func versioned(up *upstream, t wire.Target, path string) string {
	bare := path == "/messages" || strings.HasPrefix(path, "/messages/")
	if t.Provider == wire.ProviderAnthropic && bare && !config.HasVersion(up.base.EscapedPath()) {
		return "/v1" + path
	}
	return path
}

// cutClient cuts /~client off a path.
func cutClient(path string) (client, rest string) {
	if !strings.HasPrefix(path, "/~") {
		return "", path
	}
	seg, rest := cutSegment(path)
	return cleanName(strings.TrimPrefix(seg, "~")), rest
}

// cutName cuts the name of an upstream off a path. Azure's paths start with
// /openai/deployments/, which is not a name, nor is what stands between two
// slashes. The caller holds u.mu.
func (u *Upstreams) cutName(path string) (*upstream, string) {
	seg, rest := cutSegment(path)
	up := u.byName[seg]
	if up == nil || seg == "" || strings.HasPrefix(rest, "/deployments/") {
		return nil, path
	}
	return up, rest
}

// cutSegment splits /a/b/c into a and /b/c. The rest is never empty.
func cutSegment(path string) (segment, rest string) {
	path = strings.TrimPrefix(path, "/")
	i := strings.IndexByte(path, '/')
	if i < 0 {
		return path, "/"
	}
	return path[:i], path[i:]
}
