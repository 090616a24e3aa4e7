#!/usr/bin/env bash
# Brings Airflow's metadata up to date and sets the password of its user admin; runs once before Airflow's processes.
#
# Reads: AIRFLOW_ADMIN_PASSWORD. Writes: the file AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE names.
set -euo pipefail
umask 077

airflow db migrate
python -c '
import json, os, pathlib
file = pathlib.Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
file.write_text(json.dumps({"admin": os.environ["AIRFLOW_ADMIN_PASSWORD"]}))
'
