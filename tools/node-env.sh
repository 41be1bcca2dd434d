#!/bin/sh
# Makes sure there is a Node recent enough for the browser client's build: the system's, else the Python package's.
# usage: node-env.sh VENV_BIN NODE_PACKAGE
set -eu
bin=$1
package=$2
recent() {
    "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}
mkdir -p .stamps
if command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 && recent node; then
    echo ":" > .stamps/node-path
    exit 0
fi
echo "No recent Node on this machine: installing it from a Python package ..."
"$bin/python" -m pip install --quiet --disable-pip-version-check "$package"
echo "PATH=$(pwd)/$bin:\$PATH; export PATH" > .stamps/node-path
