"""The dashboard: its figures are PostgreSQL's, exactly; its import repeats itself; a browser shows it whole."""

import contextlib
import importlib.util
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import psycopg2.extras
import pytest
import yaml
from clickhouse_connect.driver.client import Client
from conftest import run_module
from playwright.sync_api import Browser, Page

from clickhouse.definitions import pending
from clickhouse.files import statements_of
from embedded import main_job, reach, stack, superset
from embedded.environment import ADMIN
from embedded.errors import StackError
from embedded.postgres import THROW_AWAY_SETTINGS
from embedded.settings import LANGUAGES, ROOT, Settings
from migrations import roles
from tests.ports import free_port

FOLDER = ROOT / "superset"
NINE = {
    "Revenue over time",
    "Revenue by category",
    "Revenue by clients' age",
    "Total revenue",
    "Clients",
    "Items per order",
    "Average order value",
    "Average age over lines sold",
    "Most popular size",
}
# What tells of the figures: the shop, and the engineers.
TILE, PUBLISHED = "Figures as of", "Published"
# How many charts the health dashboard has.
HEALTH = 7
needs_superset = pytest.mark.skipif(not superset.is_installed(), reason="Superset is not installed: 'make dashboard'")

OPENED = date(2026, 1, 1)
DAYS = 16
PERIOD = (OPENED + timedelta(days=8), OPENED + timedelta(days=DAYS))
LATE_CLIENT = 900_001
# What the figures are of: the lines of a period that pass the filters, named as the dashboard names them.
LINES = """
WITH line AS (
    SELECT *
    FROM (
        SELECT
            m.*,
            (m.sold_at AT TIME ZONE 'Europe/Moscow')::date AS sold_on,
            coalesce(nullif(m.category, ''), 'unknown') AS category_name,
            CASE
                WHEN coalesce(m.size, '') = '' THEN 'unknown'
                WHEN m.size IN ('XS', 'S', 'M', 'L', 'XL', 'XXL') THEN 'Letters · ' || m.size
                WHEN m.size LIKE '%%-%%' THEN 'Socks · ' || m.size
                WHEN m.size = 'one size' THEN m.size
                WHEN m.category = 'Обувь' THEN 'Shoes · ' || m.size
                ELSE 'Waist · ' || m.size
            END AS size_label,
            coalesce(m.total_amount, 0) AS amount,
            CASE
                WHEN m.client_age IS NULL THEN 'unknown'
                WHEN m.client_age < 18 THEN 'under 18'
                WHEN m.client_age < 25 THEN '18-24'
                WHEN m.client_age < 35 THEN '25-34'
                WHEN m.client_age < 45 THEN '35-44'
                WHEN m.client_age < 55 THEN '45-54'
                WHEN m.client_age < 65 THEN '55-64'
                ELSE '65+'
            END AS age_band
        FROM cdm.sales_mart AS m
        WHERE m.is_current
    ) AS n
    WHERE sold_on >= %(first)s AND sold_on < %(end)s
        AND (%(category_name)s::text[] IS NULL OR category_name = ANY(%(category_name)s))
        AND (%(size_label)s::text[] IS NULL OR size_label = ANY(%(size_label)s))
        AND (%(age_band)s::text[] IS NULL OR age_band = ANY(%(age_band)s))
)
"""
NUMBERS = {
    "Total revenue": "SELECT coalesce(sum(amount), 0)::float8 FROM line",
    "Clients": "SELECT count(DISTINCT client_id)::float8 FROM line",
    "Items per order": "SELECT sum(quantity)::float8 / nullif(count(DISTINCT order_id), 0) FROM line",
    "Average order value": "SELECT sum(amount)::float8 / nullif(count(DISTINCT order_id), 0) FROM line",
    "Average age over lines sold": "SELECT sum(client_age)::float8 / nullif(count(client_age), 0) FROM line",
}
PARTS = {
    "Revenue over time": "SELECT sold_on::text, sum(amount)::float8 FROM line GROUP BY 1",
    "Revenue by category": "SELECT category_name, sum(amount)::float8 FROM line GROUP BY 1",
    "Revenue by clients' age": "SELECT age_band, sum(amount)::float8 FROM line GROUP BY 1",
    "Most popular size": (
        "SELECT size_label, sum(quantity)::float8 / sum(sum(quantity)) OVER ()"
        " FROM line WHERE size_label <> 'unknown' GROUP BY 1 ORDER BY sum(quantity) DESC"
    ),
}


# --- the files --------------------------------------------------------------------------------------------------------


def assets(kind: str) -> dict[str, dict]:
    return {file.stem: yaml.safe_load(file.read_text()) for file in sorted((FOLDER / "assets" / kind).rglob("*.yaml"))}


