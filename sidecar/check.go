package sidecar

import (
	"errors"
	"fmt"

	"hotmess/alerts"
	"hotmess/config"
	"hotmess/ensemble"
)

// Check reports what only the rooms themselves know to be wrong with a
// configuration that config has validated: every problem at once, each led by
// its key.
func Check(c config.Config) error {
	var errs []error
	for i, r := range c.Routes {
		if err := ensemble.CheckExtract(r.Extract); err != nil {
			errs = append(errs, fmt.Errorf("routes[%d].extract: %w", i, err))
		}
	}
	for i, r := range c.Alerts.Rules {
		if err := alerts.CheckRule(r); err != nil {
			errs = append(errs, fmt.Errorf("alerts.rules[%d]: %w", i, err))
		}
	}
	return errors.Join(errs...)
}
