# Onoma. `make help` lists what there is.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Tools come from pinned modules and are built on first use (about two minutes
# for all of them, then cached).
BUF      := go tool -modfile=tools/go.mod buf
GOLANGCI := go tool -modfile=tools/lint/go.mod golangci-lint
VULN     := go tool -modfile=tools/go.mod govulncheck
BILL     := go tool -modfile=tools/image/go.mod cyclonedx-gomod

# Packages that share memory between goroutines. The race detector makes the
# rest slow and finds nothing in pure functions.
SHARING = $(addsuffix /..., $(addprefix ./, $(wildcard cache client internal/server internal/table)))

# Vet has a part of its own, and nobody debugs these binaries: leaving both out saves
# a fifth of the time that building tests takes.
TEST := go test -vet=off -ldflags=-w

FUZZTIME ?= 30s
FUZZLONG ?=
BENCH    ?= .
SOAK     ?= 20m
COUNT    ?= 1
AGAINST  ?= main
VULNDB   ?= https://vuln.go.dev

##@ Use

.PHONY: build
build: ## Build the program into bin/onoma, static
	CGO_ENABLED=0 go build -trimpath -o bin/onoma ./cmd/onoma

# Platforms of the image, such as PLATFORMS="linux/amd64 linux/arm64".
PLATFORMS ?= linux/$(shell go env GOARCH)