def set_up_module() -> Any:
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    spec = importlib.util.spec_from_file_location("set_up", FOLDER / "set_up.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nine_charts_and_the_tile_are_described_and_shown() -> None:
    charts = {chart["slice_name"]: chart for chart in assets("charts").values()}
    shown = {
        part["meta"]["sliceName"]: part["meta"]["uuid"]
        for part in assets("dashboards")["t_shop"]["position"].values()
        if isinstance(part, dict) and part["type"] == "CHART"
    }
    assert set(shown) == NINE | {TILE}
    for name, uuid in shown.items():
        assert charts[name]["uuid"] == uuid
        assert len(charts[name]["description"]) > 60, name


def test_filters_act_on_all_figures() -> None:
    dashboard = assets("dashboards")["t_shop"]
    ids = {
        part["meta"]["chartId"]: part["meta"]["sliceName"]
        for part in dashboard["position"].values()
        if isinstance(part, dict) and part["type"] == "CHART"
    }
    filters = dashboard["metadata"]["native_filter_configuration"]
    assert [one["name"] for one in filters] == ["Period", "Other days", "Category", "Size", "Age group"]
    for one in filters:
        assert {ids[chart] for chart in one["chartsInScope"]} == NINE
        assert [ids[chart] for chart in one["scope"]["excluded"]] == [TILE]


def test_no_address_in_the_files_holds_a_password() -> None:
    for database in assets("databases").values():
        assert "@" not in database["sqlalchemy_uri"]


@pytest.mark.parametrize(
    ("held", "expected"), [(1, "Last 7 days"), (55, "Last 7 days"), (56, "Last 28 days"), (365, "Last 28 days")]
)
def test_opens_with_a_period_that_has_another_before_it(held: int, expected: str) -> None:
    last = date(2026, 3, 31)
    assert set_up_module().period_of(last - timedelta(days=held - 1), last) == expected


def shown_texts() -> set[str]:
    """Return all that people read in the dashboards, in English."""
    module, texts = set_up_module(), set()
    for file in (FOLDER / "assets").rglob("*.yaml"):
        module.said(
            str(file.relative_to(FOLDER / "assets")),
            yaml.safe_load(file.read_text()),
            lambda text: texts.add(text) or text,
        )
    return texts


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_each_text_has_a_translation_and_each_translation_a_text(language: str) -> None:
    translations = yaml.safe_load((FOLDER / "translations" / f"{language}.yaml").read_text())
    texts = shown_texts()
    assert {"Total revenue", "Period before", "before", "Age group", "Last 28 days", "under 18", "T-Shop"} <= texts
    assert set(translations) == texts
    assert all(text and text == text.strip() for text in translations.values())


def test_a_text_without_translation_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    module = set_up_module()
    translations = yaml.safe_load((FOLDER / "translations" / "ru.yaml").read_text())
    del translations["Total revenue"]
    for variable in module.ADDRESSES.values():
        monkeypatch.setenv(variable, "clickhousedb://localhost/tshop")
    with pytest.raises(module.AssetError, match=r"translations/ has no 'Total revenue': add it\."):
        module.read_assets("Last 28 days", translations)


def test_an_unknown_language_is_told(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StackError, match=r"TSHOP_LANGUAGE is 'xx': give one of en, ru\."):
        Settings(scratch / "language").choose_language("xx")
    monkeypatch.setenv("TSHOP_LANGUAGE", "xx")
    module = set_up_module()
    with pytest.raises(module.tshop_language.LanguageError, match=r"TSHOP_LANGUAGE is 'xx': give one of en, ru\."):
        module.tshop_language.language()


def test_superset_may_have_a_connection_for_each_chart_it_asks_for_at_once() -> None:
    threads = int(stack.SUPERSET.command[stack.SUPERSET.command.index("--threads") + 1])
    (monitor,) = [role for role in roles.roles() if role.name == "tshop_monitor"]
    assert monitor.connection_limit > threads


# --- a shop and its dashboard -----------------------------------------------------------------------------------------


class Shop:
    """A small shop in PostgreSQL, ClickHouse and Superset."""

    def __init__(self, running: stack.Stack) -> None:
        self.stack, self.settings = running, running.settings

    def sql(self, statement: str, values: dict | None = None) -> list[tuple]:
        dsn = self.settings.warehouse_dsn
        with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def build(self) -> None:
        for procedure in ("dds.load_client", "dds.load_product", "dds.load_sale", "cdm.build_mart"):
            self.sql(f"CALL {procedure}()")

    def publish(self) -> None:
        with contextlib.closing(self.client_of_clickhouse()) as client:
            for step in pending(lambda query: client.query(query).result_rows):
                client.command(step.statement)
            for statement in statements_of("pull.sql", "reconcile.sql", "publish.sql"):
                client.command(statement)

    def clickhouse(self, *commands: str) -> None:
        with contextlib.closing(self.client_of_clickhouse()) as client:
            for command in commands:
                client.command(command)

    def client_of_clickhouse(self) -> Client:
        return reach.clickhouse_client(self.settings, database="default", autogenerate_session_id=False)

    def client(self, user: str) -> httpx.Client:
        """Return a client of Superset's API that is logged in as a user."""
        api = httpx.Client(base_url=self.settings.superset_url, timeout=120)
        names = {"username": user, "password": self.settings.secret(f"superset_{user}"), "provider": "db"}
        answer = api.post("/api/v1/security/login", json=names)
        answer.raise_for_status()
        api.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return api

    def log_in(self) -> None:
        self.api = self.client(ADMIN)
        found = self.api.get("/api/v1/chart/", params={"q": "(page_size:100)"}).json()["result"]
        self.charts = {chart["slice_name"]: chart["id"] for chart in found}

    def ask(self, chart: str, period: tuple[date, date] = PERIOD, **chosen: list[str]) -> list[dict]:
        """Return a chart's rows, as the dashboard asks for them with a period and filters."""
        context = self.context(chart)
        for query in context["queries"]:
            if chart not in (TILE, PUBLISHED):
                query["time_range"] = f"{period[0]} : {period[1]}"
                for one in query["filters"]:
                    if one["op"] == "TEMPORAL_RANGE":
                        one["val"] = query["time_range"]
                query["filters"] += [{"col": name, "op": "IN", "val": values} for name, values in chosen.items()]
        return self.data(context)

    def context(self, chart: str) -> dict:
        """Return what a chart asks for by itself."""
        answer = self.api.get(f"/api/v1/chart/{self.charts[chart]}")
        return json.loads(answer.json()["result"]["query_context"])

    def data(self, context: dict) -> list[dict]:
        """Return what Superset answers to it."""
        answer = self.api.post("/api/v1/chart/data", json=context)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"][0]["data"]

    def ask_for_period(self, chart: str, name: str) -> list[dict]:
        """Return a chart's rows, as the dashboard asks for them with a period chosen by its name."""
        context = self.context(chart)
        for query in context["queries"]:
            query["filters"].append({"col": "period", "op": "IN", "val": [name]})
        return self.data(context)

    def count(self, query: str, period: tuple[date, date], chosen: dict[str, list[str]]) -> list[tuple]:
        """Return what PostgreSQL says of the same lines."""
        nothing = dict.fromkeys(("category_name", "size_label", "age_band"))
        return self.sql(LINES + query, {**nothing, **chosen, "first": period[0], "end": period[1]})

    def as_of(self, chart: str = TILE) -> dict[str, str]:
        return {row["fact"]: row["told"] for row in self.ask(chart)}


@contextlib.contextmanager
def other_tables(shop: Shop, rows: dict[str, str]) -> Iterator[None]:
    """Let ClickHouse show other rows in the place of its tables'.

    :param rows: a query of them, or nothing for none, by the table
    """
    names = [f"tshop.{table}" for table in rows]
    try:
        for name, query in zip(names, rows.values(), strict=True):
            shop.clickhouse(f"CREATE TABLE {name}_other AS {name}")
            if query:
                shop.clickhouse(f"INSERT INTO {name}_other {query}")
            shop.clickhouse(f"EXCHANGE TABLES {name} AND {name}_other")
        yield
    finally:
        for name in names:
            shop.clickhouse(f"EXCHANGE TABLES {name} AND {name}_other", f"DROP TABLE {name}_other")


@pytest.fixture(scope="module")
def shop(scratch: Path) -> Iterator[Shop]:
    parts = ("postgres", "clickhouse", "airflow", "superset")
    settings = Settings(
        scratch / "dashboard", {part: free_port() for part in parts}, postgres_settings=dict(THROW_AWAY_SETTINGS)
    )
    running = stack.Stack(settings, (stack.POSTGRES, stack.CLICKHOUSE))
    try:
        running.start()
        main_job.migrate(running)
        answer = run_module(
            *("generator", "--from", str(OPENED), "--to", str(OPENED + timedelta(days=DAYS - 1))),
            *("--clients", "1500", "--products", "60"),
            WAREHOUSE_DSN=settings.warehouse_dsn_of("loader"),
        )
        assert answer.returncode == 0, answer.stderr
        some = Shop(running)
        # Somebody buys whom the shop will know later.
        some.sql(
            "INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, updated_at)"
            " SELECT 900000001, 900000001, %(at)s, %(client)s, min(product_id), 3, %(at)s FROM raw.product",
            {"at": f"{PERIOD[0]} 12:00+03", "client": LATE_CLIENT},
        )
        some.build()
        some.publish()
        superset.start(settings)
        some.log_in()
        yield some
    finally:
        running.stop()
        stack.remove(settings)


def number(rows: list[dict]) -> tuple[float | None, float | None]:
    """Return a big number and the one of the period before."""
    (row,) = rows
    (before,) = [name for name in row if name.endswith("__inherit")]
    (now,) = [name for name in row if name != before]
    return row[now], row[before]


def parts(chart: str, rows: list[dict]) -> list[tuple[str, float]]:
    if chart == "Revenue over time":
        epoch = date(1970, 1, 1)
        return [(str(epoch + timedelta(milliseconds=row["sold_on"])), row["revenue"]) for row in rows]
    key = {"Revenue by category": "category_name", "Revenue by clients' age": "age_band"}.get(chart, "size_label")
    value = "item_share" if chart == "Most popular size" else "revenue"
    return [(row[key], row[value]) for row in rows]


def compare(shop: Shop, period: tuple[date, date] = PERIOD, **chosen: list[str]) -> dict[str, Any]:
    """Hold each of the nine charts to PostgreSQL and return what they show."""
    before = (period[0] - (period[1] - period[0]), period[0])
    shown: dict[str, Any] = {}
    for chart, query in NUMBERS.items():
        shown[chart] = number(shop.ask(chart, period, **chosen))
        expected = tuple(shop.count(query, one, chosen)[0][0] for one in (period, before))
        assert shown[chart] == expected, chart
    for chart, query in PARTS.items():
        shown[chart] = parts(chart, shop.ask(chart, period, **chosen))
        expected = shop.count(query, period, chosen)
        if chart == "Most popular size":
            # Of sizes sold equally often any may come first.
            assert [share for _size, share in shown[chart]] == [share for _size, share in expected[:3]]
            assert set(shown[chart]) <= set(expected)
        else:
            assert sorted(shown[chart]) == sorted(expected), chart
    rows = shop.ask("Revenue over time", period, **chosen)
    length = period[1] - period[0]
    dotted = {
        str(date(1970, 1, 1) + timedelta(milliseconds=row["sold_on"]) - length): row["inherit"] or 0.0 for row in rows
    }
    earlier = dict(shop.count(PARTS["Revenue over time"], before, chosen))
    assert dotted == {day: earlier.get(day, 0.0) for day in dotted}
    return shown


@needs_superset
@pytest.mark.timeout(900)
def test_figures_are_those_of_postgres(shop: Shop) -> None:
    shown = compare(shop)
    assert shown["Total revenue"][0] > 0
    assert len(shown["Revenue by category"]) > 5
    categories = [name for name, _revenue in shown["Revenue by category"][-2:]]
    sizes = [name for name, _share in shown["Most popular size"]]
    ages = ["25-34", "35-44", "unknown"]
    narrow = compare(shop, category_name=categories)
    assert {name for name, _revenue in narrow["Revenue by category"]} == set(categories)
    compare(shop, size_label=sizes)
    compare(shop, age_band=ages)
    compare(shop, (PERIOD[0], PERIOD[0] + timedelta(days=3)), size_label=sizes, age_band=ages)


@needs_superset
@pytest.mark.timeout(900)
def test_figures_follow_a_correction_a_cancellation_a_guest_a_return_and_a_late_client(shop: Shop) -> None:
    before = compare(shop)
    assert shop.as_of()["Complete"] == "✓ yes"
    told = shop.as_of(PUBLISHED)
    assert told["ClickHouse and PostgreSQL"] == "✓ equal"
    batch = told["Batch"]
    (corrected,), (cancelled,), (of_a_guest,), (returned,) = shop.sql(
        "SELECT sale_id FROM cdm.sales_mart WHERE is_current AND sold_at >= %s AND total_amount > 0"
        " ORDER BY total_amount DESC, sale_id LIMIT 4",
        (PERIOD[0],),
    )
    change = "UPDATE raw.sale SET {}, updated_at = updated_at + interval '1 hour' WHERE sale_id = %s"
    shop.sql(change.format("quantity = quantity + 7"), (corrected,))
    shop.sql(change.format("is_deleted = true"), (cancelled,))
    shop.sql(change.format("client_id = NULL"), (of_a_guest,))
    shop.sql(change.format("quantity = -quantity, unit_price = 1000"), (returned,))
    shop.sql(
        "INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at)"
        " VALUES (%s, 'Анна', 'Поздняя', '1926-01-01', '2026-01-01 00:00+03')",
        (LATE_CLIENT,),
    )
    shop.build()
    assert shop.as_of(PUBLISHED)["ClickHouse and PostgreSQL"] == "PostgreSQL is ahead"
    assert shop.as_of()["Complete"] == "newer ones follow"
    shop.publish()
    after = compare(shop)
    for chart in ("Total revenue", "Items per order", "Average age over lines sold", "Revenue by clients' age"):
        assert after[chart] != before[chart]
    told, engineers = shop.as_of(), shop.as_of(PUBLISHED)
    assert list(told) == ["Sales until", "Updated (Moscow)", "Complete"]
    assert told["Complete"] == "✓ yes"
    assert told["Sales until"] == f"{OPENED + timedelta(days=DAYS - 1):%d.%m.%Y}"
    assert re.fullmatch(r"\d\d\.\d\d\.\d{4} \d\d:\d\d", told["Updated (Moscow)"])
    assert engineers["ClickHouse and PostgreSQL"] == "✓ equal"
    assert int(engineers["Batch"]) > int(batch)
    assert engineers["Published (Moscow)"] == told["Updated (Moscow)"]


@needs_superset
@pytest.mark.timeout(900)
def test_tile_says_that_nothing_is_published_yet(shop: Shop) -> None:
    exchange = "EXCHANGE TABLES tshop.published_batch AND tshop.empty"
    shop.clickhouse("CREATE TABLE tshop.empty AS tshop.published_batch", exchange)
    try:
        told, engineers = shop.as_of(), shop.as_of(PUBLISHED)
    finally:
        shop.clickhouse(exchange, "DROP TABLE tshop.empty")
    assert told.pop("Complete") == "no figures yet"
    assert engineers.pop("ClickHouse and PostgreSQL") == "nothing is published yet"
    assert {*told.values(), *engineers.values()} == {"–"}


@needs_superset
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "days"),
    [("Last 7 days", 7), ("Last 28 days", 28), ("Последние 28 дней", 28), ("Last 90 days", 90), ("This month", None)],
)
def test_a_named_period_counts_from_the_newest_day_with_sales(shop: Shop, name: str, days: int | None) -> None:
    end = OPENED + timedelta(days=DAYS)
    last = end - timedelta(days=1)
    first = last.replace(day=1) if days is None else end - timedelta(days=days)
    before = (first - (end - first), first)
    for chart, query in NUMBERS.items():
        expected = tuple(shop.count(query, one, {})[0][0] for one in ((first, end), before))
        assert number(shop.ask_for_period(chart, name)) == expected, chart
    days_shown = [day for day, _revenue in parts("Revenue over time", shop.ask_for_period("Revenue over time", name))]
    assert set(days_shown) == {day for day, _revenue in shop.count(PARTS["Revenue over time"], (first, end), {})}


