# Two commands for a newcomer:  make demo  and  make test.  Python 3.11 or newer and make are all they need.
PYTHON ?= python3
VENV ?= .venv

ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo help test test-peers test-web test-docs check format bench docs clean

demo: $(VENV)/ready  ## train the digit classifier on MNIST and show what it learnt
	@$(BIN)/glassnet train mnist
	@echo "glassnet is $(BIN)/glassnet here; . $(BIN)/activate makes it a command of this shell"

help:  ## what can be made
	@$(PYTHON) -c "import re; [print(f'make {name:<11}{says}') for name, says in re.findall('^([a-z-]+):.*?## (.+)', open('Makefile').read(), re.M)]"

test: $(VENV)/ready-test  ## every test that needs no other framework
	$(BIN)/python -m pytest -m "not peers" --ignore=tests/peers

test-peers: $(VENV)/ready-peers  ## live comparisons with PyTorch, scikit-learn and others
	$(BIN)/python -m pytest -m peers tests/peers

test-web: $(VENV)/ready web/node_modules/.package-lock.json  ## the page: types, units, and journeys through it in Chromium
	cd web && npm run --silent check && npm run --silent test && npm run --silent build
	cd web && GLASSNET="$(abspath $(BIN))/glassnet" npm run --silent journeys

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund

check: $(VENV)/ready-check  ## style, types, arrows between rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(VENV)/ready-check  ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/ready-bench  ## the table of speed ratios against the peers (about 15 minutes)
	$(BIN)/python -m benchmarks.run --json benchmarks/results.json
	$(BIN)/python -m benchmarks.report benchmarks/results.json benchmarks/README.md
	$(BIN)/python tools/readme_table.py
	$(BIN)/python -m benchmarks.lines benchmarks/README.md --threads 1,2

docs: $(VENV)/ready-docs  ## the documentation as a site, lessons run: docs/_build/html/index.html
	$(BIN)/python -m sphinx -W --keep-going -q docs docs/_build/html

test-docs: $(VENV)/ready-docs  ## the site without a warning and without a network, lessons at their small sizes
	$(BIN)/python -m sphinx -W --keep-going -q -E -t quick docs docs/_build/quick

clean:  ## without what the targets have installed
	@$(PYTHON) -c "import shutil; shutil.rmtree('$(VENV)', ignore_errors=True)"

$(VENV)/made:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'glassnet needs Python 3.11 or newer, this is ' + sys.version.split()[0] + '. Try make PYTHON=python3.12')"
	@$(PYTHON) -m venv $(VENV)
	@$(PYTHON) -c "open('$@', 'w')"

$(VENV)/ready: $(VENV)/made pyproject.toml
	@$(PIP) -e .
	@$(PYTHON) -c "open('$@', 'w')"

$(VENV)/ready-%: $(VENV)/ready
	@$(PIP) -e ".[$*]"
	@$(PYTHON) -c "open('$@', 'w')"

$(VENV)/ready-peers: $(VENV)/ready
	@$(PIP) -e ".[test,peers]"
	@$(PYTHON) -c "open('$@', 'w')"

$(VENV)/ready-bench: $(VENV)/ready
	@$(PIP) -e ".[test,peers,bench]"
	@$(PYTHON) -c "open('$@', 'w')"