.PHONY: image
image: ## The container image as an OCI layout in bin/image, with its bill of materials; needs no engine
	@bills=() programs=(); for platform in $(PLATFORMS); do \
		program=bin/onoma-$${platform//\//-}; echo "image: $$program"; \
		CGO_ENABLED=0 GOOS=$${platform%%/*} GOARCH=$${platform#*/} go build -trimpath -ldflags='-s -w' -o $$program ./cmd/onoma; \
		$(BILL) bin -json -std -noserial -version "$$(git describe --tags --always)" \
			-output $$program.cdx.json $$program; \
		bills+=(--sbom $$platform=$(CURDIR)/$$program.cdx.json) programs+=($$platform=$(CURDIR)/$$program); \
	done; \
	go -C tools/image run . --out $(CURDIR)/bin/image --revision "$$(git rev-parse HEAD)" "$${bills[@]}" "$${programs[@]}"
	@echo "image: bin/image; copy it with: skopeo copy oci:bin/image docker://REGISTRY/onoma"

.PHONY: run
run: ## Start the service on 127.0.0.1 with the embedded table
	go run ./cmd/onoma serve

##@ Check

.PHONY: test
test: ## Everything that must pass before a change lands: the parts below, timed
	@.ci/run

.PHONY: prepare
prepare: ## Install what tests need beside Go: Redis, PostgreSQL, a C compiler
	@.ci/prepare

.PHONY: vet
vet: ## go vet
	go vet -tags drill ./...

.PHONY: unit
unit: ## All tests once, without the race detector
	$(TEST) ./...

.PHONY: rest
rest: ## Those tests that race does not run
	$(TEST) $$(go list ./... | grep -vxFf <(go list $(SHARING)))

.PHONY: race
race: ## Tests of the packages that share memory, under the race detector
	$(TEST) -race $(SHARING) ./resolver

.PHONY: fuzz
fuzz: ## Every fuzz target for FUZZTIME (30s), one after the other
	@.ci/fuzz $(FUZZTIME) $(FUZZLONG)

.PHONY: drills
drills: ## Faults, overload, restarts and a short soak against real servers, timed; wants a quiet machine
	go test -tags drill -count=1 -run 'TestFaults' ./cache
	go test -tags drill -count=1 -timeout 30m ./internal/reliability

.PHONY: examples
examples: ## Run the clients in Python and TypeScript against a server, where their tools are at hand
	examples/run

.PHONY: soak
soak: ## Loads, publishes and reads for SOAK (20m): no wrong answer, memory and goroutines flat
	go test -tags drill -count=1 -timeout 2h -run 'TestSoak' -v ./internal/reliability -args -soak $(SOAK)

.PHONY: faults
faults: ## Kill processes 50 times within each phase of a load and a fold, fill the disk (as root), load hostile files of gigabytes
	ONOMA_CRASH_POINTS=50 go test -count=1 -timeout 60m -v -run 'TestKilled' ./internal/table
	go test -tags drill -count=1 -v -run 'TestDrill' ./cmd/onoma

.PHONY: lint
lint: ## Style and common mistakes: gofmt, golangci-lint, buf, generated code
	@unformatted=$$(git ls-files -co --exclude-standard '*.go' | grep -v '\.pb\.go$$' | xargs gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "gofmt -w these:"; echo "$$unformatted"; exit 1; fi
	$(BUF) lint
	$(BUF) format --diff --exit-code
	$(MAKE) --no-print-directory generate-check
	$(GOLANGCI) run

.PHONY: license-check
license-check: ## Licences of every module that is linked in
	go test -count=1 -v -run TestLicences ./internal/architecture

.PHONY: vuln
vuln: ## Known vulnerabilities in what is linked in; asks VULNDB (https://vuln.go.dev), which CI may not reach
	@code=0; $(VULN) -db $(VULNDB) ./... || code=$$?; \
	case $$code in 0|3) exit $$code;; esac; \
	echo "vuln: NOTHING WAS CHECKED. It needs the database at $(VULNDB); a copy serves as well: make vuln VULNDB=file:///DIR" >&2; \
	exit $$code

.PHONY: proto-breaking
proto-breaking: ## Changes of the contract that break clients, since AGAINST (main)
	$(BUF) breaking --against '.git#ref=$(AGAINST)'

##@ Measure

NAMES ?= 10000000
DIR   ?=

.PHONY: large
large: ## Figures of a large table: NAMES=10000000 names, kept in DIR if given; wants a quiet machine
	ONOMA_LARGE_NAMES=$(NAMES) ONOMA_LARGE_DIRECTORY=$(abspath $(DIR)) go test -tags drill -count=1 -timeout 60m -v -run 'TestLargeTable$$' ./internal/table

.PHONY: bench
bench: ## Benchmarks that match BENCH (all), COUNT times (1)
	go test -run '^$$' -bench '$(BENCH)' -count $(COUNT) ./...

.PHONY: quality
quality: ## Accuracy on sets of known names into docs/quality.md: make quality EVAL=DIR
	go run ./internal/quality --out docs/quality.md --dir "$(or $(EVAL),$(error give the directory of the sets: make quality EVAL=DIR))"

.PHONY: nameless
nameless: ## Mentions in texts without names, by sub-directory: make nameless TEXT=DIR [MISS=N]
	go run ./internal/quality --miss $(or $(MISS),40) --text "$(or $(TEXT),$(error give a directory of texts: make nameless TEXT=DIR))"

.PHONY: odds
odds: ## Fit the odds of likeness anew: make odds EVAL=DIR
	go run ./internal/quality --fit resolver/data/odds.txt --dir "$(or $(EVAL),$(error give the directory of the sets: make odds EVAL=DIR))"

##@ Make

.PHONY: generate
generate: ## Code and descriptors from proto/, written beside it
	$(call generate-into,.)

.PHONY: generate-check
generate-check:
	@fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	$(call generate-into,"$$fresh"); \
	for file in $$(cd "$$fresh" && find proto -type f); do \
		cmp -s "$$fresh/$$file" "$$file" || { echo "$$file is not what proto/ generates: make generate"; exit 1; }; \
	done

# generate-into writes generated files under directory $(1).
generate-into = $(BUF) generate --output $(1); \
	$(BUF) build --path proto/onoma --exclude-imports --as-file-descriptor-set \
		--output $(1)/proto/onoma/v1/contract.binpb

.PHONY: seed
seed: ## The embedded table from source data: make seed DATA=DIR
	go run ./resolver/seed/compile --data "$(or $(DATA),$(error give the directory of the source data: make seed DATA=DIR))"

.PHONY: help
help:
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
