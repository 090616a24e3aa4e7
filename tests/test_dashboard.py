"""The dashboard: its figures are PostgreSQL's, exactly; its import repeats itself; a browser shows it whole."""

import contextlib
import importlib.util
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import psycopg2.extras
import pytest
import yaml
from conftest import run_module
from test_clickhouse import statements

from embedded import main_job, stack, superset
from embedded.environment import ADMIN
from embedded.errors import StackError
from embedded.postgres import THROW_AWAY_SETTINGS
from embedded.settings import ROOT, ClickHouseAddress, Settings
from tests.ports import free_port

FOLDER = ROOT / "superset"
CLICKHOUSE = ROOT / "clickhouse"
NINE = {
    "Revenue over time",
    "Revenue by category",
    "Revenue by clients' age",
    "Total revenue",
    "Clients",
    "Items per order",
    "Average order value",
    "Average age of clients",
    "Most popular size",
}
TILE = "Figures as of"
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
            coalesce(nullif(m.size, ''), 'unknown') AS size_name,
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
            END AS age_group
        FROM cdm.sales_mart AS m
        WHERE m.is_current
    ) AS n
    WHERE sold_on >= %(first)s AND sold_on < %(end)s
        AND (%(category_name)s::text[] IS NULL OR category_name = ANY(%(category_name)s))
        AND (%(size_name)s::text[] IS NULL OR size_name = ANY(%(size_name)s))
        AND (%(age_group)s::text[] IS NULL OR age_group = ANY(%(age_group)s))
)
"""
NUMBERS = {
    "Total revenue": "SELECT coalesce(sum(amount), 0)::float8 FROM line",
    "Clients": "SELECT count(DISTINCT client_id)::float8 FROM line",
    "Items per order": "SELECT sum(quantity)::float8 / nullif(count(DISTINCT order_id), 0) FROM line",
    "Average order value": "SELECT sum(amount)::float8 / nullif(count(DISTINCT order_id), 0) FROM line",
    "Average age of clients": "SELECT sum(client_age)::float8 / nullif(count(client_age), 0) FROM line",
}
PARTS = {
    "Revenue over time": "SELECT sold_on::text, sum(amount)::float8 FROM line GROUP BY 1",
    "Revenue by category": "SELECT category_name, sum(amount)::float8 FROM line GROUP BY 1",
    "Revenue by clients' age": "SELECT age_group, sum(amount)::float8 FROM line GROUP BY 1",
    "Most popular size": (
        "SELECT size_name, sum(quantity)::float8 / sum(sum(quantity)) OVER ()"
        " FROM line WHERE size_name <> 'unknown' GROUP BY 1 ORDER BY sum(quantity) DESC"
    ),
}


# --- the files --------------------------------------------------------------------------------------------------------


def assets(kind: str) -> dict[str, dict]:
    return {file.stem: yaml.safe_load(file.read_text()) for file in sorted((FOLDER / "assets" / kind).rglob("*.yaml"))}


def set_up_module() -> Any:
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
    assert [one["name"] for one in filters] == ["Period", "Category", "Size", "Age group"]
    for one in filters:
        assert {ids[chart] for chart in one["chartsInScope"]} == NINE
        assert [ids[chart] for chart in one["scope"]["excluded"]] == [TILE]


def test_no_address_in_the_files_holds_a_password() -> None:
    for database in assets("databases").values():
        assert "@" not in database["sqlalchemy_uri"]


@pytest.mark.parametrize(
    ("held", "last", "expected"),
    [
        (90, date(2026, 3, 31), "Last 28 days"),
        (90, date(2026, 3, 10), "2026-02-11 : 2026-03-11"),
        (31, date(2026, 1, 31), "2026-01-18 : 2026-02-01"),
        (14, date(2026, 1, 14), "2026-01-08 : 2026-01-15"),
        (1, date(2026, 1, 1), "2026-01-01 : 2026-01-02"),
    ],
)
def test_opens_with_a_period_that_has_data(held: int, last: date, expected: str) -> None:
    first = last - timedelta(days=held - 1)
    assert set_up_module().period_of(first, last, date(2026, 4, 1)) == expected


# --- a shop and its dashboard -----------------------------------------------------------------------------------------


class Shop:
    """A small shop in PostgreSQL, ClickHouse and Superset."""

    def __init__(self, running: stack.Stack) -> None:
        self.stack, self.settings = running, running.settings
        self.api = httpx.Client(base_url=self.settings.superset_url, timeout=120)

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
        ddl = sorted((CLICKHOUSE / "ddl").glob("*.sql"))
        files = (*ddl, *(CLICKHOUSE / f"{name}.sql" for name in ("pull", "reconcile", "publish")))
        self.clickhouse(*(statement for file in files for statement in statements(file)))

    def clickhouse(self, *commands: str) -> None:
        import clickhouse_connect

        address = ClickHouseAddress.parse(self.settings.clickhouse_url)
        with contextlib.closing(
            clickhouse_connect.get_client(
                host=address.host,
                port=address.port,
                username=address.user,
                password=address.password,
                database="default",
                autogenerate_session_id=False,
            )
        ) as client:
            for command in commands:
                client.command(command)

    def log_in(self) -> None:
        answer = self.api.post(
            "/api/v1/security/login",
            json={"username": ADMIN, "password": self.settings.secret("superset_admin"), "provider": "db"},
        )
        answer.raise_for_status()
        self.api.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        found = self.api.get("/api/v1/chart/", params={"q": "(page_size:100)"}).json()["result"]
        self.charts = {chart["slice_name"]: chart["id"] for chart in found}

    def ask(self, chart: str, period: tuple[date, date] = PERIOD, **chosen: list[str]) -> list[dict]:
        """Return a chart's rows, as the dashboard asks for them with a period and filters."""
        answer = self.api.get(f"/api/v1/chart/{self.charts[chart]}")
        context = json.loads(answer.json()["result"]["query_context"])
        for query in context["queries"]:
            if chart != TILE:
                query["time_range"] = f"{period[0]} : {period[1]}"
                for one in query["filters"]:
                    if one["op"] == "TEMPORAL_RANGE":
                        one["val"] = query["time_range"]
                query["filters"] += [{"col": name, "op": "IN", "val": values} for name, values in chosen.items()]
        answer = self.api.post("/api/v1/chart/data", json=context)
        assert answer.status_code == 200, f"{chart}: {answer.text}"
        return answer.json()["result"][0]["data"]

    def count(self, query: str, period: tuple[date, date], chosen: dict[str, list[str]]) -> list[tuple]:
        """Return what PostgreSQL says of the same lines."""
        nothing = dict.fromkeys(("category_name", "size_name", "age_group"))
        return self.sql(LINES + query, {**nothing, **chosen, "first": period[0], "end": period[1]})

    def as_of(self) -> dict[str, str]:
        return {row["fact"]: row["told"] for row in self.ask(TILE)}


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
    key = {"Revenue by category": "category_name", "Revenue by clients' age": "age_group"}.get(chart, "size_name")
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
    compare(shop, size_name=sizes)
    compare(shop, age_group=ages)
    compare(shop, (PERIOD[0], PERIOD[0] + timedelta(days=3)), size_name=sizes, age_group=ages)


