# Everything runs in .venv, which the first target that needs it makes.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SITE   := $(VENV)/.site
DEV    := $(VENV)/.dev

INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
# One lock for all Pythons and systems that are supported, from the oldest Python on.
UPGRADE ?=
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes $(UPGRADE) \
	--no-emit-index-url --custom-compile-command 'make lock'

.DEFAULT_GOAL := help
.PHONY: help run test test-long test-bare check check-consistency lint types floors format bench soak size churn outline pictures towns tools lock pythons clean

help: ## list these targets
	@echo 'NestMap. The targets:'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(SITE) ## start the site (Ctrl-C stops it); in development it follows your changes
	@exec $(BIN)/python run.py --reload

test: $(DEV) ## run the tests; TESTS=tests/http runs some of them
	@$(if $(TESTS),,bash .ci/tools --unasked)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not long and not bare" $(TESTS)

test-long: $(DEV) ## run the tests that start many databases, browsers and processes
	@$(if $(TESTS),,bash .ci/tools --unasked)
	$(BIN)/python -m pytest -n 3 --dist loadfile -m long $(TESTS)

test-bare: $(DEV) ## follow the documents on a bare Debian, and build the container (as root)
	@bash .ci/tools --bare
	$(BIN)/python -m pytest -m bare $(TESTS)

check: lint types floors test ## lint, types, floors and tests: what a change must pass

check-consistency: $(DEV) ## clients against two instances in trouble; MINUTES=10
	$(BIN)/python -m tests.consistency --minutes $(or $(MINUTES),10)

lint: $(DEV) ## check for mistakes and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(DEV) ## check the types
	$(BIN)/mypy

floors: $(DEV) ## check which package imports which
	$(BIN)/lint-imports

format: $(DEV) ## sort the imports and format the code
	$(BIN)/ruff check --select I --fix
	$(BIN)/ruff format

bench: $(DEV) ## compare with Express and with the bare server (needs node and wrk)
	$(BIN)/python -m benchmarks

soak: $(DEV) ## ten minutes of mixed load while PostgreSQL restarts each minute
	$(BIN)/python -m benchmarks.soak

size: $(DEV) ## time administration with 10 million sessions (SESSIONS=1: one million); takes 10 GB of disk
	$(BIN)/python -m benchmarks.size --sessions $(or $(SESSIONS),10)

churn: $(DEV) ## write for an hour on 10 million sessions: what PostgreSQL needs (MINUTES=5, SESSIONS=1)
	$(BIN)/python -m benchmarks.churn --sessions $(or $(SESSIONS),10) --minutes $(or $(MINUTES),60)

outline: $(DEV) ## make the outline of the world from Natural Earth (needs npm)
	npm install --silent --no-save --prefix $(VENV) world-atlas@2.0.2
	$(BIN)/python -m tools.outline $(VENV)/node_modules/world-atlas/countries-110m.json

pictures: $(DEV) ## make the pictures of the README (needs Chromium)
	$(BIN)/python -m tools.pictures

towns: $(DEV) ## make the lists of towns from GeoNames
	$(BIN)/python -m tools.towns

tools: ## install Chromium, nginx, Prometheus ..., which the tests drive (Debian, Ubuntu)
	@bash .ci/tools

pythons: ## run the fast tests on each other Python that is supported and can be found
	@bash .ci/pythons

lock: | $(BIN)/python ## lock what the requirements ask for (UPGRADE=--upgrade takes new versions)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13,<1'
	$(LOCK) requirements.txt --output-file requirements.lock
	$(LOCK) requirements-dev.txt --constraints requirements.lock --output-file requirements-dev.lock

clean: ## remove the virtualenv and all caches; .nestmap, your data, stays
	rm -rf $(VENV) $(VENV)-3.* .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The locks say the exact version and the hashes of everything that requirements.txt and
# requirements-dev.txt ask for. A stamp is younger than the lock it was made from, so each lock is
# installed once.
$(SITE): requirements.lock | $(BIN)/python
	$(INSTALL) -r requirements.lock
	@touch $@

$(DEV): requirements-dev.lock requirements.lock | $(BIN)/python
	$(INSTALL) -r requirements-dev.lock
	@touch $@ $(SITE)

$(BIN)/python:
	@for python in $(PYTHON) python3.13 python3.12 python3.11; do \
	    if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "Making $(VENV) with $$("$$python" -V)"; \
	        exec "$$python" -m venv $(VENV); \
	    fi; \
	done; \
	echo 'NestMap needs Python 3.11 or newer with its venv module, and none was found.'; \
	echo 'Install it (Debian and Ubuntu: python3 and python3-venv), or name it: make PYTHON=/path/to/python3.12'; \
	exit 1
