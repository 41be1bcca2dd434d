#!/bin/sh
# The browsers and servers that the tests drive for real; Debian packages, installed when missing and root.
set -eu
missing=""
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need chromium chromium
command -v firefox >/dev/null 2>&1 || need firefox-esr firefox-esr
need redis-server redis-server
need turnserver coturn
fc-list 2>/dev/null | grep -qi "noto.*arab" || missing="$missing fonts-noto-core"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "The tests need these Debian packages:$missing. Install them (sudo apt-get install$missing) and try again."
    exit 1
fi
echo "Installing for the tests:$missing ..."
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends fontconfig $missing; } >/dev/null; then
    echo "The tests need these Debian packages, and apt-get could not install them (its reason is above):$missing"
    exit 1
fi
