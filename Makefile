# Two commands: `make run` and `make test`. Everything they need they set up themselves, in .venv and in the
# user's cache folder; Python 3.11 or later with pip is all that must be there.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
SHOP_PORT ?= 8010
# The example keeps its data beside the checkout, so that deleting .kinfold starts it afresh.
export KINFOLD_HOME ?= $(CURDIR)/.kinfold
# Hundreds of processes of a test run load the product: it is compiled once.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check bench bench-offline lock clean

run: $(VENV)/.run ## Resolve the sample log on a Neo4j of this machine, then serve
	KINFOLD_KEYS=examples/keys.yaml $(BIN)/kinfold demo examples/story.ndjson --catalogue examples/catalogue.yaml \
		--keys examples/keys.ndjson --port $(PORT) --shop examples/shop/server.py --shop-port $(SHOP_PORT)

test: $(VENV)/.test ## Every test, on a real Neo4j
	$(BIN)/python -m pytest -n auto --durations 25

check: $(VENV)/.test ## Lint, format, types, which room imports which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m checks.rooms

bench: $(VENV)/.test ## What is measured, beside what it is measured against
	$(BIN)/python -m bench.single_event
	$(BIN)/python -m bench.first_event
	$(BIN)/python -m bench.namespaces
	$(BIN)/python -m bench.throughput
	$(BIN)/python -m bench.growth
	$(BIN)/python -m bench.memory
	$(BIN)/python -m bench.union_cost
	$(BIN)/python -m bench.analysis
	$(BIN)/python -m bench.propositions
	$(BIN)/python -m bench.processes
	$(BIN)/python -m bench.doubt
	$(BIN)/python -m bench.drawing

bench-offline: $(VENV)/.test ## Bulk loads, Spark at ten million edges, and both engines on 100,000 people: an hour
	$(BIN)/python -m bench.load
	$(BIN)/python -m bench.load --history
	$(BIN)/python -m bench.spark
	$(BIN)/python -m bench.agreement
	$(BIN)/python -m bench.migration
	$(BIN)/python -m bench.lists

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Kinfold needs Python 3.11 or later; say which with: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.python requirements/run.txt pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: $(VENV)/.python requirements/test.txt pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run

lock: ## Rewrite the lock files (needs uv); what runs is pinned to what is tested
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --all-extras -o requirements/test.txt pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --extra build -c requirements/test.txt -o requirements/run.txt pyproject.toml

clean: ## Remove what was set up here (not the shared cache)
	rm -rf $(VENV) .kinfold