@needs_superset
@pytest.mark.timeout(900)
def test_a_day_that_is_not_over_counts_only_where_it_is_the_first(shop: Shop) -> None:
    last = OPENED + timedelta(days=DAYS - 1)
    shop.sql(
        "INSERT INTO raw.sale (sale_id, order_id, sold_at, product_id, quantity, unit_price, updated_at)"
        " SELECT 900000002, 900000002, now(), min(product_id), 1, 777.25, now() FROM raw.product"
    )
    try:
        shop.build()
        shop.publish()
        ((expected,),) = shop.count(NUMBERS["Total revenue"], (last - timedelta(days=6), last + timedelta(days=1)), {})
        assert number(shop.ask_for_period("Total revenue", "Last 7 days"))[0] == expected
        with other_tables(shop, {"sales_mart": "SELECT * FROM tshop.sales_mart WHERE sale_id = 900000002"}):
            for name in ("Last 7 days", "Last 28 days", "This month"):
                assert number(shop.ask_for_period("Total revenue", name))[0] == 777.25, name
    finally:
        shop.sql("UPDATE raw.sale SET is_deleted = true, updated_at = now() WHERE sale_id = 900000002")
        shop.build()
        shop.publish()


@needs_superset
@pytest.mark.timeout(900)
def test_days_of_ones_own_come_before_a_named_period(shop: Shop) -> None:
    context = shop.context("Total revenue")
    (query,) = context["queries"]
    query["time_range"] = f"{PERIOD[0]} : {PERIOD[1]}"
    query["filters"].append({"col": "period", "op": "IN", "val": ["Last 7 days"]})
    assert number(shop.data(context))[0] == shop.count(NUMBERS["Total revenue"], PERIOD, {})[0][0]


