#!/bin/sh
# Install what the tests need beside the Python environment: a D-Bus daemon for push buttons, a
# browser for the admin page and for pages that talk Tani frames, TypeScript for the declarations
# of the API, and axe-core, which finds what keeps people out of a page.
set -eu
cd "$(dirname "$0")/.."
command -v dbus-daemon >/dev/null || sh tools/apt.sh dbus-daemon
command -v chromedriver >/dev/null || sh tools/apt.sh chromium chromium-driver \
    || printf 'No chromium and chromium-driver here: the tests in a browser will be skipped.\n'
typescript() {
    cd tests/typescript
    [ node_modules/.package-lock.json -nt package-lock.json ] && return
    command -v npm >/dev/null || sh ../../tools/apt.sh nodejs npm || return
    npm ci --silent --no-audit --no-fund
}
(typescript) || printf 'No TypeScript here: the tests of the declarations and of the admin page will be skipped.\n'
