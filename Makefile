# What people do with the project. `make run` needs Rust and Node (20.19 or newer); everything else is installed by the scripts.

CARGO ?= cargo
DATA ?= data
LISTEN ?= 127.0.0.1:8080

WEB_SOURCES := $(shell find web/src web/locales web/tokens web/public web/playground web/build.mjs web/embed.mjs web/icons.mjs web/vite.config.js web/svelte.config.js web/package-lock.json -type f 2>/dev/null)

.PHONY: run dev web check test bench fuzz schema api clean

run: web ## Builds Parlor with its web app, fills a new data folder with demo data, and starts it
	$(CARGO) build --release -p parlor
	./target/release/parlor demo --data $(DATA) --if-empty --url http://$(LISTEN)
	./target/release/parlor serve --data $(DATA) --listen $(LISTEN)

dev: ## The server on :8080 and the web app with live reload on :5173
	./scripts/dev

web: web/dist/.stamp ## The web app, built into web/dist (which the binary embeds)

web/dist/.stamp: $(WEB_SOURCES)
	./scripts/need-node
	cd web && npm ci --no-audit --no-fund && node build.mjs
	@touch $@

check: web ## Format, lints, dependency rules, documentation, types, drift of generated files
	./scripts/check

test: web ## Everything: unit, integration on SQLite and on PostgreSQL, web, browser
	./scripts/test

bench: web ## The figures of the README, each beside its limit measured in the same run
	$(CARGO) bench -p parlor-db --bench engine
	$(CARGO) bench -p parlor --bench load
	$(CARGO) build --release -p parlor
	cd web && PARLOR_BIN=$(CURDIR)/target/release/parlor npm run -s bench

fuzz: ## Tries what strangers may send, twenty minutes for each reader: SECONDS_EACH=60 for less
	./scripts/fuzz

schema: ## Calls every operation of the API with values that fit its description and that do not; fails on a 5xx
	./scripts/schema

api: ## Writes docs/api/openapi.json and the TypeScript types from the code
	$(CARGO) run -q -p parlor -- openapi > docs/api/openapi.json
	cd web && npm run -s api

clean: ## Removes what was built
	$(CARGO) clean
	rm -rf web/dist web/node_modules
