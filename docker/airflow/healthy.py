"""Health check of one part of Airflow, as its API server knows it: ``python healthy.py PART``.

PART is metadatabase, scheduler, dag_processor or triggerer; there is one of each. The exit status is 0 where it is
healthy, else 1, with what is known of it.
"""

import http.client
import json
import os
import sys
from urllib.parse import urlsplit

api = urlsplit(os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"])
try:
    connection = http.client.HTTPConnection(api.hostname, api.port, timeout=5)
    connection.request("GET", "/api/v2/monitor/health")
    part = json.load(connection.getresponse())[sys.argv[1]]
except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
    sys.exit(f"The API server does not tell: {error!r}")
sys.exit(None if part["status"] == "healthy" else json.dumps(part))
