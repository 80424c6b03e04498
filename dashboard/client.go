package dashboard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"

	"hotmess/config"
)

// maxAnswer bounds what is read of one answer.
const maxAnswer = 16 << 20

// errRefused is wrapped by errors about calls that the running sidecar answered
// with a status that means no.
var errRefused = errors.New("the sidecar refuses")

// A Client calls the admin port of a running sidecar, past any proxy.
type Client struct {
	// Addr is host:port, Token the admin token or empty.
	Addr  string
	Token config.Secret
}

// Post sends ask as JSON to a path and reads the answer into got.
func (c Client) Post(ctx context.Context, path string, ask, got any) error {
	body, err := json.Marshal(ask)
	if err != nil {
		return fmt.Errorf("encode the call of %s: %w", path, err)
	}
	return c.post(ctx, path, body, got)
}

// post sends a body; answers is which statuses beside 200 come with an answer.
func (c Client) post(ctx context.Context, path string, body []byte, got any, answers ...int) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.Addr+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("address the admin port: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token.Reveal())
	}
	res, err := c.do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the sidecar's answer: %w", err)
	}
	if res.StatusCode != http.StatusOK && !slices.Contains(answers, res.StatusCode) {
		return refusal(res, answer)
	}
	if err := json.Unmarshal(answer, got); err != nil {
		return fmt.Errorf("parse the sidecar's answer: %w", err)
	}
	return nil
}

// Live fails unless the sidecar that calls itself instance answers at the port. One
// that was killed may have left it to another's.
func (c Client) Live(ctx context.Context, instance string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.Addr+"/livez", nil)
	if err != nil {
		return fmt.Errorf("address the admin port: %w", err)
	}
	res, err := c.do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("/livez of %s answered %s", c.Addr, res.Status)
	}
	var alive struct {
		Instance string `json:"instance"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&alive); err != nil {
		return fmt.Errorf("parse /livez of %s: %w", c.Addr, err)
	}
	if alive.Instance != instance {
		return fmt.Errorf("%s answers as %q, not as %q, which is gone: start one with hotmess serve", c.Addr, alive.Instance, instance)
	}
	return nil
}

// do makes a call past any proxy: the port may be on an address that the proxy of
// the environment is not kept from.
func (c Client) do(req *http.Request) (*http.Response, error) {
	client := http.Client{Transport: &http.Transport{DialContext: new(net.Dialer).DialContext, DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("no sidecar answers at %s, start one with hotmess serve: %w", c.Addr, err)
	}
	return res, nil
}

// refusal is the reason for which there is no answer.
func refusal(res *http.Response, answer []byte) error {
	if res.StatusCode == http.StatusUnauthorized {
		return fmt.Errorf("%w: it asks for admin.token; set it in the configuration, or HOTMESS_ADMIN_TOKEN", errRefused)
	}
	var why struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(answer, &why) != nil || why.Error == "" {
		why.Error = res.Status
	}
	return fmt.Errorf("%w: %s", errRefused, why.Error)
}
