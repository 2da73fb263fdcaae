# A bare `make` lists what there is.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -q
export PYTHONDONTWRITEBYTECODE :=  # a machine may forbid it: every process would then compile the same modules again

help:  ## list these
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,dev]'
	@touch $@

setup: .venv/.ready  ## make .venv with everything pinned in constraints.txt

demo: .venv/.ready  ## the whole of it on this machine: simulated Slack and carriers, the real bot
	$(BIN)/threadline demo

test: .venv/.ready  ## the tests, against real HTTP, WebSocket and SQLite on loopback
	$(PYTEST) -n 6 --dist loadfile

proof: .venv/.ready  ## what takes minutes: the short storm, the benchmarks' parts, the page in a browser, the demo
	$(PYTEST) -n 4 --dist loadgroup tests/proof
	$(MAKE) example
	$(BIN)/threadline demo --check

EXAMPLE := examples/provider-twilio
example: .venv/.ready  ## build the example of a provider in another package and run the contract suite for it; offline
	rm -rf build/example && mkdir -p build/example && cp -R $(EXAMPLE) build/example/source
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-build-isolation --no-deps \
		--target build/example/installed build/example/source
	PYTHONPATH=build/example/installed THREADLINE_CONTRACT=$(EXAMPLE)/tests/fixtures \
		$(BIN)/python -m pytest -q tests/contract $(EXAMPLE)/tests -k twilio

storm: .venv/.ready  ## the long storm: faults on both sides, kills at every point; one JSON line at the end
	$(BIN)/python -m tests.proof.storm

bench: .venv/.ready  ## measure the path of a text: a JSON document, a table, pictures; less than eight minutes
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.report

docs: .venv/.ready  ## write the generated pages of docs/ anew
	$(BIN)/python docs/generate.py

pictures: .venv/.ready  ## the screenshots in docs/pictures/, with Debian's chromium
	$(BIN)/python -m sandbox.page.pictures

lint: .venv/.ready  ## ruff, mypy strict, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy docs/generate.py docs/making
	$(BIN)/lint-imports

format: .venv/.ready  ## let ruff lay the code out
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

constraints: .venv/.ready  ## pin anew what pyproject.toml asks for
	$(BIN)/pip-compile --quiet --all-extras --strip-extras --allow-unsafe --no-header --no-emit-index-url \
		--no-emit-trusted-host --no-emit-find-links --no-annotate --upgrade --output-file constraints.txt pyproject.toml

clean:  ## remove .venv and what the tools leave behind
	rm -rf .venv build dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache

.PHONY: help setup demo test proof example storm bench docs pictures lint format constraints clean
