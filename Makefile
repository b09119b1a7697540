# `make demo` and `make test` do all the set-up on a fresh machine that has Python 3.11 or newer.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH_READY := $(VENV)/.ready-bench
TOO_OLD := chainrule needs Python 3.11 or newer: make PYTHON=python3.11

.DEFAULT_GOAL := help
.PHONY: help demo test slow coverage lint format bench clean

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

demo: $(READY) ## train a network on handwritten digits; results go to runs/digits/
	$(BIN)/chainrule demo digits

test: $(READY) ## run the tests, but for the slow ones
	$(BIN)/pytest -n auto -m "not slow"

slow: $(READY) ## run the tests that take minutes
	$(BIN)/pytest -n auto -m slow

coverage: $(READY) ## run the tests and list the lines that they miss
	$(BIN)/pytest -n auto --cov

lint: $(READY) ## check style, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(READY) ## mend style and format in place
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(BENCH_READY) ## measure chainrule beside its peers; figures go to runs/bench/
	$(BIN)/python -m benchmarks

clean: ## remove the environment, the caches and what programs wrote
	rm -rf $(VENV) build dist runs site htmlcov *.egg-info .coverage .coverage.* \
		.hypothesis .mypy_cache .pytest_cache .ruff_cache

$(READY): pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("$(TOO_OLD)")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,examples]'
	@touch $@

$(BENCH_READY): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@