@needs_superset
@pytest.mark.timeout(900)
def test_filters_offer_periods_and_sizes_in_their_order(shop: Shop) -> None:
    filters = {one["name"]: one for one in assets("dashboards")["t_shop"]["metadata"]["native_filter_configuration"]}
    datasets = shop.api.get("/api/v1/dataset/", params={"q": "(page_size:100)"}).json()["result"]
    offered = {}
    for name, dataset in (("Period", "period"), ("Size", "size")):
        (target,) = filters[name]["targets"]
        (found,) = [one for one in datasets if one["table_name"] == dataset]
        assert found["uuid"] == target["datasetUuid"]
        query = {"columns": [target["column"]["name"]], "metrics": [filters[name]["sortMetric"]], "row_limit": 1000}
        query |= {"orderby": [[filters[name]["sortMetric"], filters[name]["controlValues"]["sortAscending"]]]}
        context = {"datasource": {"id": found["id"], "type": "table"}, "queries": [query]}
        offered[name] = [row[target["column"]["name"]] for row in shop.data(context)]
    assert offered["Period"] == ["Last 7 days", "Last 28 days", "Last 90 days", "This month"]
    kinds = [size.split(" · ")[0] for size in offered["Size"] if size != "unknown"]
    assert list(dict.fromkeys(kinds)) == ["Letters", "Shoes", "Waist", "Socks", "one size"]
    assert [size for size in offered["Size"] if size.startswith("Letters")] == [
        f"Letters · {size}" for size in ("XS", "S", "M", "L", "XL", "XXL")
    ]
    assert {"Shoes · 38", "Waist · 38"} <= set(offered["Size"])
    sizes = shop.count("SELECT DISTINCT size_label FROM line", (OPENED, OPENED + timedelta(days=DAYS)), {})
    assert sorted(offered["Size"]) == sorted(size for (size,) in sizes)


