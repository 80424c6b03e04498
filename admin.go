package main

import (
	"hotmess/config"
	"hotmess/dashboard"
)

// admin is the admin port of the running sidecar.
func (c *console) admin(cfg config.Config) (dashboard.Client, error) {
	r, err := c.running(cfg)
	return dashboard.Client{Addr: r.Admin, Token: cfg.Admin.Token}, err
}
