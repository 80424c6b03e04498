// Package dashboard serves the admin port: health, metrics and the API that
// people, scrapers and hotmess's own commands ask.
//
//	GET  /livez /readyz          health; never asks for a token
//	GET  /metrics                Prometheus text
//	GET  /api/v1/routes          what is measured, by route
//	GET  /api/v1/requests/{id}   one observation, by X-Hotmess-Id
//	GET  /api/v1/alerts          pending and firing alerts
//	GET  /api/v1/summary         totals, for run's closing lines
//	GET  /api/v1/lease           held open: the sidecar lives while it is
//	POST /api/v1/baseline        starts the baselines of a route anew
//	POST /api/v1/labels          takes labels in: one, an array, or JSON lines
//	POST /api/v1/upstreams       adds an upstream that run found in the environment
//
// It computes nothing of its own: every number comes from monitor or alerts.
//
// The port listens on loopback unless told otherwise, and then asks for a
// token. Requests whose Host is a name that is not this machine's are refused,
// so that a web page cannot reach the port by rebinding a name, and so are
// requests that a page of another origin makes.
package dashboard