@needs_superset
@pytest.mark.timeout(900)
def test_a_viewer_reads_the_shop_and_nothing_else(shop: Shop) -> None:
    with contextlib.closing(shop.client(superset.VIEWER)) as viewer:
        found = viewer.get("/api/v1/dashboard/").json()["result"]
        assert {one["dashboard_title"] for one in found} == {"T-Shop", "Orders and money"}
        for chart in NINE | {TILE}:
            answer = viewer.post("/api/v1/chart/data", json=shop.context(chart))
            assert answer.status_code == 200, chart
            assert answer.json()["result"][0]["rowcount"] > 0, chart
        assert viewer.post("/api/v1/chart/data", json=shop.context("Last runs")).status_code == 403
        assert viewer.get("/api/v1/dashboard/warehouse-health").status_code in (403, 404)
        assert viewer.get("/api/v1/database/").status_code == 403


@needs_superset
@pytest.mark.timeout(900)
def test_a_stack_of_another_configuration_is_told(shop: Shop) -> None:
    for part in ("clickhouse", "superset"):
        elsewhere = replace(shop.settings, ports={**shop.settings.ports, part: free_port()})
        with pytest.raises(StackError, match="other addresses or an earlier configuration: start it again by 'make"):
            superset.start(elsewhere)


# --- the import -------------------------------------------------------------------------------------------------------


def kept(shop: Shop) -> dict[str, list]:
    """Return what Superset keeps of the assets, but for when it was written."""
    tables = ("dbs", "tables", "table_columns", "sql_metrics", "slices", "dashboards", "dashboard_slices")
    dsn = shop.settings.postgres().dsn("superset", "superset", shop.settings.secret("superset_database"))
    with (
        contextlib.closing(psycopg2.connect(dsn)) as connection,
        connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor,
    ):
        found = {}
        for table in tables:
            cursor.execute(f"SELECT * FROM {table} ORDER BY id")
            # The password is encrypted anew each time, and the links of dashboards are made anew.
            left_out = {"changed_on", "created_on", "last_saved_at", "password", "encrypted_extra"}
            left_out |= {"id"} if table == "dashboard_slices" else set()
            found[table] = sorted(
                ({name: str(value) for name, value in row.items() if name not in left_out} for row in cursor), key=str
            )
        return found


@needs_superset
@pytest.mark.timeout(900)
def test_import_repeats_itself_and_takes_up_an_edit(shop: Shop, tmp_path: Path) -> None:
    first = kept(shop)
    assert len(first["slices"]) >= len(NINE) + 1
    answer = superset.set_up(shop.settings)
    assert answer.returncode == 0, answer.stderr
    assert kept(shop) == first
    copy = tmp_path / "superset"
    shutil.copytree(FOLDER, copy)
    chart = copy / "assets" / "charts" / "clients.yaml"
    chart.write_text(
        re.sub(
            "^description: .*?^certified_by", "description: Edited\ncertified_by", chart.read_text(), flags=re.M | re.S
        )
    )
    answer = superset.set_up(shop.settings, copy)
    assert answer.returncode == 0, answer.stderr
    edited = kept(shop)
    changed = [new for old, new in zip(first["slices"], edited["slices"], strict=True) if old != new]
    assert [(one["slice_name"], one["description"]) for one in changed] == [("Clients", "Edited")]
    assert {**edited, "slices": []} == {**first, "slices": []}


