# `make run` and `make test` are all that a newcomer needs; both set up .venv by themselves.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check format lint types layers bench docs clean

.venv/.stamp: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

run: .venv/.stamp  ## the whole service on the sample site, with a mail server that keeps what it catches
	$(BIN)/publisher run --capture

test: .venv/.stamp
	$(BIN)/python -m pytest

lint: .venv/.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/.stamp
	$(BIN)/mypy

layers: .venv/.stamp
	$(BIN)/lint-imports

check: lint types layers test

format: .venv/.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv var .coverage* htmlcov
