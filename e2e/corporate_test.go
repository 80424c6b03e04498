package e2e

import (
	"crypto/tls"
	"encoding/base64"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// llmHosts are those that a corporate leads to its front; the last three are
// no upstreams unless configured.
var llmHosts = []string{
	"api.openai.com:443", "api.anthropic.com:443", "generativelanguage.googleapis.com:443",
	"bedrock-runtime.us-east-1.amazonaws.com:443", "us-east5-aiplatform.googleapis.com:443", "resource.openai.azure.com:443",
}

// A corporate is a network that only a proxy leads out of. The hosts of LLM
// APIs are served by a front, all other hosts by one server that stands for
// the rest of the world.
//
//	client ──▶ hotmess ──▶ proxy ──▶ front ──▶ hotmess sim
//	                         └─────▶ world
type corporate struct {
	*authority
	// proxy is the URL of the proxy, with user and password if it asks for
	// them.
	proxy *url.URL
	front *front
	world *upstream
	mu    sync.Mutex
	asked []string
}

// newCorporate starts one. Its proxy asks for the given user and password;
// nil: for none.
func newCorporate(t *testing.T, user *url.Userinfo) *corporate {
	t.Helper()
	f := newFront(t)
	c := newNetwork(t, f, user)
	c.front = f
	return c
}

// newNetwork is newCorporate with another server in the place of the front.
func newNetwork(t *testing.T, apis http.Handler, user *url.Userinfo) *corporate {
	t.Helper()
	c := &corporate{authority: newAuthority(t)}
	models := c.secure(t, apis)
	c.world = &upstream{}
	c.world.Server = c.secure(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.world.remember(r, "")
		serveWorld(w, r)
	}))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user != nil && r.Header.Get("Proxy-Authorization") != basic(user) {
			w.Header().Set("Proxy-Authenticate", "Basic")
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		c.note(r.Method + " " + r.Host)
		switch {
		case r.Method != http.MethodConnect:
			serveWorld(w, r)
		case slices.Contains(llmHosts, r.Host):
			tunnel(w, models.Listener.Addr())
		default:
			tunnel(w, c.world.Listener.Addr())
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	c.proxy = &url.URL{Scheme: "http", Host: server.Listener.Addr().String(), User: user}
	return c
}

// basic is how a user and password are sent.
func basic(user *url.Userinfo) string {
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}

// secure serves h over TLS, HTTP/2 included, under any name.
func (c *corporate) secure(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // clients leave and distrust: that is no news
	s.TLS, s.EnableHTTP2 = &tls.Config{GetCertificate: c.leaf}, true
	s.StartTLS()
	t.Cleanup(s.Close)
	t.Cleanup(s.CloseClientConnections)
	return s
}

func (c *corporate) note(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, what)
}

// notes is what the proxy was asked so far.
func (c *corporate) notes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked)
}

// tunnel answers a CONNECT by connecting the client with an address.
func tunnel(w http.ResponseWriter, to net.Addr) {
	out, err := net.Dial(to.Network(), to.String())
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer out.Close()
	in, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer in.Close()
	if _, err := io.WriteString(in, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	var copying sync.WaitGroup
	copying.Go(func() { pour(out, buffered) })
	copying.Go(func() { pour(in, out) })
	copying.Wait()
}

// pour copies until the end and passes the end on. The ends are ended by
// whoever opened them.
func pour(to net.Conn, from io.Reader) {
	_, _ = io.Copy(to, from)
	_ = to.(*net.TCPConn).CloseWrite()
}

// environment is that of a process in this network.
func (c *corporate) environment() []string {
	return []string{"HTTPS_PROXY=" + c.proxy.String(), "HTTP_PROXY=" + c.proxy.String(), "SSL_CERT_FILE=" + c.file, "SSL_CERT_DIR="}
}

// serve starts a sidecar in this network, in front of the LLM APIs' own hosts.
func (c *corporate) serve(t *testing.T, args ...string) *sidecar {
	t.Helper()
	return serveIn(t, t.TempDir(), c.environment(), args...)
}

// headRefs is the one commit that the repository of serveWorld has.
const headRefs = "0123456789abcdef0123456789abcdef01234567"

// serveWorld is a server that knows nothing of models: a repository that git
// can list, and a page that says for whom it was asked.
func serveWorld(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, ".git/info/refs"):
		_, _ = io.WriteString(w, headRefs+"\trefs/heads/main\n")
	case strings.HasSuffix(r.URL.Path, ".git/HEAD"):
		_, _ = io.WriteString(w, "ref: refs/heads/main\n")
	default:
		_, _ = io.WriteString(w, "world: "+r.Host+"\n")
	}
}
