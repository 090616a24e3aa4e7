#!/usr/bin/env bash
# Installs a file of pinned requirements into a Python environment: bash requirements/install.sh UV ENVIRONMENT FILE TEXT
#
# Shows one line that begins with TEXT. What uv says is in ENVIRONMENT/install.log, and its end is shown where uv fails.
set -euo pipefail

uv=$1 environment=$2 file=$3 text=$4
log=$environment/install.log

# uv does not read what pip is set to: the package index that pip takes is handed over, where one is set and uv has none of its
# own. The versions and hashes are pinned, so a package may come from any of the indexes.
pip_setting() {
    for place in global install; do
        "$(dirname "$uv")/python" -m pip config get "$place.$1" 2>/dev/null && break
    done || true
}
index=${PIP_INDEX_URL:-$(pip_setting index-url)}
more=${PIP_EXTRA_INDEX_URL:-$(pip_setting extra-index-url)}
if [ -n "$index" ] && [ -z "${UV_INDEX_URL:-}" ]; then export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"; fi
if [ -n "$more" ] && [ -z "${UV_EXTRA_INDEX_URL:-}" ]; then
    export UV_INDEX="${UV_INDEX:-$more}" UV_INDEX_STRATEGY="${UV_INDEX_STRATEGY:-unsafe-best-match}"
fi

# A package that has no wheel is built, and so runs code of its own, with the tools that build.txt pins. These have none for Linux.
built=(odfpy psycopg2 pyspark pyspark-client wtforms-json)
VIRTUAL_ENV=$environment "$uv" pip install --no-deps --require-hashes --only-binary :all: "${built[@]/#/--no-binary=}" \
    --build-constraints "$(dirname "$0")/build.txt" -r "$file" >"$log" 2>&1 &
installing=$!
trap 'kill "$installing" 2>/dev/null || true' EXIT
if [ -t 1 ]; then
    while kill -0 "$installing" 2>/dev/null; do
        # For people: how long it takes, and what is done now.
        printf '\r%s ... %s s  %-50.50s' "$text" "$SECONDS" "$(tail -n 1 "$log")"
        sleep 1
    done
    printf '\r%s ... %-60s\r' "$text" ''
fi
printf '%s ... ' "$text"
if wait "$installing"; then
    printf '%s s\n' "$SECONDS"
else
    printf 'failed\n'
    printf 'The packages of %s were not installed. The end of %s:\n' "$file" "$log" >&2
    tail -n 20 "$log" >&2
    exit 1
fi
