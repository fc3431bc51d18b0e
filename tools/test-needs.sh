#!/bin/sh
# Install what the tests need beside the Python environment: a D-Bus daemon for push buttons, and
# a browser for pages that talk Tani frames.
set -eu
cd "$(dirname "$0")/.."
command -v dbus-daemon >/dev/null || sh tools/apt.sh dbus-daemon
command -v chromedriver >/dev/null || sh tools/apt.sh chromium chromium-driver \
    || printf 'No chromium and chromium-driver here: the tests in a browser will be skipped.\n'
