#!/bin/sh
# Make the environment in .venv from the locked versions. Run by `make setup`.
set -eu
cd "$(dirname "$0")/.."

# Two set-ups at once would spoil each other; the second finds everything done.
if command -v flock >/dev/null; then
    exec 9<requirements/dev.lock
    flock 9
    if [ .venv/ready -nt requirements/dev.lock ] && [ .venv/ready -nt pyproject.toml ] \
        && [ .venv/ready -nt tools/setup.sh ]; then
        exit 0
    fi
fi

say() { printf 'setup: %s\n' "$*"; }

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

python=
for candidate in ${PYTHON:-} python3 python3.11 python3.12 python3.13 python3.14; do
    if fits "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    say "Python 3.11 or newer is needed; set PYTHON to one."
    exit 2
fi

# Debian keeps the part of Python that makes environments in a package of its own.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    sh tools/apt.sh "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
fi

say "environment in .venv with $("$python" --version)"
rm -f .venv/ready
"$python" -m venv --clear .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --require-hashes --requirement requirements/dev.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --no-deps --no-build-isolation --editable .
# As pip does with all else: whoever may not write here would compile at each start.
.venv/bin/python -m compileall -q src/keystead
touch .venv/ready
say "done"
