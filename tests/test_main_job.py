"""What the main job decides to do next, from what the warehouse holds and the variables say."""

import contextlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import psycopg2
import pytest

from embedded import main_job
from embedded.errors import StackError
from embedded.main_job import Request
from embedded.settings import Settings

TODAY = date(2026, 3, 1)


@pytest.fixture
def settings(tmp_path: Path, warehouse: str) -> Settings:
    return Settings(tmp_path / "home", external_warehouse=warehouse)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*main_job.SHOP_VARIABLES, "DAYS", "RUNS"):
        monkeypatch.delenv(name, raising=False)


def ask(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Request:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Request.from_environment(TODAY)


def sell(dsn: str, sale_id: int, sold_at: str) -> None:
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, updated_at) "
            "VALUES (%s, 1, %s, 1, 1, 1, %s)",
            (sale_id, sold_at, sold_at),
        )


def change(dsn: str, statement: str) -> None:
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)


def days(settings: Settings, request: Request) -> list[tuple[str, str]]:
    _shop, parameters = main_job.plan(settings, request, TODAY)
    return [(conf["date_from"], conf["date_to"]) for conf in parameters]


def test_first_time_history_then_single_days(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    request = ask(monkeypatch, DAYS="10", RUNS="2", CLIENTS="500")
    shop, parameters = main_job.plan(settings, request, TODAY)
    assert parameters[0] == {
        "generate": True,
        "date_from": "2026-01-01",
        "date_to": "2026-01-10",
        "clients": 500,
        "products": 2000,
        "opened": "2026-01-01",
        "seed": 1,
        "locale": "ru_RU",
    }
    assert days(settings, request)[1:] == [("2026-01-11", "2026-01-11"), ("2026-01-12", "2026-01-12")]
    assert shop == request.shop


def test_again_the_next_days(settings: Settings, warehouse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    main_job.remember(settings, ask(monkeypatch).shop)
    # 22:30 in UTC is the next day in the shop.
    sell(warehouse, 1, "2026-02-09 22:30:00+00")
    # A deliberate fault of the generator.
    sell(warehouse, 2, "2999-01-01 00:00:00+00")
    assert days(settings, ask(monkeypatch, RUNS="2")) == [("2026-02-11", "2026-02-11"), ("2026-02-12", "2026-02-12")]


@pytest.mark.parametrize("channel", [1, 2, 3], ids=["web", "marketplace", "stores"])
def test_what_other_channels_sell_is_no_day_of_the_shop(
    settings: Settings, warehouse: str, monkeypatch: pytest.MonkeyPatch, channel: int
) -> None:
    shop = ask(monkeypatch, RUNS="1", DAYS="10").shop
    change(
        warehouse,
        f"INSERT INTO raw.client (client_id, updated_at) VALUES ({channel * 10**12 + 1}, '2026-02-20 12:00:00+03')",
    )
    sell(warehouse, channel * 10**12 + 1, "2026-02-20 12:00:00+03")
    # Before the shop has a day.
    assert days(settings, ask(monkeypatch)) == [("2026-01-01", "2026-01-10"), ("2026-01-11", "2026-01-11")]
    # And when it has some.
    main_job.remember(settings, shop)
    sell(warehouse, 1, "2026-01-12 12:00:00+03")
    assert days(settings, ask(monkeypatch)) == [("2026-01-13", "2026-01-13")]
    # A shop that was emptied begins again, whatever others hold.
    main_job.record_progress(settings, date(2026, 1, 12))
    change(warehouse, "DELETE FROM raw.sale WHERE sale_id = 1")
    assert days(settings, ask(monkeypatch)) == [("2026-01-01", "2026-01-10"), ("2026-01-11", "2026-01-11")]


def test_never_past_yesterday(settings: Settings, warehouse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    main_job.remember(settings, ask(monkeypatch).shop)
    sell(warehouse, 1, "2026-02-27 12:00:00+03")
    assert days(settings, ask(monkeypatch)) == [("2026-02-28", "2026-02-28")]
    sell(warehouse, 2, "2026-02-28 12:00:00+03")
    assert days(settings, ask(monkeypatch)) == []


def test_a_first_run_that_was_cut_off_is_finished(
    settings: Settings, warehouse: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    main_job.remember(settings, ask(monkeypatch, DAYS="28").shop)
    sell(warehouse, 1, "2026-01-05 12:00:00+03")
    assert days(settings, ask(monkeypatch, RUNS="1")) == [("2026-01-05", "2026-01-28"), ("2026-01-29", "2026-01-29")]


def test_the_shop_stays_the_same(settings: Settings, warehouse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    main_job.remember(settings, ask(monkeypatch, CLIENTS="500", SEED="7", LOCALE="en_US").shop)
    sell(warehouse, 1, "2026-02-10 12:00:00+03")
    for name in ("CLIENTS", "SEED", "LOCALE"):
        monkeypatch.delenv(name)
    _shop, parameters = main_job.plan(settings, ask(monkeypatch), TODAY)
    assert [(conf["clients"], conf["seed"], conf["locale"]) for conf in parameters] == [(500, 7, "en_US")] * 2
    with pytest.raises(StackError, match=r"CLIENTS=600 does not fit: .* CLIENTS=500"):
        main_job.plan(settings, ask(monkeypatch, CLIENTS="600"), TODAY)


def sign_up(dsn: str) -> None:
    change(dsn, "INSERT INTO raw.client (client_id, updated_at) VALUES (1, '2025-12-31 12:00:00+03')")


def test_a_shop_where_nobody_buys_goes_on(settings: Settings, warehouse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = ask(monkeypatch, CLIENTS="5", DAYS="10", RUNS="1").shop
    main_job.remember(settings, shop)
    sign_up(warehouse)
    main_job.record_progress(settings, date(2026, 1, 10))
    assert days(settings, ask(monkeypatch)) == [("2026-01-11", "2026-01-11")]
    # Somebody bought, some days before the last one.
    sell(warehouse, 1, "2026-01-12 12:00:00+03")
    main_job.record_progress(settings, date(2026, 1, 15))
    assert days(settings, ask(monkeypatch)) == [("2026-01-16", "2026-01-16")]
    # Others generated further.
    sell(warehouse, 2, "2026-01-20 12:00:00+03")
    assert days(settings, ask(monkeypatch)) == [("2026-01-21", "2026-01-21")]


def test_a_warehouse_that_went_back_goes_on_from_where_it_is(
    settings: Settings, warehouse: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    main_job.remember(settings, ask(monkeypatch, DAYS="10", RUNS="1").shop)
    sign_up(warehouse)
    sell(warehouse, 1, "2026-01-12 12:00:00+03")
    sell(warehouse, 2, "2026-01-15 12:00:00+03")
    main_job.record_progress(settings, date(2026, 1, 15))
    change(warehouse, "DELETE FROM raw.sale WHERE sale_id = 2")
    assert days(settings, ask(monkeypatch)) == [("2026-01-13", "2026-01-13")]
    change(warehouse, "DELETE FROM raw.client; DELETE FROM raw.sale")
    assert days(settings, ask(monkeypatch)) == [("2026-01-01", "2026-01-10"), ("2026-01-11", "2026-01-11")]


def test_never_past_the_shop_s_tenth_year(settings: Settings, warehouse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    main_job.remember(settings, ask(monkeypatch, FROM="2016-01-01", DAYS="1").shop)
    sell(warehouse, 1, "2025-12-30 12:00:00+03")
    assert days(settings, ask(monkeypatch)) == [("2025-12-31", "2025-12-31")]


def test_an_empty_warehouse_may_become_another_shop(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    main_job.remember(settings, ask(monkeypatch, CLIENTS="500").shop)
    shop, _parameters = main_job.plan(settings, ask(monkeypatch, CLIENTS="600"), TODAY)
    assert shop.clients == 600


def test_shops_of_two_warehouses_are_not_mixed_up(
    settings: Settings, warehouse: str, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    main_job.remember(settings, ask(monkeypatch, CLIENTS="500").shop)
    other = Settings(settings.home, external_warehouse=empty_database)
    assert main_job.remembered(other) is None
    assert main_job.remembered(settings).clients == 500


def test_all_who_work_on_a_warehouse_work_on_the_same_one(
    settings: Settings, warehouse: str, empty_database: str
) -> None:
    # The same database by another address.
    also = f"{warehouse}?application_name=loads"
    main_job.check_roles(replace(settings, external_roles={"etl": also, "loader": also}))
    with pytest.raises(StackError, match="WAREHOUSE_LOADER_DSN names another warehouse than WAREHOUSE_DSN"):
        main_job.check_roles(replace(settings, external_roles={"etl": also, "loader": empty_database}))
    wrong = empty_database.replace("postgres:", "nobody:")
    with pytest.raises(StackError, match=r"WAREHOUSE_ETL_DSN does not accept the password of .nobody."):
        main_job.check_roles(replace(settings, external_roles={"etl": wrong}))
