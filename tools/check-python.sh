#!/bin/sh
# Say what is missing before anything is made: sh tools/check-python.sh PYTHON
set -eu
python=$1
choose="make PYTHON=/path/to/python3.12 takes another one"

if ! command -v "$python" >/dev/null 2>&1; then
    echo "There is no '$python' here. Python 3.11 or later is needed; $choose." >&2
    exit 1
fi
if ! "$python" -c 'pass' >/dev/null 2>&1; then
    echo "'$python' is here but does not run. Python 3.11 or later is needed; $choose." >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "'$python' is $("$python" --version 2>&1). Python 3.11 or later is needed; $choose." >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    echo "'$python' has no venv module. Debian and Ubuntu keep it apart: apt-get install python3-venv; or $choose." >&2
    exit 1
fi
