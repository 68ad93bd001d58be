#!/bin/bash
# Install the Debian packages that the tests and pictures need, those that are missing; needs root for that.
set -euo pipefail

# package and the command that shows it is there, or where that lies outside the PATH
needed=("chromium chromium" "postgresql /usr/lib/postgresql/*/bin/initdb")

missing=()
for entry in "${needed[@]}"; do
    read -r package command <<<"$entry"
    command -v "$command" >/dev/null || compgen -G "/$command" >/dev/null || missing+=("$package")
done
if ((${#missing[@]})); then
    export DEBIAN_FRONTEND=noninteractive
    install() {
        apt-get update -qq &&
            apt-get install -y -qq --no-install-recommends -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300 "${missing[@]}"
    }
    # A mirror that is away for a moment, or in the midst of an update, is asked again.
    for pause_s in 10 60; do
        if install; then exit; fi
        echo "${missing[*]}: not installed; trying again in $pause_s s" >&2
        sleep "$pause_s"
    done
    install
fi
