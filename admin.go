package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"hotmess/config"
)

// maxAnswer bounds what is read of one answer of the admin port.
const maxAnswer = 1 << 20

// errRefused is wrapped by errors about calls that the running sidecar answered
// with a status other than 2xx.
var errRefused = errors.New("the sidecar refuses")

// post sends ask as JSON to a path of the running sidecar's admin port and
// reads the answer into got.
func (c *console) post(cfg config.Config, path string, ask, got any) error {
	r, err := c.running(cfg)
	if err != nil {
		return err
	}
	body, err := json.Marshal(ask)
	if err != nil {
		return fmt.Errorf("encode the call of %s: %w", path, err)
	}
	req, err := http.NewRequest(http.MethodPost, "http://"+r.Admin+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("address the admin port: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token := cfg.Admin.Token.Reveal(); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{Timeout: probeTimeout, Transport: &http.Transport{DisableKeepAlives: true}} // past any proxy
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("no sidecar answers at %s, start one with hotmess serve: %w", r.Admin, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return read(res, answer, got)
}

// read takes an answer, or the reason for which there is none.
func read(res *http.Response, answer []byte, got any) error {
	switch {
	case res.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%w: it asks for admin.token; set it in the configuration, or HOTMESS_ADMIN_TOKEN", errRefused)
	case res.StatusCode/100 != 2:
		var why struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(answer, &why) != nil || why.Error == "" {
			why.Error = res.Status
		}
		return fmt.Errorf("%w: %s", errRefused, why.Error)
	}
	if err := json.Unmarshal(answer, got); err != nil {
		return fmt.Errorf("parse the sidecar's answer: %w", err)
	}
	return nil
}
