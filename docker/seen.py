"""Health check of a service that notes in a database when it was there last: ``python seen.py VARIABLE TABLE``.

VARIABLE holds the libpq URI of the database, TABLE has a column seen_at. The exit status is 0 where that is less than a
minute ago, else 1.
"""

import os
import sys
from contextlib import closing

import psycopg2

variable, table = sys.argv[1:]
try:
    with (
        closing(psycopg2.connect(os.environ[variable], connect_timeout=5)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SELECT now() - max(seen_at) < interval '1 minute' FROM {table}")
        ((is_seen,),) = cursor.fetchall()
except psycopg2.Error as error:
    sys.exit(f"The database does not tell: {error}")
sys.exit(None if is_seen else f"{table} was not written for a minute")