@needs_superset
@pytest.mark.timeout(900)
def test_import_deletes_what_lost_its_file_and_nothing_that_people_made(shop: Shop, tmp_path: Path) -> None:
    answer = superset.set_up(shop.settings)
    assert answer.returncode == 0, answer.stderr
    first = kept(shop)
    copy = tmp_path / "superset"
    shutil.copytree(FOLDER, copy)
    another = {
        "charts/clients.yaml": "63751371-f95b-5405-a593-6b4bad84d25c",
        "dashboards/warehouse_health.yaml": "5b65b38d-885e-55bf-91b5-666471683553",
        "datasets/ClickHouse/figures_as_of.yaml": "c922b9a9-9fdd-5366-a041-2f687a3e0ebc",
    }
    for name, uuid in another.items():
        text = (copy / "assets" / name).read_text()
        text = text.replace(f"uuid: {uuid}", f"uuid: {uuid[:-4]}beef").replace("slug: ", "slug: another-")
        text = text.replace("table_name: ", "table_name: another_").replace("slice_name: ", "slice_name: Another ")
        (copy / "assets" / name).with_stem("another").write_text(text)
    answer = superset.set_up(shop.settings, copy)
    assert answer.returncode == 0, answer.stderr
    assert [len(kept(shop)[kind]) - len(first[kind]) for kind in ("slices", "dashboards", "tables")] == [1, 1, 1]
    # Somebody's own chart, on a dataset of ours.
    chart = shop.api.get(f"/api/v1/chart/{shop.charts['Clients']}").json()["result"]
    own = {name: chart[name] for name in ("viz_type", "params", "query_context")}
    dataset = json.loads(chart["query_context"])["datasource"]["id"]
    token = shop.api.get("/api/v1/security/csrf_token/").json()["result"]
    ours = {"X-CSRFToken": token, "Referer": shop.settings.superset_url}
    own |= {"slice_name": "Mine", "datasource_id": dataset, "datasource_type": "table"}
    answer = shop.api.post("/api/v1/chart/", json=own, headers=ours)
    assert answer.status_code == 201, answer.text
    # Another on a dataset that is about to go.
    (going,) = [one for one in kept(shop)["tables"] if one not in first["tables"]]
    own |= {"slice_name": "Held\x1b]0;x\x07", "datasource_id": going["id"]}
    answer = shop.api.post("/api/v1/chart/", json=own, headers=ours)
    assert answer.status_code == 201, answer.text
    held = answer.json()["id"]
    answer = superset.set_up(shop.settings)
    assert answer.returncode == 1
    assert "is in no file any more, but 'Held\\x1b]0;x\\x07' uses it: delete that first." in answer.stderr
    shop.api.delete(f"/api/v1/chart/{held}", headers=ours).raise_for_status()
    answer = superset.set_up(shop.settings)
    assert answer.returncode == 0, answer.stderr
    assert "3 that no file holds any more deleted" in answer.stdout
    after = kept(shop)
    (mine,) = [one for one in after["slices"] if one not in first["slices"]]
    assert mine["slice_name"] == "Mine"
    assert {**after, "slices": []} == {**first, "slices": []}
    shop.api.delete(f"/api/v1/chart/{mine['id']}", headers=ours).raise_for_status()
    # A dashboard still shows what is gone.
    (copy / "assets" / "charts" / "clients.yaml").unlink()
    answer = superset.set_up(shop.settings, copy)
    assert answer.returncode == 1
    assert "assets/dashboards/t_shop.yaml shows 'Clients', which no file of charts/ is." in answer.stderr
    assert kept(shop) == first


@needs_superset
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text + "\n  : [", "assets/charts/clients.yaml is not YAML"),
        (lambda _text: "", "assets/charts/clients.yaml is empty or no mapping."),
        (lambda text: text.replace("slice_name", "slice_title"), "slice_name"),
    ],
)
def test_damaged_asset_is_refused_whole(shop: Shop, tmp_path: Path, damage: Callable, message: str) -> None:
    before = kept(shop)
    copy = tmp_path / "superset"
    shutil.copytree(FOLDER, copy)
    chart = copy / "assets" / "charts" / "clients.yaml"
    chart.write_text(damage(chart.read_text()))
    answer = superset.set_up(shop.settings, copy)
    assert answer.returncode == 1
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr
    assert kept(shop) == before


# --- a browser --------------------------------------------------------------------------------------------------------

needs_chromium = pytest.mark.skipif(
    not shutil.which("chromium"), reason="Chromium is not installed: 'apt-get install chromium'"
)


@contextlib.contextmanager
def full_size(shop: Shop) -> Iterator[None]:
    """Let ClickHouse hold the sales of a shop of five million clients in the place of the small one's.

    Each of two weeks has a million and a half orders for 135 310 500 000 roubles, more than such a shop has in a
    quarter.
    """
    last = OPENED + timedelta(days=DAYS - 1)
    shop.clickhouse(
        "CREATE TABLE tshop.full_size AS tshop.sales_mart",
        f"""
        INSERT INTO tshop.full_size (
            sale_id, order_id, sold_at, sold_on, client_id, client, client_age, product_id, product, category, size,
            price, quantity, total_amount, version_no, valid_from, valid_to, is_current, run_id
        )
        SELECT
            number AS sale_id, number AS order_id,
            toDateTime64('{last} 12:00:00', 6, 'Europe/Moscow') - INTERVAL number % 14 DAY AS sold_at,
            toDate32('{last}') - number % 14 AS sold_on, intDiv(number, 2) AS client_id, '' AS client,
            if(number % 50 = 0, NULL, 18 + number % 60) AS client_age, number % 90 AS product_id, '' AS product,
            ['Футболки', 'Джинсы', 'Обувь', 'Шапки и шарфы'][1 + number % 4] AS category,
            ['one size', 'XXL', '35-37', '38'][1 + intDiv(number, 4) % 4] AS size,
            90207 AS price, 1 AS quantity, 90207 AS total_amount, 1 AS version_no,
            toDateTime64('2026-01-01 00:00:00', 6, 'UTC') AS valid_from,
            toDateTime64('2299-12-31 00:00:00', 6, 'UTC') AS valid_to, 1 AS is_current, 1 AS run_id
        FROM numbers(3000000)
        """,
        "EXCHANGE TABLES tshop.sales_mart AND tshop.full_size",
    )
    try:
        yield
    finally:
        shop.clickhouse("EXCHANGE TABLES tshop.sales_mart AND tshop.full_size", "DROP TABLE tshop.full_size")


def pages(
    running: Browser, shop: Shop, slug: str, charts: int, widths: Sequence[int], *, user: str = ADMIN
) -> Iterator[tuple[int, Page]]:
    """Open a dashboard in pages of some widths, the narrowest a phone's: each width with its page, all drawn."""
    from docs import dashboards

    for width in widths:
        kind = dashboards.AS_PHONE if width == dashboards.PHONE[0] else {}
        page = running.new_page(viewport={"width": width, "height": 8000}, **kind)
        dashboards.log_in(page, shop.settings, user)
        dashboards.open_dashboard(page, shop.settings, slug, charts)
        assert dashboards.failures(page) == []
        yield width, page
        page.close()


