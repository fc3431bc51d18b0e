#!/bin/sh
# Install Debian packages, as root or through sudo, or say which ones are missing.
set -eu
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    printf 'Please install these packages first: %s\n' "$*"
    exit 2
fi
printf 'installing: %s\n' "$*"
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qq -y --no-install-recommends "$@" >/dev/null
