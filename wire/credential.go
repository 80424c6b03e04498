package wire

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// A CredentialKind is what a request proves itself by.
type CredentialKind string

// The kinds of credential.
const (
	// CredentialNone: no credential in the headers. It may be in the URL.
	CredentialNone CredentialKind = "none"
	// CredentialKey is an API key or another bearer token that is billed by
	// use.
	CredentialKey CredentialKind = "key"
	// CredentialSubscription is the login of a person's plan: extras would
	// eat that person's quota.
	CredentialSubscription CredentialKind = "subscription"
	// CredentialSigned is a signature over the request: an edited extra would
	// be refused.
	CredentialSigned CredentialKind = "signed"
)

// maxJWT is the largest token that is looked into, in bytes.
const maxJWT = 16 << 10

// Credential tells the kind of a request's credential from its headers. Nothing
// is verified and nothing kept.
func Credential(h http.Header) CredentialKind {
	auth := h.Get("Authorization")
	scheme, token, _ := strings.Cut(auth, " ")
	token = strings.TrimSpace(token)
	switch {
	case strings.HasPrefix(scheme, "AWS4-"): // SigV4 and SigV4A
		return CredentialSigned
	case isSubscription(h, token):
		return CredentialSubscription
	case auth != "", h.Get("X-Api-Key") != "", h.Get("Api-Key") != "", h.Get("X-Goog-Api-Key") != "":
		return CredentialKey
	}
	return CredentialNone
}

// isSubscription knows Anthropic's OAuth tokens by their prefix or the beta
// header that goes with them, and ChatGPT logins by the account header or by
// what their token claims.
func isSubscription(h http.Header, token string) bool {
	const anthropicOAuth = "sk-ant-oat"
	return strings.HasPrefix(token, anthropicOAuth) ||
		strings.HasPrefix(h.Get("X-Api-Key"), anthropicOAuth) ||
		token != "" && strings.Contains(strings.Join(h["Anthropic-Beta"], ","), "oauth-") ||
		h.Get("Chatgpt-Account-Id") != "" ||
		isChatGPTLogin(token)
}

// isChatGPTLogin reports whether token is a JWT that OpenAI's login issued.
// Other JWTs, such as those of Entra ID, are billed by use.
func isChatGPTLogin(token string) bool {
	if len(token) > maxJWT || strings.Count(token, ".") != 2 {
		return false
	}
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return false
	}
	claims, ok := parse(raw)
	if !ok || !claims.IsObject() {
		return false
	}
	return claims.Get("iss").String() == "https://auth.openai.com" ||
		member(claims, "https://api.openai.com/auth").Exists()
}
