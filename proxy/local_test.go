package proxy

import (
	"net/http/httptest"
	"testing"

	"hotmess/config"
)

// TestClientsOfOtherMachinesAreLedToNothingHere: who may go anywhere could go to
// the admin port, which asks nobody on loopback for a token.
func TestClientsOfOtherMachinesAreLedToNothingHere(t *testing.T) {
	r := newBareRig(t)
	c := config.Default()
	c.Upstream = "http://127.0.0.1:11434/v1"
	r.start(c)
	for host, want := range map[string]string{
		"127.0.0.1:4142": forbiddenHere, "localhost:4142": forbiddenHere, "[::1]:4142": forbiddenHere, "[::ffff:127.0.0.1]:4142": forbiddenHere,
		"0.0.0.0:4142": forbiddenHere, "[::]:4142": forbiddenHere, "169.254.169.254:80": forbiddenHere, "[fe80::1%eth0]:80": forbiddenHere,
		"127.0.0.1:11434": "", "192.0.2.1:443": "", "[2001:db8::1]:443": "",
	} {
		for from, want := range map[string]string{"192.0.2.7:5000": want, "[fe80::7%eth0]:5000": want, "127.0.0.1:5000": "", "[::1]:5000": ""} {
			req := httptest.NewRequest("CONNECT", "/", nil)
			req.RemoteAddr = from
			if got := r.server.forbids(address{scheme: "https", host: host}, req); got != want {
				t.Errorf("from %s to %s: %q, want %q", from, host, got, want)
			}
		}
	}
}
