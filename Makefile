# `make run` and `make test` are all a newcomer needs; the rest is for those who change the code.

PYTHON ?= python3
BIN := .venv/bin
# One stamp a requirements file: make reinstalls exactly when the list changed.
RUNTIME := .venv/.installed
TOOLS := .venv/.tools
ARGS ?=
# Without `install`, `reruns` and `trackers`, which install packages.
BENCHMARKS := sdk_log shims ingest chart overlay live runs_list query compare first_index idle memory serve pages artifacts \
	samples samples_served differences export beside_import remote sync alerts analysis cluster cli
# Tests of one file stay together: they share a viewer. Most of those with processes wait now and then: one worker more
# than a small machine has cores. The order is that of tests/conftest.py.
PYTEST := $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder -m "not torture"
LIBRARIES := .venv/.libraries
# Tests start hundreds of processes, and without bytecode each would compile the whole program.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-rest test-all torture check hooks format messages docs bench clean
.DEFAULT_GOAL := run

run: $(RUNTIME)  ## set up what is missing and serve http://127.0.0.1:23300
	@$(BIN)/python -m runicorn viewer $(ARGS)

test: $(TOOLS)  ## set up what is missing and run the quick tests: those of tests/tiers.py
	@$(PYTEST) -n 3 --tier quick $(ARGS)

test-rest: $(TOOLS)  ## the tests that `make test` leaves out
	@$(PYTEST) -n 3 --tier rest $(ARGS)

test-all: $(TOOLS)  ## all tests but the long form
	@$(PYTEST) -n 3 $(ARGS)

test-%: $(TOOLS)  ## all tests of one folder but the long form: test-sdk, test-tools, test-importers, test-server, test-pages
	@$(PYTEST) -n 3 tests/$* $(ARGS)

torture: $(LIBRARIES)  ## the long form: kills, faults and fuzzing by the thousand, the whole browser, every callback with its library
	@RUNICORN_TEST_BROWSER=$${RUNICORN_TEST_BROWSER:-chromium} $(BIN)/python -m pytest -n 2 --dist worksteal -m "torture or hypothesis or simulation" \
		--hypothesis-profile torture --timeout 1800 --durations 20 --durations-min 10 $(ARGS)

check: $(TOOLS)  ## format, lint, types, Django's checks, missing migrations, quick tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/shellcheck $$(git ls-files '*.sh')
	$(BIN)/mypy
	$(BIN)/python manage.py check --fail-level WARNING
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m tests.architecture.code_size
	$(MAKE) test

hooks: $(TOOLS)  ## check ruff, templates and shell scripts before each commit
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pre-commit
	$(BIN)/pre-commit install

format: $(TOOLS)
	$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

messages: $(TOOLS)  ## extract the texts of the pages, update and compile the translations (needs gettext)
	$(BIN)/python -m runicorn_site.management.translations

docs: .venv/.docs  ## build the documentation site into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "site/index.html"

bench: $(TOOLS)  ## every benchmark, one after the other, each printed with its limit
	@missed=; for name in $(BENCHMARKS); do echo "== $$name"; $(BIN)/python -m benchmarks.$$name || missed="$$missed $$name"; done; \
		if [ -n "$$missed" ]; then echo "Limits missed:$$missed"; exit 1; fi

clean:
	rm -rf .venv site dist build *.egg-info .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	@echo "Setting up .venv (once)…"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Runicorn needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	@$(PYTHON) -m venv .venv

# The checkout itself too, in place: scripts anywhere import it, and the command `runicorn` is there. What is replaced is
# uninstalled before, because `runicorn-django` owned that command once, and `runicorn` was its name before.
$(RUNTIME): .venv/bin/python requirements.txt pyproject.toml hatch_build.py sdk/pyproject.toml sdk/hatch_build.py
	@$(BIN)/python -m pip uninstall --quiet --yes runicorn runicorn-django 2>/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -e ./sdk -e .
	@touch $@

$(TOOLS): $(RUNTIME) requirements-dev.txt tests/axe.py
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@$(BIN)/python -m tests.axe || echo "axe-core could not be fetched: its tests are skipped"
	@touch $@

.venv/.docs: $(RUNTIME) requirements-docs.txt docs/site/scripts.py
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	@$(BIN)/python docs/site/scripts.py || echo "Scripts of the site could not be fetched: diagrams are shown as text"
	@touch $@

$(LIBRARIES): $(TOOLS) requirements-integrations.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-integrations.txt
	@touch $@
