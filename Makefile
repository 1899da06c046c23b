.DEFAULT_GOAL := help
GOLANGCI := v2.15.0

.PHONY: help
help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | awk -F'|' '{ printf "  make %-10s %s\n", $$1, $$2 }'

.PHONY: build
build: ## build bin/tickmark
	go build -trimpath -ldflags "-s -w" -o bin/tickmark ./cmd/tickmark

.PHONY: demo
demo: build ## start everything with the simulated company and a year of its life
	bin/tickmark demo

.PHONY: test
test: ## set up and run every test: linters, both databases, races, browsers
	@test/all

.PHONY: generate
generate: ## write the Go code of the pages again, after a .templ file changed
	go tool -modfile=tools/go.mod templ generate -path internal/web

.PHONY: lint
lint: .tools/bin/golangci-lint ## run the linters of .golangci.yml
	.tools/bin/golangci-lint run ./...

.tools/bin/golangci-lint:
	GOBIN=$(CURDIR)/.tools/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)

.PHONY: bench
bench: build ## measure, beside peers, into bench/out
	bench/run
