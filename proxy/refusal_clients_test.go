package proxy

import (
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	// nodeCalls asks for a URL through a proxy by hand: not all versions of
	// Node.js can do it by themselves.
	nodeCalls = `
const http = require('http'), https = require('https'), proxy = new URL(process.env.https_proxy), url = new URL(process.env.URL)
http.request({host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: url.host}).on('connect', (_, socket) => {
  const fail = e => { console.error(e.code); process.exit(1) }
  https.get(url, {socket, agent: false}, res => res.pipe(process.stdout)).on('error', fail)
}).end()`
	pythonCalls = `
import os, sys, urllib.request
sys.stdout.write(urllib.request.urlopen(os.environ['URL']).read().decode())`
)

// TestInstalledClientsThatDistrustUsWorkTheSecondTime is with the programs as
// they are: they trust the upstream and nobody else.
func TestInstalledClientsThatDistrustUsWorkTheSecondTime(t *testing.T) {
	for _, c := range []struct {
		program, agent string // what it calls itself in its CONNECT
		args           []string
	}{
		{"curl", "curl", []string{"-sS", "--cacert", "$ROOTS", "$URL"}},
		{"wget", "wget", []string{"-q", "-O", "-", "--tries=1", "--ca-certificate=$ROOTS", "$URL"}},
		{"node", unnamed, []string{"-e", nodeCalls}},
		{"python3", unnamed, []string{"-c", pythonCalls}},
	} {
		t.Run(c.program, func(t *testing.T) {
			if _, err := exec.LookPath(c.program); err != nil {
				t.Skipf("%s is not installed: how it refuses certificates is not tested", c.program)
			}
			f := newForwardRig(t, &script{primary: says("p", "yes")}, nil)
			roots := filepath.Join(t.TempDir(), "roots.pem")
			cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.upstream.Certificate().Raw})
			if err := os.WriteFile(roots, cert, 0o600); err != nil {
				t.Fatal(err)
			}
			call := func() (string, error) {
				values := strings.NewReplacer("$ROOTS", roots, "$URL", f.upstream.URL+"/v1/models")
				var args []string
				for _, arg := range c.args {
					args = append(args, values.Replace(arg))
				}
				cmd := exec.Command(c.program, args...)
				cmd.Env = append(os.Environ(), "URL="+f.upstream.URL+"/v1/models", "https_proxy="+f.url, "no_proxy=", "NO_PROXY=",
					"SSL_CERT_FILE="+roots, "SSL_CERT_DIR=", "NODE_EXTRA_CA_CERTS="+roots)
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			if out, err := call(); err == nil {
				t.Fatalf("a certificate of an unknown authority was taken: %s", out)
			}
			if !f.distrusts(distruster{agent: c.agent}, true) {
				t.Fatalf("the refusal was not seen; log: %s", f.log.String())
			}
			if out, err := call(); err != nil || out != completion("p", "yes") {
				t.Errorf("second try: %q, %v", out, err)
			}
		})
	}
}
