# Two commands are all a newcomer needs: `make serve` and `make test`.
# `make check` is the gate, `make fix` repairs what can repair itself.

BIN := .venv/bin
DATA ?= data

.PHONY: setup serve test check fix lint types contracts floors fresh docs bench attack soak clean

setup: .venv/ready

.venv/ready: requirements/dev.lock pyproject.toml tools/setup.sh
	sh tools/setup.sh

serve: setup
	$(BIN)/keystead serve --data $(DATA)

test: setup
	sh tools/test-needs.sh
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine -q

check: export HYPOTHESIS_PROFILE = gate
check: setup lint types contracts fresh test floors

fix: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m tools.fresh
	$(BIN)/keystead reference build --lang en --out docs/reference/json-rpc
	$(BIN)/keystead reference build --lang fr --out docs/reference/json-rpc-fr

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/vulture

types: setup
	$(BIN)/mypy

contracts: setup
	PYTHONPATH=src $(BIN)/lint-imports

fresh: setup
	$(BIN)/python -m tools.fresh --check
	$(BIN)/keystead reference build --check --lang en --out docs/reference/json-rpc
	$(BIN)/keystead reference build --check --lang fr --out docs/reference/json-rpc-fr

floors: setup
	$(BIN)/coverage report --fail-under=95
	$(BIN)/coverage report --fail-under=100 --include='*/domain/*,*/rpc/*,*/nymea/*,*/tani/*,*/control/*,*/keystead/reference/*,*/keystead/audit/*'

docs: setup
	NO_MKDOCS_2_WARNING=1 DISABLE_MKDOCS_2_WARNING=true $(BIN)/mkdocs build --strict

bench: setup .venv/ready-to-bench
	$(BIN)/python -m bench

.venv/ready-to-bench: requirements/bench.lock .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --require-hashes --requirement requirements/bench.lock
	touch $@

attack: setup
	$(BIN)/python -m tests.attack $(if $(REPORT),--report $(REPORT))

soak: setup
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest tests/unit tests/conformance

clean:
	rm -rf .venv .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/typescript/node_modules
