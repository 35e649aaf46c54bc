# Two commands matter: `make demo` to see it, `make test` to prove it. Only python3 >= 3.11 is needed.

PYTHON ?= python3
PORT ?= 8000
# Parallel test processes; 0 runs them in this one.
WORKERS ?= 2

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-compile
RUN_TIME := $(VENV)/.run-time
DEVELOPMENT := $(VENV)/.development
QUICK := not slow and not browser and not packaging

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast bench attack lint format docs docs-check lock translations vendor wheel clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(RUN_TIME) ## set up and serve a demonstration (PORT=8000, ARGS=--fresh)
	@$(PY) -m spean demo --port $(PORT) $(ARGS)

test: $(DEVELOPMENT) ## all tests, browser journeys included (BROWSER=none leaves those out)
	@$(PY) tests/browser.py
	@$(PY) -m pytest -n $(WORKERS) $(ARGS)

test-fast: $(DEVELOPMENT) ## tests without browser, packaging and what is slow
	@$(PY) -m pytest -n $(WORKERS) -m "$(QUICK)" $(ARGS)

bench: $(DEVELOPMENT) ## measure pages and search with 100,000 persons, estimation, linking of lists, the app on a slow phone
	@$(PY) -m tests.bench $(ARGS)
	@$(PY) -m tests.bench.linkage
	@$(PY) -m tests.bench.field

attack: $(DEVELOPMENT) ## attack an installation: crawl, dump, tampering, kills, power cuts (ARGS=--quick)
	@$(PY) -m tests.attack $(ARGS)

lint: $(DEVELOPMENT) ## style, types, and which room may import which
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

format: $(DEVELOPMENT) ## put the code in its form
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

docs: $(RUN_TIME) ## write the generated documents
	@$(PY) scripts/docs.py

docs-check: $(RUN_TIME) ## fail if a generated document is out of date
	@$(PY) scripts/docs.py --check

translations: $(DEVELOPMENT) ## bring the catalogues up to the code and compile them (needs GNU gettext)
	@$(PY) scripts/translations.py collect
	@$(PY) scripts/translations.py compile

wheel: $(DEVELOPMENT) ## build the installable package into dist/
	@$(PY) -m hatchling build -t wheel

vendor: $(DEVELOPMENT) ## rebuild the vendored style sheet and fonts (needs Node)
	@$(PY) scripts/vendor.py

# uv reads every platform at once; it is needed by whoever changes dependencies, and by nobody else.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: \
	--no-emit-index-url --no-annotate --no-header
lock: ## choose exact versions anew (needs uv; UPGRADE=--upgrade for newer ones)
	@$(LOCK) $(UPGRADE) pyproject.toml -o requirements.lock
	@$(LOCK) $(UPGRADE) --group dev -c requirements.lock -o requirements-dev.lock

clean: ## remove the environment and all state of this checkout, demonstration included
	rm -rf $(VENV) var dist

$(RUN_TIME): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Spean needs Python 3.11 or newer; name one with PYTHON=python3.11.")'
	@echo "Installing what Spean needs into $(VENV) …"
	@$(PYTHON) -m venv $(VENV) || { echo "Python cannot make a virtual environment here; on Debian install python3-venv." >&2; exit 1; }
	@$(PIP) -r requirements.lock
	@touch $@

$(DEVELOPMENT): $(RUN_TIME) requirements-dev.lock
	@echo "Installing what its tests need …"
	@$(PIP) -r requirements-dev.lock
	@touch $@
