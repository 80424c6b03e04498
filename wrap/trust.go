package wrap

import "fmt"

// A Trust is how programs come to trust the certificates of the sidecar.
type Trust struct {
	// CA is the file with the sidecar's own certificate alone.
	CA string
	// Bundle gives the file that is to take the place of the one that a variable
	// names, or, where base is empty, of the system's roots: all that it holds
	// and the sidecar's own.
	Bundle func(variable, base string) (file string, err error)
}

// replacing are the variables that name the roots to trust, in place of the
// system's: by OpenSSL and all built on it, Go (not on macOS), Rust's rustls;
// Python's requests; curl; the AWS tools; git; codex; gRPC.
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
// One that is set already keeps all that its file holds. On an error nothing is
// changed.
func takeTrust(v *vars, t *Trust) error {
	files := map[string]string{}
	for _, name := range replacing() {
		file, err := t.Bundle(name, v.get(name))
		if err != nil {
			return err
		}
		files[name] = file
	}
	for _, name := range adding() {
		files[name] = t.CA
		if base := v.get(name); base != "" && base != t.CA {
			file, err := t.Bundle(name, base)
			if err != nil {
				return err
			}
			files[name] = file
		}
	}
	for _, name := range append(replacing(), adding()...) {
		v.set(name, files[name])
	}
	return nil
}

// takeProxy sets the variables that lead through the sidecar as a proxy, and
// what makes programs trust it. Where that cannot be, nothing is changed.
func takeProxy(v *vars, e Endpoints) []string {
	if err := takeTrust(v, e.Trust); err != nil {
		return []string{fmt.Sprintf("the proxy is not set (%v): calls that obey no base URL are not seen", err)}
	}
	var notes []string
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		if u := parseProxy(v.get(name)); u != nil && points(u, e.Listen) {
			notes = append(notes, name+" leads to this sidecar already and is left")
			continue
		}
		v.set(name, e.proxy())
	}
	v.set("NODE_USE_ENV_PROXY", "1") // Node.js obeys the proxy only when told, and from version 22 on
	return notes
}
