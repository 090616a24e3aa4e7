#!/usr/bin/env bash
# Writes the days GENERATE_FROM to GENERATE_TO of the synthetic shop into the raw layer, where GENERATE is "True".
#
# Everything comes by the environment: the run's parameters, which may be any text, and WAREHOUSE_DSN with its password.
# Exit status: 99 where there is nothing to generate, which Airflow shows as "skipped"; else the generator's: 2 for
# parameters that cannot be.
set -euo pipefail

if [ "$GENERATE" != True ]; then
    echo "This run generates nothing: it loads what the sources have written."
    exit 99
fi
if [ -z "$GENERATE_FROM" ]; then
    echo "The parameter generate is on and date_from is empty: give a day as YYYY-MM-DD." >&2
    exit 2
fi

exec "$GENERATE_PYTHON" -m generator --from="$GENERATE_FROM" --to="${GENERATE_TO:-$GENERATE_FROM}" \
    --clients="$GENERATE_CLIENTS" --products="$GENERATE_PRODUCTS" --opened="$GENERATE_OPENED" \
    --seed="$GENERATE_SEED" --locale="$GENERATE_LOCALE"
