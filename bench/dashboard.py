"""What the dashboard's queries cost on tshop.sales, beside the same on a plain MergeTree table that holds no history.

The queries are made of superset/assets/ as Superset makes them: a chart's columns, metrics, filters and order, over the
whole time that is there instead of the last weeks.
"""

import time
from contextlib import closing
from datetime import date
from pathlib import Path

import yaml
from clickhouse_connect.driver.client import Client

from bench.measure import BenchError, Cost
from bench.plan import Plan
from bench.results import Row, say
from bench.warehouse import Warehouse
from embedded.settings import ROOT

ASSETS = ROOT / "superset" / "assets"
SALES = "tshop.sales"
_PLAIN = "bench.sales"
_TIMES = 5


def measure(plan: Plan, servers: Warehouse) -> list[Row]:
    """Return a row for each chart of the shop's sales.

    Args:
        plan: what is asked for.
        servers: with sales in ClickHouse.
    """
    rows = []
    with closing(servers.clickhouse()) as client:
        # With the columns' own codecs it is the same data, and nothing but the current rows of it.
        for statement in (
            "DROP DATABASE IF EXISTS bench",
            "CREATE DATABASE bench",
            f"CREATE TABLE {_PLAIN} ENGINE = MergeTree ORDER BY (sold_on, sale_id) AS SELECT * FROM {SALES}",
        ):
            client.command(statement)
        first, end, lines = client.query(f"SELECT min(sold_on), max(sold_on) + 1, count() FROM {SALES}").result_rows[0]
        for chart, query in queries(first, end).items():
            plain = query.replace(f"FROM {SALES} ", f"FROM {_PLAIN} ")
            sides = [(query, []), (plain, [])]
            answers = [client.query(text).result_rows for text, _ in sides]
            if answers[0] != answers[1]:
                raise BenchError(f"The chart '{chart}' has another answer on {_PLAIN} than on {SALES}.")
            for number in range(max(plan.runs, _TIMES)):
                for text, costs in sides if number % 2 == 0 else reversed(sides):
                    costs.append(_ask(client, text))
            (_, ours), (_, other) = sides
            rows.append(Row(f"chart {chart}", "a plain copy", lines, ours, other, at_most=1.3, at_most_seconds=1))
        client.command("DROP DATABASE bench")
    say(f"  asked the dashboard's {len(rows)} queries of {lines:,} lines")
    return rows


def queries(first: date, end: date, assets: Path = ASSETS) -> dict[str, str]:
    """Return the query of each chart of the shop's sales from a day on and before another."""
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
            found[chart["slice_name"]] = _sql(dataset, query, first, end)
    return found


def _sql(dataset: dict, query: dict, first: date, end: date) -> str:
    columns = {column["column_name"]: column["expression"] or column["column_name"] for column in dataset["columns"]}
    metrics = {metric["metric_name"]: metric["expression"] for metric in dataset["metrics"]}
    named = [column if isinstance(column, str) else column["sqlExpression"] for column in query.get("columns") or ()]
    select = [f"{columns[name]} AS {name}" for name in named]
    select += [f"{metrics[name]} AS {name}" for name in query["metrics"]]
    where = []
    for condition in query["filters"]:
        column = columns[condition["col"]]
        if condition["op"] == "TEMPORAL_RANGE":
            where.append(f"{column} >= toDate32('{first}') AND {column} < toDate32('{end}')")
        elif condition["op"] == "!=":
            where.append(f"{column} <> '{condition['val']}'")
        else:
            raise BenchError(f"bench/dashboard.py does not know the filter '{condition['op']}' of a chart: add it.")
    order = [f"{metrics[name]} {'ASC' if ascending else 'DESC'}" for name, ascending in query.get("orderby") or ()]
    # Answers are compared: what is equal is put in one order.
    order += named
    return (
        f"SELECT {', '.join(select)} FROM {SALES} AS {dataset['table_name']} WHERE {' AND '.join(where)}"
        + (f" GROUP BY {', '.join(columns[name] for name in named)}" if named else "")
        + (f" ORDER BY {', '.join(order)}" if order else "")
        + f" LIMIT {query['row_limit']}"
    )


def _ask(client: Client, query: str) -> Cost:
    start = time.perf_counter()
    client.query(query)
    return Cost(time.perf_counter() - start)
