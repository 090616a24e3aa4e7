#!/usr/bin/env bash
# Starts Airflow's API server. The passwords of its users go from the environment into the file that Airflow reads them
# from, which the container has in memory.
#
# Reads: AIRFLOW_ADMIN_PASSWORD, AIRFLOW_STARTER_PASSWORD.
# Writes: the file that AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE names.
set -euo pipefail

(
    umask 077
    python -c '
import json, os, pathlib
file = pathlib.Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
users = ("admin", "starter")
file.write_text(json.dumps({user: os.environ[f"AIRFLOW_{user.upper()}_PASSWORD"] for user in users}))
'
)
unset AIRFLOW_ADMIN_PASSWORD AIRFLOW_STARTER_PASSWORD
exec airflow api-server
