# Everything that is done to this project has a name here; each does its own set-up in .venv.

# The first Python that is new enough; `false` where there is none, so that the message below shows.
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo lab test slow fuzz check docs pictures bench soak dist frontends mutation format clean

help: ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: .venv/.demo ## run the first tutorial without a browser and print what a user sees
	@$(BIN)/python notebooks/show.py 01_first_login.ipynb

lab: .venv/.lab ## open the first tutorial in JupyterLab
	$(BIN)/jupyter lab notebooks/01_first_login.ipynb

test: .venv/.dev ## run every test; browser tests need a Chromium
	$(BIN)/python -m pytest -n 2 --dist loadfile

slow: .venv/.dev ## the rest of the browser tests, in Notebook 7
	$(BIN)/python -m pytest -m slow

fuzz: .venv/.dev ## the tests that draw their examples, with new ones each time
	$(BIN)/python -m pytest -m hypothesis --hypothesis-profile=fuzz

check: .venv/.dev ## style, types and import layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/.docs ## build the manual, and run every block of it that can run
	$(BIN)/python -m sphinx -W --keep-going -q docs docs/_build/html
	@echo "The manual is in docs/_build/html/index.html"

dist: .venv/.dev ## build wheels and sdists, the sandbox's too, check them, and do with them what the README says
	rm -rf dist
	$(BIN)/python -m build --quiet --outdir dist sandbox
	$(BIN)/python -m build --quiet
	$(BIN)/python tests/packaging/check.py dist
	$(PYTHON) tests/packaging/newcomer.py dist

pictures: .venv/.dev ## draw the form, the warning and the status, to be looked at, and for docs/pictures
	$(BIN)/python -m pytest tests/browser/pictures.py

bench: .venv/.dev ## what it costs, as ratios of paired runs
	$(BIN)/python tests/benchmarks/run.py

soak: .venv/.dev ## a hundred logins renew themselves through a simulated day: threads, wakes, memory
	$(BIN)/python tests/benchmarks/soaking.py

frontends: .venv/.dev ## every other front end (ONLY=Voila: that one) in a venv of its own; writes docs/reference/front-ends.md
	$(BIN)/python tests/front_ends/run.py $(ONLY)

mutation: .venv/.dev ## change the core in many small ways, and see whether the quick suites notice
	$(BIN)/python tests/mutation/run.py

format: .venv/.dev ## let ruff fix what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean: ## remove the set-up and all caches
	rm -rf .venv .frontends build dist docs/_build docs/tutorials .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache mutants
	find etna_magic sandbox tests notebooks -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.%: pyproject.toml sandbox/pyproject.toml
	@test -n "$(PYTHON)" || { echo "etna_magic needs Python 3.11 or newer, and none was found on the PATH."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Setting up .venv ($*)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ./sandbox --editable '.[$*]'
	@touch $@
