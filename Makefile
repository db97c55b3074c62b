# `make run` and `make test` are all that a newcomer needs; both set up .venv by themselves.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test readers pages mailclients check format lint types layers docs messages screenshots bench torture lock clean

# The lock names everything, so nothing is left to resolve: an older pip would look for the
# newest of a package that another one wants with an extra, and refuse it for want of a hash.
.venv/.stamp: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip --quiet --disable-pip-version-check check
	@touch $@

# The whole service on the sample site, with a mail server that keeps what it catches.
run: .venv/.stamp
	$(BIN)/publisher migrate
	$(BIN)/publisher subscribers import examples/subscribers.csv --newsletter digest --cadence instant --confirmed
	$(BIN)/publisher run --capture

test: .venv/.stamp
	$(BIN)/python -m pytest --numprocesses 3 --dist worksteal $(PYTEST)

# What runs on Node for tests that leave it out where it is missing: feed readers, and the judges
# of pages and of mails. Needs npm.
ON_NODE := readers pages mailclients
$(ON_NODE): %: tests/%/node_modules/.package-lock.json

tests/%/node_modules/.package-lock.json: tests/%/package-lock.json
	npm ci --prefix tests/$* --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

# What CI runs: everything that can be checked, the tests with branch coverage.
check: PYTEST := --cov --cov-report=term --cov-fail-under=90
check: lint types layers test

lint: .venv/.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/.stamp
	$(BIN)/mypy

layers: .venv/.stamp
	$(BIN)/lint-imports

format: .venv/.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The pages that are made from the code; tests prove that they are up to date.
docs: .venv/.stamp
	$(BIN)/python -m publisher.config > docs/reference/config.md
	$(BIN)/python -m publisher.cli.reference > docs/reference/commands.md

# The catalogs of translations, brought up to date with what templates and program say.
messages: .venv/.stamp
	$(BIN)/python -m scripts.messages

# Contact sheets of the mails that are shipped; needs Chromium. Look at them.
screenshots: .venv/.stamp
	$(BIN)/python -m docs.screenshots.make

bench: .venv/.stamp
	$(BIN)/python -m bench.message
	$(BIN)/python -m bench.compose
	$(BIN)/python -m bench.imports
	npm ci --prefix bench/peers --ignore-scripts --no-audit --no-fund --loglevel error
	$(BIN)/python -m bench.delivery
	$(BIN)/python -m bench.latency
	$(BIN)/python -m bench.signup
	$(BIN)/python -m bench.ingest
	$(BIN)/python -m bench.feeds
	$(BIN)/python -m bench.serve

# The crash tests, the simulations, the property test of feeds and the test of scanners at full
# size: minutes, not seconds.
torture: .venv/.stamp
	CRASH_PEOPLE=10000 CRASH_KILLS=50 $(BIN)/python -m pytest -s --timeout 7200 tests/crash
	SIMULATION_POLLS=10000 SIMULATION_DAYS=366 SIMULATION_PEOPLE=200 \
		$(BIN)/python -m pytest -s --timeout 7200 tests/simulation
	FEED_CASES=10000 $(BIN)/python -m pytest --timeout 7200 tests/formats/test_any.py
	SCANS=1000 $(BIN)/python -m pytest --timeout 7200 tests/web/test_scanners.py

# Compile the lock file from pyproject.toml; needs uv.
lock:
	uv pip compile --quiet pyproject.toml --group dev --universal --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file requirements.txt

clean:
	rm -rf .venv $(ON_NODE:%=tests/%/node_modules) bench/peers/node_modules var .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
