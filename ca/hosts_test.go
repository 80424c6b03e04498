package ca

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHostsAreComparedInOneForm(t *testing.T) {
	for in, want := range map[string]string{
		"API.OpenAI.com":       "api.openai.com",
		"api.openai.com.":      "api.openai.com",
		"my_model":             "my_model",
		"xn--bcher-kva.ch":     "xn--bcher-kva.ch",
		"192.0.2.1":            "192.0.2.1",
		"::ffff:192.0.2.1":     "192.0.2.1",
		"[2001:DB8:0::1]":      "2001:db8::1",
		"2001:db8:0:0::1":      "2001:db8::1",
		"":                     "",
		".":                    "",
		"a..b":                 "",
		".openai.com":          "",
		"*.openai.com":         "",
		"-a.b":                 "",
		"a-.b":                 "",
		"api.openai.com:443":   "",
		"bücher.ch":            "",
		"fe80::1%eth0":         "",
		"[api.openai.com]":     "",
		"a/b":                  "",
		noName:                 "",
		long("a", maxLabel+1):  "",
		long("a.", maxHost+2):  "",
		long("a", maxLabel):    long("a", maxLabel),
		long("ab.", 250) + "c": long("ab.", 250) + "c",
	} {
		got, err := canonical(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("canonical(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

// long repeats s to n bytes.
func long(s string, n int) string { return strings.Repeat(s, n)[:n] }

func TestEveryBadHostIsNamed(t *testing.T) {
	_, err := canonicalHosts([]string{"good.example", "b ad", "good.example:1"})
	if err == nil || !strings.Contains(err.Error(), `"b ad"`) || !strings.Contains(err.Error(), `"good.example:1"`) {
		t.Errorf("got %v", err)
	}
}

func TestHostsAreBounded(t *testing.T) {
	var hosts []string
	for i := range maxHosts {
		hosts = append(hosts, fmt.Sprintf("h%d.example", i), fmt.Sprintf("H%d.example.", i)) // twice the same
	}
	if got, err := canonicalHosts(hosts); err != nil || len(got) != maxHosts {
		t.Errorf("%d hosts, %v", len(got), err)
	}
	if _, err := canonicalHosts(append(hosts, "one.more")); err == nil || !strings.Contains(err.Error(), "257") {
		t.Errorf("got %v", err)
	}
	if _, err := canonicalHosts(nil); err == nil {
		t.Error("an authority for nothing")
	}
}

func TestConstraintsSayWhichHosts(t *testing.T) {
	for name, hosts := range map[string][]string{
		"names":     {"a.example", "b.example"},
		"addresses": {"192.0.2.1", "2001:db8::1"},
		"both":      {"127.0.0.1", "::1", "api.example", "localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := makePair(hosts, epoch)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []*x509.Certificate{p.root, p.signer} {
				got, err := constrainedTo(c)
				if d := cmp.Diff(hosts, got); d != "" || err != nil {
					t.Errorf("%s: %v\n%s", c.Subject.CommonName, err, d)
				}
			}
		})
	}
}

func TestLooserConstraintsAreRefused(t *testing.T) {
	_, all, _ := net.ParseCIDR("0.0.0.0/0")
	_, some, _ := net.ParseCIDR("10.0.0.0/8")
	for name, loosen := range map[string]func(*x509.Certificate){
		"none": func(c *x509.Certificate) {
			*c = x509.Certificate{}
		},
		"not critical": func(c *x509.Certificate) { c.PermittedDNSDomainsCritical = false },
		"any name":     func(c *x509.Certificate) { c.PermittedDNSDomains = nil },
		"a range":      func(c *x509.Certificate) { c.PermittedIPRanges = []*net.IPNet{some} },
		"IPv4 alone excluded": func(c *x509.Certificate) {
			c.PermittedIPRanges, c.ExcludedIPRanges = nil, []*net.IPNet{all}
		},
		"any address": func(c *x509.Certificate) { c.PermittedIPRanges, c.ExcludedIPRanges = nil, nil },
		"endless": func(c *x509.Certificate) {
			c.PermittedDNSDomains = make([]string, maxHosts+2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := &x509.Certificate{}
			constrain(c, []string{"192.0.2.1", "api.example"})
			if _, err := constrainedTo(c); err != nil {
				t.Fatal(err)
			}
			loosen(c)
			if hosts, err := constrainedTo(c); !errors.Is(err, errUnconstrained) {
				t.Errorf("%v, %v", hosts, err)
			}
		})
	}
}
