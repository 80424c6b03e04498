package wrap

import "fmt"

// A Trust is how programs come to trust the certificates of the sidecar.
type Trust struct {
	// CA is the file with the sidecar's own certificate alone, System that with
	// the system's roots and it.
	CA, System string
	// Beside gives a file with what base holds, a file or directory that a
	// variable names, and the sidecar's certificate.
	Beside func(variable, base string) (file string, err error)
}

// replacing are the variables that name the roots to trust, in place of the
// system's: by OpenSSL and all built on it, Go (not on macOS and Windows) and
// Rust; Python's requests; curl; the AWS tools; git; codex; gRPC.
func replacing() []string {
	return []string{
		"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO",
		"CODEX_CA_CERTIFICATE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
	}
}

// adding are the variables that name roots beside the built-in ones: of Node.js
// and of Deno.
func adding() []string { return []string{"NODE_EXTRA_CA_CERTS", "DENO_CERT"} }

// takeTrust sets the variables by which programs find the roots that they trust.
// What one of them names already stays trusted.
func takeTrust(v *vars, t *Trust) (notes []string) {
	files := map[string]string{}
	for _, name := range replacing() {
		files[name] = t.System
	}
	for _, name := range adding() {
		files[name] = t.CA
	}
	for _, name := range append(replacing(), adding()...) {
		if base := v.get(name); base != "" && base != files[name] {
			file, err := t.Beside(name, base)
			if err != nil {
				notes = append(notes, fmt.Sprintf("%s is left (%v): programs that read it do not trust the sidecar", name, err))
				continue
			}
			files[name] = file
		}
		v.set(name, files[name])
	}
	return notes
}

// takeProxy sets the variables that lead through the sidecar as a proxy, and
// what makes programs trust it.
func takeProxy(v *vars, e Endpoints) []string {
	notes := takeTrust(v, e.Trust)
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		if u := parseProxy(v.get(name)); u != nil && points(u, e.Listen) {
			notes = append(notes, name+" leads to this sidecar already and is left")
			continue
		}
		v.set(name, e.proxy())
	}
	v.set("NODE_USE_ENV_PROXY", "1") // Node.js obeys the proxy only when told, and from version 22.21 on
	return notes
}
