"""The part "dashboard": what its queries cost on tshop.sales, beside the same on a plain MergeTree table.

A year of sales comes straight from the generator into ClickHouse, day by day as publishing brings it, since what
PostgreSQL holds besides is not asked: the first state of each line, with the first state of its client and product. The
queries are made of superset/assets/ as Superset makes them: a chart's columns, metrics, filters and order, over the
whole time that is there instead of the last weeks.
"""

import time
from contextlib import closing
from datetime import date
from pathlib import Path

import pyarrow as pa
import yaml
from clickhouse_connect.driver.client import Client
from tqdm import tqdm

from bench.days import ENDPOINT_LIMIT
from bench.measure import BenchError, Cost
from bench.plan import OPENED, Plan
from bench.results import Memory, Part, Row, say
from bench.warehouse import Warehouse, warehouse
from embedded.settings import ROOT
from generator import Shop, chunks

ASSETS = ROOT / "superset" / "assets"
SALES = "tshop.sales"
_PLAIN = "bench.sales"
_ENTITIES = ("client", "product", "sale")
_SOURCES = (
    "CREATE DATABASE IF NOT EXISTS bench",
    "CREATE OR REPLACE TABLE bench.client (client_id Int64, first_name String, last_name String,"
    " birth_date Nullable(Date32)) ENGINE = MergeTree ORDER BY client_id",
    "CREATE OR REPLACE TABLE bench.product (product_id Int64, name String, category LowCardinality(String),"
    " size LowCardinality(String), price Decimal(12, 2)) ENGINE = MergeTree ORDER BY product_id",
    "CREATE OR REPLACE TABLE bench.sale (sale_id Int64, order_id Int64, sold_at DateTime64(6, 'UTC'),"
    " client_id Nullable(Int64), product_id Int64, quantity Int32) ENGINE = MergeTree ORDER BY sale_id",
)
_PUBLISH = """
INSERT INTO tshop.sales_mart (
    sale_id, version_no, order_id, sold_at, sold_on, client_id, client_sk, client, client_age, product_id, product_sk,
    product, category, size, price, quantity, total_amount, valid_from, valid_to, is_current, run_id
)
WITH toDate32(toTimeZone(s.sold_at, 'Europe/Moscow')) AS day
SELECT
    s.sale_id, 1, s.order_id, s.sold_at, day, ifNull(s.client_id, 0), c.client_id,
    trimBoth(concat(c.first_name, ' ', c.last_name)),
    age('year', c.birth_date, day), s.product_id, s.product_id, p.name, p.category, p.size, p.price, s.quantity,
    p.price * s.quantity, s.sold_at, toDateTime64('2299-12-31', 6, 'UTC'), 1, {run_id}
FROM bench.sale AS s
LEFT JOIN (SELECT * FROM bench.client WHERE client_id IN (SELECT client_id FROM bench.sale)) AS c USING client_id
INNER JOIN bench.product AS p USING product_id
"""
_FILTERS = {
    ", two sizes": {"size_label": ["Letters · M", "Letters · L"]},
    ", two age groups": {"age_band": ["25-34", "35-44"]},
}


def run(plan: Plan, postgres_settings: dict[str, str] | None = None) -> Part:
    """Fill ClickHouse with the days of the plan and ask it the dashboard's queries.

    Args:
        plan: what is asked for.
        postgres_settings: settings above the embedded stack's; a test gives those of throw-away data.
    """
    part = Part("dashboard", plan)
    with warehouse(plan.home / "dashboard", clickhouse=True, postgres_settings=postgres_settings) as servers:
        servers.prepare_clickhouse()
        fill(plan, servers)
        part.rows = measure(plan, servers)
        part.memory["ClickHouse, the dashboard"] = Memory(servers.endpoint_peak(), ENDPOINT_LIMIT)
    return part


def fill(plan: Plan, servers: Warehouse) -> None:
    """Bring the good lines of the plan's days to tshop.sales_mart, a batch a day.

    Args:
        plan: the shop, and how many days.
        servers: with the database tshop, empty.
    """
    shop = Shop(opened=OPENED, clients=plan.clients, products=plan.products)
    with closing(servers.clickhouse()) as client:
        for statement in _SOURCES:
            client.command(statement)
        for number in tqdm(range(plan.days), unit="day", mininterval=10):
            for entity in _ENTITIES:
                names = client.query(f"SELECT * FROM bench.{entity} LIMIT 0").column_names
                for rows in chunks(shop, plan.date(number), [entity]):
                    first = rows.table.slice(0, rows.new).filter(pa.array(rows.rule[: rows.new] == 0))
                    if first.num_rows:
                        client.insert_arrow(f"bench.{entity}", first.select(names))
            client.command(_PUBLISH.format(run_id=number + 1))
            client.command("TRUNCATE TABLE bench.sale")
        for entity in _ENTITIES:
            client.command(f"DROP TABLE bench.{entity} SYNC")


