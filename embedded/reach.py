"""Why a server cannot be reached, in one sentence that says what to do."""

import logging
import re
from typing import Any

import clickhouse_connect
import psycopg2
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from embedded.settings import WAREHOUSE_VARIABLES, ClickHouseAddress, Settings
from embedded.stack import Stack
from migrations.plain import first_line

# What the drivers say of a server that does not answer is said here.
for name in ("clickhouse_connect", "urllib3"):
    logging.getLogger(name).addHandler(logging.NullHandler())

STOPPED = "The embedded stack is not running: start it by 'make run', or name a warehouse by WAREHOUSE_DSN."


def stopped(settings: Settings) -> str:
    """Return that the stack is not running where the settings need it, else ""."""
    needs_stack = not settings.external_warehouse or not settings.external_clickhouse
    return STOPPED if needs_stack and not Stack(settings).runs() else ""


def clickhouse_client(settings: Settings, /, **options: Any) -> Client:
    """Return a new client of ClickHouse, with further options of clickhouse-connect."""
    address = ClickHouseAddress.parse(settings.clickhouse_url)
    return clickhouse_connect.get_client(
        host=address.host,
        port=address.port,
        username=address.user,
        password=address.password,
        secure=address.secure,
        **options,
    )


def postgres_sentence(settings: Settings, error: psycopg2.Error, role: str = "owner") -> str:
    """Return why the warehouse cannot be reached as one of WAREHOUSE_ROLES."""
    variable = WAREHOUSE_VARIABLES[role] if role in settings.external_roles else "WAREHOUSE_DSN"
    named = f"named by {variable}" if settings.external_warehouse else "in the embedded PostgreSQL"
    # The lines after the first one are libpq's advice.
    reason = first_line(error)
    if settings.external_warehouse:
        if host := re.search(r'could not translate host name "(.*)" to address', reason):
            return f"{variable} names the host '{host[1]}', which is not known: correct it."
        if user := re.search(r'password authentication failed for user "(.*)"', reason):
            return f"The warehouse {named} does not accept the password of '{user[1]}': correct it in {variable}."
        if "no password supplied" in reason:
            return f"The warehouse {named} wants a password: write it into {variable}."
        if thing := re.search(r'(database|role) "(.*)" does not exist', reason):
            return f"The warehouse {named} has no {thing[1]} '{thing[2]}': correct {variable}, or make it there."
    return f"The warehouse {named} cannot be reached ({reason}): start it, or correct its address."


def clickhouse_sentence(settings: Settings, error: ClickHouseError | OSError) -> str:
    """Return why ClickHouse cannot be reached, "" where it can be and the error is another."""
    address = ClickHouseAddress.parse(settings.clickhouse_url)
    text = str(error)
    if "NameResolutionError" in text:
        return f"CLICKHOUSE_URL names the host '{address.host}', which is not known: correct it."
    if re.search("AUTHENTICATION_FAILED|REQUIRED_PASSWORD", text):
        cure = "correct it in CLICKHOUSE_URL" if settings.external_clickhouse else "see 'make logs'"
        return f"ClickHouse does not accept the password of '{address.user}': {cure}."
    if "HTTPConnectionPool" in text or "HTTPSConnectionPool" in text or isinstance(error, OSError):
        if settings.external_clickhouse:
            cure = "start it, or correct CLICKHOUSE_URL"
        else:
            cure = "see 'make logs', then 'make run'"
        return f"ClickHouse does not answer at {address.host}:{address.port}: {cure}."
    return ""
