#!/bin/sh
# Renew the locked versions in requirements/. Needs `uv` on the PATH.
set -eu
cd "$(dirname "$0")/.."
lock() {
    uv pip compile --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header --no-annotate --upgrade --quiet "$@"
}
lock pyproject.toml --output-file requirements/run.lock
lock pyproject.toml --group dev --output-file requirements/dev.lock
lock --group bench --output-file requirements/bench.lock  # beside what is in dev.lock
