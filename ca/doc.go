// Package ca is hotmess's own certificate authority: with it the TLS of the
// configured LLM hosts can be opened, and nothing else.
//
//	root ── ca.pem ───────▶ what clients are made to trust: bundles, trust store
//	  │ its key is gone
//	signer ── ca.key        constrained to the LLM hosts
//	  │
//	leaf for one host       7 days, in memory: Leaf
//
// # Promises
//
// Whoever steals ca.key can read the configured hosts' traffic of clients that
// trust ca.pem, and no other. The names and addresses that may be signed for
// stand, critical, in both authorities. They have to stand in the lower one:
// RFC 5280 lets a client ignore what a root says of itself, and Java does.
// Since nobody has the root's key, nobody can make another signer.
//
// An authority is made once and then kept: clients trust it already, so a lost
// key, a damaged file or another list of hosts never replaces it unasked. An
// error names the file and the command that does, hotmess ca renew; until then
// a host that is not covered is for the caller to leave alone.
//
// Processes that open one directory at the same time end up with one
// authority. The secret is one file, written whole and under a lock; ca.pem is
// a copy of what is in it. An authority that is there is read without writing.
//
// # Trust
//
// SSL_CERT_FILE, REQUESTS_CA_BUNDLE and their like replace a client's roots, so
// they need all of the system's (SystemRoots) with ours (WriteBundle), or those
// that somebody has chosen (WriteBundleFor). NODE_EXTRA_CA_CERTS adds: CertFile
// is enough. Java reads a trust store of its own (WriteJKS). The files are no
// secret, and are replaced only when they change.
//
// # Limits
//
// A permitted name permits the names under it, by RFC 5280; Leaf does not sign
// for them, a thief could. Clients on BoringSSL, such as Bun, know no
// constraints on addresses and refuse leaves for them; names are unaffected.
//
// # Testing
//
// Time comes from outside. What clients make of it is tested with the real
// ones, as far as they are installed: openssl (strict), curl, Python, Node and
// Java each accept a leaf and refuse what a thief of the key would sign.
package ca
