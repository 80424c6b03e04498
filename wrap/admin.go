package wrap

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"hotmess/config"
)

const (
	// callTimeout bounds one call to the admin port, which is on this machine.
	callTimeout = 2 * time.Second
	// maxAnswer bounds what is read of one answer.
	maxAnswer = 1 << 20
)

// An admin is the admin port of one sidecar.
type admin struct {
	addr  string
	token config.Secret
}

// transport never goes through a proxy and keeps no idle connection.
func transport() *http.Transport {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: callTimeout}).DialContext,
		ResponseHeaderTimeout: callTimeout,
		DisableKeepAlives:     true,
	}
}

func (a admin) request(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+dialable(a.addr)+path, body)
	if err != nil {
		return nil, fmt.Errorf("address the admin port: %w", err)
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token.Reveal())
	}
	return req, nil
}

// call makes one short call and returns the answer's body.
func (a admin) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := a.request(ctx, method, path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	client := http.Client{Transport: transport(), Timeout: callTimeout}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("call the admin port: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %w", method, path, refused(resp.StatusCode))
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read answer of %s: %w", path, err)
	}
	return b, nil
}

// errToken is what a sidecar makes of a token that is not its own.
var errToken = errors.New("the running sidecar has another admin.token: set it in the configuration, or HOTMESS_ADMIN_TOKEN")

// refused is the error of a status that means no.
func refused(status int) error {
	if status == http.StatusUnauthorized {
		return errToken
	}
	return fmt.Errorf("status %d", status)
}

// live fails unless the sidecar that calls itself instance answers here: the
// port of a dead one may since have been taken by another data directory's. One
// that does not name itself is taken at its port's word.
func (a admin) live(ctx context.Context, instance string) error {
	b, err := a.call(ctx, http.MethodGet, "/livez", nil)
	if err != nil {
		return err
	}
	var alive struct {
		Instance string `json:"instance"`
	}
	if err := json.Unmarshal(b, &alive); err != nil {
		return fmt.Errorf("parse /livez of %s: %w", a.addr, err)
	}
	if alive.Instance != "" && alive.Instance != instance {
		return fmt.Errorf("%s answers as %q, not %q", a.addr, alive.Instance, instance)
	}
	return nil
}

// addUpstream makes url an upstream of the sidecar and returns its name. The
// same URL always gets the same name.
func (a admin) addUpstream(ctx context.Context, url string) (string, error) {
	body, err := json.Marshal(map[string]string{"url": url})
	if err != nil {
		return "", fmt.Errorf("encode upstream: %w", err)
	}
	b, err := a.call(ctx, http.MethodPost, "/api/v1/upstreams", body)
	if err != nil {
		return "", err
	}
	var added struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(b, &added); err != nil {
		return "", fmt.Errorf("parse upstream: %w", err)
	}
	if added.Name == "" || added.Name != segment(added.Name) {
		return "", fmt.Errorf("sidecar named the upstream %q, which is no path segment", added.Name)
	}
	return added.Name, nil
}

// summary fetches the sidecar's counts.
func (a admin) summary(ctx context.Context) (Summary, error) {
	var s Summary
	b, err := a.call(ctx, http.MethodGet, "/api/v1/summary", nil)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("parse summary: %w", err)
	}
	return s, nil
}

// find returns the running sidecar of w's data directory.
func find(ctx context.Context, w Worker) (config.Running, error) {
	r, err := config.ReadRunning(w.DataDir)
	if err != nil {
		return config.Running{}, err
	}
	if err := (admin{r.Admin, w.Token}).live(ctx, r.Instance); err != nil {
		return config.Running{}, fmt.Errorf("find the sidecar of %s: %w", w.DataDir, err)
	}
	return r, nil
}
