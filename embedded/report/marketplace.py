"""The report at the end of ``make marketplace``: what MongoDB has and what became of it, side by side."""

import contextlib
from collections import Counter
from decimal import Decimal
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from embedded import reach
from embedded.report.live import FOLDER, table, warehouse
from embedded.settings import MongoAddress, Settings
from generator.marketplace import STATE, Sink, manifest
from sources.marketplace.extract import COLLECTIONS, stream_of

Row = dict[str, Any]


def render(settings: Settings) -> tuple[str, bool]:
    """Return the report as plain text, and whether all that it compares is the same.

    Raises:
        psycopg2.Error, PyMongoError: the warehouse or the marketplace does not answer.
    """
    with warehouse(settings) as from_postgres:
        landed = {row["stream"]: row for row in from_postgres("marketplace_documents")}
        rejected = from_postgres("marketplace_rejected")
        # What cannot be read now is in no row, or in that of an earlier state.
        unreadable = {name: {row["key"] for row in rejected if _is_now(row, name)} for name in COLLECTIONS}
        lacking = {name: sum(_is_now(row, name) and not row["is_in_raw"] for row in rejected) for name in COLLECTIONS}
        statuses = Counter(
            row["status"] for row in from_postgres("marketplace_orders") if row["key"] not in unreadable["orders"]
        )
        (mart,) = from_postgres("marketplace_sales")
        (lines,) = from_postgres("marketplace_lines")
    with _marketplace(settings) as database:
        documents = {name: database[name].count_documents({}) for name in COLLECTIONS}
        orders = database["orders"].find({}, {"status": 1})
        there = Counter(order["status"] for order in orders if str(order["_id"]) not in unreadable["orders"])
        written = lines_written(database)
    with contextlib.closing(reach.clickhouse_client(settings)) as client:
        answer = client.query((FOLDER / "clickhouse" / "marketplace_sales.sql").read_text())
        seen = dict(zip(answer.column_names, answer.result_rows[0], strict=True))
    by_collection = [
        {
            "collection": name,
            "documents in MongoDB": documents[name],
            "states landed": landed[stream_of(name)]["landed"],
            "applied": landed[stream_of(name)]["applied"],
            "rejected": landed[stream_of(name)]["rejected"],
            "rows in raw": landed[stream_of(name)]["in_raw"],
        }
        for name in COLLECTIONS
    ]
    by_status = [
        {"status": status, "orders in MongoDB": there[status], "orders in raw": statuses[status]}
        for status in sorted(there.keys() | statuses.keys())
    ]
    sections = [
        ("Documents", table(by_collection)),
        ("Orders by status", table(by_status)),
        *(
            [("Lines of orders", table([{"where": "the generator's", **written}, {"where": "raw", **lines}]))]
            if written
            else []
        ),
        ("The marketplace's lines", table([{"where": "cdm.sales_mart", **mart}, {"where": "tshop.sales", **seen}])),
    ]
    if rejected:
        shown = [{"document": f"{row['stream']} {row['key']}", "reason": row["reason"]} for row in rejected[:5]]
        sections.append(("Rejected documents (the last five)", table(shown)))
    differences = [
        f"{name}: MongoDB has {documents[name]} documents, {lacking[name]} of them rejected, and raw {rows}"
        for name in COLLECTIONS
        if documents[name] - lacking[name] != (rows := landed[stream_of(name)]["in_raw"])
    ]
    if there != statuses:
        differences.append("orders by status differ")
    if written and {name: Decimal(value) for name, value in written.items()} != {
        name: Decimal(value) for name, value in lines.items()
    }:
        differences.append("raw does not have the lines that the generator wrote")
    if {name: str(value) for name, value in mart.items()} != {name: str(value) for name, value in seen.items()}:
        differences.append("ClickHouse does not have what the sales mart has")
    verdict = (
        f"Differences: {'; '.join(differences)}."
        if differences
        else f"The same are: documents{', lines' if written else ''} and orders by status in MongoDB and in raw; the "
        "lines of the sales mart and of ClickHouse."
    )
    text = "\n".join(f"\n{title}\n{'-' * len(title)}\n{text}" for title, text in sections) + f"\n\n{verdict}\n"
    return text, not differences


def _is_now(row: Row, collection: str) -> bool:
    """Tell whether a rejected document of a collection is what the document is now."""
    return row["is_current"] and row["stream"] == stream_of(collection)


def last_day(settings: Settings) -> str | None:
    """Return the last day that the generator has written, None where it has written none."""
    with _marketplace(settings) as database:
        return (database[STATE].find_one({"_id": STATE}) or {}).get("last")


def lines_written(database: Database) -> Row:
    """Return how many lines of orders the generator has written, their quantity and amount; {} where it has not."""
    if not (database[STATE].find_one({"_id": STATE}) or {}).get("last"):
        return {}
    sink = Sink(database)
    made = manifest(sink.market, sink.last)
    return {name: made[name] for name in ("lines", "quantity", "amount")}


@contextlib.contextmanager
def _marketplace(settings: Settings) -> Any:
    """Give the marketplace's database."""
    with MongoClient(settings.marketplace_url, serverSelectionTimeoutMS=10_000) as client:
        yield Database(client, MongoAddress.parse(settings.marketplace_url).database)