def cut_off(page: Page, width: int) -> list[str]:
    """Return the texts that are cut off, and the page itself where it is wider than what shows it."""
    from docs import dashboards

    is_wider = page.evaluate("document.documentElement.scrollWidth") > width
    return [*dashboards.cut_texts(page), *(["the page"] if is_wider else [])]


@needs_superset
@needs_chromium
@pytest.mark.timeout(900)
def test_no_text_is_cut_with_the_figures_of_five_million_clients(shop: Shop) -> None:
    from docs import dashboards

    with full_size(shop), dashboards.browser(shutil.which("chromium")) as running:
        for width, page in pages(running, shop, "t-shop", len(NINE) + 1, (dashboards.PHONE[0], 1024, 1180, 1440)):
            shown = page.locator("[data-test-chart-name='Total revenue']").inner_text()
            assert re.search("135\u202f310\u202f\\d{3}\u202f\\d{3}\u202f₽", shown)
            assert (width, cut_off(page, width)) == (width, [])


@needs_superset
@needs_chromium
@pytest.mark.timeout(900)
def test_viewer_comes_to_the_figures_and_meets_no_editing(shop: Shop) -> None:
    from docs import dashboards

    with dashboards.browser(shutil.which("chromium")) as running:
        page = running.new_page(viewport={"width": 1440, "height": 3000})
        refused: list[str] = []
        page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
        dashboards.log_in(page, shop.settings, superset.VIEWER)
        page.goto(shop.settings.superset_url)
        page.wait_for_url("**/superset/dashboard/t-shop/**")
        dashboards.wait_drawn(page, len(NINE) + 1)
        assert dashboards.failures(page) == []
        assert refused == []
        assert page.locator("[data-test='edit-dashboard-button'], .header-with-actions .ant-btn-primary").count() == 0
        assert page.get_by_text("Edit dashboard").count() == 0
        assert "SQL" not in page.locator("#main-menu").inner_text()
        page.locator("[data-test-chart-name='Clients'] [aria-label='More Options']").click()
        menu = page.locator(".ant-dropdown-menu:visible")
        menu.get_by_text("View as table").wait_for()
        assert menu.get_by_text("Edit chart").count() == 0
        page.goto(f"{shop.settings.superset_url}/login/")
        ours = {"X-CSRFToken": page.locator("#csrf_token").input_value(), "Referer": page.url}
        for method, path, data in (
            ("POST", "sqllab/execute/", {"database_id": 1, "sql": "SELECT 1"}),
            ("PUT", f"chart/{shop.charts['Clients']}", {"slice_name": "Mine"}),
            ("DELETE", f"chart/{shop.charts['Clients']}", {}),
            ("POST", "dashboard/", {"dashboard_title": "Mine"}),
        ):
            url = f"{shop.settings.superset_url}/api/v1/{path}"
            answer = page.request.fetch(url, method=method, data=data, headers=ours, max_redirects=0)
            assert answer.status == 403, path


@needs_superset
@needs_chromium
@pytest.mark.timeout(900)
def test_description_stands_behind_the_title_of_each_chart(shop: Shop) -> None:
    from docs import dashboards

    charts = {chart["slice_name"]: chart["description"] for chart in assets("charts").values()}
    with dashboards.browser(shutil.which("chromium")) as running:
        for slug, number_of_charts in (("t-shop", len(NINE) + 1), ("warehouse-health", HEALTH)):
            page = running.new_page(viewport={"width": 1440, "height": 3000})
            dashboards.log_in(page, shop.settings)
            dashboards.open_dashboard(page, shop.settings, slug, number_of_charts)
            for chart in page.locator("[data-test-chart-name]").all():
                shown = "node => getComputedStyle(node, '::before').content"
                body = chart.locator(".dashboard-chart")
                assert body.evaluate(shown) == "none"
                chart.locator(".header-title").hover()
                text = charts[chart.get_attribute("data-test-chart-name")]
                assert json.loads(body.evaluate(shown)) == text
            page.close()


@needs_superset
@needs_chromium
@pytest.mark.timeout(900)
def test_chosen_period_and_days_are_written_as_people_write_them(shop: Shop) -> None:
    from docs import dashboards

    with dashboards.browser(shutil.which("chromium")) as running:
        page = running.new_page(viewport={"width": 1440, "height": 3000})
        dashboards.log_in(page, shop.settings)
        dashboards.open_dashboard(page, shop.settings, "t-shop", len(NINE) + 1)
        bar = page.locator(".filter-bar, [data-test='filter-bar']").first
        assert "Last 7 days" in bar.inner_text()
        days = f"'{PERIOD[0]} : {PERIOD[1]}'"
        chosen = f"extraFormData:(time_range:{days}),filterState:(value:{days}),id:NATIVE_FILTER-days"
        address = f"{shop.settings.superset_url}/superset/dashboard/t-shop/"
        page.goto(f"{address}?native_filters=(NATIVE_FILTER-days:({chosen}))")
        dashboards.wait_drawn(page, len(NINE) + 1)
        last = PERIOD[1] - timedelta(days=1)
        page.get_by_text(f"{PERIOD[0]:%d.%m.%Y} – {last:%d.%m.%Y}").wait_for()
        assert "≤" not in bar.inner_text()
        ((revenue,),) = shop.count(NUMBERS["Total revenue"], PERIOD, {})
        text = f"{revenue:,.0f}".replace(",", "\u202f")
        page.locator("[data-test-chart-name='Total revenue']", has_text=text).wait_for()


