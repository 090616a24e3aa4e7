#!/bin/bash
# Sets Superset up: its tables, roles, users, and the dashboards of assets/. Again: brings all of it to what the
# files say. Runs in Superset's own environment, with the variables of superset_config.py and set_up.py.
set -euo pipefail
folder="$(cd "$(dirname "$0")" && pwd)"
export SUPERSET_CONFIG_PATH="${SUPERSET_CONFIG_PATH:-$folder/superset_config.py}"
exec python "$folder/set_up.py" "$@"
