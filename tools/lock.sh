#!/bin/sh
# Renew the locked versions in requirements/. Needs `uv` on the PATH.
set -eu
cd "$(dirname "$0")/.."
lock() {
    uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header --no-annotate --upgrade --quiet "$@"
}
lock --output-file requirements/run.lock
lock --group dev --output-file requirements/dev.lock
