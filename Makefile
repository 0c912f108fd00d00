# The commands of this repository. They need Python 3.11+ and make; all else is brought along (into .tools and .venv).
# Your own index configuration (PIP_*, UV_*, pip.conf, uv.toml) is respected.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$$python" && break; done)
UV := $(or $(shell command -v uv),$(CURDIR)/.tools/bin/uv)
RUN := .venv/bin
PACKAGES := shared services/case-api services/d365-sync services/status-sync services/portal-web tools/d365-sandbox tools/casebridge
INSTALLED := .venv/installed
ARGS ?=
# What CI runs of `make chaos`, on two worlds: three minutes at most. Seeds that ever failed, and 36, which sees a missing guard.
SHORT_SEEDS ?= 16,20,23,31,36
# How many whole systems `make chaos` strikes at a time.
WORLDS ?= 1

CLIENT := clients/typescript

.PHONY: help setup up down demo test browser screenshots words schemathesis audit scenarios chaos chaos-short check check-locks lock bench client client-test

help: ## Show these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
		printf '  make %-12s  %s\n' "$$name" "$$text"; done
	@echo '  Options go through ARGS: make up ARGS="--ports auto", make test ARGS="tests/unit -k web_case_id"'

setup: $(INSTALLED) ## Install and download everything, start nothing
	@$(RUN)/casebridge setup >/dev/null

up: $(INSTALLED) ## Run everything in the foreground; Ctrl-C stops it
	@exec $(RUN)/casebridge up $(ARGS)

down: $(INSTALLED) ## Stop what "make up" runs in another terminal
	@exec $(RUN)/casebridge down $(ARGS)

demo: $(INSTALLED) ## Submit a case to the running stack and follow it to its end
	@exec $(RUN)/casebridge demo $(ARGS)

test: $(INSTALLED) ## Run all tests, on a PostgreSQL and a Kafka of their own
	@exec $(RUN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -p no:schemathesis --ignore tests/chaos --ignore tests/client --ignore tests/e2e/browser --ignore tests/fuzz $(ARGS)

schemathesis: $(INSTALLED) ## Hold each service to its OpenAPI document, by generated requests and walks along links
	@exec $(RUN)/python -m pytest tests/fuzz $(ARGS)

audit: $(INSTALLED) ## Look for known vulnerabilities of what is locked; says so where the data cannot be reached
	@exec $(RUN)/python .ci/audit.py

browser: $(INSTALLED) ## Pass the tests in Chromium, which is installed where it is missing and may be (root, apt)
	@$(CHROMIUM)
	@exec $(RUN)/python -m pytest tests/e2e/browser $(ARGS)

screenshots: $(INSTALLED) ## Draw every page of the portal into docs/screenshots, light and dark
	@$(CHROMIUM)
	@exec $(RUN)/python -m pytest tests/e2e/browser/test_pages.py --screenshots docs/screenshots $(ARGS)

words: $(INSTALLED) ## Bring new texts of the pages into their translations
	@exec $(RUN)/python -m tests.support.words

scenarios: $(INSTALLED) ## Run the storms: floods, restores, restarts and outages; takes four minutes
	@exec $(RUN)/python -m pytest tests/chaos/scenarios -n 2 --dist worksteal $(ARGS)

chaos: $(INSTALLED) ## Strike the whole with seeded faults, and write docs/fault-report.md; SEEDS=7,9 runs just those
	@exec $(RUN)/python -m tests.chaos --seeds $(or $(SEEDS),1-100) --worlds $(WORLDS) $(if $(SEEDS),,--write docs/fault-report.md)

chaos-short: $(INSTALLED) ## Strike with the few seeds of CI
	@exec $(RUN)/python -m tests.chaos --seeds $(SHORT_SEEDS) --worlds 2

check: $(INSTALLED) check-locks ## Check format, style, types, layers and locks
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/lint-imports

check-locks: $(INSTALLED)
	$(UV) pip check --quiet --python $(RUN)/python
	UV=$(UV) requirements/lock --check

lock: $(INSTALLED) ## Write requirements/*.lock anew; UPGRADE=1 takes the newest versions
	UV=$(UV) requirements/lock $(if $(UPGRADE),--upgrade)

bench: $(INSTALLED) ## Measure throughput and delay into docs/benchmarks.md; takes minutes
	@exec $(RUN)/python -m benchmarks --write docs/benchmarks.md $(ARGS)

client: $(CLIENT)/node_modules/.package-lock.json ## Write the TypeScript client's generated files anew and build it; needs Node
	@cd $(CLIENT) && npm run --silent generate && npm run --silent build

client-test: $(INSTALLED) $(CLIENT)/node_modules/.package-lock.json ## Test the TypeScript client, against the running stack too
	@cd $(CLIENT) && npm run --silent check-generated && npm test --silent
	@exec $(RUN)/python -m pytest tests/client $(ARGS)

$(CLIENT)/node_modules/.package-lock.json: $(CLIENT)/package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null && command -v npm >/dev/null || \
		{ echo "$$NO_NODE" >&2; exit 1; }
	@cd $(CLIENT) && npm ci --silent && touch node_modules/.package-lock.json

$(INSTALLED): requirements/dev.lock pyproject.toml $(PACKAGES:=/pyproject.toml) | $(UV) .venv/bin/python
	@echo "setup: installing requirements/dev.lock and the $(words $(PACKAGES)) packages into .venv"
	@$(UV) pip install --quiet --python $(RUN)/python --compile-bytecode --require-hashes -r requirements/dev.lock
	@$(UV) pip install --quiet --python $(RUN)/python --no-deps --no-build-isolation $(PACKAGES:%=-e ./%)
	@touch $@

.venv/bin/python: | $(UV)
	@[ -n "$(PYTHON)" ] || { echo "$$NO_PYTHON" >&2; exit 1; }
	@echo "setup: making .venv with $$($(PYTHON) --version)"
	@rm -rf .venv && $(UV) venv --quiet --python "$(PYTHON)" .venv

$(CURDIR)/.tools/bin/uv:
	@[ -n "$(PYTHON)" ] || { echo "$$NO_PYTHON" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$$NO_VENV" >&2; exit 1; }
	@echo "setup: installing uv into .tools"
	@rm -rf .tools && $(PYTHON) -m venv .tools
	@.tools/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock

define CHROMIUM
for name in "$${CHROMIUM:-}" chromium chromium-browser google-chrome-stable google-chrome; do \
	command -v "$$name" >/dev/null 2>&1 && exit 0; done; \
if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	echo "browser: installing chromium by apt" && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; \
else \
	echo "There is no Chromium: install it (Debian, Ubuntu: apt install chromium), or name it in CHROMIUM." >&2; exit 1; fi
endef
define NO_PYTHON
Casebridge needs Python 3.11 or newer, and there is none on your PATH.
Install one, or name it: make setup PYTHON=/path/to/python3.11
endef
define NO_VENV
$(PYTHON) cannot make virtual environments: its module venv is missing.
Install it (on Debian and Ubuntu: apt install python3-venv), or install uv.
endef
define NO_NODE
The TypeScript client needs Node 20 or newer and npm on your PATH.
Install it (https://nodejs.org, or on Debian and Ubuntu: apt install nodejs npm), and repeat the command.
endef
export NO_PYTHON NO_VENV NO_NODE