@needs_superset
@pytest.mark.timeout(900)
def test_figures_follow_a_correction_a_cancellation_and_a_late_client(shop: Shop) -> None:
    before = compare(shop)
    assert shop.as_of()["ClickHouse and PostgreSQL"] == "✓ equal"
    batch = shop.as_of()["Batch"]
    (corrected,), (cancelled,) = shop.sql(
        "SELECT sale_id FROM cdm.sales_mart WHERE is_current AND sold_at >= %s AND total_amount > 0"
        " ORDER BY total_amount DESC, sale_id LIMIT 2",
        (PERIOD[0],),
    )
    change = "UPDATE raw.sale SET {}, updated_at = updated_at + interval '1 hour' WHERE sale_id = %s"
    shop.sql(change.format("quantity = quantity + 7"), (corrected,))
    shop.sql(change.format("is_deleted = true"), (cancelled,))
    shop.sql(
        "INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at)"
        " VALUES (%s, 'Анна', 'Поздняя', '1926-01-01', '2026-01-01 00:00+03')",
        (LATE_CLIENT,),
    )
    shop.build()
    assert shop.as_of()["ClickHouse and PostgreSQL"] == "PostgreSQL is ahead"
    shop.publish()
    after = compare(shop)
    for chart in ("Total revenue", "Items per order", "Average age of clients", "Revenue by clients' age"):
        assert after[chart] != before[chart]
    told = shop.as_of()
    assert told["ClickHouse and PostgreSQL"] == "✓ equal"
    assert int(told["Batch"]) > int(batch)
    assert re.fullmatch(r"\d\d\.\d\d\.\d{4} \d\d:\d\d", told["Published"])


@needs_superset
@pytest.mark.timeout(900)
def test_tile_says_that_nothing_is_published_yet(shop: Shop) -> None:
    exchange = "EXCHANGE TABLES tshop.published_batch AND tshop.empty"
    shop.clickhouse("CREATE TABLE tshop.empty AS tshop.published_batch", exchange)
    try:
        told = shop.as_of()
    finally:
        shop.clickhouse(exchange, "DROP TABLE tshop.empty")
    assert told.pop("ClickHouse and PostgreSQL") == "nothing is published yet"
    assert set(told.values()) == {"–"}


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
    own |= {"slice_name": "Held", "datasource_id": going["id"]}
    answer = shop.api.post("/api/v1/chart/", json=own, headers=ours)
    assert answer.status_code == 201, answer.text
    held = answer.json()["id"]
    answer = superset.set_up(shop.settings)
    assert answer.returncode == 1
    assert "is in no file any more, but 'Held' uses it: delete that first." in answer.stderr
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


@needs_superset
@pytest.mark.skipif(not shutil.which("chromium"), reason="Chromium is not installed: 'apt-get install chromium'")
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
                page.locator("input[role=combobox]").first.click()
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
        assert "✓ equal" in page.locator(f"[data-test-chart-name='{TILE}']").inner_text()
        chart = page.locator("[data-test-chart-name='Revenue over time']")
        chart.locator("canvas").first.hover()
        chart.get_by_text("Period before").wait_for()
        assert "inherit" not in chart.inner_text()
        # On a phone nothing is wider than the page.
        dashboards.picture(page, dashboards.PHONE, tmp_path / "phone.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= dashboards.PHONE[0]
        for chart in page.locator("[data-test-chart-name]").all():
            box = chart.bounding_box()
            assert box["width"] > 300
            assert box["x"] + box["width"] <= dashboards.PHONE[0]
        page.set_viewport_size({"width": 1440, "height": 3000})
        dashboards.open_dashboard(page, shop.settings, "warehouse-health", 6)
        assert dashboards.failures(page) == []
        rule, waiting = shop.sql(
            "SELECT rule_name, open_rows::text FROM sl.status_rejected ORDER BY open_rows DESC, rule_name LIMIT 1"
        )[0]
        rows = page.locator("[data-test-chart-name='Rejected rows that wait'] tbody tr").all_inner_texts()
        assert any(rule in row and waiting in row.split() for row in rows)
