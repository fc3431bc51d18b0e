#!/bin/sh
# Install what the tests need beside the Python environment: a D-Bus daemon for push buttons.
set -eu
cd "$(dirname "$0")/.."
command -v dbus-daemon >/dev/null || sh tools/apt.sh dbus-daemon
