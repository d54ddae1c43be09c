PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
RUNNABLE := $(VENV)/.runnable

.PHONY: demo test lint types layers tests docs screenshots bench clean

# Two stamps: `make demo` does not install the test tools.
$(RUNNABLE): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(INSTALLED): $(RUNNABLE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: $(RUNNABLE)
	$(BIN)/ecrtui --demo

# The tests leave a core idle now and then; the checks of the code use it.
test: $(INSTALLED)
	$(MAKE) -j 2 tests lint types layers

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

layers: $(INSTALLED)
	$(BIN)/lint-imports --no-cache

tests: $(INSTALLED)
	$(BIN)/python -m pytest -n auto

docs: $(INSTALLED)
	$(BIN)/python docs/generate.py

screenshots: $(INSTALLED)
	$(BIN)/python screenshots/generate.py

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .hypothesis
