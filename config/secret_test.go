package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestSecretIsHiddenInEveryForm(t *testing.T) {
	c := Default()
	c.Admin.Token = "hunter2"
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", c.Admin.Token, "config", c)
	for form, text := range map[string]string{
		"%v": fmt.Sprintf("%v", c), "%+v": fmt.Sprintf("%+v", c), "%#v": fmt.Sprintf("%#v", c), "%s": fmt.Sprintf("%s.", c.Admin.Token),
		"%q": fmt.Sprintf("%q", c.Admin.Token), "json": string(asJSON), "yaml": string(asYAML), "log": log.String(),
	} {
		if strings.Contains(text, "hunter2") || !strings.Contains(text, "***") {
			t.Errorf("%s: %s", form, text)
		}
	}
	if got := c.Admin.Token.Reveal(); got != "hunter2" {
		t.Errorf("Reveal = %q", got)
	}
}

func TestEmptySecretPrintsNothing(t *testing.T) {
	if got := fmt.Sprint(Secret("")); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestMessagesHideSecrets(t *testing.T) {
	for _, line := range []string{
		"token: hunter2", "  token: \"hunter2 hunter2\"", "admin: {listen: x, token: hunter2}", "tokens: 'hunter2'", "api_key: hunter2", "\"token\": hunter2",
		"admin_token: hunter2", "Password: hunter2", "url: http://ada:hunter2@host/v1", "url: \"http://hunter2@host\"", "url: https://host/v1?key=hunter2&x=hunter2",
	} {
		if got := excerpt(line, 1, 1); strings.Contains(got, "hunter2") {
			t.Errorf("%q shows as %q", line, got)
		}
	}
	if line := "  extra_tokens_per_hour: -1"; hideSecrets(line) != line {
		t.Errorf("%q shows as %q", line, hideSecrets(line))
	}
}

func TestTokenFromFileLosesItsNewline(t *testing.T) {
	c := load(t, home("HOTMESS_ADMIN_TOKEN=0123456789abcdef\n"), Overrides{})
	if got := c.Admin.Token.Reveal(); got != "0123456789abcdef" {
		t.Errorf("token = %q", got)
	}
}
