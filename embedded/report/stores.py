"""The report at the end of ``make stores``: the manifest's control totals against every layer.

Every number in it is the result of a query in a .sql file beside this module, or the generator's manifest.
"""

import contextlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg2
from clickhouse_connect.driver.exceptions import ClickHouseError

from embedded import reach
from embedded.errors import StackError
from embedded.report.live import FOLDER, Row, table, warehouse
from embedded.settings import Settings
from migrations.plain import first_line
from sources.stores.inbox import STREAMS

COUNTS = ("lines", "exact_duplicates", "near_duplicates", "refused", "landed", "quantity", "amount")
TOTALS = ("sales", "quantity", "amount")
EQUAL, DIFFERENT = "equal", "DIFFERENT"


@dataclass(frozen=True)
class Found:
    """What the layers hold of the stores, a list of rows each: see the .sql files."""

    files: list[Row]
    refused: list[Row]
    raw: list[Row]
    mart: list[Row]
    clickhouse: list[Row]


def look(settings: Settings) -> Found:
    """Ask the warehouse and ClickHouse.

    Raises:
        StackError: one does not answer.
    """
    try:
        with warehouse(settings) as query:
            found = [query(f"stores_{name}") for name in ("files", "refused", "raw", "mart")]
        with contextlib.closing(reach.clickhouse_client(settings)) as client:
            answer = client.query((FOLDER / "clickhouse" / "stores_mart.sql").read_text())
    except psycopg2.Error as error:
        raise StackError(f"The report cannot be made ({first_line(error)}).") from None
    except ClickHouseError as error:
        reason = reach.clickhouse_sentence(settings, error) or first_line(error)
        raise StackError(f"The report cannot be made: {reason}") from None
    rows = [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]
    return Found(*found, rows)


def render(manifest: dict[str, Any], found: Found) -> tuple[str, bool]:
    """Return the report as plain text, and whether all totals are the manifest's."""
    files, files_equal = _files(manifest, found)
    totals, totals_equal = _totals(manifest, found)
    missing = sorted({(file["week"], file["region"]) for file in manifest["files"] if file["is_missing"]})
    told = ", ".join(f"{region} {week}" for week, region in missing) or "none"
    imported = max((row["imported"] for row in found.clickhouse), default="never")
    sections = [
        ("Lines of the files against the manifest", files),
        ("Refused lines by reason", table(found.refused)),
        ("Missing weeks of regions", told),
        ("Sales of the stores, layer by layer", f"{totals}\nImported into ClickHouse last: {imported}, Moscow time."),
    ]
    text = "\n".join(f"\n{title}\n{'-' * len(title)}\n{text}" for title, text in sections)
    return f"{text}\n", files_equal and totals_equal


def _files(manifest: dict[str, Any], found: Found) -> tuple[str, bool]:
    """Compare what became of the lines of each region's files with the manifest."""
    known = {(row["region"], row["stream"]): row for row in found.files}
    rows = []
    for name, stream in STREAMS.items():
        for region, totals in manifest["regions"].items():
            planned = {count: _number(totals.get(name, {}).get(count)) for count in COUNTS}
            ours = {count: _number(known.get((region, stream), {}).get(count)) for count in COUNTS}
            verdict = EQUAL if ours == planned else DIFFERENT
            rows.append({"region": region, "file": name, **ours, "manifest": verdict})
    return table(rows), all(row["manifest"] == EQUAL for row in rows)


def _totals(manifest: dict[str, Any], found: Found) -> tuple[str, bool]:
    """Compare the sales and clients of each region in each layer with the manifest."""
    rows, are_equal = [], True
    for region, totals in manifest["regions"].items():
        sales, clients = totals["sales.csv"], totals.get("clients.csv", {})
        planned = {
            **dict(zip(TOTALS, (sales["landed"], sales["quantity"], Decimal(sales["amount"])), strict=True)),
            "clients": clients.get("landed"),
        }
        rows.append({"region": region, "where": "manifest", **planned, "verdict": ""})
        for where, layer in (
            ("raw", found.raw),
            ("cdm.region_sales", found.mart),
            ("tshop.region_sales", found.clickhouse),
        ):
            row = next((row for row in layer if row["region"] == region), {})
            ours = {name: _number(row.get(name)) for name in TOTALS}
            is_equal = all(ours[name] == planned[name] for name in TOTALS)
            if where == "raw":
                ours["clients"] = row.get("clients")
                is_equal = is_equal and ours["clients"] == planned["clients"]
            are_equal = are_equal and is_equal
            verdict = EQUAL if is_equal else DIFFERENT
            rows.append({"region": "", "where": where, "clients": None, **ours, "verdict": verdict})
    return table([{name: row[name] for name in rows[0]} for row in rows]), are_equal


def _number(value: Any) -> Any:
    return Decimal(value) if isinstance(value, str) else value
