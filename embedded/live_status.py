"""How the live shop is: its outbox, the relay, the consumer and the replication; each number is a query of a .sql file.

The queries are in embedded/status/, those on the shop's own database in its folder shop/. They read views, as the role
that may see no more.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extras import RealDictCursor

from embedded.settings import Settings
from migrations.plain import first_line, plain

FOLDER = Path(__file__).parent / "status"
TIMEOUT_SECONDS = 10
REPLICATION = "replication"

Row = dict[str, Any]


def health_of(settings: Settings, part: str) -> str:
    """Return "healthy", or what is the matter with the relay or with the consumer ("stream")."""
    try:
        if part == "relay":
            (state,) = from_shop(settings, "relay")
            return state["problem"] or "healthy"
        rows = shop_streams(settings)
    except psycopg2.Error as error:
        return f"unknown: {plain(first_line(error))}"
    if not rows or not all(row["is_seen"] for row in rows):
        return "sends no heartbeat"
    return next((f"{row['stream']}: {row['problem']}" for row in rows if row["problem"]), "healthy")


def rows(settings: Settings) -> list[Row]:
    """Return how far each way from the shop's own database to the warehouse is.

    Each row has source, target, part (who carries it), waiting and its unit, seconds_behind, rejected, last_at and
    problem; what does not apply or is not known is None.
    """
    (relay,) = from_shop(settings, "relay")
    (slot,) = from_shop(settings, "replication")
    (subscription,) = from_warehouse(settings, "replication")
    found = [
        {
            "source": "outbox",
            "target": "Kafka",
            "part": "relay",
            "waiting": relay["waiting"],
            "unit": "messages",
            "seconds_behind": relay["lag_seconds"],
            "rejected": relay["refused"],
            "last_at": relay["last_sent_at"],
            "problem": relay["problem"],
        }
    ]
    for stream in shop_streams(settings):
        found.append(
            {
                "source": stream["stream"],
                "target": "raw",
                "part": "stream",
                "waiting": (stream["documents_behind"] or 0) + stream["documents_waiting"],
                "unit": "messages",
                "seconds_behind": stream["lag_seconds"],
                "rejected": stream["documents_rejected"],
                "last_at": stream["landed_at"],
                "problem": stream["problem"],
            }
        )
    found.append(
        {
            "source": "transactions, deliveries, returns",
            "target": "raw",
            "part": REPLICATION,
            "waiting": slot["lag_bytes"],
            "unit": "bytes",
            "seconds_behind": subscription["lag_seconds"],
            "rejected": None,
            "last_at": subscription["heard_at"],
            "problem": subscription["problem"] or slot["problem"],
        }
    )
    return found


def shop_streams(settings: Settings) -> list[Row]:
    """Return how far the streams are that the consumer lands: the web shop's, no other channel's."""
    return [row for row in from_warehouse(settings, "streams") if row["stream"].startswith("shop.")]


def from_shop(settings: Settings, name: str) -> list[Row]:
    """Return the rows of a query on the shop's own database."""
    with _connection(settings.shop_dsn_of("shop_monitor")) as cursor:
        cursor.execute((FOLDER / "shop" / f"{name}.sql").read_text())
        return [dict(row) for row in cursor.fetchall()]


def from_warehouse(settings: Settings, name: str) -> list[Row]:
    """Return the rows of a query on the warehouse."""
    with _connection(settings.warehouse_dsn_of("monitor")) as cursor:
        cursor.execute((FOLDER / "postgres" / f"{name}.sql").read_text())
        return [dict(row) for row in cursor.fetchall()]


@contextlib.contextmanager
def _connection(dsn: str) -> Iterator[RealDictCursor]:
    options = f"-c statement_timeout={TIMEOUT_SECONDS}s"
    with (
        contextlib.closing(
            psycopg2.connect(dsn, connect_timeout=TIMEOUT_SECONDS, options=options, tcp_user_timeout=10_000)
        ) as connection,
        connection,
        connection.cursor(cursor_factory=RealDictCursor) as cursor,
    ):
        yield cursor
