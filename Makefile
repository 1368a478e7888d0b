# `make demo` and `make test` are all that a newcomer needs. Python 3.11 or newer must be there; nothing else.

PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo test up check test-all bench clean

demo: .venv/run
	@$(BIN)/minuet demo

up: .venv/run
	@$(BIN)/minuet up

# Each process of pytest has servers of its own.
TOGETHER = -n auto --maxprocesses 2 --dist worksteal

test: .venv/dev
	$(BIN)/pytest -q $(TOGETHER)

test-all: .venv/dev
	$(BIN)/pytest -q $(TOGETHER) -m ""

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@.ci/audit

# On private servers, or on those that MINUET_AMQP_URL and MINUET_DATABASE_URL name. More of them: docs/benchmarks.md.
bench: .venv/dev
	$(BIN)/python benchmarks/order_throughput.py --orders 4000 --concurrency 500
	$(BIN)/python benchmarks/order_throughput.py --orders 300 --concurrency 500 --rate 20
	$(BIN)/python benchmarks/sleeping_flows.py 10000 --due 2000

# Both write a mark, so that nothing is installed twice. The development set contains the other.
.venv/run: requirements.lock pyproject.toml
	@$(MAKE) --no-print-directory install LOCK=requirements.lock MARK=$@

.venv/dev: requirements-dev.lock pyproject.toml
	@$(MAKE) --no-print-directory install LOCK=requirements-dev.lock MARK=$@
	@touch .venv/run

.PHONY: install
install:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("minuet needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": give another one, e.g. make PYTHON=python3.12")'
	@echo "installing into .venv ($(LOCK)) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(MARK)

clean:
	rm -rf .venv .minuet