@needs_superset
@needs_chromium
@pytest.mark.timeout(900)
def test_health_dashboard_gets_a_connection_for_each_chart(shop: Shop) -> None:
    from docs import dashboards

    connections = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'tshop_monitor'"
    with (
        dashboards.browser(shutil.which("chromium")) as running,
        contextlib.closing(psycopg2.connect(shop.settings.warehouse_dsn)) as holder,
    ):
        pages = []
        for _number in range(2):
            pages.append(running.new_context().new_page())
            pages[-1].set_viewport_size({"width": 1440, "height": 3000})
            dashboards.log_in(pages[-1], shop.settings)
        # Each query of the dashboard waits for this one, so that all of them are there at once.
        holder.cursor().execute("LOCK TABLE sl.run, sl.rejected_row IN ACCESS EXCLUSIVE MODE")
        for page in pages:
            page.goto(f"{shop.settings.superset_url}/superset/dashboard/warehouse-health/", wait_until="commit")
        # A browser asks for six charts at a time.
        while shop.sql(connections)[0][0] < 2 * 6:
            failed = [text for page in pages for text in dashboards.failures(page)]
            assert failed == []
            pages[0].wait_for_timeout(200)
        holder.rollback()
        for page in pages:
            dashboards.wait_drawn(page, HEALTH)
            assert dashboards.failures(page) == []


@needs_superset
@needs_chromium
@pytest.mark.timeout(900)
def test_dashboards_speak_russian(shop: Shop) -> None:
    from docs import dashboards

    translations = yaml.safe_load((FOLDER / "translations" / "ru.yaml").read_text())
    shop.settings.choose_language("ru")
    try:
        superset.start(shop.settings)
        with full_size(shop), dashboards.browser(shutil.which("chromium")) as running:
            for width in (dashboards.PHONE[0], 1024, 1440):
                kind = dashboards.AS_PHONE if width == dashboards.PHONE[0] else {}
                page = running.new_page(viewport={"width": width, "height": 3000}, **kind)
                dashboards.log_in(page, shop.settings, superset.VIEWER)
                dashboards.open_dashboard(page, shop.settings, "t-shop", len(NINE) + 1)
                assert dashboards.failures(page) == []
                shown = page.locator("[data-test-chart-name]").all()
                names = {one.get_attribute("data-test-chart-name") for one in shown}
                assert names == {translations[name] for name in NINE | {TILE}}
                assert (width, dashboards.cut_texts(page)) == (width, [])
            bar = page.locator(".filter-bar, [data-test='filter-bar']").first.inner_text()
            assert {"Период", "Последние 7 дней", "Применить"} <= set(bar.split("\n")), bar
            whole = page.locator("body").inner_text()
            english = [text for text in sorted(shown_texts()) if re.search(rf"\b{re.escape(text)}\b", whole)]
            assert english == ["T-Shop"]
            page.close()
    finally:
        shop.settings.choose_language("en")
        superset.start(shop.settings)
    assert shop.as_of()["Complete"] == "✓ yes"


@needs_superset
@needs_chromium
@pytest.mark.timeout(900)
def test_browser_shows_nine_charts_and_filters_them(shop: Shop, tmp_path: Path) -> None:
    from docs import dashboards

    category = shop.ask("Revenue by category")[-1]["category_name"]
    with dashboards.browser(shutil.which("chromium")) as running:
        page = running.new_page(viewport={"width": 1440, "height": 3000})
        dashboards.log_in(page, shop.settings)
        dashboards.open_dashboard(page, shop.settings, "t-shop", len(NINE) + 1)
        assert dashboards.failures(page) == []
        shown = {one.get_attribute("data-test-chart-name") for one in page.locator("[data-test-chart-name]").all()}
        assert shown == NINE | {TILE}
        # The shop is older than a week: the dashboard opens with its last days.
        opened = (OPENED + timedelta(days=DAYS - 7), OPENED + timedelta(days=DAYS))
        for chosen in ({}, {"category_name": [category]}):
            if chosen:
                page.locator("input#NATIVE_FILTER-category").click()
                page.keyboard.type(category)
                page.locator(".ant-select-item-option", has_text=category).first.click()
                page.keyboard.press("Escape")
                page.locator("[data-test='filter-bar__apply-button']").click()
            ((revenue,),) = shop.count(NUMBERS["Total revenue"], opened, chosen)
            text = f"{revenue:,.0f}".replace(",", "\u202f") + "\u202f₽"
            page.locator("[data-test-chart-name='Total revenue']", has_text=text).wait_for()
            dashboards.wait_drawn(page, len(NINE) + 1)
            assert dashboards.failures(page) == []
            ((clients,),) = shop.count(NUMBERS["Clients"], opened, chosen)
            text = f"{clients:,.0f}".replace(",", "\u202f")
            assert text in page.locator("[data-test-chart-name='Clients'] .pop_kpi").inner_text()
        assert "✓ yes" in page.locator(f"[data-test-chart-name='{TILE}']").inner_text()
        chart = page.locator("[data-test-chart-name='Revenue over time']")
        chart.locator("canvas").first.hover()
        # The browser shows it beside the charts.
        page.get_by_text("Period before").wait_for()
        assert "inherit" not in page.locator("body").inner_text()
        # On a phone nothing is wider than the page.
        dashboards.picture(page, dashboards.PHONE, tmp_path / "phone.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= dashboards.PHONE[0]
        for chart in page.locator("[data-test-chart-name]").all():
            box = chart.bounding_box()
            assert box["width"] > 300
            assert box["x"] + box["width"] <= dashboards.PHONE[0]
        page.set_viewport_size({"width": 1440, "height": 3000})
        dashboards.open_dashboard(page, shop.settings, "warehouse-health", HEALTH)
        assert dashboards.failures(page) == []
        rule, waiting = shop.sql(
            "SELECT rule_name, open_rows::text FROM sl.status_rejected ORDER BY open_rows DESC, rule_name LIMIT 1"
        )[0]
        rows = page.locator("[data-test-chart-name='Rejected rows that wait'] tbody tr").all_inner_texts()
        assert any(rule in row and waiting in row.split() for row in rows)