def measure(plan: Plan, servers: Warehouse) -> list[Row]:
    """Return a row for each chart of the shop's sales, unfiltered and by each of the dashboard's filters.

    Args:
        plan: what is asked for.
        servers: with sales in ClickHouse.
    """
    rows = []
    with closing(servers.clickhouse()) as client:
        for statement in (
            "DROP DATABASE IF EXISTS bench",
            "CREATE DATABASE bench",
            f"CREATE TABLE {_PLAIN} ENGINE = MergeTree ORDER BY (sold_on, sale_id) AS SELECT * FROM {SALES}",
            f"OPTIMIZE TABLE {_PLAIN} FINAL",
        ):
            client.command(statement)
        first, end, lines, category = client.query(
            f"SELECT min(sold_on), max(sold_on) + 1, count(), topK(1)(category)[1] FROM {SALES}"
        ).result_rows[0]
        filters = {"": {}, ", one category": {"category_name": [category]}, **_FILTERS}
        for named, chosen in filters.items():
            for chart, query in queries(first, end, chosen).items():
                sides = [(query, []), (query.replace(f"FROM {SALES} ", f"FROM {_PLAIN} "), [])]
                answers = [_rounded(client.query(text).result_rows) for text, _costs in sides]
                if answers[0] != answers[1]:
                    raise BenchError(f"The chart '{chart}{named}' says something else of {_PLAIN} than of {SALES}.")
                for number in range(plan.runs):
                    for text, costs in sides if number % 2 == 0 else reversed(sides):
                        costs.append(_ask(client, text))
                (_, ours), (_, other) = sides
                what = f"chart {chart}{named}"
                target = {"at_most": 1.3, "at_most_seconds": 1} if plan.is_year else {}
                rows.append(Row(what, "a plain copy", lines, ours, other, **target))
        client.command("DROP DATABASE bench")
    say(f"  asked the dashboard's {len(rows)} queries of {lines:,} lines")
    return rows


def queries(first: date, end: date, chosen: dict[str, list[str]], assets: Path = ASSETS) -> dict[str, str]:
    """Return the query of each chart of the shop's sales from a day on and before another.

    Args:
        first, end: the days.
        chosen: what the dashboard's filters let through, by the dataset's column.
        assets: folder of the charts and datasets.
    """
    datasets = {}
    for file in sorted(assets.glob("datasets/ClickHouse/*.yaml")):
        dataset = yaml.safe_load(file.read_text())
        if f"{dataset['schema']}.{dataset['table_name']}" == SALES:
            datasets[dataset["uuid"]] = dataset
    found = {}
    for file in sorted(assets.glob("charts/*.yaml")):
        chart = yaml.safe_load(file.read_text())
        if dataset := datasets.get(chart["dataset_uuid"]):
            (query,) = chart["query_context"]["queries"]
            more = [{"col": column, "op": "IN", "val": values} for column, values in chosen.items()]
            found[chart["slice_name"]] = _sql(dataset, {**query, "filters": query["filters"] + more}, first, end)
    return found


def _sql(dataset: dict, query: dict, first: date, end: date) -> str:
    columns = {column["column_name"]: column["expression"] or column["column_name"] for column in dataset["columns"]}
    times = {column["column_name"] for column in dataset["columns"] if column["is_dttm"]}
    metrics = {metric["metric_name"]: metric["expression"] for metric in dataset["metrics"]}
    named = {}
    for column in query.get("columns") or ():
        name = column if isinstance(column, str) else column["sqlExpression"]
        by_day = name in times and not isinstance(column, str) and column.get("timeGrain") == "P1D"
        named[name] = f"toStartOfDay(toDateTime({columns[name]}))" if by_day else columns[name]
    select = [f"{expression} AS {name}" for name, expression in named.items()]
    select += [f"{metrics[name]} AS {name}" for name in query["metrics"]]
    where = []
    for condition in query["filters"]:
        column, value = columns[condition["col"]], condition["val"]
        if condition["op"] == "TEMPORAL_RANGE":
            where += [f"{column} >= toDate('{first}')", f"{column} < toDate('{end}')"]
        elif condition["op"] == "IN":
            where.append(f"{column} IN ({', '.join(map(_quoted, value))})")
        elif condition["op"] == "!=":
            where.append(f"{column} != {_quoted(value)}")
        else:
            raise BenchError(f"bench/dashboard.py does not know the filter '{condition['op']}' of a chart: add it.")
    order = [
        f"{name if name in query['metrics'] else metrics[name]} {'ASC' if ascending else 'DESC'}"
        for name, ascending in query.get("orderby") or ()
    ]
    # Answers are compared: what is equal is put in one order.
    order += named
    return (
        f"SELECT {', '.join(select)} FROM {SALES} WHERE {' AND '.join(where)}"
        + (f" GROUP BY {', '.join(named)}" if named else "")
        + (f" ORDER BY {', '.join(order)}" if order else "")
        + f" LIMIT {query['row_limit']}"
    )


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _rounded(rows: list[tuple]) -> list[tuple]:
    """Return rows without what the order of summing changes in a float."""
    return [tuple(f"{value:.9g}" if isinstance(value, float) else value for value in row) for row in rows]


def _ask(client: Client, query: str) -> Cost:
    start = time.perf_counter()
    client.query(query)
    return Cost(time.perf_counter() - start)
