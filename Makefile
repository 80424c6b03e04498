# hotmess. `make check` needs the Go toolchain and a C compiler (for the race
# detector); the linter is built into .cache/bin at first use.

FUZZTIME ?= 30s
BENCH    ?= .
PKG      ?= ./...

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build ./hotmess
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o hotmess .

.PHONY: check
check: lint test ## all that a change must pass, but for e2e

.PHONY: lint
lint: ## formatting, go vet, linters, go.mod
	scripts/lint

.PHONY: test
test: ## tests of the main module, with the race detector
	go test -race -timeout 30m $(PKG)

.PHONY: e2e
e2e: ## tests with real SDK clients, a module of their own
	go -C e2e test -race -timeout 30m ./...

.PHONY: clients
clients: ## tests with real Node.js clients; needs npm, which installs them and Node.js in e2e/node
	npm --prefix e2e/node ci
	npm --prefix e2e/node run check
	HOTMESS_NODE_CLIENTS=1 go -C e2e test -count=1 -timeout 20m -run TestNodeClients -v .

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (30s) each
	FUZZTIME=$(FUZZTIME) scripts/fuzz

.PHONY: bench
bench: ## benchmarks; BENCH=regexp PKG=./proxy to choose
	go test -run '^$$' -bench '$(BENCH)' -benchmem $(PKG)

.PHONY: bench-replay
bench-replay: ## disagreement measured on recorded samples, DATA=file or folder, beside the data's own
	HOTMESS_REPLAY_DATA='$(if $(DATA),$(abspath $(DATA)))' go -C e2e test -count=1 -v -run TestReplayOfRecordedModels .

.PHONY: demo
demo: ## the tour: a simulated model turns incoherent, no key needed
	go run . demo
