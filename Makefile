# Everything that is done with the project. `make` alone lists it.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
DUCKDB ?= duckdb
LINES ?= 2000000
FUZZ_LINES ?= 300000
EXAMPLES ?= 100
# A core each; a module's samples are made by more than one process only at the end of a run
PARALLEL = --numprocesses auto --maxprocesses 8 --dist worksteal

.PHONY: help demo test long fuzz e2e check lint types sql golden man steps tables bench deb release-check clean

help: ## List the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -m venv $(VENV) || { \
	    echo "python3-venv is missing: apt-get installs it" >&2; \
	    [ "$$(id -u)" = 0 ] || as_root=sudo; \
	    $$as_root apt-get update && $$as_root apt-get install --yes python3-venv && \
	    $(PYTHON) -m venv --clear $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' '$(DUCKDB)'
	touch $@

demo: $(VENV)/installed ## Load sample_logs/, follow one message, run one report
	rm -f demo.duckdb demo.duckdb.wal
	@echo; echo '$$ mailsql load sample_logs'
	@TZ=Asia/Tokyo $(BIN)/mailsql load sample_logs --db demo.duckdb
	@echo; echo '$$ mailsql trace E5F6A40772'
	@TZ=Asia/Tokyo $(BIN)/mailsql trace E5F6A40772 --db demo.duckdb
	@echo; echo '$$ mailsql report traffic_per_day'
	@TZ=Asia/Tokyo $(BIN)/mailsql report traffic_per_day --db demo.duckdb

test: $(VENV)/installed ## Run the tests (PYTEST='-m newest': options of pytest)
	@$(BIN)/python -m pytest $(PARALLEL) $(PYTEST)

long: $(VENV)/installed ## Run the long tests: properties, kills, hostile lines (EXAMPLES=100 cases)
	@MAILSQL_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest $(PARALLEL) -m 'long or hypothesis' --hypothesis-profile long

fuzz: $(VENV)/installed ## Load lines bent out of shape (FUZZ_LINES=300000)
	$(BIN)/python -m tests.fuzz $(FUZZ_LINES)

e2e: $(VENV)/installed ## Compare the tables with what real Postfix and Dovecot did (root)
	@$(BIN)/python -m pytest -m e2e -rs tests/e2e

check: lint types sql test long ## Lint, types, SQL lint and all tests without daemons

lint: $(VENV)/installed ## Lint and format of the Python code
	$(BIN)/ruff check loader tests bench setup.py
	$(BIN)/ruff format --check loader tests bench setup.py

types: $(VENV)/installed ## Types of the Python code
	$(BIN)/mypy

sql: $(VENV)/installed ## Lint of the SQL files
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar sql

golden: $(VENV)/installed ## Write the expected rows anew; read the difference
	MAILSQL_GOLDEN=1 $(BIN)/python -m pytest tests/test_lines.py tests/test_scenarios.py tests/test_reports.py tests/test_page.py tests/test_questions.py tests/test_schema_version.py

man: $(VENV)/installed ## Write docs/mailsql.1 from the help of the commands
	$(BIN)/python -m mailsql.manual docs/mailsql.1

steps: $(VENV)/installed ## Read sql/ingest anew: what its statements make and need
	$(BIN)/python -m tests.steps

tables: $(VENV)/installed ## Write docs/tables.md anew from the comments of the database
	$(BIN)/python -m tests.tables_page

bench: $(VENV)/installed ## Side by side with other programs (LINES=2000000); answers; following
	$(BIN)/python -m bench.compare $(LINES)
	$(BIN)/python -m bench.answers
	$(BIN)/python -m bench.follow

deb: ## Build a Debian package for this machine in build/deb (root, or its tools installed)
	packaging/debian/build build/deb

release-check: $(VENV)/installed ## Say which version each place names, and what keeps it from a release
	@$(BIN)/python -m tests.release

clean: ## Remove what the targets made
	rm -rf $(VENV) demo.duckdb demo.duckdb.wal build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
